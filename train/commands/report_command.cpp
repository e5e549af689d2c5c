// report: a page about one or several runs.
#include "train/report/report.h"

#include <algorithm>
#include <numeric>

#include "core/error.h"
#include "core/files/file.h"
#include "train/commands/commands.h"
#include "train/commands/loaded_classifier.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/report/run_facts.h"
#include "train/run_folder.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kBatch = 64;
constexpr size_t kMistakes = 12;

HostImage picture_of(Context& context, const Tensor& picture) {
  const auto side = static_cast<int>(picture.shape[1]);
  HostImage image{side, side, std::vector<uint8_t>(picture.bytes())};
  context.copy({image.rgb.data(), picture.shape, DType::u8, Device::cpu}, picture);
  context.synchronize();
  return image;
}

/// The faces of a run's test set that its last checkpoint is most certain to be of another class.
std::vector<Mistake> confident_mistakes(const std::string& run) {
  const TrainedModel model = open_trained(run, /*best=*/false);
  const Config config = own_config(model, {});
  const DeviceChoice choice = choose_device(config.train.device);
  Context context(choice.device, static_cast<int>(config.train.threads));
  context.set_tf32(config.train.tf32);
  LoadedClassifier classifier(context, model, config, kBatch);
  const Faces faces = read_faces(context, config, Split::test, /*with_landmarks=*/false);
  require_same_classes(model.info, model.path, faces.list.classes);
  std::vector<int32_t> rows(faces.size());
  std::iota(rows.begin(), rows.end(), 0);
  const std::vector<double> all = classifier.evaluator.probabilities(context, faces.set, rows);

  const size_t classes = model.info.classes.size();
  const auto of = [&](int32_t row) { return std::span(all).subspan(row * classes, classes); };
  const auto predicted = [&](int32_t row) {
    return std::max_element(of(row).begin(), of(row).end()) - of(row).begin();
  };
  std::erase_if(rows, [&](int32_t row) { return predicted(row) == faces.judged_by[row]; });
  std::stable_sort(rows.begin(), rows.end(),
                   [&](int32_t a, int32_t b) { return of(a)[predicted(a)] > of(b)[predicted(b)]; });
  rows.resize(std::min(rows.size(), kMistakes));
  std::vector<Mistake> mistakes;
  for (const int32_t row : rows)
    mistakes.push_back({.name = faces.list.names[row],
                        .truth = faces.judged_by[row],
                        .probabilities = {of(row).begin(), of(row).end()},
                        .picture = picture_of(context, faces.set.picture(row))});
  return mistakes;
}

}  // namespace

int run_report_command(const ReportOptions& options) {
  require_one_process("report");
  if (options.out.empty() && options.runs.size() > 1)
    throw InputError("report: several runs, and no --out; expected the file to write");
  const fs::path out =
      options.out.empty() ? fs::path(options.runs[0]) / RunFolder::kReport : fs::path(options.out);
  require_report_or_nothing(out);
  const std::vector<fs::path> runs(options.runs.begin(), options.runs.end());
  ReportContent content{.faces = options.faces};
  if (runs.size() == 1) {
    read_run_facts(runs[0]);  // refuses what is no run before the work begins
    try {
      content.mistakes = confident_mistakes(options.runs[0]);
    } catch (const InputError& error) {
      say(fmt::format("no mistakes on the test set are shown: {}", error.what()));
    }
  }
  const std::string page = run_report(runs, content);
  if (out.has_parent_path()) create_folder(out.parent_path());
  write_text(out, page);
  say(fmt::format("written: {}", out.string()));
  return 0;
}

}  // namespace lanet
