// What the shape of a face says about its class, p(y | shape), learned from labels that may be
// wrong: of each training face by networks that have not seen it
// (docs/design.md, "The shape network").
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "data/landmark_shapes.h"
#include "models/shape_network.h"

namespace lanet {

/// How much training goes into one cross-fitting.
struct ShapeEffort {
  int networks = 1;     ///< of each fold; their predictions are averaged
  int64_t steps = 400;  ///< of each network, at most: fewer for few faces
};

constexpr int kShapeFolds = 5;

/// Trains shape networks: on the CPU as many at a time as there are threads, each in one thread, so
/// that the number of threads changes no bit; on a GPU one after the other.
class ShapePosterior {
 public:
  /// given: [N], each in [0, classes) where valid is not 0. shapes and given must outlive it.
  /// threads: 0 takes what OpenMP would. Everything drawn at random follows from `seed`.
  /// InputError if there are fewer valid faces than folds.
  ShapePosterior(const LandmarkShapes& shapes, std::span<const uint8_t> valid,
                 std::span<const int32_t> given, int64_t classes, uint64_t seed,
                 Device device = Device::cpu, int threads = 0);
  ~ShapePosterior();

  /// The steps of one cross-fitting.
  int64_t steps(const ShapeEffort& effort) const;
  /// Called in this thread while networks are trained: how many steps of this cross-fitting are
  /// done.
  using Progress = std::function<void(int64_t step)>;
  /// [N, C], p(y | shape) under this channel [C, C]: the mean over a face and its mirror image and
  /// over the networks trained on the other folds. 0 where valid is 0. Throws Error if a loss is
  /// not finite.
  std::vector<double> cross_fit(const std::vector<double>& channel, const ShapeEffort& effort,
                                const Progress& progress = {});

 private:
  class Worker;
  /// The faces of every fold but this one.
  std::vector<int32_t> others(int fold) const;

  const LandmarkShapes& shapes_;
  std::span<const int32_t> given_;
  int64_t classes_;
  uint64_t seed_;
  int64_t batch_ = 0;
  std::vector<std::vector<int32_t>> folds_;  // the valid faces, dealt out at random
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace lanet
