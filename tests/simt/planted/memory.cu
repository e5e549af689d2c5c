// Memory that is not there, that nobody wrote, or that is not aligned.
#include "core/cuda/device.cuh"
#include "core/cuda/pack.h"
#include "core/owned_tensor.h"
#include "tests/simt/planted/planted.h"

namespace lanet::planted {

__global__ void copy_kernel(const float* in, float* out, int n) {
  for (int i = static_cast<int>(threadIdx.x); i < n; i += static_cast<int>(blockDim.x))
    out[i] = in[i];
}

/// Copies 40 floats, of `in_size` that are there, to `out_size`.
static Bug copy_forty(size_t in_size, size_t out_size) {
  return [=](Context& context) {
    const DeviceArray<float> in(context, std::vector<float>(in_size)),
        out(context, std::vector<float>(out_size));
    cuda::launch(copy_kernel, 1, 32, 0, cuda::stream(context), in.data(), out.data(), 40);
  };
}
static const Plant read_behind("read_behind", copy_forty(39, 40));
static const Plant written_behind("written_behind", copy_forty(40, 39));
static const Plant in_bounds("in_bounds", copy_forty(40, 40));

static const Plant read_guard("read_guard", [](Context& context) {
  const DeviceArray<float> in(context, std::vector<float>(56)),
      out(context, std::vector<float>(40));
  watch_guard(in.data() + 39, 17 * sizeof(float));
  cuda::launch(copy_kernel, 1, 32, 0, cuda::stream(context), in.data(), out.data(), 40);
});
static const Plant after_free("after_free", [](Context& context) {
  const DeviceArray<float> out(context, std::vector<float>(40));
  const float* gone = DeviceArray<float>(context, std::vector<float>(40)).data();
  cuda::launch(copy_kernel, 1, 32, 0, cuda::stream(context), gone, out.data(), 40);
});
static const Plant host_memory("host_memory", [](Context& context) {
  const std::vector<float> in(40);
  const DeviceArray<float> out(context, in);
  cuda::launch(copy_kernel, 1, 32, 0, cuda::stream(context), in.data(), out.data(), 40);
});
static const Plant unwritten_global("unwritten_global", [](Context& context) {
  const Buffer in = context.allocate(40 * sizeof(float));
  const DeviceArray<float> out(context, std::vector<float>(40));
  cuda::launch(copy_kernel, 1, 32, 0, cuda::stream(context), static_cast<const float*>(in.data()),
               out.data(), 40);
  for (const float value : out.download()) {
    if (value != value) throw Error("wrong result");
  }
});

/// Leaves out element `hole` of the shared array.
__global__ void unwritten_shared_kernel(float* out, unsigned hole) {
  __shared__ float values[32];
  if (threadIdx.x != hole) values[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = values[31 - threadIdx.x];
}
static const Plant unwritten_shared("unwritten_shared", [](Context& context) {
  const DeviceArray<float> out(context, std::vector<float>(32));
  cuda::launch(unwritten_shared_kernel, 1, 32, 0, cuda::stream(context), out.data(), 7u);
  out.expect(std::vector<float>(32, 1));
});

/// Only the first block writes what all of them read.
__global__ void of_another_block_kernel(float* out) {
  float* values = cuda::dynamic_shared<float>();
  if (blockIdx.x == gridDim.x - 1) values[threadIdx.x] = 1;
  __syncthreads();
  out[blockIdx.x * blockDim.x + threadIdx.x] = values[threadIdx.x];
}
static const Plant of_another_block("of_another_block", [](Context& context) {
  const DeviceArray<float> out(context, std::vector<float>(64));
  cuda::launch(of_another_block_kernel, 2, 32, 128, cuda::stream(context), out.data());
  out.expect(std::vector<float>(64, 1));
});

__global__ void dynamic_shared_kernel(float* out) {
  float* values = cuda::dynamic_shared<float>();
  values[threadIdx.x] = 1;
  __syncthreads();
  out[threadIdx.x] = values[31 - threadIdx.x];
}
static const Plant dynamic_too_small("dynamic_too_small", [](Context& context) {
  const DeviceArray<float> out(context, std::vector<float>(32));
  cuda::launch(dynamic_shared_kernel, 1, 32, 31 * sizeof(float), cuda::stream(context), out.data());
});

/// Not inlined: the compiler shall not know what it writes to.
__attribute__((noipa)) void write_through(float* place, unsigned i) {
  place[i] = 1;
}

__global__ void static_overflow_kernel(float* out, unsigned beyond) {
  __shared__ float values[32];
  write_through(values, threadIdx.x + beyond);
  __syncthreads();
  out[threadIdx.x] = values[31];
}
static const Plant static_overflow("static_overflow", [](Context& context) {
  const DeviceArray<float> out(context, std::vector<float>(32));
  cuda::launch(static_overflow_kernel, 1, 32, 0, cuda::stream(context), out.data(), 1u);
});

__global__ void local_overflow_kernel(float* out, unsigned beyond) {
  float values[4] = {};
  for (unsigned i = 0; i < 4 + beyond; ++i) write_through(values, i);
  out[threadIdx.x] = values[threadIdx.x % 4];
}
static const Plant local_overflow("local_overflow", [](Context& context) {
  const DeviceArray<float> out(context, std::vector<float>(32));
  cuda::launch(local_overflow_kernel, 1, 32, 0, cuda::stream(context), out.data(), 1u);
});

__global__ void misaligned_kernel(const float* in, float* out) {
  cuda::store_pack(out + 4 * threadIdx.x, cuda::load_pack<4>(in + 4 * threadIdx.x));
}
static const Plant misaligned("misaligned", [](Context& context) {
  const DeviceArray<float> in(context, std::vector<float>(12)), out(context, std::vector<float>(8));
  cuda::launch(misaligned_kernel, 1, 2, 0, cuda::stream(context), in.data() + 1, out.data());
});

static const Plant host_reads_device("host_reads_device", [](Context& context) {
  const DeviceArray<int> values(context, {1, 2, 3});
  if (values.data()[1] != 2) throw Error("wrong result");
});

}  // namespace lanet::planted
