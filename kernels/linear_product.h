// The matrix products of a linear layer, on any device.
#pragma once

#include "kernels/gemm.h"
#include "kernels/linear.h"

namespace lanet {

/// y = x·weightᵀ, before bias and ReLU.
inline void linear_product(Context& context, const LinearArgs& args) {
  const int64_t batch = args.y.shape[0], out = args.y.shape[1], in = args.x.shape[1];
  gemm(context, {.m = batch,
                 .n = out,
                 .k = in,
                 .a = args.x,
                 .lda = in,
                 .b = args.weight,
                 .ldb = in,
                 .transpose_b = true,
                 .c = args.y,
                 .ldc = out});
}

/// The gradients of x and of the weight. g: that of y, behind the ReLU.
inline void linear_gradient_products(Context& context, const LinearBackwardArgs& args,
                                     const Tensor& g) {
  const int64_t batch = g.shape[0], out = g.shape[1], in = args.x.shape[1];
  if (args.dx) {
    gemm(context, {.m = batch,
                   .n = in,
                   .k = out,
                   .a = g,
                   .lda = out,
                   .b = args.weight,
                   .ldb = in,
                   .c = args.dx.tensor,
                   .ldc = in,
                   .add = args.dx.add});
  }
  if (args.dweight) {
    gemm(context, {.m = out,
                   .n = in,
                   .k = batch,
                   .a = g,
                   .lda = out,
                   .transpose_a = true,
                   .b = args.x,
                   .ldb = in,
                   .c = args.dweight.tensor,
                   .ldc = in,
                   .add = args.dweight.add});
  }
}

}  // namespace lanet
