// What scripts/gpu-check recorded on a machine of stand-ins, and how tests read it.
#pragma once

#include <sstream>

#include "tests/project/gpu_check_machine.h"

namespace lanet::test::gpu_check {

/// The result of that name; fails the test if there is not one.
inline nlohmann::json result(const nlohmann::json& record, const std::string& name) {
  nlohmann::json found;
  int count = 0;
  for (const auto& r : record.at("results")) {
    if (r.at("name") != name) continue;
    found = r;
    ++count;
  }
  CAPTURE(name);
  REQUIRE(count == 1);
  return found;
}

inline std::string status(const nlohmann::json& record, const std::string& name) {
  return result(record, name).at("status");
}
inline std::string detail(const nlohmann::json& record, const std::string& name) {
  return result(record, name).at("detail");
}

inline std::vector<std::string> names(const nlohmann::json& record) {
  std::vector<std::string> all;
  for (const auto& r : record.at("results")) all.push_back(r.at("name"));
  return all;
}

inline int count(const nlohmann::json& record, const std::string& wanted) {
  int number = 0;
  for (const auto& r : record.at("results")) number += r.at("status") == wanted;
  return number;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

inline std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::istringstream in(read_text(path));
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

/// Every check, in order of importance.
inline const std::vector<std::string> kChecks = {"doctor",
                                                 "test_cuda_add",
                                                 "test_cuda_knn",
                                                 "test_cuda_gemm",
                                                 "verify step.json f32",
                                                 "verify step.json bf16",
                                                 "20 steps, captured against eager, bf16",
                                                 "20 steps, captured against eager, f32",
                                                 "bench step 224 px, batch 128, bf16",
                                                 "bench step 224 px, batch 128, f32",
                                                 "test_cuda_trainer",
                                                 "20 steps, cpu against cuda, f32",
                                                 "demo training",
                                                 "memcheck",
                                                 "racecheck"};

}  // namespace lanet::test::gpu_check
