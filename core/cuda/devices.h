// What the CUDA side consists of and finds, for reports. Usable without CUDA headers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace lanet {

/// A library as the program was compiled with it and as it was loaded.
struct LibraryVersion {
  std::string name;
  std::string compiled;
  std::string loaded;  // empty: headers alone, nothing is loaded
};

struct CudaDevice {
  std::string name;
  std::string capability;  // "9.0"
  size_t memory_bytes = 0;
};

struct CudaReport {
  std::vector<LibraryVersion> libraries;
  std::vector<CudaDevice> devices;
  std::string driver;   // the newest CUDA that the driver knows; empty: no driver
  std::string problem;  // why there is no device; empty if there is one
};

/// Works without a driver. In builds with CUDA alone.
CudaReport describe_cuda();

}  // namespace lanet
