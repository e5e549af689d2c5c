#include "train/commands/audit_folds.h"

#include <algorithm>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/files/file.h"
#include "data/csv.h"
#include "data/validation.h"
#include "train/commands/loaded_classifier.h"
#include "train/device.h"
#include "train/experiment/runner.h"
#include "train/labels/label_table.h"
#include "train/progress.h"
#include "train/run_folder.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

constexpr const char* kHeldOut = "held_out.csv";
constexpr int64_t kBatch = 64;

/// The folder of the runs, which is there then.
fs::path create_folder_of(const AuditOptions& options) {
  const fs::path folder =
      options.runs.empty()
          ? fs::path("runs") / ("audit-" + fs::path(options.target).stem().string())
          : fs::path(options.runs);
  create_folder(folder);
  return folder;
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

/// Probabilities of the faces at `rows` by the last checkpoint of a run.
std::vector<double> predict(const fs::path& run, const Config& config, const Faces& faces,
                            std::span<const int32_t> rows) {
  const TrainedModel model = open_trained(run.string(), /*best=*/false);
  require_same_classes(model.info, model.path, faces.list.classes);
  Context context(choose_device(config.train.device).device,
                  static_cast<int>(config.train.threads));
  context.set_tf32(config.train.tf32);
  LoadedClassifier classifier(context, model, config, kBatch);
  return classifier.evaluator.probabilities(context, faces.set, rows);
}

/// InputError if a run was trained with one of these faces: the data have changed since.
void require_unseen(const fs::path& run, std::span<const std::string> names) {
  const fs::path file = run / RunFolder::kNoise;
  const CsvTable table = read_csv(file);
  std::set<std::string> seen;
  for (const auto& row : table.rows) seen.insert(row[0]);
  for (const std::string& name : names)
    if (seen.contains(name))
      throw InputError(
          fmt::format("{}: it has {}, which is held out now: the data have changed since the run",
                      file.string(), printable(name)));
}

}  // namespace

FoldRuns::FoldRuns(const Config& config, const AuditOptions& options)
    : config_(config),
      options_(options),
      plan_(fold_plan(config, options.folds)),
      path_(create_folder_of(options)),
      folder_(path_, std::nullopt),
      lock_(path_) {
  for (const ExperimentPlan::Run& run : plan_.runs) {
    const std::optional<fs::path> finished = folder_.finished(run);
    if (!finished) continue;
    const std::string root = RunFolder::open(*finished).config().data.root;
    if (root != config.data.root)
      throw InputError(
          fmt::format("{}: a run on {}; expected one on {}, or another folder with --runs",
                      finished->string(), root, config.data.root));
  }
}

bool FoldRuns::train() {
  const PlanOutcome outcome =
      run_plan(plan_, folder_, {.resume = options_.resume, .jobs = options_.jobs});
  return !outcome.interrupted && report_failed(outcome) == 0;
}

std::vector<double> FoldRuns::held_out(const Faces& faces) const {
  const int64_t classes = faces.list.num_classes();
  std::vector<double> probabilities(faces.size() * classes);
  for (const ExperimentPlan::Run& run : plan_.runs) {
    const std::vector<int32_t> rows =
        draw_fold(faces.size(), run.config.data.fold - 1, options_.folds,
                  static_cast<uint64_t>(config_.seed));
    std::vector<std::string> names;
    std::vector<int32_t> given;
    for (const int32_t row : rows) {
      names.push_back(faces.list.names[row]);
      given.push_back(faces.given[row]);
    }
    const fs::path folder = folder_.run(run), file = folder / kHeldOut;
    require_unseen(folder, names);
    if (!fs::exists(file))
      write_text(file, label_table_csv(names, given, faces.list.classes,
                                       predict(folder, run.config, faces, rows)));
    folder_.drop_checkpoints(run);
    const LabelTable table = read_label_table(file);
    table.require(names, given, faces.list.classes);
    for (size_t i = 0; i < rows.size(); ++i)
      std::copy_n(table.estimates.begin() + i * classes, classes,
                  probabilities.begin() + rows[i] * classes);
  }
  return probabilities;
}

}  // namespace lanet
