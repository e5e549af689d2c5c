// AdamW on CUDA: one launch, four parameters a thread, every array passed over once.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "core/cuda/pack.h"
#include "kernels/adam.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {
constexpr int kPackWidth = kAdamPack;
constexpr unsigned kThreadsPerBlock = 256;
}  // namespace

/// The kernel's parameter; absent arrays are null. What changes from step to step is behind
/// step_values.
template <typename A>
struct AdamKernelArgs {
  A* master;
  const __nv_bfloat16* rounded_gradient;
  const A* gradient;
  A* first_moment;
  A* second_moment;
  A* momentum_copy;
  __nv_bfloat16* shadow;
  __nv_bfloat16* momentum_shadow;
  const uint8_t* decayed;  // null if nothing decays
  const double* step_values;
  int64_t parameters;
  int64_t rounded;  // whose gradients are
  int64_t followed;
  A beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon, key_momentum, one_minus_key_momentum;
  A weight_decay;
};

/// The gradient of N parameters from `i` on, all of which are rounded or none.
template <int N, typename A>
__device__ inline cuda::Pack<A, N> adam_gradient(const AdamKernelArgs<A>& args, int64_t i) {
  if (i >= args.rounded) return cuda::load_pack<N>(args.gradient + (i - args.rounded));
  const auto rounded = cuda::load_pack<N>(args.rounded_gradient + i);
  cuda::Pack<A, N> g;
#pragma unroll
  for (int e = 0; e < N; ++e) g.value[e] = cuda::load(&rounded.value[e]);
  return g;
}

/// Updates N parameters from `i` on, all of one group, with their momentum copy if `follows`.
template <int N, typename A>
__device__ inline void adam_update(const AdamKernelArgs<A>& args, int64_t i, bool follows) {
  const A step_size = A(args.step_values[0]) / A(args.step_values[1]);
  const A second_moment_scale = 1 / sqrt(A(args.step_values[2]));
  const bool decays = args.decayed && args.decayed[i / kAdamDecayGroup] != 0;
  const A decay = decays ? A(args.step_values[0]) * args.weight_decay : A(0);
  auto p = cuda::load_pack<N>(args.master + i);
  auto m = cuda::load_pack<N>(args.first_moment + i);
  auto v = cuda::load_pack<N>(args.second_moment + i);
  const auto g = adam_gradient<N>(args, i);
  cuda::Pack<__nv_bfloat16, N> rounded;
#pragma unroll
  for (int e = 0; e < N; ++e) {
    m.value[e] = args.beta1 * m.value[e] + args.one_minus_beta1 * g.value[e];
    v.value[e] = args.beta2 * v.value[e] + args.one_minus_beta2 * g.value[e] * g.value[e];
    // One subtraction, so that a decay of 0 leaves the bits of plain Adam.
    p.value[e] -= decay * p.value[e] +
                  step_size * m.value[e] / (sqrt(v.value[e]) * second_moment_scale + args.epsilon);
    cuda::store(&rounded.value[e], static_cast<float>(p.value[e]));
  }
  cuda::store_pack(args.master + i, p);
  cuda::store_pack(args.first_moment + i, m);
  cuda::store_pack(args.second_moment + i, v);
  if (args.shadow) cuda::store_pack(args.shadow + i, rounded);
  if (!follows) return;
  auto copy = cuda::load_pack<N>(args.momentum_copy + i);
#pragma unroll
  for (int e = 0; e < N; ++e) {
    copy.value[e] = args.key_momentum * copy.value[e] + args.one_minus_key_momentum * p.value[e];
    cuda::store(&rounded.value[e], static_cast<float>(copy.value[e]));
  }
  cuda::store_pack(args.momentum_copy + i, copy);
  if (args.momentum_shadow) cuda::store_pack(args.momentum_shadow + i, rounded);
}

template <typename A>
__global__ void adam_kernel(AdamKernelArgs<A> args) {
  const int64_t begin = (int64_t{blockIdx.x} * blockDim.x + threadIdx.x) * kPackWidth;
  const int64_t end = min(begin + kPackWidth, args.parameters);
  const bool all_follow = begin + kPackWidth <= args.followed, none_follow = begin >= args.followed;
  if (begin + kPackWidth <= args.parameters && (all_follow || none_follow)) {
    adam_update<kPackWidth>(args, begin, all_follow);
  } else {  // the last parameters, and those where the momentum copy ends
    for (int64_t i = begin; i < end; ++i) adam_update<1>(args, i, i < args.followed);
  }
}

void adam_cuda(Context& context, const AdamArgs& args) {
  for (const Tensor& tensor :
       {args.master, args.rounded_gradient, args.gradient, args.first_moment, args.second_moment,
        args.momentum_copy, args.shadow, args.momentum_shadow})
    LANET_REQUIRE(reinterpret_cast<uintptr_t>(tensor.data) % 16 == 0, "a tensor starts at {}",
                  tensor.data);
  dispatch_wide(args.master.dtype, [&]<typename A>() {
    const AdamKernelArgs<A> kernel_args{
        .master = static_cast<A*>(args.master.data),
        .rounded_gradient = static_cast<const __nv_bfloat16*>(args.rounded_gradient.data),
        .gradient = static_cast<const A*>(args.gradient.data),
        .first_moment = static_cast<A*>(args.first_moment.data),
        .second_moment = static_cast<A*>(args.second_moment.data),
        .momentum_copy = static_cast<A*>(args.momentum_copy.data),
        .shadow = static_cast<__nv_bfloat16*>(args.shadow.data),
        .momentum_shadow = static_cast<__nv_bfloat16*>(args.momentum_shadow.data),
        .decayed =
            args.weight_decay != 0 ? static_cast<const uint8_t*>(args.decayed.data) : nullptr,
        .step_values = static_cast<const double*>(args.step_values.data),
        .parameters = args.master.elements(),
        .rounded = adam_rounded(args),
        .followed = args.momentum_copy ? args.momentum_copy.elements() : 0,
        .beta1 = A(args.beta1),
        .one_minus_beta1 = A(1 - args.beta1),
        .beta2 = A(args.beta2),
        .one_minus_beta2 = A(1 - args.beta2),
        .epsilon = A(args.epsilon),
        .key_momentum = A(args.key_momentum),
        .one_minus_key_momentum = A(1 - args.key_momentum),
        .weight_decay = A(args.weight_decay)};
    const unsigned blocks = cuda::blocks_for(kernel_args.parameters, kPackWidth * kThreadsPerBlock);
    cuda::launch(adam_kernel<A>, dim3(blocks), dim3(kThreadsPerBlock), 0, cuda::stream(context),
                 kernel_args);
  });
}

}  // namespace lanet
