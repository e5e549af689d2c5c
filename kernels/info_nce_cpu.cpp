// The bank is read once, a tile at a time: logits of all queries against the tile, then the running
// maximum, the sum of exponentials and the sum of rows weighted by them are brought up to date.
// When a tile raises the maximum, what was summed before is scaled down to it.
#include "kernels/info_nce_cpu.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/round_up.h"
#include "kernels/info_nce_ref.h"
#include "kernels/matrix_product.h"

namespace lanet {

namespace {

constexpr int64_t kTileRows = 1024;
constexpr float kInfinity = std::numeric_limits<float>::infinity();

/// e^x for x ≤ 0 in float to 2 ulp; 0 below −87. Written so that a loop over it is vectorised.
inline float exp_nonpositive(float x) {
  constexpr float kShift = 0x1.8p23f;  // adding it rounds to an integer, kept in the low bits
  const float shifted = x * 1.44269504f + kShift;
  const float n = shifted - kShift;
  const float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;  // x − n·ln 2, ln 2 in two parts
  float series = 1.0f / 5040;  // Taylor's: |r| ≤ ln 2 / 2, the first term left out is 5e-9
  for (const float coefficient : {1.0f / 720, 1.0f / 120, 1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
    series = series * r + coefficient;
  const uint32_t exponent = (std::bit_cast<uint32_t>(shifted) + 127) << 23;
  const float result = series * std::bit_cast<float>(exponent);
  return x < -87.0f ? 0.0f : result;
}

/// Where each array starts in the workspace.
struct Layout {
  int64_t q, k, tile, logits, negatives, slopes, maximum, total, losses, elements;

  Layout(int64_t queries, int64_t keys, int64_t width, int64_t rows) {
    const int64_t tile_rows = std::min(rows, kTileRows);
    int64_t used = 0;
    auto take = [&used](int64_t count) {
      const int64_t start = used;
      used += round_up(count, 16);
      return start;
    };
    q = take(queries * width);  // q and k as float
    k = take(keys * width);
    tile = take(tile_rows * width);      // rows of a bfloat16 bank as float
    logits = take(queries * tile_rows);  // then their exponentials
    negatives = take(queries * width);   // Σ_m e^(logit − maximum)·b_m; then the gradient
    slopes = take(queries * keys);       // q·k, then −a
    maximum = take(queries);
    total = take(queries);
    losses = take(queries);
    elements = used;
  }
};

/// `count` elements from `start` as float: in place if that is what they are, else in `scratch`.
float* as_float(const Tensor& tensor, int64_t start, int64_t count, float* scratch) {
  if (tensor.dtype == DType::f32) return tensor.as<float>() + start;
  const bfloat16* from = tensor.as<bfloat16>() + start;
#pragma omp parallel for simd
  for (int64_t e = 0; e < count; ++e) scratch[e] = float(from[e]);
  return scratch;
}

/// Turns a query's products with `count` bank rows into exponentials below the new maximum, 0 where
/// the row carries the query's own label, and updates the maximum and the total. Returns the factor
/// for what was summed under the old maximum.
float absorb_tile(float* logits, int64_t count, const int32_t* bank_labels, int32_t label,
                  float inverse_temperature, float* maximum, float* total) {
  float largest = *maximum;
#pragma omp simd reduction(max : largest)
  for (int64_t m = 0; m < count; ++m) {
    const float logit = logits[m] * inverse_temperature;
    logits[m] = bank_labels[m] == label ? -kInfinity : logit;
    largest = std::max(largest, logits[m]);
  }
  if (largest == -kInfinity) {  // no negative so far
    std::fill_n(logits, count, 0.0f);
    return 1;
  }
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t m = 0; m < count; ++m) {
    logits[m] = exp_nonpositive(logits[m] - largest);
    sum += logits[m];
  }
  const float factor = std::exp(*maximum - largest);
  *maximum = largest;
  *total = *total * factor + sum;
  return factor;
}

}  // namespace

int64_t info_nce_cpu_workspace_elements(int64_t queries, int64_t keys, int64_t width,
                                        int64_t bank_rows) {
  return Layout(queries, keys, width, bank_rows).elements;
}

void info_nce_cpu(Context& context, const InfoNceArgs& args, float* workspace) {
  const int64_t queries = args.q.shape[0], keys = args.k.shape[0], width = args.q.shape[1];
  const int64_t rows = args.bank.shape[0];
  const int32_t* labels = args.labels.as<int32_t>();
  const int32_t* query_labels = labels + args.first_row;
  const int32_t* bank_labels = args.bank_labels.as<int32_t>();
  const float inverse_temperature = static_cast<float>(1 / args.temperature);
  const Layout layout(queries, keys, width, rows);
  float* q = as_float(args.q, 0, queries * width, workspace + layout.q);
  float* k = as_float(args.k, 0, keys * width, workspace + layout.k);
  float* logits = workspace + layout.logits;
  float* negatives = workspace + layout.negatives;
  float* slopes = workspace + layout.slopes;
  float* maximum = workspace + layout.maximum;
  float* total = workspace + layout.total;
  float* losses = workspace + layout.losses;
  std::fill_n(maximum, queries, -kInfinity);
  std::fill_n(total, queries, 0.0f);
  std::fill_n(negatives, queries * width, 0.0f);

  for (int64_t start = 0; start < rows; start += kTileRows) {
    const int64_t count = std::min(kTileRows, rows - start);
    float* bank = as_float(args.bank, start * width, count * width, workspace + layout.tile);
    matrix_product<float>(context, queries, count, width, {q, width}, {bank, width, true}, logits,
                          count);
#pragma omp parallel for
    for (int64_t i = 0; i < queries; ++i) {
      const float factor =
          absorb_tile(logits + i * count, count, bank_labels + start, query_labels[i],
                      inverse_temperature, maximum + i, total + i);
      if (factor != 1)
        for (int64_t c = 0; c < width; ++c) negatives[i * width + c] *= factor;
    }
    if (args.dq)
      matrix_product<float>(context, queries, width, count, {logits, count}, {bank, width},
                            negatives, width, /*add=*/true);
  }

  matrix_product<float>(context, queries, keys, width, {q, width}, {k, width, true}, slopes, keys);
#pragma omp parallel for
  for (int64_t i = 0; i < queries; ++i) {
    const int32_t label = query_labels[i];
    const float log_negatives = maximum[i] + std::log(total[i]);  // −∞ without negatives
    const int64_t positives = std::count(labels, labels + keys, label);
    const float weight = 1 / static_cast<float>(queries * positives);
    float loss = 0, slope_sum = 0;
    for (int64_t j = 0; j < keys; ++j) {
      float& slope = slopes[i * keys + j];
      const float x = log_negatives - slope * inverse_temperature;
      slope = 0;
      if (labels[j] != label) continue;
      loss += weight * softplus(x);
      slope = -weight / (1 + std::exp(-x));
      slope_sum -= slope;
    }
    losses[i] = loss;
    const float factor = total[i] > 0 ? slope_sum / total[i] : 0;
    for (int64_t c = 0; c < width; ++c) negatives[i * width + c] *= factor;
  }
  float loss = 0;
  for (int64_t i = 0; i < queries; ++i) loss += losses[i];
  write_gradient(*args.loss.as<float>(), loss, args.add_loss);

  if (!args.dq) return;
  matrix_product<float>(context, queries, width, keys, {slopes, keys}, {k, width}, negatives, width,
                        /*add=*/true);
  const float scale = static_cast<float>(args.scale) * inverse_temperature;
  dispatch_float(args.q.dtype, [&]<typename T>() {
    T* dq = args.dq.tensor.as<T>();
    for (int64_t e = 0; e < queries * width; ++e)
      write_gradient(dq[e], accumulate_t<T>(negatives[e] * scale), args.dq.add);
  });
}

}  // namespace lanet
