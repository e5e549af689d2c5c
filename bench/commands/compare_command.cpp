// bench compare: two files of bench kernels --json or bench step --json.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/commands/commands.h"
#include "bench/compare.h"
#include "core/error.h"
#include "core/files/file.h"

namespace lanet::bench {

namespace {

nlohmann::json read_json(const std::string& path) {
  try {
    return nlohmann::json::parse(read_text(path));
  } catch (const nlohmann::json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 3, column 5: …"
    const std::string text = error.what();
    throw InputError(fmt::format("{}: not JSON: {}", path, text.substr(text.find(' ') + 1)));
  }
}

}  // namespace

int run_compare(const CompareOptions& options) {
  const Comparison found =
      compare(read_json(options.before), options.before, read_json(options.after), options.after);
  for (const auto& [names, file] : {std::pair(&found.only_before, &options.before),
                                    std::pair(&found.only_after, &options.after)}) {
    for (const std::string& name : *names) fmt::print("only in {}: {}\n", *file, name);
  }
  if (found.moved.empty()) {
    fmt::print("nothing moved: {} measurements lie within noise\n", found.compared);
    return 0;
  }
  size_t width = 0;
  for (const Change& change : found.moved) width = std::max(width, change.name.size());
  fmt::print("{:<{}} {:>12} {:>12} {:>8}\n", "measurement", width, "before ms", "after ms",
             "ratio");
  for (const Change& change : found.moved)
    fmt::print("{:<{}} {:>12.4f} {:>12.4f} {:>8.3f} {}\n", change.name, width, change.before,
               change.after, change.ratio(), change.ratio() < 1 ? "faster" : "slower");
  fmt::print("{} of {} measurements moved by more than noise\n", found.moved.size(),
             found.compared);
  return 0;
}

}  // namespace lanet::bench
