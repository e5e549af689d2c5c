#include "train/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "core/parameter_io.h"
#include "core/ranks/communicator.h"
#include "data/picture_feed.h"
#include "kernels/augment.h"
#include "train/likeliest_class.h"

namespace lanet {

void run_network(Context& context, InferenceNetwork& network, InferenceRoom room,
                 const ImageSet& set, std::span<const int32_t> rows,
                 const std::function<void(int64_t first, int64_t count)>& done) {
  const int64_t total = std::ssize(rows), batch = network.images().shape[0];
  if (total == 0) return;
  PictureFeed feed(context, set, batch, {}, room.staging);
  if (feed.staging()) room.staging = feed.staging();
  const auto batch_at = [&](int64_t first) {
    return rows.subspan(first, std::min(batch, total - first));
  };
  feed.prepare(batch_at(0));
  for (int64_t first = 0; first < total; first += batch) {
    const std::span<const int32_t> faces = batch_at(first);
    // The last batch is filled up with its first picture; what comes of those is dropped.
    std::vector<int32_t> places(batch, feed.place(faces[0], 0));
    for (int64_t b = 0; b < std::ssize(faces); ++b) places[b] = feed.place(faces[b], b);
    context.copy(room.sample_indices, {places.data(), {batch}, DType::i32, Device::cpu});
    feed.take();
    normalize(context, {.images = feed.images(),
                        .sample_indices = room.sample_indices,
                        .y = network.images(),
                        .mean = kPictureMean,
                        .std = kPictureDeviation});
    network.forward(context);
    if (first + batch < total) feed.prepare(batch_at(first + batch));
    done(first, std::ssize(faces));
  }
}

Evaluator::Evaluator(ParameterStore& store, Backbone backbone, int64_t classes, int64_t image_size,
                     int64_t batch)
    : classes_(classes), classifier_(store, backbone, classes, image_size, batch) {}

void Evaluator::plan(Context& context) {
  classifier_.plan(context);
  const int64_t batch = classifier_.images().shape[0];
  memory_ = allocate_tensors(context, {{&sample_indices_, {batch}, DType::i32},
                                       {&counts_, {classes_ * classes_}, DType::f64}});
}

std::vector<double> Evaluator::probabilities(Context& context, const ImageSet& set,
                                             std::span<const int32_t> rows,
                                             std::vector<float>* features) {
  std::vector<double> all;
  all.reserve(rows.size() * classes_);
  run_network(context, classifier_, {sample_indices_, staging_}, set, rows,
              [&](int64_t, int64_t count) {
                if (features) {
                  const std::vector<double> u = read_tensor(context, classifier_.features());
                  features->insert(features->end(), u.begin(),
                                   u.begin() + count * classifier_.features().shape[1]);
                }
                const auto logits = read_tensor(context, classifier_.logits());
                for (int64_t i = 0; i < count; ++i) {
                  const double* row = logits.data() + i * classes_;
                  const double largest = *std::max_element(row, row + classes_);
                  double sum = 0;
                  for (int64_t c = 0; c < classes_; ++c) sum += std::exp(row[c] - largest);
                  for (int64_t c = 0; c < classes_; ++c)
                    all.push_back(std::exp(row[c] - largest) / sum);
                }
              });
  return all;
}

std::vector<int32_t> Evaluator::predictions(Context& context, const ImageSet& set,
                                            std::span<const int32_t> rows) {
  const auto all = probabilities(context, set, rows);
  std::vector<int32_t> best;
  for (size_t i = 0; i < rows.size(); ++i)
    best.push_back(likeliest_class(std::span(all).subspan(i * classes_, classes_)));
  return best;
}

std::vector<Confusion> Evaluator::evaluate(Context& context, const ImageSet& set,
                                           std::span<const int32_t> rows,
                                           std::span<const std::vector<int32_t>> labels) {
  Communicator& communicator = context.communicator();
  const int64_t count = std::ssize(rows);
  const int64_t first = count * communicator.rank() / communicator.size();
  const int64_t own = count * (communicator.rank() + 1) / communicator.size() - first;
  const auto predicted = predictions(context, set, rows.subspan(first, own));
  std::vector<Confusion> all;
  for (const std::vector<int32_t>& by : labels) {
    LANET_REQUIRE(count == std::ssize(by), "{} labels of {} pictures", by.size(), count);
    Confusion confusion(static_cast<int>(classes_));
    confusion.add(std::span(by).subspan(first, own), predicted);
    if (communicator.size() > 1) {
      write_tensor(context, counts_, {confusion.counts().begin(), confusion.counts().end()});
      communicator.all_reduce(context, std::array{counts_}, Reduction::sum);
      const std::vector<double> sums = read_tensor(context, counts_);
      confusion = Confusion(static_cast<int>(classes_), {sums.begin(), sums.end()});
    }
    all.push_back(std::move(confusion));
  }
  return all;
}

Confusion Evaluator::evaluate(Context& context, const ImageSet& set,
                              const std::vector<int32_t>& labels) {
  std::vector<int32_t> rows(set.size());
  std::iota(rows.begin(), rows.end(), 0);
  return evaluate(context, set, rows, std::span(&labels, 1)).front();
}

}  // namespace lanet
