// report: a page about one or several runs.
#include "train/report/report.h"

#include "core/error.h"
#include "core/files/file.h"
#include "train/commands/commands.h"
#include "train/commands/test_set_content.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/report/run_facts.h"
#include "train/run_folder.h"

namespace lanet {

namespace fs = std::filesystem;

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
      add_test_set(options.runs[0], content);
    } catch (const InputError& error) {
      content.test_set_read = false;
      say(fmt::format("no mistakes on the test set and no map of its features are shown: {}",
                      error.what()));
    }
  }
  const std::string page = run_report(runs, content);
  if (out.has_parent_path()) create_folder(out.parent_path());
  write_text(out, page);
  say(fmt::format("written: {}", out.string()));
  return 0;
}

}  // namespace lanet
