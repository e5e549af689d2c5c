#include "models/gradient_buckets.h"

#include <algorithm>

namespace lanet {

namespace {

/// The first layers stand first and are complete last, when nothing is left to hide behind: they
/// are a small bucket. From there each is twice the one before.
constexpr size_t kFirstBucketBytes = size_t{1} << 20;
constexpr size_t kLargestBucketBytes = size_t{16} << 20;

}  // namespace

GradientBuckets::GradientBuckets(const ParameterStore::Blocks& blocks, const Graph& graph) {
  std::vector<const Value*> parameters;
  for (const auto& value : graph.values())
    if (value->external && value->has_gradient) parameters.push_back(value.get());
  std::sort(parameters.begin(), parameters.end(),
            [](const Value* a, const Value* b) { return a->grad.data < b->grad.data; });
  for (const Tensor& block : {blocks.rounded_gradient, blocks.gradient})
    if (block) cut(block, parameters);
  LANET_REQUIRE(bucket_of_.size() == parameters.size(), "{} of {} gradients in buckets",
                bucket_of_.size(), parameters.size());
}

void GradientBuckets::cut(const Tensor& block, const std::vector<const Value*>& parameters) {
  std::byte* start = static_cast<std::byte*>(block.data);
  std::byte* const end = start + block.bytes();
  size_t limit = kFirstBucketBytes;
  for (const Value* p : parameters) {
    std::byte* const first = static_cast<std::byte*>(p->grad.data);
    std::byte* const last = first + p->grad.bytes();
    if (first < static_cast<std::byte*>(block.data) || first >= end) continue;
    if (bucket_of_.empty() || start != static_cast<std::byte*>(buckets_.back().gradients.data)) {
      buckets_.push_back({.gradients = {start, {0}, block.dtype, block.device}});
    }
    Bucket& bucket = buckets_.back();
    ++bucket.parameters;
    bucket_of_[p] = buckets_.size() - 1;
    bucket.gradients.shape = {static_cast<int64_t>((last - start) / size_of(block.dtype))};
    if (bucket.gradients.bytes() < limit) continue;
    start = last;
    limit = std::min(2 * limit, kLargestBucketBytes);
  }
  for (Bucket& bucket : buckets_) bucket.missing = bucket.parameters;
}

void GradientBuckets::complete(Context& context, const std::vector<Value*>& parameters) {
  Communicator& communicator = context.communicator();
  for (const Value* p : parameters) {
    Bucket& bucket = buckets_[bucket_of_.at(p)];
    if (--bucket.missing > 0) continue;
    bucket.missing = bucket.parameters;
    communicator.start_mean(context, bucket.gradients);
  }
  communicator.progress();
}

void GradientBuckets::finish(Context& context) {
  for (const Bucket& bucket : buckets_)
    LANET_REQUIRE(bucket.missing == bucket.parameters, "{} of {} gradients of a bucket are missing",
                  bucket.missing, bucket.parameters);
  context.communicator().finish(context);
}

}  // namespace lanet
