#include "core/plan_table.h"

#include <fmt/format.h>
#include <charconv>
#include <nlohmann/json.hpp>

#include "core/cuda/devices.h"
#include "core/error.h"
#include "core/file.h"

namespace lanet {

using nlohmann::ordered_json;

namespace {
constexpr const char* kFormat = "lanet-plans/1";
}

PlanTable PlanTable::read(const std::filesystem::path& path, const std::string& machine) {
  return parse(read_text(path), path.string(), machine);
}

PlanTable PlanTable::parse(const std::string& text, const std::string& name,
                           const std::string& machine) {
  const ordered_json file = ordered_json::parse(text, nullptr, /*exceptions=*/false);
  if (!file.is_object() || !file.contains("format") || file["format"] != kFormat)
    throw InputError(
        fmt::format("{}: expected a table of plans, \"format\": \"{}\"", name, kFormat));
  PlanTable table(machine);
  std::string place = "machine";  // what is read, for the message
  try {
    const std::string made_with = file.at("machine");
    if (made_with != machine)
      throw InputError(fmt::format(
          "{}: its engines were chosen with {}, and this is {}; without --plans a run chooses its "
          "own, and --resume --retune chooses anew",
          name, made_with, machine));
    place = "plans";
    for (const auto& [what, entry] : file.at("plans").items()) {
      place = what;
      PlanChoice choice{.engine = entry.at("engine"), .knobs = {}, .milliseconds = entry.at("ms")};
      for (const auto& [knob, value] : entry.at("knobs").items()) {
        int64_t number = 0;
        const auto [end, error] = std::from_chars(knob.data(), knob.data() + knob.size(), number);
        if (error != std::errc() || end != knob.data() + knob.size())
          throw InputError(fmt::format("{}: {}: knob '{}': expected a number", name, place, knob));
        choice.knobs[number] = value;
      }
      table.add(what, std::move(choice));
    }
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: {}: {}", name, place, error.what()));
  }
  return table;
}

void PlanTable::write(const std::filesystem::path& path) const {
  write_text(path, text());
}

std::string PlanTable::text() const {
  ordered_json plans = ordered_json::object();
  for (const auto& [what, choice] : choices_) {
    ordered_json knobs = ordered_json::object();
    for (const auto& [knob, value] : choice.knobs) knobs[std::to_string(knob)] = value;
    plans[what] = {{"engine", choice.engine}, {"knobs", knobs}, {"ms", choice.milliseconds}};
  }
  const ordered_json file = {{"format", kFormat}, {"machine", machine_}, {"plans", plans}};
  return file.dump(1) + "\n";
}

const PlanChoice* PlanTable::find(const std::string& what) const {
  const auto found = choices_.find(what);
  return found == choices_.end() ? nullptr : &found->second;
}

std::string machine_for_plans() {
#ifdef LANET_HAVE_CUDA
  const CudaReport report = describe_cuda();
  for (const LibraryVersion& library : report.libraries) {
    if (library.name == "cuDNN" && !report.devices.empty())
      return fmt::format("cuDNN {} on {}", library.loaded, report.devices[0].name);
  }
#endif
  throw Error("plans are chosen on a CUDA device, and there is none");
}

}  // namespace lanet
