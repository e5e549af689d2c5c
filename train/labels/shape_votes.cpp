#include "train/labels/shape_votes.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "data/sampler.h"
#include "kernels/knn_set.h"

namespace lanet {

namespace {

constexpr int kRounds = 100;  // of EM
constexpr int64_t kQueries = 4096;

/// Rows of shapes in memory for one call of knn_set.
class Search {
 public:
  /// `set`: the faces that may be neighbours.
  Search(Context& context, const LandmarkShapes& shapes, std::span<const int32_t> set, int64_t k)
      : context_(context), shapes_(shapes), set_(set) {
    const int64_t n = std::ssize(set), d = shapes.dimensions, rows = std::min(n, kQueries);
    memory_ = allocate_tensors(context, {{&set_rows_, {n, d}, DType::f32},
                                         {&queries_, {rows, d}, DType::f32},
                                         {&mirrored_, {rows, d}, DType::f32},
                                         {&positions_, {rows}, DType::i32},
                                         {&indices_, {rows, k}, DType::i32},
                                         {&distances_, {rows, k}, DType::f32}});
    context.reserve_workspace(knn_set_workspace_bytes(context, rows, n, d, k, 2, DType::f32));
    upload(context, set_rows_, rows_of(shapes.shapes, set));
  }

  /// For each face of the set the numbers of its neighbours, as knn_set has them.
  std::vector<int32_t> neighbours() {
    const int64_t n = std::ssize(set_), rows = queries_.shape[0], k = indices_.shape[1];
    std::vector<int32_t> all(n * k), part(rows * k);
    for (int64_t first = 0; first < n; first += rows) {
      // The last part overlaps the one before: every call has as many queries.
      const int64_t start = std::min(first, n - rows);
      const auto faces = set_.subspan(start, rows);
      std::vector<int32_t> positions(rows);
      std::iota(positions.begin(), positions.end(), static_cast<int32_t>(start));
      upload(context_, queries_, rows_of(shapes_.shapes, faces));
      upload(context_, mirrored_, rows_of(shapes_.mirrored, faces));
      upload(context_, positions_, positions);
      knn_set(context_, {.queries = queries_,
                         .mirrored = mirrored_,
                         .set = set_rows_,
                         .positions = positions_,
                         .indices = indices_,
                         .distances = distances_});
      context_.copy({part.data(), indices_.shape, DType::i32, Device::cpu}, indices_);
      context_.synchronize();
      std::copy(part.begin(), part.end(), all.begin() + start * k);
    }
    return all;
  }

 private:
  std::vector<float> rows_of(const std::vector<float>& from, std::span<const int32_t> faces) const {
    const int64_t d = shapes_.dimensions;
    std::vector<float> rows;
    rows.reserve(faces.size() * d);
    for (const int64_t face : faces)
      rows.insert(rows.end(), from.begin() + face * d, from.begin() + (face + 1) * d);
    return rows;
  }

  Context& context_;
  const LandmarkShapes& shapes_;
  std::span<const int32_t> set_;
  Buffer memory_;
  Tensor set_rows_, queries_, mirrored_, positions_, indices_, distances_;
};

/// The most likely distribution of true classes behind votes for given labels.
std::vector<double> clean_vote(const std::vector<double>& votes,
                               const std::vector<double>& channel) {
  const auto classes = std::ssize(votes);
  const double all = std::accumulate(votes.begin(), votes.end(), 0.0);
  std::vector<double> q(classes, 1.0 / static_cast<double>(classes));
  for (int round = 0; round < kRounds && all > 0; ++round) {
    std::vector<double> next(classes);
    for (int64_t g = 0; g < classes; ++g) {
      if (votes[g] == 0) continue;
      double sum = 0;
      for (int64_t y = 0; y < classes; ++y) sum += q[y] * channel[y * classes + g];
      for (int64_t y = 0; y < classes && sum > 0; ++y)
        next[y] += votes[g] / all * q[y] * channel[y * classes + g] / sum;
    }
    q = std::move(next);
  }
  for (double& p : q) p = (p + kLeastVote) / (1 + kLeastVote * static_cast<double>(classes));
  return q;
}

/// Where `valid` is not 0.
std::vector<int32_t> places_of(std::span<const uint8_t> valid) {
  std::vector<int32_t> places;
  for (size_t i = 0; i < valid.size(); ++i)
    if (valid[i]) places.push_back(static_cast<int32_t>(i));
  return places;
}

}  // namespace

std::vector<double> shape_votes(Context& context, const LandmarkShapes& shapes,
                                std::span<const uint8_t> valid, std::span<const int32_t> given,
                                const std::vector<double>& channel,
                                const ShapeVoteOptions& options) {
  const auto classes = std::llround(std::sqrt(channel.size()));
  std::vector<int32_t> faces = places_of(valid);
  if (options.group > 0) {
    RandomStream stream(options.seed, Purpose::sampler, 0xFFFFFFFFu, 0xFFFFFFFFu);
    shuffle_front(faces, faces.size(), stream);
  }
  const int64_t group = options.group > 0 ? options.group : std::ssize(faces);
  std::vector<double> posterior(given.size() * classes);
  for (int64_t first = 0; first < std::ssize(faces); first += group) {
    const auto set = std::span(faces).subspan(first, std::min(group, std::ssize(faces) - first));
    const int64_t k = options.neighbours;
    const std::vector<int32_t> found = Search(context, shapes, set, k).neighbours();
    for (int64_t i = 0; i < std::ssize(set); ++i) {
      std::vector<double> votes(classes);
      for (int64_t j = 0; j < k; ++j)
        if (const int32_t n = found[i * k + j]; n >= 0) ++votes[given[set[n]]];
      const std::vector<double> q = clean_vote(votes, channel);
      std::copy(q.begin(), q.end(), posterior.begin() + set[i] * classes);
    }
  }
  return posterior;
}

std::vector<double> shape_agreement(Context& context, const LandmarkShapes& shapes,
                                    std::span<const uint8_t> valid, std::span<const int32_t> given,
                                    int64_t k) {
  const std::vector<int32_t> set = places_of(valid);
  std::vector<double> agreement(valid.size(), std::numeric_limits<double>::quiet_NaN());
  if (set.empty()) return agreement;
  const std::vector<int32_t> found = Search(context, shapes, set, k).neighbours();
  for (size_t i = 0; i < set.size(); ++i) {
    int64_t neighbours = 0, same = 0;
    for (int64_t j = 0; j < k; ++j) {
      const int32_t n = found[i * k + j];
      if (n < 0) continue;
      ++neighbours;
      same += given[set[n]] == given[set[i]];
    }
    if (neighbours > 0)
      agreement[set[i]] = static_cast<double>(same) / static_cast<double>(neighbours);
  }
  return agreement;
}

}  // namespace lanet
