// audit: how doubtful the label of each training face is.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/files/file.h"
#include "data/files_of_set.h"
#include "data/landmark_schemes.h"
#include "data/landmark_shapes.h"
#include "data/picture_facts.h"
#include "train/commands/audit_folds.h"
#include "train/commands/commands.h"
#include "train/commands/session.h"
#include "train/labels/joined_evidence.h"
#include "train/labels/label_knowledge.h"
#include "train/labels/label_table.h"
#include "train/labels/review_page.h"
#include "train/labels/shape_votes.h"
#include "train/labels/suspects.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/run_folder.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNeighbours = 50;
constexpr size_t kShown = 10;  // faces
// Pixels: large enough to judge a face by; a page has thousands of them.
constexpr int kReviewSide = 128;

bool is_run(const std::string& target) {
  return is_folder(target) && fs::exists(fs::path(target) / RunFolder::kConfig);
}

/// [N, C], the distributions that a run has learned, from its labels.csv.
std::vector<double> estimates_of_run(const fs::path& run, const Faces& faces) {
  const fs::path file = run / RunFolder::kLabels;
  if (!fs::exists(file))
    throw InputError(fmt::format(
        "{}: it has no {}: its method does not estimate labels; audit its configuration "
        "instead",
        run.string(), RunFolder::kLabels));
  LabelTable table = read_label_table(file);
  table.require(faces.list.names, faces.given, faces.list.classes);
  return std::move(table.estimates);
}

void require_new(const char* option, const std::string& file) {
  if (!file.empty() && fs::exists(file))
    throw InputError(fmt::format("{} {}: exists; expected a new file", option, file));
}

void write_out(const fs::path& file, const std::string& text) {
  if (file.has_parent_path()) create_folder(file.parent_path());
  write_text(file, text);
  say(fmt::format("written: {}", file.string()));
}

/// [N], the earlier face with the same picture, or -1.
std::vector<int64_t> duplicates_of(Context& context, const Faces& faces) {
  const int threads = context.threads();
  const auto facts = gather_facts(
      faces.size(), [&](int64_t i) { return picture_of(context, faces.set, i); }, threads);
  const std::vector<int> groups(faces.size());
  std::vector<int64_t> earlier(faces.size(), -1);
  for (const Duplicate& pair : find_duplicates(
           facts, groups, threads, progress_function("looking for duplicates", "pairs")))
    earlier[pair.second] = pair.first;
  return earlier;
}

LabelKnowledge learn(const Config& config, const Faces& faces, int threads) {
  return learn_label_knowledge(
      faces, {.noise_floor = config.model.noise_floor,
              .threads = threads,
              .seed = static_cast<uint64_t>(config.seed),
              .message = [](const std::string& line) { fmt::print("{}\n", line); },
              .progress = progress_function("learning from the landmarks", "steps")});
}

/// Whether the data set has landmarks or the configuration names some.
bool may_read_landmarks(const Config& config) {
  if (!config.data.landmarks.empty()) return true;
  return !open_data_set(config.data).read(Split::train).landmarks.points.empty();
}

/// Finds what is wrong with the data before networks are trained for a long time.
void check_folds(const Config& config, const AuditOptions& options, bool has_landmarks) {
  check_trainable(config, options.target);
  if (config.data.fold > 0)
    throw InputError(fmt::format("{}: data.fold: {}; expected 0: --folds leaves out each in turn",
                                 options.target, config.data.fold));
  Context context(Device::cpu, static_cast<int>(config.train.threads));
  read_faces(context, config, open_data_set(config.data), Split::train, has_landmarks);
}

/// In per cent; a row for each true class, a column for each given label.
std::string channel_table(const NoiseChannel& channel, std::span<const std::string> classes) {
  std::string text = fmt::format("{:<16}", "true, given as");
  for (const std::string& name : classes) text += fmt::format(" {:>9.9}", name);
  for (size_t y = 0; y < classes.size(); ++y) {
    text += fmt::format("\n{:<16.16}", classes[y]);
    for (size_t g = 0; g < classes.size(); ++g)
      text += fmt::format(" {:>8.1f}%", 100 * channel[y * classes.size() + g]);
  }
  return text + "\n";
}

/// [N, C], for a configuration; folds: with networks that have been trained.
std::vector<double> estimates_of_config(const Config& config, const FoldRuns* folds,
                                        const Faces& faces, int threads) {
  std::vector<double> pictures;
  if (folds) pictures = folds->held_out(faces);
  if (faces.landmarks.empty()) return pictures;
  const LabelKnowledge knowledge = learn(config, faces, threads);
  if (!folds) {
    fmt::print("{}", channel_table(knowledge.channel, faces.list.classes));
    return label_posterior(knowledge, faces.given);
  }
  JoinedEvidence joined = join_evidence(pictures, knowledge, faces.given, config.model.noise_floor);
  fmt::print("{}\n{}", joined.summary, channel_table(joined.channel, faces.list.classes));
  return std::move(joined.posterior);
}

void print_suspects(std::span<const Suspect> suspects, const Faces& faces) {
  const auto doubted = std::count_if(suspects.begin(), suspects.end(), [](const Suspect& suspect) {
    return suspect.score >= kSuspicious;
  });
  fmt::print("{} of {} labels are more probably wrong than right\n", doubted, suspects.size());
  for (const Suspect& suspect : suspects.first(std::min(suspects.size(), kShown)))
    fmt::print("  {}  {}: probably {} ({:.0f} %)\n", faces.list.names[suspect.face],
               faces.list.classes[suspect.given], faces.list.classes[suspect.suggested],
               100 * suspect.p_suggested);
}

/// Where the truth is known.
void print_figures(std::span<const Suspect> suspects, const Faces& faces) {
  const SuspectFigures figures = judge_suspects(suspects, faces.judged_by);
  fmt::print(
      "truth: {} labels are wrong; precision {:.3f}, recall {:.3f}, average precision {:.3f} (of "
      "chance {:.3f}), suggestion right {:.3f}, calibration error {:.3f}\n",
      figures.wrong, figures.precision, figures.recall, figures.average_precision,
      static_cast<double>(figures.wrong) / static_cast<double>(faces.size()), figures.suggested,
      figures.calibration);
}

}  // namespace

int run_audit(const AuditOptions& options) {
  require_one_process("audit");
  const bool of_run = is_run(options.target);
  require_new("--out", options.out);
  require_new("--review", options.review);
  if (!options.out.empty() && fs::path(options.out) == options.review)
    throw InputError(fmt::format("--review {}: also --out; expected two files", options.review));
  if (of_run && !options.overrides.empty())
    throw InputError("audit: --set is for a configuration; a run has its own");
  if (of_run && options.folds > 0)
    throw InputError(fmt::format(
        "--folds {}: {} is a run, which was trained with all faces; expected a configuration",
        options.folds, options.target));
  const Config config = of_run ? RunFolder::open(options.target).config()
                               : load_config(options.target, options.overrides);
  const bool has_landmarks =
      of_run ? reads_landmarks(config) : options.folds == 0 || may_read_landmarks(config);
  std::optional<FoldRuns> folds;
  if (options.folds > 0) {
    check_folds(config, options, has_landmarks);
    if (!folds.emplace(config, options).train()) return 1;
  }
  Context context(Device::cpu, static_cast<int>(config.train.threads));
  Faces faces;
  {
    const DataSet set = open_data_set(config.data);
    faces = read_faces(context, config, set, Split::train, has_landmarks);
    if (of_run) read_validation(context, config, set, faces);
  }

  std::vector<double> estimates;
  if (of_run) {
    estimates = estimates_of_run(options.target, faces);
    fmt::print(
        "the run was trained with these labels: what it doubts is weaker evidence than that "
        "of a network that was not\n");
  } else {
    estimates = estimates_of_config(config, folds ? &*folds : nullptr, faces, context.threads());
  }
  SuspectEvidence evidence{.agreement = {}, .duplicate_of = duplicates_of(context, faces)};
  if (has_landmarks)
    evidence.agreement = shape_agreement(
        context,
        landmark_shapes(faces.landmarks, faces.valid, flip_permutation(faces.num_landmarks())),
        faces.valid, faces.given, kNeighbours);
  const std::vector<Suspect> suspects = rank_suspects(estimates, faces.given);
  if (!options.out.empty())
    write_out(options.out, suspects_csv(suspects, faces.list.names, faces.list.classes, evidence));
  if (!options.review.empty()) {
    const auto count = std::min<int64_t>(options.review_faces, std::ssize(suspects));
    write_out(options.review, review_page(std::span(suspects).first(count), faces.list.names,
                                          faces.list.classes, evidence, [&](int64_t face) {
                                            return thumbnail(picture_of(context, faces.set, face),
                                                             kReviewSide);
                                          }));
  }
  print_suspects(suspects, faces);
  if (faces.given != faces.judged_by) print_figures(suspects, faces);
  return 0;
}

}  // namespace lanet
