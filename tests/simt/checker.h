// What the builds of the harness check differently. Each build links one checker_*.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "tests/simt/simt.h"

namespace lanet::simt::checker {

/// Memory for a device buffer, and its end.
void* allocate(size_t bytes);
void release(void* address, size_t bytes);
/// Device memory opens for kernels, copies and what plays the libraries, and is closed to the host.
void open_device(bool open);
/// The host wrote the bytes.
void host_wrote(const void* address, size_t bytes);
/// While kernels run nobody may touch these bytes, which lie within a buffer.
void guard(const void* address, size_t bytes);

/// Around a launch; around each of its blocks.
void begin_launch(const Launch& launch);
std::string end_launch();  // what is wrong with the launch as a whole; empty: nothing
void begin_block();

/// True between: kernel code runs, which is watched; false: the harness's own.
void watch(bool on);

/// All threads of the block met at its barrier; the lanes of a mask at __syncwarp.
void block_met();
void warp_met(unsigned warp, unsigned mask);

}  // namespace lanet::simt::checker

namespace lanet::simt {

/// Device memory is open while one of these lives.
class DeviceOpen {
 public:
  DeviceOpen();
  ~DeviceOpen();
  DeviceOpen(const DeviceOpen&) = delete;
  DeviceOpen& operator=(const DeviceOpen&) = delete;
};

}  // namespace lanet::simt
