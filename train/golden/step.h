// Running what a step file describes: whole training steps from weights and inputs given by
// formula.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/context.h"

namespace lanet {

/// Runs the steps of a golden step file in `dtype` and returns what was computed, in the structure
/// of the file. `golden` has passed require_golden_step(); `name` is the file's, for messages.
/// Throws InputError if its parameters are not the model's. With several ranks (the context's
/// communicator) each computes its part of the batch, and all return the whole.
nlohmann::json run_golden_step(Context& context, const nlohmann::json& golden,
                               const std::string& name, DType dtype);

/// The same for components.json, after require_golden_components(): single losses and modules, each
/// with its gradients.
nlohmann::json run_golden_components(Context& context, const nlohmann::json& golden,
                                     const std::string& name, DType dtype);

}  // namespace lanet
