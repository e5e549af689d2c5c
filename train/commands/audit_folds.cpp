#include "train/commands/audit_folds.h"

#include <filesystem>

#include "core/error.h"
#include "core/files/file.h"
#include "data/validation.h"
#include "train/commands/loaded_classifier.h"
#include "train/device.h"
#include "train/experiment/runner.h"
#include "train/labels/label_table.h"
#include "train/progress.h"
#include "train/run_folder.h"
#include "train/run_lock.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kHeldOut = "held_out.csv";
constexpr int64_t kBatch = 64;

fs::path runs_of(const AuditOptions& options) {
  if (!options.runs.empty()) return options.runs;
  return fs::path("runs") / ("audit-" + fs::path(options.target).stem().string());
}

ExperimentFolder folder_of(const AuditOptions& options) {
  return ExperimentFolder(runs_of(options), std::nullopt);
}

ExperimentPlan fold_plan(const Config& config, int64_t folds) {
  ExperimentPlan plan{.name = "folds",
                      .conditions = {{}},
                      .settings = {},
                      .reference = {},
                      .seeds = {config.seed},
                      .runs = {}};
  for (int64_t fold = 1; fold <= folds; ++fold) {
    const std::string name = fmt::format("fold-{}", fold);
    Config one = config;
    one.data.fold = fold;
    one.data.folds = folds;
    plan.settings.push_back(name);
    plan.runs.push_back({.condition = 0,
                         .setting = static_cast<size_t>(fold - 1),
                         .seed = config.seed,
                         .config = std::move(one),
                         .path = fs::path(name) / fmt::format("seed-{}", config.seed)});
  }
  return plan;
}

/// Of the faces at `rows`, by the last checkpoint of a run.
std::vector<double> predict(const fs::path& run, const Config& config, const Faces& faces,
                            std::span<const int32_t> rows) {
  const TrainedModel model = open_trained(run.string(), /*best=*/false);
  require_same_classes(model.info, model.path, faces.list.classes);
  Context context(choose_device(config.train.device).device,
                  static_cast<int>(config.train.threads));
  LoadedClassifier classifier(context, model, config, kBatch);
  return classifier.evaluator.probabilities(context, faces.set, rows);
}

}  // namespace

bool train_folds(const Config& config, const AuditOptions& options) {
  const fs::path runs = runs_of(options);
  create_folder(runs);
  const RunLock lock(runs);
  return run_plan(fold_plan(config, options.folds), folder_of(options),
                  {.resume = options.resume, .jobs = options.jobs}) == 0;
}

std::vector<double> held_out_probabilities(const Config& config, const AuditOptions& options,
                                           const Faces& faces) {
  const int64_t classes = faces.list.num_classes();
  const ExperimentFolder folder = folder_of(options);
  std::vector<double> probabilities(faces.size() * classes);
  for (const ExperimentPlan::Run& run : fold_plan(config, options.folds).runs) {
    const std::vector<int32_t> rows = draw_fold(faces.size(), run.config.data.fold - 1,
                                                options.folds, static_cast<uint64_t>(config.seed));
    std::vector<std::string> names;
    std::vector<int32_t> given;
    for (const int32_t row : rows) {
      names.push_back(faces.list.names[row]);
      given.push_back(faces.given[row]);
    }
    const fs::path file = folder.run(run) / kHeldOut;
    if (!fs::exists(file))
      write_text(file, label_table_csv(names, given, faces.list.classes,
                                       predict(folder.run(run), run.config, faces, rows)));
    folder.drop_checkpoints(run);
    const LabelTable table = read_label_table(file);
    table.require(names, given, faces.list.classes);
    for (size_t i = 0; i < rows.size(); ++i)
      std::copy_n(table.estimates.begin() + i * classes, classes,
                  probabilities.begin() + rows[i] * classes);
  }
  return probabilities;
}

}  // namespace lanet
