// What a run wrote of its epochs.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lanet::test {

/// The lines of a run's metrics without what differs from run to run.
inline std::vector<nlohmann::json> metrics(const std::string& run) {
  std::vector<nlohmann::json> lines;
  std::ifstream in(run + "/metrics.jsonl");
  for (std::string text; std::getline(in, text);) {
    nlohmann::json line = nlohmann::json::parse(text);
    line.erase("seconds");
    line.erase("images_per_second");
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace lanet::test
