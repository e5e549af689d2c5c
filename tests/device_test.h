// Tests of CUDA kernels. The same tests run on a GPU and, by the SIMT harness (tests/simt/), on the
// CPU.
#pragma once

#include <algorithm>

#include "tests/op_test.h"

namespace lanet::test {

/// The SIMT harness defines it: kernels of ours and library operations that were launched.
[[gnu::weak]] int64_t launches_so_far();

/// True, with the reason said, where no CUDA device can be used.
inline bool skip_without_device() {
  const std::string problem = device_problem(Device::cuda);
  if (!problem.empty()) MESSAGE("SKIPPED: device cuda: " << problem);
  return !problem.empty();
}

/// Moves a struct's tensors to the context's device. Those in `shifted` start `shift` elements past
/// where others do: a kernel must not assume alignment.
template <typename Tensors>
void upload_shifted(Context& context, Tensors& tensors, const std::vector<OwnedTensor*>& shifted,
                    int64_t shift) {
  for (OwnedTensor* t : tensors.all())
    if (t->tensor()) *t = OwnedTensor(context, *t, std::ranges::count(shifted, t) ? shift : 0);
}

}  // namespace lanet::test
