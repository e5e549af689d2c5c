#include "core/plan_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <nlohmann/json.hpp>

#include "core/cuda/devices.h"
#include "core/error.h"
#include "core/files/file.h"

namespace lanet {

using nlohmann::ordered_json;

namespace {

constexpr const char* kFormat = "lanet-plans/2";
constexpr const char* kWaysOut =
    "a run without --plans chooses its own; --resume --retune chooses again";

ordered_json to_json(const PlanEngine& engine) {
  ordered_json knobs = ordered_json::object();
  for (const auto& [knob, value] : engine.knobs) knobs[std::to_string(knob)] = value;
  return {{"engine", engine.engine}, {"knobs", knobs}, {"ms", engine.milliseconds}};
}

PlanEngine engine_from(const ordered_json& entry, const std::string& place) {
  PlanEngine engine{
      .engine = entry.at("engine"), .knobs = {}, .milliseconds = entry.at("ms").get<double>()};
  for (const auto& [knob, value] : entry.at("knobs").items()) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(knob.data(), knob.data() + knob.size(), number);
    if (error != std::errc() || end != knob.data() + knob.size())
      throw InputError(fmt::format("{}: knob '{}': expected a number", place, knob));
    engine.knobs[number] = value;
  }
  return engine;
}

}  // namespace

PlanTable PlanTable::read(const std::filesystem::path& path, const std::string& machine) {
  return parse(read_text(path), path.string(), machine);
}

PlanTable PlanTable::parse(const std::string& text, const std::string& name,
                           const std::string& machine) {
  const ordered_json file = ordered_json::parse(text, nullptr, /*exceptions=*/false);
  if (!file.is_object() || !file.contains("format") || file["format"] != kFormat)
    throw InputError(fmt::format("{}: expected a table of plans, \"format\": \"{}\"; {}", name,
                                 kFormat, kWaysOut));
  PlanTable table(machine);
  std::string place = "machine";  // what is read, for the message
  try {
    const std::string made_with = file.at("machine");
    if (made_with != machine)
      throw InputError(fmt::format("{}: its engines were chosen with {}, and this is {}; {}", name,
                                   made_with, machine, kWaysOut));
    place = "plans";
    for (const auto& [what, entry] : file.at("plans").items()) {
      place = what;
      PlanChoice choice{.chosen = engine_from(entry, fmt::format("{}: {}", name, what))};
      for (const ordered_json& timed : entry.at("timed"))
        choice.timed.push_back(engine_from(timed, fmt::format("{}: {}: timed", name, what)));
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
    ordered_json timed = ordered_json::array();
    for (const PlanEngine& engine : choice.timed) timed.push_back(to_json(engine));
    plans[what] = to_json(choice.chosen);
    plans[what]["timed"] = timed;
  }
  const ordered_json file = {{"format", kFormat}, {"machine", machine_}, {"plans", plans}};
  return file.dump(1) + "\n";
}

const PlanEngine* PlanTable::find(const std::string& what) const {
  const auto found = choices_.find(what);
  return found == choices_.end() ? nullptr : &found->second.chosen;
}

double PlanTable::steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void PlanTable::request(const std::string& what, double floor_seconds, Race race) {
  Request& request = requests_[what];
  request.floor_seconds += floor_seconds;
  request.race = std::move(race);
}

void PlanTable::tune(const std::function<double()>& now) {
  const double deadline = now() + seconds_left;
  const auto out_of_time = [&] { return now() >= deadline; };
  std::vector<std::pair<std::string, Request>> requests;
  for (auto& [what, request] : requests_)
    if (!find(what)) requests.emplace_back(what, std::move(request));
  requests_.clear();
  std::stable_sort(requests.begin(), requests.end(), [](const auto& a, const auto& b) {
    return a.second.floor_seconds > b.second.floor_seconds;
  });
  for (const bool compiled : {false, true}) {
    for (auto& [what, request] : requests)
      if (!out_of_time()) request.race(compiled, out_of_time, request.timed);
  }
  for (auto& [what, request] : requests) {
    if (request.timed.empty())
      ++not_tuned_;
    else
      add(what, {.chosen = request.timed.front(), .timed = std::move(request.timed)});
  }
  seconds_left = std::max(0.0, deadline - now());
}

std::string machine_for_plans() {
  const CudaReport report = describe_cuda();
  for (const LibraryVersion& library : report.libraries) {
    if (library.name == "cuDNN" && !report.devices.empty())
      return fmt::format("cuDNN {} on {}", library.loaded, report.devices[0].name);
  }
  throw Error("plans are chosen on a CUDA device, and there is none");
}

}  // namespace lanet
