// plot: curves of one or several runs as a picture.
#include <stdlib.h>  // mkdtemp

#include <cerrno>
#include <chrono>
#include <cstring>

#include "core/error.h"
#include "core/files/file.h"
#include "train/commands/commands.h"
#include "train/experiment/child_processes.h"
#include "train/experiment/svg_chart.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/report/charts.h"
#include "train/report/run_facts.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kMainCurves = {"accuracy", "memorised", "loss"};
constexpr const char* kConverter = "rsvg-convert";

/// ".svg", ".pdf" or ".png". InputError for another one, or if the file is not a new one.
std::string checked_kind(const PlotOptions& options) {
  const std::string kind = lower_extension(options.out);
  if (kind != ".svg" && kind != ".pdf" && kind != ".png")
    throw InputError(
        fmt::format("--out {}: expected a file that ends in .svg, .pdf or .png", options.out));
  if (options.width > 0 && kind != ".png")
    throw InputError(
        fmt::format("--width {}: is for .png files; a {} file has no pixels", options.width, kind));
  if (fs::exists(options.out))
    throw InputError(fmt::format("--out {}: exists; expected a new file", options.out));
  return kind;
}

/// The program that makes .pdf and .png files. InputError if it is not there.
std::string converter_for(const std::string& kind) {
  std::string converter = find_in_path(kConverter);
  if (converter.empty())
    throw InputError(
        fmt::format("{} files are made by {} (Debian package librsvg2-bin), which is not in PATH; "
                    "install it, or write an .svg file",
                    kind, kConverter));
  return converter;
}

/// The charts that are asked for. InputError if no run has one of them.
std::vector<Chart> charts_of(const std::vector<RunGroup>& groups,
                             const std::vector<std::string>& curves) {
  for (const std::string& curve : curves)
    if (curve_charts(groups, {&curve, 1}).empty())
      throw InputError(fmt::format("--curves: {}: not in the metrics of {}", curve,
                                   groups.size() == 1 ? "the run" : "any of the runs"));
  return curve_charts(groups, curves.empty() ? kMainCurves : curves);
}

/// A new folder beside a file, so that what is made in it can be renamed to that file; removed with
/// all that is in it.
class FolderBeside {
 public:
  explicit FolderBeside(const fs::path& file) : name_(file.string() + ".XXXXXX") {
    if (!mkdtemp(name_.data()))
      throw Error(fmt::format("{}: cannot create this folder: {}", name_, std::strerror(errno)));
  }
  ~FolderBeside() {
    std::error_code ignored;
    fs::remove_all(name_, ignored);
  }
  FolderBeside(const FolderBeside&) = delete;
  FolderBeside& operator=(const FolderBeside&) = delete;

  fs::path file(const char* name) const { return fs::path(name_) / name; }

 private:
  std::string name_;
};

void convert(const std::string& converter, const std::string& svg, const fs::path& out,
             const PlotOptions& options, const std::string& kind) {
  const fs::path whole = fs::absolute(out);  // which does not begin as an option does
  const FolderBeside folder(whole);
  const fs::path drawing = folder.file("drawing.svg"), made = folder.file("made");
  write_text(drawing, svg);
  std::vector<std::string> words = {converter, "--format", kind.substr(1), "--output",
                                    made.string()};
  if (options.width > 0)
    words.insert(words.end(), {"--keep-aspect-ratio", "--width", std::to_string(options.width)});
  else if (kind == ".png")
    words.insert(words.end(), {"--zoom", "2"});
  words.push_back(drawing.string());
  ChildProcesses processes;
  const size_t child = processes.start(kConverter, words, {});
  processes.wait(std::chrono::minutes(1));
  if (!processes.ended(child))
    throw Error(fmt::format("{}: {} has not ended after a minute", out.string(), kConverter));
  if (processes.failed(child))
    throw Error(fmt::format("{}: {}", out.string(), processes.describe(child)));
  fs::rename(made, whole);
}

}  // namespace

int run_plot(const PlotOptions& options) {
  require_one_process("plot");
  const std::string kind = checked_kind(options);
  const std::string converter = kind == ".svg" ? "" : converter_for(kind);
  std::vector<RunFacts> runs;
  for (const std::string& run : options.runs) runs.push_back(read_run_facts(run));
  name_runs(runs);
  const std::string svg = svg_charts(charts_of(group_by_seed(runs), options.curves));
  const fs::path out = options.out;
  if (out.has_parent_path()) create_folder(out.parent_path());
  if (kind == ".svg")
    write_text(out, svg);
  else
    convert(converter, svg, out, options, kind);
  say(fmt::format("written: {}", options.out));
  return 0;
}

}  // namespace lanet
