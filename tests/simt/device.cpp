#include "tests/simt/device.h"

#include <algorithm>
#include <cstring>
#include <map>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/symbols.h"

namespace lanet::simt {

namespace {

std::vector<DeviceBuffer> buffers;
uint64_t allocations = 0;
int openings = 0;
int64_t launches = 0;

std::map<std::string, unsigned>& launch_bounds() {
  static std::map<std::string, unsigned> bounds;
  return bounds;
}

}  // namespace

void note_launch() {
  ++launches;
}
int64_t launch_count() {
  return launches;
}

DeviceOpen::DeviceOpen() {
  if (openings++ == 0) checker::open_device(true);
}
DeviceOpen::~DeviceOpen() {
  if (--openings == 0) checker::open_device(false);
}

const std::vector<DeviceBuffer>& device_buffers() {
  return buffers;
}

DeviceBuffer& allocate_buffer(size_t bytes) {
  auto* begin = static_cast<std::byte*>(checker::allocate(bytes));
  const DeviceOpen open;
  std::memset(begin, 0xFF, bytes);  // NaN in every floating type: nobody should read it
  const auto after = std::find_if(buffers.begin(), buffers.end(),
                                  [&](const DeviceBuffer& b) { return b.begin > begin; });
  return *buffers.insert(after, {begin, bytes, ++allocations});
}

bool release_buffer(void* begin) {
  const auto found = std::find_if(buffers.begin(), buffers.end(),
                                  [&](const DeviceBuffer& b) { return b.begin == begin; });
  if (found == buffers.end()) return false;
  checker::release(found->begin, found->bytes);
  buffers.erase(found);
  return true;
}

std::string nearest_buffer(const void* address) {
  const auto* place = static_cast<const std::byte*>(address);
  const DeviceBuffer* nearest = nullptr;
  ptrdiff_t least = PTRDIFF_MAX;
  for (const DeviceBuffer& buffer : buffers) {
    const ptrdiff_t distance = place < buffer.begin ? buffer.begin - place
                               : place < buffer.begin + buffer.bytes
                                   ? 0
                                   : place - (buffer.begin + buffer.bytes) + 1;
    if (distance < least) {
      least = distance;
      nearest = &buffer;
    }
  }
  if (!nearest) return "there is no device buffer";
  const std::string name =
      fmt::format("device buffer {} ({} bytes)", nearest->number, nearest->bytes);
  if (place < nearest->begin)
    return fmt::format("{} bytes before {}", nearest->begin - place, name);
  if (place < nearest->begin + nearest->bytes)
    return fmt::format("at byte {} of {}", place - nearest->begin, name);
  return fmt::format("{} bytes behind the end of {}", place - nearest->begin - nearest->bytes,
                     name);
}

std::byte* dynamic_shared_begin() {
  alignas(256) static std::byte memory[kMaxSharedBytes + 1024];
  return memory;
}

void* dynamic_shared() {
  return dynamic_shared_begin();
}

LaunchBound::LaunchBound(const char* kernel, unsigned threads) {
  launch_bounds()[kernel] = threads;
}

std::string shared_problem(size_t static_bytes, size_t dynamic_bytes) {
  const size_t limit =
      dynamic_bytes > kSharedWithoutAsking ? kMaxSharedBytes : kSharedWithoutAsking;
  if (static_bytes + dynamic_bytes <= limit) return "";
  return fmt::format("{} bytes of static and {} of dynamic shared memory; the device gives {}",
                     static_bytes, dynamic_bytes, limit);
}

void require_launchable(const Launch& launch) {
  const std::string name = kernel_name(launch.kernel);
  auto require = [&](bool holds, const std::string& what) {
    if (!holds) throw Error(fmt::format("simt: {} cannot be launched: {}", name, what));
  };
  const dim3 grid = launch.grid, block = launch.block;
  const uint64_t threads = uint64_t{block.x} * block.y * block.z;
  require(threads >= 1 && threads <= 1024 && block.z <= 64,
          fmt::format("a block of {} x {} x {} threads; the device takes 1024 in all and 64 layers",
                      block.x, block.y, block.z));
  require(grid.x <= INT32_MAX && grid.y <= UINT16_MAX && grid.z <= UINT16_MAX,
          fmt::format("a grid of {} x {} x {} blocks; the device takes {} x {} x {}", grid.x,
                      grid.y, grid.z, INT32_MAX, UINT16_MAX, UINT16_MAX));
  const std::string problem = shared_problem(0, launch.shared_bytes);
  require(problem.empty(), problem);
  constexpr size_t kMaxParameterBytes = 4096;  // before compute capability 7.0 and CUDA 12.1
  require(launch.parameter_bytes <= kMaxParameterBytes,
          fmt::format("{} bytes of parameters; at most {}", launch.parameter_bytes,
                      kMaxParameterBytes));
  const auto bound = launch_bounds().find(name.substr(0, name.find('<')));
  require(bound == launch_bounds().end() || threads <= bound->second,
          fmt::format("a block of {} threads; its __launch_bounds__ promise {}", threads,
                      bound == launch_bounds().end() ? 0 : bound->second));
}

}  // namespace lanet::simt
