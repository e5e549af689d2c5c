#include "kernels/knn_cpu.h"

#include <algorithm>
#include <cmath>

#include "core/round_up.h"
#include "kernels/dispatch.h"

namespace lanet {

namespace {

// Rows are padded with zeros to whole vectors. Then every dot product is summed in one order,
// wherever its rows lie: equal rows have equal similarities, and the rule for ties holds. A library
// product promises no such thing.
int64_t padded(int64_t d) {
  return round_up(d, 16);
}

template <typename T>
void normalize_row(const T* x, int64_t d, float* y) {
  float squares = 0;
#pragma omp simd reduction(+ : squares)
  for (int64_t c = 0; c < d; ++c) squares += float(x[c]) * float(x[c]);
  const float norm = std::max(std::sqrt(squares), float(kKnnNormFloor));
  for (int64_t c = 0; c < d; ++c) y[c] = float(x[c]) / norm;
  std::fill(y + d, y + padded(d), 0.0f);
}

float dot(const float* x, const float* y, int64_t d) {
  float sum = 0;
#pragma omp simd reduction(+ : sum) aligned(x, y : 64)
  for (int64_t c = 0; c < d; ++c) sum += x[c] * y[c];
  return sum;
}

/// The k largest of similarity[0, n) but for `self`: a sorted list into which each candidate is
/// inserted behind those at least as similar, so that of equal ones the lower index stays first.
void choose(const float* similarity, int64_t n, int64_t self, int64_t k, int32_t* chosen) {
  int64_t count = 0;
  for (int64_t j = 0; j < n; ++j) {
    if (j == self) continue;
    if (count == k && !(similarity[j] > similarity[chosen[k - 1]])) continue;
    int64_t place = count < k ? count++ : k - 1;
    for (; place > 0 && similarity[j] > similarity[chosen[place - 1]]; --place)
      chosen[place] = chosen[place - 1];
    chosen[place] = static_cast<int32_t>(j);
  }
}

template <typename T>
void nearest(const KnnArgs& args, float* workspace) {
  const int64_t n = args.features.shape[0], d = args.features.shape[1], stride = padded(d);
  const int64_t num_rows = args.indices.shape[0];
  const T* features = args.features.as<T>();
  int32_t* indices = args.indices.as<int32_t>();
  float* rows = workspace;                     // [n, stride]
  float* similarity = workspace + n * stride;  // [num_rows, n]
#pragma omp parallel
  {
#pragma omp for
    for (int64_t i = 0; i < n; ++i) normalize_row(features + i * d, d, rows + i * stride);
#pragma omp for
    for (int64_t row = 0; row < num_rows; ++row) {
      const int64_t i = args.first_row + row;
      float* to = similarity + row * n;
      for (int64_t j = 0; j < n; ++j) to[j] = dot(rows + i * stride, rows + j * stride, stride);
      choose(to, n, i, args.k, indices + row * args.k);
    }
  }
}

}  // namespace

int64_t knn_cpu_workspace_elements(int64_t n, int64_t d) {
  return n * padded(d) + n * n;
}

void knn_cpu(const KnnArgs& args, float* workspace) {
  dispatch_narrow(args.features.dtype, [&]<typename T>() { nearest<T>(args, workspace); });
}

}  // namespace lanet
