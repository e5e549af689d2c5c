// What a golden file must hold before it is run: the kernels trust sizes, labels and indices.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace lanet {

/// Throws InputError unless run_golden_step() can run the file: `name: /config/batch is 0; expected
/// a whole number from 2 to 4096`. What is only compared is left to the comparison.
void require_golden_step(const nlohmann::json& golden, const std::string& name);

/// The same for run_golden_components().
void require_golden_components(const nlohmann::json& golden, const std::string& name);

}  // namespace lanet
