// torchvision's ResNets of tests/fixtures/resnets.json, which make_resnets.py beside it made.
#pragma once

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/files/file.h"
#include "tests/files.h"

namespace lanet::test {

/// By the name of the backbone: the shapes of its `tensors`, and `logits` of weights and pictures
/// by formula (core/golden_fill.h).
inline const nlohmann::json& torchvision_networks() {
  static const auto networks =
      nlohmann::json::parse(read_text(tests_folder() / "fixtures/resnets.json"));
  return networks;
}

/// The interval that make_resnets.py fills a tensor in.
inline std::pair<double, double> interval(const std::string& name,
                                          const std::vector<int64_t>& shape) {
  if (shape.size() > 1) {
    int64_t inputs = 1;
    for (size_t i = 1; i < shape.size(); ++i) inputs *= shape[i];
    const double limit = std::sqrt(6 / static_cast<double>(inputs));
    return {-limit, limit};
  }
  if (name.ends_with(".bias") || name.ends_with(".running_mean")) return {-0.1, 0.1};
  return {0.8, 1.2};
}

}  // namespace lanet::test
