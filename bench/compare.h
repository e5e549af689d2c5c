// Two files of measurements of one device: what moved by more than noise.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace lanet::bench {

/// A measurement that both files have; medians in ms.
struct Change {
  std::string name;  ///< "conv2d bf16 8x56x56x64x64x3x1x1 cold"
  double before = 0, after = 0;
  double ratio() const { return after / before; }
};

struct Comparison {
  std::vector<Change> moved;  ///< the largest factor first, whether faster or slower
  size_t compared = 0;
  std::vector<std::string> only_before, only_after;
};

/// What `bench kernels --json` or `bench step --json` wrote, both the same. Moved is what lies
/// apart: the middle 80 % of one file's readings (p10 to p90) and of the other's do not overlap.
/// InputError, with the file's name, the field and its values, if the files are not of one format,
/// device, number of threads and TF32 setting, or a field is missing or no number.
Comparison compare(const nlohmann::json& before, const std::string& before_name,
                   const nlohmann::json& after, const std::string& after_name);

}  // namespace lanet::bench
