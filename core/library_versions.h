// Which versions of NVIDIA's libraries the program works with.
#pragma once

#include <array>
#include <string>

namespace lanet {

/// A library as the program was compiled with it and as it was loaded.
struct LibraryVersion {
  std::string name;
  std::string compiled;
  std::string loaded;  // empty: headers alone, nothing is loaded
};

struct OldestVersion {
  const char* library;
  const char* version;  // major.minor
};
/// The oldest version of each library that has what the code uses. third_party/versions.cmake reads
/// this table, to refuse older headers, and a test compares it with third_party/README.md.
inline constexpr std::array kOldestVersions = {
    // The first whose nvcc compiles C++20, and whose cudaGraphInstantiate() takes flags.
    OldestVersion{"CUDA runtime", "12.0"},
    // That toolkit's.
    OldestVersion{"cuBLASLt", "12.0"},
    // The first that plans for a device which is only described
    // (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR).
    OldestVersion{"cuDNN", "9.8"},
    // The first that orders the work of two communicators (NCCL_LAUNCH_ORDER_IMPLICIT).
    OldestVersion{"NCCL", "2.26"},
};

/// Of that table, major.minor; empty for another library.
std::string oldest_version(const std::string& library);

/// NVIDIA's number of a version as major.minor.patch: 91900 is 9.19.0. In the numbers of old
/// versions (cuDNN 8, NCCL 2.8) the major counts thousands: 8907 is 8.9.7.
std::string version_of_number(size_t number);

/// Why the program cannot use one of NVIDIA's libraries as it was loaded, in one line; empty: it
/// can. A library serves programs that were compiled with its own or an earlier minor version of
/// the same major, whatever the patch. cuDNN's documentation promises that much and no more, and
/// the others are held to the same.
std::string version_problem(const LibraryVersion& library);

}  // namespace lanet
