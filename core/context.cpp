#include "core/context.h"

#include <omp.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "core/cuda/memory.h"
#include "core/round_up.h"

namespace lanet {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

void* allocate_host(size_t bytes) {
  // Large blocks ask for huge pages: a step walks through hundreds of megabytes.
  const size_t alignment = bytes >= kHugePage ? kHugePage : kAlignment;
  const size_t rounded = round_up(bytes, alignment);
  void* block = std::aligned_alloc(alignment, rounded);
  if (!block) throw Error(fmt::format("out of memory: {} bytes wanted", bytes));
  if (alignment == kHugePage) madvise(block, rounded, MADV_HUGEPAGE);
  return block;
}

/// Addresses that nothing lies at: reading or writing there ends the program.
void* addresses_without_memory(size_t bytes) {
  void* block = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (block == MAP_FAILED) throw Error(fmt::format("no {} bytes of addresses left", bytes));
  return block;
}

}  // namespace

Tensor Buffer::tensor(const Shape& shape, DType dtype, size_t offset) const {
  Tensor view{static_cast<std::byte*>(data()) + offset, shape, dtype, device_};
  LANET_REQUIRE(offset + view.bytes() <= bytes_, "a view of {} bytes at {} in a block of {}",
                view.bytes(), offset, bytes_);
  return view;
}

Context::Context(Device device, int threads)
    : device_(device), threads_(threads), stats_(std::make_shared<MemoryStats>()) {
  if (const std::string problem = device_problem(device); !problem.empty())
    throw Error(fmt::format("device {}: {}", device, problem));
  if (threads_ > 0)
    omp_set_num_threads(threads_);
  else
    threads_ = omp_get_max_threads();
  if (device == Device::cuda) {
    stream_ = cuda::create_stream();
    libraries_ = cuda::make_libraries(*this);
  }
}

Context::Context(CountOnly, Device device)
    : device_(device), threads_(1), counts_only_(true), stats_(std::make_shared<MemoryStats>()) {}

Context::~Context() {
  libraries_.reset();  // they use the stream
  if (stream_) cuda::destroy_stream(stream_);
}

Buffer Context::allocate(size_t bytes) {
  LANET_REQUIRE(!frozen_, "{} bytes allocated after the graph was frozen", bytes);
  Buffer buffer;
  if (bytes == 0) return buffer;
  buffer.bytes_ = bytes;
  buffer.device_ = device_;
  stats_->current_bytes += bytes;
  stats_->peak_bytes = std::max(stats_->peak_bytes, stats_->current_bytes);
  ++stats_->allocations;
  auto account = [stats = stats_, bytes] { stats->current_bytes -= bytes; };
  if (counts_only_) {
    buffer.block_ = {addresses_without_memory(bytes), [account, bytes](void* block) {
                       munmap(block, bytes);
                       account();
                     }};
  } else if (device_ == Device::cpu) {
    buffer.block_ = {allocate_host(bytes), [account](void* block) {
                       std::free(block);
                       account();
                     }};
  } else {
    buffer.block_ = {cuda::allocate(bytes), [account](void* block) {
                       cuda::release(block);
                       account();
                     }};
  }
  return buffer;
}

void Context::reserve_workspace(size_t bytes) {
  if (bytes > workspace_.bytes()) {
    workspace_ = Buffer();
    workspace_ = allocate(bytes);
  }
}

void* Context::workspace(size_t bytes) const {
  LANET_REQUIRE(bytes <= workspace_.bytes(), "{} bytes of workspace wanted, {} reserved", bytes,
                workspace_.bytes());
  return workspace_.data();
}

void Context::synchronize() {
  if (stream_) cuda::synchronize(stream_);
}

void Context::copy(const Tensor& to, const Tensor& from) {
  LANET_REQUIRE(to.dtype == from.dtype && to.elements() == from.elements(),
                "copy from {} {} to {} {}", from.dtype, from.shape, to.dtype, to.shape);
  if (counts_only_) return;
  if (to.device == Device::cpu && from.device == Device::cpu)
    std::memcpy(to.data, from.data, to.bytes());
  else
    cuda::copy(stream_, to.data, from.data, to.bytes());
}

void Context::fill_zero(const Tensor& tensor) {
  if (counts_only_) return;
  if (tensor.device == Device::cpu)
    std::memset(tensor.data, 0, tensor.bytes());
  else
    cuda::fill_zero(stream_, tensor.data, tensor.bytes());
}

Buffer allocate_tensors(Context& context, const std::vector<WantedTensor>& wanted) {
  constexpr size_t kTensorAlignment = 256;
  std::vector<size_t> offsets;
  size_t total = 0;
  for (const WantedTensor& w : wanted) {
    offsets.push_back(total);
    const size_t bytes = static_cast<size_t>(w.shape.elements()) * size_of(w.dtype);
    total += round_up(bytes, kTensorAlignment);
  }
  Buffer block = context.allocate(total);
  for (size_t i = 0; i < wanted.size(); ++i)
    *wanted[i].tensor = block.tensor(wanted[i].shape, wanted[i].dtype, offsets[i]);
  return block;
}

std::string device_problem(Device device) {
  return device == Device::cpu ? "" : cuda::device_problem();
}

}  // namespace lanet
