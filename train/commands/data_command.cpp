// data: what is in a data set, and what is wrong with it.
#include <fmt/format.h>

#include <filesystem>

#include "core/files/file.h"
#include "train/commands/commands.h"
#include "train/data_report.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"

namespace lanet {

int run_data(const DataOptions& options) {
  require_one_process("data");
  const Config config = load_config(options.config, options.overrides);
  const int threads = Context(Device::cpu, static_cast<int>(config.train.threads)).threads();
  DataFaces faces = list_data(config);
  const auto facts = gather_facts(
      std::ssize(faces.list.names),
      [&](int64_t face) { return face_picture(faces.list, static_cast<size_t>(face)); }, threads,
      progress_function("looking at pictures", "img"));
  place_landmarks(config, facts, faces);
  const nlohmann::ordered_json report = data_report(
      config, faces, facts, threads, progress_function("looking for duplicates", "pairs"));
  if (!options.out.empty()) {
    const std::filesystem::path out = options.out;
    std::filesystem::create_directories(out);
    write_text(out / "data.json", report.dump(2) + "\n");
    write_png((out / "contact_sheet.png").string(), data_contact_sheet(config, faces, facts));
    say(fmt::format("written: {} and {}", (out / "data.json").string(),
                    (out / "contact_sheet.png").string()));
  }
  fmt::print("{}", options.json ? report.dump() + "\n" : to_text(report));
  return 0;
}

}  // namespace lanet
