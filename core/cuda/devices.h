// What the CUDA side consists of and finds, for reports. Usable without CUDA headers.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/library_versions.h"

namespace lanet {

struct CudaDevice {
  std::string name;
  std::string capability;  // "9.0"
  size_t memory_bytes = 0;
};

/// The first device is the one that a Context takes.
struct CudaReport {
  std::vector<LibraryVersion> libraries;  // each as major.minor.patch; the runtime as major.minor
  std::vector<CudaDevice> devices;
  std::string architectures;   // what the program holds code for, as CMake was told: "90"
  std::string driver;          // the newest CUDA that the driver knows; empty: no driver
  std::string driver_release;  // of the kernel module: "580.65.06"; empty: unknown
  std::string problem;         // why no device can be used; empty if one can
  size_t free_bytes = 0;       // of the first device
};

/// Works without a driver. Only in builds with CUDA.
CudaReport describe_cuda();

namespace cuda {
/// Why one of the loaded libraries cannot be used, or empty. Needs no device. Only in builds with
/// CUDA.
std::string library_problem();

/// Starts a kernel of ours on the device; why that fails, or empty. Only in builds with CUDA.
std::string device_code_problem();

/// Has NCCL run the work of all communicators of this process in the order in which the host
/// launches it (NCCL_LAUNCH_ORDER_IMPLICIT=1), unless the environment says otherwise. To be called
/// before the first use of NCCL, which keeps what it reads, and before other threads may read the
/// environment.
void order_nccl_launches();

/// Devices of this machine that the process may use; 0 without a driver.
int device_count();
/// From here on a Context of this thread is on device `index`.
void select_device(int index);
/// Size of the selected device's L2 cache. Only in builds with CUDA.
size_t l2_cache_bytes();
/// Of the selected device, "0000:1B:00.0": the same card has it in every process.
std::string device_bus_id();
}  // namespace cuda

}  // namespace lanet
