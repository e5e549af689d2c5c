// In place of the CUDA side of a Context (cuda/memory.h, cuda/devices.h) in a build without CUDA.
// There is no context on a CUDA device but one that only counts, which calls nothing of this.
#include "core/context.h"
#include "core/cuda/devices.h"
#include "core/cuda/memory.h"

namespace lanet {

CudaReport describe_cuda() {
  return {};
}

namespace cuda {

namespace {

constexpr const char* kNoCuda = "this program was built without CUDA; build the preset 'cuda'";

[[noreturn]] void refuse() {
  throw Error(kNoCuda);
}

}  // namespace

std::string device_problem() {
  return kNoCuda;
}

// clang-format off
std::shared_ptr<Libraries> make_libraries(Context&) { refuse(); }
void* create_stream() { refuse(); }
void destroy_stream(void*) {}
void synchronize(void*) { refuse(); }
void* allocate(size_t) { refuse(); }
void release(void*) {}
size_t free_bytes() { refuse(); }
void* allocate_pinned(size_t) { refuse(); }
void release_pinned(void*) {}
void* create_event() { refuse(); }
void destroy_event(void*) {}
void record(void*, void*) { refuse(); }
void wait_for(void*, void*) { refuse(); }
void synchronize_event(void*) { refuse(); }
void copy(void*, void*, const void*, size_t) { refuse(); }
void fill_zero(void*, void*, size_t) { refuse(); }
std::shared_ptr<void> capture(void*, const std::function<void()>&) { refuse(); }
void launch(void*, const std::shared_ptr<void>&) { refuse(); }
// clang-format on

}  // namespace cuda

}  // namespace lanet
