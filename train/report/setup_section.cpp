#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"
#include "core/xml_text.h"
#include "train/config/portable.h"
#include "train/progress.h"
#include "train/report/html.h"
#include "train/report/sections.h"

namespace lanet {

namespace {

using nlohmann::ordered_json;

/// A field as a reader would type it: texts without quotes, none for null.
std::string value_text(const ordered_json& value) {
  if (value.is_null()) return "none";
  if (value.is_string()) return xml_text(value.get<std::string>());
  return xml_text(value.dump());
}

/// A row for each field that is not the default in one of the groups. The seeds of a group differ.
std::string config_table(const std::vector<RunGroup>& groups) {
  const ordered_json defaults = to_json(Config{}).flatten();
  std::vector<ordered_json> configs;
  std::vector<std::string> head = {"field"};
  for (const RunGroup& group : groups) {
    configs.push_back(to_json(portable(group.runs[0]->config)).flatten());
    head.push_back(groups.size() == 1 ? "of the run" : group.name);
  }
  head.push_back("default");
  std::vector<std::vector<std::string>> rows;
  for (const auto& entry : defaults.items()) {
    const std::string pointer = entry.key();
    const ordered_json& value = entry.value();
    const bool differs =
        std::any_of(configs.begin(), configs.end(),
                    [&](const ordered_json& config) { return config.at(pointer) != value; });
    if (!differs || pointer == "/seed") continue;
    std::string field = pointer.substr(1);
    std::replace(field.begin(), field.end(), '/', '.');
    std::vector<std::string> row = {field};
    for (const ordered_json& config : configs) row.push_back(value_text(config.at(pointer)));
    row.push_back(value_text(value));
    rows.push_back(row);
  }
  return rows.empty() ? html_paragraph("Every field has its default.") : html_table(head, rows);
}

/// A text or number of the environment; "–" if it is not there.
std::string environment_text(const RunFacts& run, const char* path) {
  const ordered_json::json_pointer pointer(path);
  if (!run.environment.is_object() || !run.environment.contains(pointer)) return "–";
  return value_text(run.environment.at(pointer));
}

/// Of the machine; which of them computed is not recorded.
std::string device_names(const RunFacts& run) {
  std::vector<std::string> names;
  const ordered_json::json_pointer devices("/devices");
  if (run.environment.is_object() && run.environment.contains(devices))
    for (const ordered_json& device : run.environment.at(devices))
      if (device.is_object() && device.contains("name"))
        names.push_back(value_text(device["name"]));
  return names.empty() ? "–" : fmt::format("{}", fmt::join(names, ", "));
}

std::string program_text(const RunFacts& run) {
  const std::string commit = environment_text(run, "/program/commit");
  std::string text = environment_text(run, "/program/version");
  if (commit.size() >= 10) text += " (" + commit.substr(0, 10);
  if (commit.size() >= 10)
    text += environment_text(run, "/program/changed") == "true" ? ", changed)" : ")";
  return text;
}

double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0,
                         [](double sum, double x) { return std::isfinite(x) ? sum + x : sum; });
}

/// In the middle of the epochs: the first one may have had to warm up.
double median(std::vector<double> values) {
  std::erase_if(values, [](double value) { return !std::isfinite(value); });
  if (values.empty()) return std::nan("");
  std::nth_element(values.begin(), values.begin() + std::ssize(values) / 2, values.end());
  return values[values.size() / 2];
}

std::string speed_table(const std::vector<RunGroup>& groups) {
  std::vector<std::vector<std::string>> rows;
  for (const RunGroup& group : groups)
    for (const RunFacts* run : group.runs) {
      const double seconds = total(run->curve("seconds"));
      const double speed = median(run->curve("images_per_second"));
      rows.push_back({xml_text(run->name),
                      fmt::format("{} of {}", run->lines.size(), run->config.train.epochs),
                      seconds > 0 ? format_duration(seconds) : "–",
                      std::isfinite(speed) ? fmt::format("{:.1f}", speed) : "–",
                      std::string(name_of(run->config.train.dtype)),
                      std::string(name_of(run->config.train.device)), device_names(*run),
                      environment_text(*run, "/threads"), program_text(*run)});
    }
  return html_table({"run", "epochs", "training", "images/s (median)", "type", "train.device",
                     "devices", "threads", "program"},
                    rows);
}

/// What was not recorded, and in which runs if not in all.
std::string missing_text(const std::vector<RunGroup>& groups) {
  int64_t count = 0;
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const RunGroup& group : groups)
    for (const RunFacts* run : group.runs) {
      ++count;
      for (const std::string& missing : run->missing) {
        auto found = std::find_if(all.begin(), all.end(),
                                  [&](const auto& entry) { return entry.first == missing; });
        if (found == all.end()) found = all.insert(all.end(), {missing, {}});
        found->second.push_back(xml_text(run->name));
      }
    }
  std::vector<std::pair<std::string, std::string>> by_runs;
  for (const auto& [what, runs] : all) {
    const std::string place =
        std::ssize(runs) == count ? "" : fmt::format(" in {}", fmt::join(runs, ", "));
    auto found = std::find_if(by_runs.begin(), by_runs.end(),
                              [&](const auto& entry) { return entry.first == place; });
    if (found == by_runs.end())
      by_runs.emplace_back(place, what);
    else
      found->second += "; " + what;
  }
  std::string text;
  for (const auto& [place, what] : by_runs)
    text += html_paragraph(fmt::format("Not recorded{}: {}.", place, what), "dim");
  return text;
}

}  // namespace

std::string setup_section(const std::vector<RunGroup>& groups) {
  return html_section("Configuration and speed",
                      config_table(groups) + speed_table(groups) + missing_text(groups));
}

}  // namespace lanet
