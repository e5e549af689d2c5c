// How much of the host's memory is free.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

namespace lanet {

/// Bytes that this process may still use without swapping: what the system has available, less
/// under the limit of a control group (version 1 or 2). What files occupy counts as available.
/// root: the folder that /proc and /sys are in.
size_t available_host_memory(const std::filesystem::path& root = "/");

/// "1.5 GB"
std::string gigabytes(size_t bytes);

}  // namespace lanet
