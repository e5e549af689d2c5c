// Names of kernels, shared variables and source lines, from the program's own file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace lanet::simt {

/// `adam_kernel<float>`: without namespaces of the project and parameters.
std::string kernel_name(const void* kernel);
/// Every kernel that the linker found reachable, sorted: functions whose names end with _kernel.
std::vector<std::string> all_kernels();

/// A __shared__ variable of the builds in which they are thread_local.
struct SharedVariable {
  std::string name;  // `tile`
  std::byte* begin;
  size_t bytes;
};
/// By address.
const std::vector<SharedVariable>& shared_variables();

/// Where the program's thread_local variables lie.
struct Range {
  std::byte* begin = nullptr;
  size_t bytes = 0;
  size_t offset_of(const void* address) const {
    return static_cast<size_t>(static_cast<const std::byte*>(address) - begin);
  }
  bool holds(const void* address) const { return offset_of(address) < bytes; }
};
Range thread_local_range();
/// The program's code and variables in memory.
Range program_range();

/// `kernels/adam.cu:45`, with the lines it was called from if it is not in a .cu file itself.
std::string source_line(const void* code);
/// A path below the project's root, without that root.
std::string short_path(const std::string& path);

}  // namespace lanet::simt
