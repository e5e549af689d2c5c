// report: a page about one or several runs.
#include "core/error.h"
#include "core/files/file.h"
#include "train/commands/commands.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"
#include "train/report/report.h"
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
  const std::string page = run_report({options.runs.begin(), options.runs.end()}, options.faces);
  if (out.has_parent_path()) create_folder(out.parent_path());
  write_text(out, page);
  say(fmt::format("written: {}", out.string()));
  return 0;
}

}  // namespace lanet
