#include "train/commands/test_set_content.h"

#include <algorithm>
#include <numeric>
#include <span>

#include "core/error.h"
#include "core/parameter_io.h"
#include "data/stratified_sample.h"
#include "models/landmark_reader.h"
#include "train/commands/loaded_classifier.h"
#include "train/device.h"
#include "train/likeliest_class.h"
#include "train/report/tsne.h"

namespace lanet {

namespace {

constexpr int64_t kBatch = 64;
constexpr size_t kMistakes = 12, kLandmarkFaces = 12;
constexpr int64_t kMapped = 1000, kLeastMapped = 8;  // faces

/// What the last checkpoint of a run makes of the faces of its test set.
struct TestSet {
  Faces faces;
  std::vector<double> probabilities;  // [N, C]
  std::vector<int32_t> predicted;     // [N]
  std::vector<float> features;        // [N, D]

  size_t classes() const { return faces.list.classes.size(); }
  std::span<const double> of(int32_t face) const {
    return std::span(probabilities).subspan(face * classes(), classes());
  }
};

/// The faces that it is most certain to be of another class.
std::vector<Mistake> confident_mistakes(Context& context, const TestSet& test) {
  std::vector<int32_t> rows;
  for (int32_t face = 0; face < test.faces.size(); ++face)
    if (test.predicted[face] != test.faces.judged_by[face]) rows.push_back(face);
  std::stable_sort(rows.begin(), rows.end(), [&](int32_t a, int32_t b) {
    return test.of(a)[test.predicted[a]] > test.of(b)[test.predicted[b]];
  });
  rows.resize(std::min(rows.size(), kMistakes));
  std::vector<Mistake> mistakes;
  for (const int32_t row : rows)
    mistakes.push_back({.name = test.faces.list.names[row],
                        .truth = test.faces.judged_by[row],
                        .probabilities = {test.of(row).begin(), test.of(row).end()},
                        .picture = picture_of(context, test.faces.set, row)});
  return mistakes;
}

/// A map of some of the faces; none of too few.
std::optional<FeatureMap> map_of(const TestSet& test) {
  const std::vector<int32_t> rows = stratified_sample(test.faces.judged_by, kMapped);
  const int64_t count = std::ssize(rows);
  if (count < kLeastMapped) return std::nullopt;
  const int64_t width = std::ssize(test.features) / test.faces.size();
  FeatureMap map{.test_faces = test.faces.size()};
  std::vector<float> features;
  for (const int32_t row : rows) {
    const auto begin = test.features.begin() + row * width;
    features.insert(features.end(), begin, begin + width);
    map.classes.push_back(test.faces.judged_by[row]);
    map.predicted.push_back(test.predicted[row]);
  }
  map.points = tsne(features, count, std::min(30.0, static_cast<double>(count - 1) / 3));
  return map;
}

/// A face of each of the first classes with what the landmark branch sees in it; none of a network
/// without one.
std::vector<LandmarkFace> landmark_faces(Context& context, const TrainedModel& model,
                                         const Config& config, const Faces& faces) {
  const int64_t landmarks = landmarks_of(model.checkpoint);
  if (landmarks == 0) return {};
  std::vector<int32_t> rows;
  for (int32_t c = 0; c < faces.list.num_classes() && rows.size() < kLandmarkFaces; ++c) {
    const auto first = std::find(faces.judged_by.begin(), faces.judged_by.end(), c);
    if (first != faces.judged_by.end())
      rows.push_back(static_cast<int32_t>(first - faces.judged_by.begin()));
  }
  const int64_t batch = std::ssize(rows);
  ParameterStore store(activation_dtype(config), context.device());
  LandmarkReader reader(store, config.model.backbone, landmarks, config.data.image_size, batch);
  store.allocate(context, /*for_training=*/false);
  load_parameters(context, model.checkpoint, model.path, store);
  reader.plan(context);

  std::vector<LandmarkFace> seen;
  Tensor sample_indices;
  const Buffer memory = allocate_tensors(context, {{&sample_indices, {batch}, DType::i32}});
  std::shared_ptr<Staging> staging;
  run_network(context, reader, {sample_indices, staging}, faces.set, rows, [&](int64_t, int64_t) {
    const Tensor heatmaps = reader.heatmaps();
    const std::vector<double> values = read_tensor(context, heatmaps);
    const int64_t cells = heatmaps.shape[1] * heatmaps.shape[2], channels = heatmaps.shape[3];
    for (int64_t b = 0; b < batch; ++b) {
      LandmarkFace face{.name = faces.list.names[rows[b]],
                        .truth = faces.judged_by[rows[b]],
                        .picture = picture_of(context, faces.set, rows[b])};
      for (int64_t cell = 0; cell < cells; ++cell) {
        const double* of_cell = &values[(b * cells + cell) * channels];
        face.heat.push_back(*std::max_element(of_cell, of_cell + landmarks));
      }
      seen.push_back(std::move(face));
    }
  });
  return seen;
}

}  // namespace

void add_test_set(const std::string& run, ReportContent& content) {
  const TrainedModel model = open_trained(run, /*best=*/false);
  const Config config = own_config(model, {});
  const DeviceChoice choice = choose_device(config.train.device);
  Context context(choice.device, static_cast<int>(config.train.threads));
  context.set_tf32(config.train.tf32);
  LoadedClassifier classifier(context, model, config, kBatch);
  TestSet test{.faces = read_faces(context, config, open_data_set(config.data), Split::test,
                                   /*with_landmarks=*/false)};
  require_same_classes(model.info, model.path, test.faces.list.classes);
  std::vector<int32_t> rows(test.faces.size());
  std::iota(rows.begin(), rows.end(), 0);
  test.probabilities =
      classifier.evaluator.probabilities(context, test.faces.set, rows, &test.features);
  for (const int32_t face : rows) test.predicted.push_back(likeliest_class(test.of(face)));
  // All of it or nothing: the page says that nothing could be made if one part fails.
  std::vector<LandmarkFace> landmarks = landmark_faces(context, model, config, test.faces);
  std::vector<Mistake> mistakes = confident_mistakes(context, test);
  content.map = map_of(test);
  content.mistakes = std::move(mistakes);
  content.landmark_faces = std::move(landmarks);
}

}  // namespace lanet
