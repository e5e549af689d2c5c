// Dropout: each element is 0 with probability `rate`, and the others are larger in return.
//   y = x·mask/(1 − rate)
//   dx = dy·mask/(1 − rate), the same mask drawn a second time, so that nothing is kept
#pragma once

#include <cstdint>

#include "core/context.h"
#include "core/rng.h"

namespace lanet {

/// Where a mask comes from: element i of the whole batch is kept if word i of
/// RandomStream(seed, Purpose::dropout, *step, layer) is at least rate·2^32. So it depends on
/// neither device, threads nor ranks.
/// step: i32 [1] on the device, the same in both directions and another in each step: what changes
/// from step to step lies in memory, so a captured step draws new masks, too.
/// layer: tells the layers of a network apart.
/// first_element: of this rank's elements in the whole batch; at most 2^34 elements in all.
struct DropoutMask {
  double rate = 0;  // in [0, 1)
  uint64_t seed = 0;
  Tensor step;
  uint32_t layer = 0;
  int64_t first_element = 0;
};

/// x, y: any shape, both f32, bf16 or f64. The product is formed in accumulate_dtype and rounded
/// once. What is dropped is multiplied by 0, so a NaN or an infinity stays visible.
struct DropoutArgs {
  Tensor x;
  Tensor y;
  DropoutMask mask;
};
void dropout(Context& context, const DropoutArgs& args);

/// dy, dx: as x and y; dx set or added to.
struct DropoutBackwardArgs {
  Tensor dy;
  Gradient dx;
  DropoutMask mask;
};
void dropout_backward(Context& context, const DropoutBackwardArgs& args);

constexpr int64_t kDropoutWords = 4;  // in a block of the generator

/// The block that holds the words of the elements 4·block to 4·block + 3.
LANET_HOST_DEVICE inline Philox4x32 dropout_words(uint64_t seed, int32_t step, uint32_t layer,
                                                  int64_t block) {
  return Philox4x32::block(seed, static_cast<uint32_t>(block), layer, static_cast<uint32_t>(step),
                           static_cast<uint32_t>(Purpose::dropout));
}
/// Words below it drop their element.
inline uint32_t dropout_threshold(double rate) {
  return static_cast<uint32_t>(rate * 0x1p32);
}

}  // namespace lanet
