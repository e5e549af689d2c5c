// Adam on vectors. A block of elements stays in the cache from its gradient to its bf16 copies, so
// that memory is passed over once.
#include <algorithm>
#include <cmath>

#include "kernels/adam.h"
#include "kernels/cpu_operations.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

constexpr int64_t kBlock = 2048;

template <typename A>
struct AdamConstants {
  A beta1, one_minus_beta1, beta2, one_minus_beta2, epsilon;
  A step_size, second_moment_scale;  // lr/(1−β1^t), 1/√(1−β2^t)
  A decay;                           // lr·weight_decay
  A key_momentum, one_minus_key_momentum;

  explicit AdamConstants(const AdamArgs& args)
      : beta1(A(args.beta1)),
        one_minus_beta1(A(1 - args.beta1)),
        beta2(A(args.beta2)),
        one_minus_beta2(A(1 - args.beta2)),
        epsilon(A(args.epsilon)),
        key_momentum(A(args.key_momentum)),
        one_minus_key_momentum(A(1 - args.key_momentum)) {
    const double* step = args.step_values.as<double>();
    step_size = A(step[0] / step[1]);
    second_moment_scale = A(1 / std::sqrt(step[2]));
    decay = A(step[0] * args.weight_decay);
  }
};

template <typename A>
void update_block(const AdamConstants<A>& k, A decay, int64_t n, A* __restrict p,
                  const A* __restrict g, A* __restrict m, A* __restrict v) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) {
    m[i] = k.beta1 * m[i] + k.one_minus_beta1 * g[i];
    v[i] = k.beta2 * v[i] + k.one_minus_beta2 * g[i] * g[i];
    // One subtraction, so that a decay of 0 leaves the bits of plain Adam.
    p[i] -=
        decay * p[i] + k.step_size * m[i] / (std::sqrt(v[i]) * k.second_moment_scale + k.epsilon);
  }
}

template <typename A>
void follow_block(const AdamConstants<A>& k, int64_t n, A* __restrict copy, const A* __restrict p) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i)
    copy[i] = k.key_momentum * copy[i] + k.one_minus_key_momentum * p[i];
}

template <typename A>
void round_block(int64_t n, bfloat16* __restrict to, const A* __restrict from) {
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) to[i] = bfloat16(from[i]);
}

/// Where the elements from `i` on that all decay, or all do not, end; at most `limit`.
int64_t alike_end(const AdamArgs& args, int64_t i, int64_t limit) {
  const bool decays = adam_decays(args, i);
  int64_t end = i;
  while (end < limit && adam_decays(args, end) == decays)
    end = (end / kAdamDecayGroup + 1) * kAdamDecayGroup;
  return std::min(end, limit);
}

/// The gradient of `n` elements from `begin` on: where it is, or, if some of it is rounded, widened
/// into `buffer`.
template <typename A>
const A* gradient_block(const AdamArgs& args, int64_t begin, int64_t n, A* buffer) {
  const int64_t rounded = adam_rounded(args);
  if (begin >= rounded) return args.gradient.as<A>() + (begin - rounded);
  for (int64_t i = begin; i < begin + n; ++i)
    buffer[i - begin] = i < rounded ? A(args.rounded_gradient.as<bfloat16>()[i])
                                    : args.gradient.as<A>()[i - rounded];
  return buffer;
}

template <typename A>
void adam_blocks(const AdamArgs& args) {
  const AdamConstants<A> constants(args);
  const int64_t n = args.master.elements();
  const int64_t followed = args.momentum_copy ? args.momentum_copy.elements() : 0;
  A* master = args.master.as<A>();
  A *first = args.first_moment.as<A>(), *second = args.second_moment.as<A>();
  A* copy = args.momentum_copy ? args.momentum_copy.as<A>() : nullptr;
  bfloat16* shadow = args.shadow ? args.shadow.as<bfloat16>() : nullptr;
  bfloat16* copy_shadow = args.momentum_shadow ? args.momentum_shadow.as<bfloat16>() : nullptr;
#pragma omp parallel for schedule(static)
  for (int64_t begin = 0; begin < n; begin += kBlock) {
    const int64_t count = std::min(kBlock, n - begin);
    const int64_t count_followed = std::clamp<int64_t>(followed - begin, 0, count);
    A widened[kBlock];
    const A* gradient = gradient_block(args, begin, count, widened);
    for (int64_t i = begin, end; i < begin + count; i = end) {
      end = alike_end(args, i, begin + count);
      update_block(constants, adam_decays(args, i) ? constants.decay : A(0), end - i, master + i,
                   gradient + (i - begin), first + i, second + i);
    }
    if (shadow) round_block(count, shadow + begin, master + begin);
    if (count_followed == 0) continue;
    follow_block(constants, count_followed, copy + begin, master + begin);
    if (copy_shadow) round_block(count_followed, copy_shadow + begin, copy + begin);
  }
}

}  // namespace

void adam_cpu(const AdamArgs& args) {
  dispatch_wide(args.master.dtype, [&]<typename T>() { adam_blocks<T>(args); });
}

}  // namespace lanet
