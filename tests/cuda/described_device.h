// Devices in cuDNN's own words, for which it makes plans on machines that have none.
#pragma once

#include <dlfcn.h>
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "core/cuda/cudnn_graph.h"

namespace lanet::test {

/// As such a device reports them, or nearly: heuristics weigh them, and refuse by the capability.
struct DeviceFacts {
  const char* name;
  int compute_capability;  ///< 900 is 9.0
  int64_t memory_bytes;
  int memory_clock_khz;
};
constexpr DeviceFacts kH100{"NVIDIA H100 80GB HBM3", 900, 84'942'979'072, 2'619'000};
constexpr DeviceFacts kH200{"NVIDIA H200", 900, 150'113'615'872, 3'201'000};
/// No such device exists: what an H100 would be if it were of the architecture before bf16.
constexpr DeviceFacts kWithoutBf16{"H100 without bf16", 700, 84'942'979'072, 2'619'000};

/// cuDNN takes a device from a JSON text with these members. What DeviceFacts leaves out is the
/// same on each of these devices.
inline cudnn::Descriptor described_device(const DeviceFacts& facts) {
  const nlohmann::json text = {{"deviceName", facts.name},
                               {"deviceVer", facts.compute_capability},
                               {"totalGlobalMem", facts.memory_bytes},
                               {"memClockRateKHz", facts.memory_clock_khz},
                               {"smClockRateKHz", 1'980'000},
                               {"multiProcessorCount", 132},
                               {"l2CacheSize", 50 << 20},
                               {"warpSize", 32},
                               {"maxThreadsPerBlock", 1024},
                               {"maxThreadsPerSM", 2048},
                               {"maxCtasPerSM", 32},
                               {"regsPerBlock", 65536},
                               {"maxRegistersPerSM", 65536},
                               {"maxSharedMemoryPerBlock", 48 << 10},
                               {"maxSharedMemoryPerBlockOptin", 227 << 10},
                               {"reservedSharedMemoryPerBlock", 1 << 10},
                               {"maxBlockSize", {1024, 1024, 64}},
                               {"maxGridSize", {2147483647, 65535, 65535}},
                               {"supportCoopLaunch", 1},
                               {"driverVer", 13000},
                               {"cudaDeviceId", 0},
                               {"pciDeviceId", 0},
                               {"isTccDriver", 0}};
  cudnn::Descriptor device(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
  device.set_text(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, text.dump());
  device.finalize();
  return device;
}

/// True, with the reason said, where no driver's library can be loaded; ctest has one, which does
/// nothing.
inline bool skip_without_driver_library() {
  const bool found = dlopen("libcuda.so.1", RTLD_LAZY) != nullptr;
  if (!found) MESSAGE("SKIPPED: libcuda.so.1 cannot be loaded");
  return !found;
}

}  // namespace lanet::test
