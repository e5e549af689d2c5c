// Linear layers as matrix products: f32 and f64, where everything is of one dtype.
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
