#include "train/labels/shape_posterior.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <numbers>
#include <thread>

#include "core/error.h"
#include "core/parameter_io.h"
#include "data/sampler.h"

namespace lanet {

namespace {

constexpr int64_t kMaxBatch = 512;
constexpr int64_t kMaxPasses = 300;  // over the faces of four folds
constexpr double kLearningRate = 2e-3;

/// Keys of the generator beside that of the run, so that no stream here meets one there.
uint64_t derived_seed(uint64_t seed, uint32_t number) {
  RandomStream stream(seed, Purpose::sampler, 0xFFFFFFFFu, number);
  const uint64_t high = stream.next();
  return high << 32 | stream.next();
}

/// While it lives, what this thread does with OpenMP is done by it alone. A context sets how many
/// threads that is for the thread that made it.
class OneThread {
 public:
  OneThread() { omp_set_num_threads(1); }
  ~OneThread() { omp_set_num_threads(before_); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_ = omp_get_max_threads();
};

/// logits [B, C]: adds softmax of row b to `sums` from rows[b]·C on, for the rows that there are.
void add_probabilities(const std::vector<double>& logits, int64_t classes,
                       std::span<const int32_t> rows, std::vector<double>& sums) {
  for (int64_t b = 0; b < std::ssize(rows); ++b) {
    const double* row = logits.data() + b * classes;
    const double largest = *std::max_element(row, row + classes);
    double sum = 0;
    for (int64_t c = 0; c < classes; ++c) sum += std::exp(row[c] - largest);
    for (int64_t c = 0; c < classes; ++c)
      sums[rows[b] * classes + c] += std::exp(row[c] - largest) / sum;
  }
}

}  // namespace

/// One network in training and its inference graph, on a context of its own.
class ShapePosterior::Worker {
 public:
  Worker(const ShapePosterior& of, Device device, int threads)
      : of_(of),
        context_(device, threads),
        store_(DType::f32, device),
        network_(store_, config(of)),
        classifier_(store_, config(of), of.batch_) {
    store_.allocate(context_, /*for_training=*/true);
    network_.plan(context_);
    classifier_.plan(context_);
  }

  void set_channel(const std::vector<double>& channel) { network_.set_channel(context_, channel); }

  void train(const std::vector<int32_t>& rows, uint64_t seed, int64_t steps,
             const std::function<void()>& stepped) {
    store_.initialise(context_, seed);
    const ParameterStore::Blocks blocks = store_.blocks();
    context_.fill_zero(blocks.first_moment);
    context_.fill_zero(blocks.second_moment);
    const int64_t d = of_.shapes_.dimensions;
    std::vector<float> batch(of_.batch_ * d);
    std::vector<int32_t> labels(of_.batch_);
    for (int64_t step = 0; step < steps; ++step) {
      RandomStream stream(seed, Purpose::sampler, static_cast<uint32_t>(step), 1);
      for (int64_t b = 0; b < of_.batch_; ++b) {
        const int64_t row = rows[stream.below(static_cast<uint32_t>(rows.size()))];
        const auto& from = stream.below(2) ? of_.shapes_.mirrored : of_.shapes_.shapes;
        std::copy_n(from.begin() + row * d, d, batch.begin() + b * d);
        labels[b] = of_.given_[row];
      }
      upload(context_, network_.inputs().images->data, batch);
      upload(context_, network_.inputs().labels->data, labels);
      network_.set_dropout_step(context_, static_cast<int32_t>(step));
      const double turn = std::numbers::pi * static_cast<double>(step) / static_cast<double>(steps);
      network_.set_step(context_, step + 1, kLearningRate * (1 + std::cos(turn)) / 2);
      network_.step(context_);
      stepped();
    }
    const double loss = read_tensor(context_, network_.losses()[0].parts[0]->data)[0];
    if (!std::isfinite(loss))
      throw Error(
          fmt::format("the loss of the shape network is {}: training cannot continue", loss));
  }

  /// Adds p(y | shape) of these faces and of their mirror images to `sums` [N, C].
  void predict(const std::vector<int32_t>& rows, std::vector<double>& sums) {
    const int64_t d = of_.shapes_.dimensions;
    std::vector<float> batch(of_.batch_ * d);
    for (const auto* from : {&of_.shapes_.shapes, &of_.shapes_.mirrored}) {
      for (int64_t first = 0; first < std::ssize(rows); first += of_.batch_) {
        const auto part =
            std::span(rows).subspan(first, std::min(of_.batch_, std::ssize(rows) - first));
        for (int64_t b = 0; b < std::ssize(part); ++b)
          std::copy_n(from->begin() + part[b] * d, d, batch.begin() + b * d);
        upload(context_, classifier_.shapes(), batch);
        classifier_.forward(context_);
        add_probabilities(read_tensor(context_, classifier_.logits()), of_.classes_, part, sums);
      }
    }
  }

 private:
  static ShapeNetworkConfig config(const ShapePosterior& of) {
    return {.dimensions = of.shapes_.dimensions,
            .classes = of.classes_,
            .batch = of.batch_,
            .seed = derived_seed(of.seed_, 0)};
  }

  const ShapePosterior& of_;
  Context context_;
  ParameterStore store_;
  ShapeNetwork network_;
  ShapeClassifier classifier_;
};

ShapePosterior::ShapePosterior(const LandmarkShapes& shapes, std::span<const uint8_t> valid,
                               std::span<const int32_t> given, int64_t classes, uint64_t seed,
                               Device device, int threads)
    : shapes_(shapes), given_(given), classes_(classes), seed_(seed), folds_(kShapeFolds) {
  std::vector<int32_t> rows;
  for (size_t i = 0; i < valid.size(); ++i)
    if (valid[i]) rows.push_back(static_cast<int32_t>(i));
  if (std::ssize(rows) < kShapeFolds)
    throw InputError(fmt::format("{} training faces with valid landmarks; expected at least {}",
                                 rows.size(), kShapeFolds));
  RandomStream stream(derived_seed(seed, 1), Purpose::sampler);
  shuffle_front(rows, rows.size(), stream);
  for (size_t i = 0; i < rows.size(); ++i) folds_[i % kShapeFolds].push_back(rows[i]);
  batch_ = std::min(kMaxBatch, std::ssize(rows) - std::ssize(folds_[0]));
  const int at_once = device == Device::cuda ? 1 : threads > 0 ? threads : omp_get_max_threads();
  const OneThread one;
  for (int i = 0; i < std::min(at_once, kShapeFolds); ++i)
    workers_.push_back(std::make_unique<Worker>(*this, device, /*threads=*/1));
}

ShapePosterior::~ShapePosterior() = default;

std::vector<int32_t> ShapePosterior::others(int fold) const {
  std::vector<int32_t> rows;
  for (int other = 0; other < kShapeFolds; ++other)
    if (other != fold) rows.insert(rows.end(), folds_[other].begin(), folds_[other].end());
  return rows;
}

int64_t ShapePosterior::steps(const ShapeEffort& effort) const {
  int64_t faces = 0;
  for (const auto& fold : folds_) faces += std::ssize(fold);
  const int64_t most = (kMaxPasses * (faces - faces / kShapeFolds) + batch_ - 1) / batch_;
  return std::min(effort.steps, most) * effort.networks * kShapeFolds;
}

std::vector<double> ShapePosterior::cross_fit(const std::vector<double>& channel,
                                              const ShapeEffort& effort, const Progress& progress) {
  const int count = kShapeFolds * effort.networks;
  const int64_t steps_each = steps(effort) / count;
  std::atomic<int> next = 0;
  std::atomic<int64_t> done = 0;
  std::vector<std::vector<double>> sums(effort.networks,
                                        std::vector<double>(given_.size() * classes_));
  std::vector<std::exception_ptr> failures(workers_.size());
  const auto work = [&](size_t number, const Progress& tell) {
    const OneThread one;
    try {
      Worker& worker = *workers_[number];
      worker.set_channel(channel);
      for (int i = next++; i < count; i = next++) {
        const int fold = i % kShapeFolds;
        worker.train(others(fold), derived_seed(seed_, static_cast<uint32_t>(2 + i)), steps_each,
                     [&] {
                       const int64_t steps_done = ++done;
                       if (tell) tell(steps_done);
                     });
        worker.predict(folds_[fold], sums[i / kShapeFolds]);
      }
    } catch (...) {
      failures[number] = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> threads;
    for (size_t number = 1; number < workers_.size(); ++number)
      threads.emplace_back([&, number] { work(number, {}); });
    work(0, progress);
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
  std::vector<double> posterior(given_.size() * classes_);
  for (const auto& sum : sums)
    for (size_t i = 0; i < posterior.size(); ++i) posterior[i] += sum[i] / (2 * effort.networks);
  return posterior;
}

}  // namespace lanet
