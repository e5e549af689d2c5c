// The coverage check's side of a launch: what ran, what it changed, and the changed word.
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include "core/error.h"
#include "tests/simt/checker.h"
#include "tests/simt/device.h"
#include "tests/simt/symbols.h"

namespace lanet::simt {

namespace {

/// Kernels that ran, with the most buffers that one launch changed. Written when the program ends.
struct Record {
  const char* path = std::getenv("LANET_SIMT_RECORD");
  std::map<std::string, size_t> changed;
  ~Record() {
    if (!path) return;
    std::ofstream file(path);
    for (const auto& [kernel, buffers] : changed) file << kernel << '\t' << buffers << '\n';
  }
};
Record& record() {
  static Record all;
  return all;
}

/// LANET_SIMT_FLIP=<kernel>#<n>
struct Flip {
  std::string kernel;
  size_t buffer = 0;
};
const Flip& flip() {
  static const Flip asked = [] {
    const char* text = std::getenv("LANET_SIMT_FLIP");
    if (!text) return Flip{};
    const std::string name(text);
    const size_t mark = name.find('#');
    if (mark == std::string::npos)
      throw Error(fmt::format("LANET_SIMT_FLIP is {}; expected <kernel>#<number>", name));
    return Flip{name.substr(0, mark), static_cast<size_t>(std::atoi(text + mark + 1))};
  }();
  return asked;
}

/// Turns the largest bits of an aligned word over: whatever it held, it is far away now.
void flip_word(std::byte* buffer, size_t bytes, size_t at) {
  const size_t begin = at / 4 * 4;
  for (size_t i = begin; i < std::min(begin + 4, bytes); ++i) buffer[i] ^= std::byte{0x40};
}

}  // namespace

KernelRun::KernelRun(const Launch& launch)
    : name_(kernel_name(launch.kernel)),
      records_(record().path != nullptr),
      flips_(flip().kernel == name_) {
  if (!records_ && !flips_) return;
  for (const DeviceBuffer& b : device_buffers())
    before_.insert(before_.end(), b.begin, b.begin + b.bytes);
}

KernelRun::~KernelRun() {
  if (!records_ && !flips_) return;
  size_t changed = 0;
  const std::byte* before = before_.data();
  for (const DeviceBuffer& b : device_buffers()) {
    if (std::memcmp(b.begin, before, b.bytes) != 0) {
      if (flips_ && changed == flip().buffer) {
        // The middle one of the bytes that changed.
        std::vector<size_t> places;
        for (size_t i = 0; i < b.bytes; ++i) {
          if (b.begin[i] != before[i]) places.push_back(i);
        }
        flip_word(b.begin, b.bytes, places[places.size() / 2]);
      }
      ++changed;
    }
    before += b.bytes;
  }
  if (records_) {
    size_t& most = record().changed[name_];
    most = std::max(most, changed);
  }
}

}  // namespace lanet::simt
