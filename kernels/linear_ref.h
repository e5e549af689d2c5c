// Definition of the operation; the contract is in linear.h.
#pragma once

#include "kernels/linear.h"

namespace lanet {

template <typename T>
void linear_ref(const LinearArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.y.shape[0], out = args.y.shape[1], in = args.x.shape[1];
  for (int64_t b = 0; b < batch; ++b) {
    const T* x = args.x.as<T>() + b * in;
    for (int64_t o = 0; o < out; ++o) {
      const T* weight = args.weight.as<T>() + o * in;
      A sum = args.bias ? args.bias.as<A>()[o] : A(0);
      for (int64_t i = 0; i < in; ++i) sum += A(x[i]) * A(weight[i]);
      args.y.as<T>()[b * out + o] = T(args.relu && sum < 0 ? A(0) : sum);
    }
  }
}

template <typename T>
void linear_backward_ref(const LinearBackwardArgs& args) {
  using A = accumulate_t<T>;
  const int64_t batch = args.dy.shape[0], out = args.dy.shape[1], in = args.x.shape[1];
  const T* x = args.x.as<T>();
  const T* weight = args.weight.as<T>();
  auto g = [&](int64_t b, int64_t o) {
    const bool open = !args.relu || A(args.y.as<T>()[b * out + o]) > 0;
    return open ? A(args.dy.as<T>()[b * out + o]) : A(0);
  };
  if (args.dx) {
    for (int64_t b = 0; b < batch; ++b) {
      for (int64_t i = 0; i < in; ++i) {
        A sum = 0;
        for (int64_t o = 0; o < out; ++o) sum += g(b, o) * A(weight[o * in + i]);
        write_gradient(args.dx.tensor.as<T>()[b * in + i], sum, args.dx.add);
      }
    }
  }
  if (args.dweight) {
    for (int64_t o = 0; o < out; ++o) {
      for (int64_t i = 0; i < in; ++i) {
        A sum = 0;
        for (int64_t b = 0; b < batch; ++b) sum += g(b, o) * A(x[b * in + i]);
        write_gradient(args.dweight.tensor.as<A>()[o * in + i], sum, args.dweight.add);
      }
    }
  }
  if (args.dbias) {
    for (int64_t o = 0; o < out; ++o) {
      A sum = 0;
      for (int64_t b = 0; b < batch; ++b) sum += g(b, o);
      write_gradient(args.dbias.tensor.as<A>()[o], sum, args.dbias.add);
    }
  }
}

}  // namespace lanet
