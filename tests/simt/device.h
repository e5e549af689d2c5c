// The device that the harness plays: its memory, its limits, and what was launched on it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/simt/simt.h"

namespace lanet::simt {

struct DeviceBuffer {
  std::byte* begin;
  size_t bytes;
  uint64_t number;  // the how-manieth allocation it was
};
/// The buffers that are allocated now, by address.
const std::vector<DeviceBuffer>& device_buffers();
DeviceBuffer& allocate_buffer(size_t bytes);
/// False if no buffer begins there.
bool release_buffer(void* begin);
/// "12 bytes behind the end of buffer 5 (128 bytes)": the nearest one.
std::string nearest_buffer(const void* address);

/// Dynamic shared memory: as much as a block may have, of which a launch uses the beginning.
constexpr size_t kMaxSharedBytes = 227 * 1024;
constexpr size_t kSharedWithoutAsking = 48 * 1024;
std::byte* dynamic_shared_begin();

/// Counts what a device would be given: a kernel of ours, or an operation of a library.
void note_launch();
int64_t launch_count();

/// Throws Error if no device takes the launch.
void require_launchable(const Launch& launch);
/// Why a launch with so much static shared memory fails on a device; empty if it does not.
std::string shared_problem(size_t static_bytes, size_t dynamic_bytes);

/// Keeps book of a launch for the coverage check: LANET_SIMT_RECORD=<file> gets a line for each
/// kernel with the number of buffers that it changed, and LANET_SIMT_FLIP=<kernel>#<n> changes one
/// word of the n-th of them after each launch, which a test must notice.
class KernelRun {
 public:
  explicit KernelRun(const Launch& launch);
  ~KernelRun();
  KernelRun(const KernelRun&) = delete;
  KernelRun& operator=(const KernelRun&) = delete;

 private:
  std::string name_;
  bool records_, flips_;
  std::vector<std::byte> before_;  // all buffers
};

}  // namespace lanet::simt
