// Fast path of pair_score on the CPU: the first layer once a sample, the others as matrix products
// over all pairs.
#pragma once

#include "kernels/pair_score.h"

namespace lanet {

int64_t pair_score_cpu_workspace_elements(int64_t n, int64_t d, int64_t k);

/// A: float or double. workspace: pair_score_cpu_workspace_elements of A.
template <typename A>
void pair_score_cpu(Context& context, const PairScoreArgs& args, A* workspace);
template <typename A>
void pair_score_backward_cpu(Context& context, const PairScoreBackwardArgs& args, A* workspace);

extern template void pair_score_cpu<float>(Context&, const PairScoreArgs&, float*);
extern template void pair_score_cpu<double>(Context&, const PairScoreArgs&, double*);
extern template void pair_score_backward_cpu<float>(Context&, const PairScoreBackwardArgs&, float*);
extern template void pair_score_backward_cpu<double>(Context&, const PairScoreBackwardArgs&,
                                                     double*);

}  // namespace lanet
