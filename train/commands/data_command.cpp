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
  const std::filesystem::path out = options.out, json = out / "data.json",
                              sheet = out / "contact_sheet.png";
  if (!options.out.empty()) {
    for (const auto& file : {json, sheet})
      if (std::filesystem::exists(file))
        throw InputError(fmt::format("--out {}: {} exists; expected a folder without it",
                                     options.out, file.filename().string()));
    create_folder(out);
  }
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
    write_text(json, report.dump(2) + "\n");
    write_png(sheet.string(), data_contact_sheet(config, faces, facts));
    say(fmt::format("written: {} and {}", json.string(), sheet.string()));
  }
  fmt::print("{}", options.json ? report.dump() + "\n" : to_text(report));
  return 0;
}

}  // namespace lanet
