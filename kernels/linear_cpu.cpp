// Linear layers as matrix products: f32 and f64, where everything is of one dtype.
#include <algorithm>

#include "kernels/cpu_operations.h"
#include "kernels/linear_product.h"

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
  const int64_t count = dy.elements();
  const T *output = y.as<T>(), *from = dy.as<T>();
  T* to = masked.as<T>();
#pragma omp simd
  for (int64_t i = 0; i < count; ++i) to[i] = output[i] > 0 ? from[i] : T(0);
}

/// Side by side as many columns as the first-level cache takes, each from its first row to its
/// last.
template <typename T>
void sum_rows(const Tensor& g, const Gradient& dbias) {
  constexpr int64_t kColumns = 256;
  const int64_t batch = g.shape[0], out = g.shape[1];
  for (int64_t first = 0; first < out; first += kColumns) {
    const int64_t count = std::min(kColumns, out - first);
    T sums[kColumns] = {};
    for (int64_t b = 0; b < batch; ++b) {
      const T* row = g.as<T>() + b * out + first;
#pragma omp simd
      for (int64_t o = 0; o < count; ++o) sums[o] += row[o];
    }
    for (int64_t o = 0; o < count; ++o)
      write_gradient(dbias.tensor.as<T>()[first + o], sums[o], dbias.add);
  }
}

}  // namespace

void linear_cpu(Context& context, const LinearArgs& args) {
  linear_product(context, args);
  if (!args.bias && !args.relu) return;
  args.y.dtype == DType::f32 ? add_bias_and_relu<float>(args) : add_bias_and_relu<double>(args);
}

void linear_backward_cpu(Context& context, const LinearBackwardArgs& args) {
  const bool single = args.dy.dtype == DType::f32;
  Tensor g = args.dy;
  if (args.relu) {
    g.data = context.workspace(linear_backward_workspace_bytes(g.shape, g.dtype, args.relu));
    single ? mask_gradient<float>(args.y, args.dy, g) : mask_gradient<double>(args.y, args.dy, g);
  }
  linear_gradient_products(context, args, g);
  if (args.dbias) single ? sum_rows<float>(g, args.dbias) : sum_rows<double>(g, args.dbias);
}

}  // namespace lanet
