// Linear layers as matrix products: f32 and f64, where everything is of one dtype.
#include "kernels/gemm.h"
#include "kernels/linear.h"

namespace lanet {

namespace {

template <typename T>
void add_bias_and_relu(const LinearArgs& args) {
  const int64_t batch = args.y.shape[0], out = args.y.shape[1];
  const T* bias = args.bias ? args.bias.as<T>() : nullptr;
  for (int64_t b = 0; b < batch; ++b) {
    T* y = args.y.as<T>() + b * out;
    for (int64_t o = 0; o < out; ++o) {
      const T sum = y[o] + (bias ? bias[o] : T(0));
      y[o] = args.relu && sum < 0 ? T(0) : sum;
    }
  }
}

/// dy where the ReLU let something through, and 0 elsewhere.
template <typename T>
void mask_gradient(const Tensor& y, const Tensor& dy, const Tensor& masked) {
  for (int64_t i = 0; i < dy.elements(); ++i)
    masked.as<T>()[i] = y.as<T>()[i] > 0 ? dy.as<T>()[i] : T(0);
}

template <typename T>
void sum_rows(const Tensor& g, const Gradient& dbias) {
  const int64_t batch = g.shape[0], out = g.shape[1];
  for (int64_t o = 0; o < out; ++o) {
    T sum = 0;
    for (int64_t b = 0; b < batch; ++b) sum += g.as<T>()[b * out + o];
    write_gradient(dbias.tensor.as<T>()[o], sum, dbias.add);
  }
}

}  // namespace

void linear_cpu(Context& context, const LinearArgs& args) {
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
  if (!args.bias && !args.relu) return;
  args.y.dtype == DType::f32 ? add_bias_and_relu<float>(args) : add_bias_and_relu<double>(args);
}

void linear_backward_cpu(Context& context, const LinearBackwardArgs& args) {
  const int64_t batch = args.dy.shape[0], out = args.dy.shape[1], in = args.x.shape[1];
  const bool single = args.dy.dtype == DType::f32;
  Tensor g = args.dy;
  if (args.relu) {
    g.data = context.workspace(linear_backward_workspace_bytes(g.shape, g.dtype, args.relu));
    single ? mask_gradient<float>(args.y, args.dy, g) : mask_gradient<double>(args.y, args.dy, g);
  }
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
  if (args.dbias) single ? sum_rows<float>(g, args.dbias) : sum_rows<double>(g, args.dbias);
}

}  // namespace lanet
