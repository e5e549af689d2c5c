// What this program was built from and runs on: for doctor and for the run folder.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace lanet {

/// Version, commit, build options, compiler, libraries (at compile and at run time), processor and
/// its features, devices.
nlohmann::ordered_json describe_environment();

/// What is wrong with it, in plain words: a sentence each. Empty: nothing.
std::vector<std::string> environment_problems();

/// "0.1.0 (commit, changed)"
std::string program_version();

}  // namespace lanet
