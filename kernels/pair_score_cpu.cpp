#include "kernels/pair_score_cpu.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "kernels/matrix_product.h"

namespace lanet {

namespace {

constexpr int64_t kColumnBlock = 32;

/// Where a pre-activation was cut to zero, no gradient passes.
template <typename A>
void mask_relu(const A* activation, int64_t elements, A* gradient) {
#pragma omp parallel for simd
  for (int64_t e = 0; e < elements; ++e) gradient[e] = activation[e] > 0 ? gradient[e] : A(0);
}

template <typename A>
void column_sums(const A* x, int64_t rows, int64_t width, const Gradient& to) {
  if (!to) return;
#pragma omp parallel for
  for (int64_t begin = 0; begin < width; begin += kColumnBlock) {
    const int64_t columns = std::min(kColumnBlock, width - begin);
    A sum[kColumnBlock] = {};
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < columns; ++c) sum[c] += x[r * width + begin + c];
    for (int64_t c = 0; c < columns; ++c)
      write_gradient(to.tensor.as<A>()[begin + c], sum[c], to.add);
  }
}

/// From the gradient of each pair's first layer to those of its two halves, once a sample: own[i]
/// sums over the pairs of i, other[j] over the pairs that chose j. A thread owns columns and walks
/// over all pairs in order: no two threads write one place, and the order of the sums is fixed.
template <typename A>
void scatter_pairs(const A* dx0, const PairScoreBackwardArgs& args, int64_t width, A* own,
                   A* other) {
  const int64_t n = args.h.shape[0], k = args.indices.shape[1], pairs = args.indices.elements();
  const int32_t* indices = args.indices.as<int32_t>();
#pragma omp parallel for
  for (int64_t begin = 0; begin < width; begin += kColumnBlock) {
    const int64_t end = std::min(begin + kColumnBlock, width);
    for (int64_t i = 0; i < n; ++i) {
      std::fill(own + i * width + begin, own + i * width + end, A(0));
      std::fill(other + i * width + begin, other + i * width + end, A(0));
    }
    for (int64_t pair = 0; pair < pairs; ++pair) {
      const A* from = dx0 + pair * width;
      A* to_own = own + (args.first_row + pair / k) * width;
      A* to_other = other + indices[pair] * width;
      for (int64_t c = begin; c < end; ++c) {
        to_own[c] += from[c];
        to_other[c] += from[c];
      }
    }
  }
}

}  // namespace

int64_t pair_score_cpu_workspace_elements(int64_t n, int64_t d, int64_t k) {
  return n * d + n * k * (d / 2 + d / 4 + 2);
}

template <typename A>
void pair_score_cpu(Context& context, const PairScoreArgs& args, A* workspace) {
  const int64_t n = args.h.shape[0], d = args.h.shape[1], k = args.indices.shape[1];
  const int64_t half = d / 2, quarter = d / 4, num_rows = args.indices.shape[0];
  const int64_t pairs = num_rows * k;
  const int32_t* indices = args.indices.as<int32_t>();
  const A *h = args.h.as<A>(), *w0 = args.weight0.as<A>();
  A* own = workspace;         // [num_rows, half]: Wa·a_i
  A* other = own + n * half;  // [n, half]: Wb·b_j
  matrix_product<A>(context, num_rows, half, half, {h + args.first_row * d, d}, {w0, d, true}, own,
                    half);
  matrix_product<A>(context, n, half, half, {h + half, d}, {w0 + half, d, true}, other, half);

  const A* bias0 = args.bias0.as<A>();
  A* x0 = args.hidden0.as<A>();
#pragma omp parallel for
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const A* from_own = own + pair / k * half;
    const A* from_other = other + indices[pair] * half;
#pragma omp simd
    for (int64_t c = 0; c < half; ++c)
      x0[pair * half + c] = std::max(from_own[c] + from_other[c] + bias0[c], A(0));
  }

  const A *w2 = args.weight2.as<A>(), *w4 = args.weight4.as<A>();
  const A *bias2 = args.bias2.as<A>(), *bias4 = args.bias4.as<A>();
  A* x2 = args.hidden2.as<A>();
  A* scores = args.scores.as<A>();
  matrix_product<A>(context, pairs, quarter, half, {x0, half}, {w2, half, true}, x2, quarter);
#pragma omp parallel for
  for (int64_t pair = 0; pair < pairs; ++pair) {
    A* row = x2 + pair * quarter;
    A z = 0;  // z[0] − z[1]
#pragma omp simd reduction(+ : z)
    for (int64_t c = 0; c < quarter; ++c) {
      row[c] = std::max(row[c] + bias2[c], A(0));
      z += row[c] * (w4[c] - w4[quarter + c]);
    }
    scores[pair] = 1 / (1 + std::exp(-(z + bias4[0] - bias4[1])));
  }
}

template <typename A>
void pair_score_backward_cpu(Context& context, const PairScoreBackwardArgs& args, A* workspace) {
  const int64_t n = args.h.shape[0], d = args.h.shape[1], half = d / 2, quarter = d / 4;
  const int64_t pairs = args.indices.elements();
  const A *h = args.h.as<A>(), *x0 = args.hidden0.as<A>(), *x2 = args.hidden2.as<A>();
  const A *w0 = args.weight0.as<A>(), *w2 = args.weight2.as<A>(), *w4 = args.weight4.as<A>();
  A* own = workspace;             // [n, half]: gradient of Wa·a_i
  A* other = own + n * half;      // [n, half]: gradient of Wb·b_j
  A* dx0 = other + n * half;      // [pairs, half]
  A* dx2 = dx0 + pairs * half;    // [pairs, quarter]
  A* dz = dx2 + pairs * quarter;  // [pairs, 2]
  const A *scores = args.scores.as<A>(), *dscores = args.dscores.as<A>();
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const A slope = dscores[pair] * scores[pair] * (1 - scores[pair]);
    dz[2 * pair] = slope;
    dz[2 * pair + 1] = -slope;
  }

  // Each layer, last to first: its bias, its weight, its input, and the ReLU before it.
  auto weight_gradient = [&](const A* dy, int64_t out, const A* x, int64_t in, const Gradient& g) {
    if (g)
      matrix_product<A>(context, out, in, pairs, {dy, out, true}, {x, in}, g.tensor.as<A>(), in,
                        g.add);
  };
  column_sums(dz, pairs, 2, args.dbias4);
  weight_gradient(dz, 2, x2, quarter, args.dweight4);
  matrix_product<A>(context, pairs, quarter, 2, {dz, 2}, {w4, quarter}, dx2, quarter);
  mask_relu(x2, pairs * quarter, dx2);

  column_sums(dx2, pairs, quarter, args.dbias2);
  weight_gradient(dx2, quarter, x0, half, args.dweight2);
  matrix_product<A>(context, pairs, half, quarter, {dx2, quarter}, {w2, half}, dx0, half);
  mask_relu(x0, pairs * half, dx0);

  scatter_pairs(dx0, args, half, own, other);
  column_sums(own, n, half, args.dbias0);
  for (const auto& [dy, column] : {std::pair{own, int64_t{0}}, std::pair{other, half}}) {
    if (args.dweight0)
      matrix_product<A>(context, half, half, n, {dy, half, true}, {h + column, d},
                        args.dweight0.tensor.as<A>() + column, d, args.dweight0.add);
    if (args.dh)
      matrix_product<A>(context, n, half, half, {dy, half}, {w0 + column, d},
                        args.dh.tensor.as<A>() + column, d, args.dh.add);
  }
}

template void pair_score_cpu<float>(Context&, const PairScoreArgs&, float*);
template void pair_score_cpu<double>(Context&, const PairScoreArgs&, double*);
template void pair_score_backward_cpu<float>(Context&, const PairScoreBackwardArgs&, float*);
template void pair_score_backward_cpu<double>(Context&, const PairScoreBackwardArgs&, double*);

}  // namespace lanet
