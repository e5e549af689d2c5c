// What this program was built from and runs on: for doctor and for the run folder.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/cuda/devices.h"
#include "core/tensor.h"

namespace lanet {

/// Version, commit, build options, compiler, libraries (at compile and at run time), processor and
/// its features, devices.
nlohmann::ordered_json describe_environment();

/// What is wrong, in plain words.
struct EnvironmentProblem {
  std::string text;
  std::optional<Device> device = {};  ///< matters only when computing there
};
std::vector<EnvironmentProblem> environment_problems();

/// What is wrong with the CUDA side; empty: nothing.
std::vector<std::string> cuda_problems(const CudaReport& report);

/// Tensor cores have bf16 from this compute capability on.
inline constexpr int kLeastBf16Capability = 8;

/// Of the GPU that a Context uses, which there must be: "9.0".
std::string cuda_capability();

/// The name of the processor, or of the GPU that a Context uses, if there is one.
std::string device_name(Device device);

/// "0.1.0 (commit, changed)"
std::string program_version();

}  // namespace lanet
