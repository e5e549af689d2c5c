#include "train/tensorboard/projector.h"

#include <algorithm>
#include <span>

#include "core/error.h"
#include "core/files/file.h"
#include "data/stratified_sample.h"
#include "train/likeliest_class.h"

namespace lanet {

namespace {

constexpr const char* kConfig =
    "embeddings {\n"
    "  tensor_name: \"features of test faces\"\n"
    "  tensor_path: \"tensors.tsv\"\n"
    "  metadata_path: \"metadata.tsv\"\n"
    "}\n";

/// A cell of a table that knows no quotes.
std::string cell(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace

ProjectedFaces project_test_faces(Context& context, Evaluator& evaluator, const Faces& test) {
  constexpr int64_t kMost = 1000;
  const std::vector<int32_t> rows = stratified_sample(test.judged_by, kMost);
  const int64_t classes = test.list.num_classes();
  ProjectedFaces faces;
  const std::vector<double> p = evaluator.probabilities(context, test.set, rows, &faces.features);
  for (size_t i = 0; i < rows.size(); ++i) {
    faces.names.push_back(test.list.names[rows[i]]);
    faces.labels.push_back(test.list.classes[test.judged_by[rows[i]]]);
    faces.predicted.push_back(
        test.list.classes[likeliest_class(std::span(p).subspan(i * classes, classes))]);
  }
  return faces;
}

void write_projector(const std::filesystem::path& folder, const ProjectedFaces& faces) {
  const size_t count = faces.names.size();
  LANET_REQUIRE(count > 0 && faces.features.size() % count == 0 && faces.labels.size() == count &&
                    faces.predicted.size() == count,
                "{} features of {} faces, {} labels and {} predictions", faces.features.size(),
                count, faces.labels.size(), faces.predicted.size());
  const size_t width = faces.features.size() / count;
  std::string tensors, metadata = "image\tlabel\tpredicted\n";
  for (size_t i = 0; i < count; ++i) {
    const std::span<const float> row = std::span(faces.features).subspan(i * width, width);
    tensors += fmt::format("{:.6g}\n", fmt::join(row, "\t"));
    metadata += fmt::format("{}\t{}\t{}\n", cell(faces.names[i]), cell(faces.labels[i]),
                            cell(faces.predicted[i]));
  }
  write_text(folder / "tensors.tsv", tensors);
  write_text(folder / "metadata.tsv", metadata);
  write_text(folder / "projector_config.pbtxt", kConfig);
}

}  // namespace lanet
