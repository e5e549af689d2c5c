#include "core/ranks/communicator.h"

#include <algorithm>

#include "core/operation.h"

namespace lanet {

namespace {

/// One process: it has everything already. A counting one: nothing is ever moved.
class NothingToMove : public Communicator {
 public:
  explicit NothingToMove(Shard shard) : Communicator(shard) {}
  std::string name() const override { return size() == 1 ? "one process" : "counting"; }

 private:
  void do_all_reduce(Context&, std::span<const Tensor>, Reduction) override {}
  void do_all_gather(Context& context, std::span<const Exchange> exchanges) override {
    for (const Exchange& e : exchanges) copy(context, e.global, e.local);
  }
  void do_reduce_scatter(Context& context, std::span<const Exchange> exchanges) override {
    for (const Exchange& e : exchanges) copy(context, e.local, e.global);
  }
  void do_broadcast(Context&, const Tensor&) override {}
  void do_barrier(Context& context) override { context.synchronize(); }
  void do_start_mean(Context&, const Tensor&) override {}
  void do_finish(Context&) override {}

  void copy(Context& context, const Tensor& to, const Tensor& from) const {
    if (context.counts_only()) return;
    LANET_REQUIRE(size() == 1, "{} ranks where there is one process", size());
    if (to.data != from.data) context.copy(to, from);
  }
};

/// Read and written once each: what a device moves at least.
Cost cost_of(size_t bytes) {
  return {.bytes = 2 * static_cast<double>(bytes)};
}

}  // namespace

const char* to_string(Collective::Kind kind) {
  switch (kind) {
    case Collective::Kind::all_reduce:
      return "all-reduce";
    case Collective::Kind::all_gather:
      return "all-gather";
    case Collective::Kind::reduce_scatter:
      return "reduce-scatter";
    case Collective::Kind::broadcast:
      return "broadcast";
    case Collective::Kind::bucket:
      return "gradient bucket";
  }
  return "?";
}

size_t Communicator::bytes_of_all(std::span<const Exchange> exchanges) {
  size_t bytes = 0;
  for (const Exchange& e : exchanges) bytes += e.global.bytes();
  return bytes;
}

void Communicator::check(const Exchange& e) const {
  LANET_REQUIRE(e.local && e.global && e.local.dtype == e.global.dtype &&
                    e.local.elements() * size() == e.global.elements(),
                "{} {} of each of {} ranks for {} {}", e.local.dtype, e.local.shape, size(),
                e.global.dtype, e.global.shape);
}

void Communicator::note(Collective::Kind kind, size_t bytes) {
  if (log_) log_->push_back({kind, static_cast<double>(bytes)});
}

void Communicator::all_reduce(Context& context, std::span<const Tensor> tensors,
                              Reduction reduction) {
  size_t bytes = 0;
  for (const Tensor& t : tensors) {
    LANET_REQUIRE(
        t && (t.dtype != DType::i32 || reduction == Reduction::sum) && t.dtype != DType::u8,
        "an all-reduce of {} {}", t.dtype, t.shape);
    bytes += t.bytes();
  }
  const Operation operation(context, "all_reduce", cost_of(bytes));
  note(Collective::Kind::all_reduce, bytes);
  if (operation.runs()) do_all_reduce(context, tensors, reduction);
}

void Communicator::all_gather(Context& context, std::span<const Exchange> exchanges) {
  for (const Exchange& e : exchanges) check(e);
  const Operation operation(context, "all_gather", cost_of(bytes_of_all(exchanges)));
  note(Collective::Kind::all_gather, bytes_of_all(exchanges));
  if (operation.runs()) do_all_gather(context, exchanges);
}

void Communicator::reduce_scatter(Context& context, std::span<const Exchange> exchanges) {
  for (const Exchange& e : exchanges) {
    check(e);
    LANET_REQUIRE(e.local.dtype == DType::f32 || e.local.dtype == DType::f64,
                  "a reduce-scatter of {}", e.local.dtype);
  }
  const Operation operation(context, "reduce_scatter", cost_of(bytes_of_all(exchanges)));
  note(Collective::Kind::reduce_scatter, bytes_of_all(exchanges));
  if (operation.runs()) do_reduce_scatter(context, exchanges);
}

void Communicator::broadcast(Context& context, const Tensor& tensor) {
  const Operation operation(context, "broadcast", cost_of(tensor.bytes()));
  note(Collective::Kind::broadcast, tensor.bytes());
  if (operation.runs()) do_broadcast(context, tensor);
}

void Communicator::barrier(Context& context) {
  do_barrier(context);
}

void Communicator::start_mean(Context& context, const Tensor& tensor) {
  const Operation operation(context, "gradient_bucket", cost_of(tensor.bytes()));
  note(Collective::Kind::bucket, tensor.bytes());
  if (operation.runs()) do_start_mean(context, tensor);
}

void Communicator::finish(Context& context) {
  if (!context.counts_only()) do_finish(context);
}

std::vector<std::string> Communicator::gather_text(Context& context, const std::string& text) {
  const Thawed thawed(context);
  Tensor lengths, padded;
  Buffer of_lengths = allocate_tensors(context, {{&lengths, {size()}, DType::i32}});
  upload(context, shard_.of(lengths), std::vector<int32_t>{static_cast<int32_t>(text.size())});
  const Exchange exchange_lengths{shard_.of(lengths), lengths};
  all_gather(context, {&exchange_lengths, 1});
  std::vector<int32_t> counts(size());
  context.copy({counts.data(), {size()}, DType::i32, Device::cpu}, lengths);
  context.synchronize();

  // At least one byte each, so that there is something to gather.
  const int64_t longest = std::max(1, *std::max_element(counts.begin(), counts.end()));
  Buffer of_texts = allocate_tensors(context, {{&padded, {size(), longest}, DType::u8}});
  std::vector<uint8_t> bytes(longest, 0);
  std::copy(text.begin(), text.end(), bytes.begin());
  upload(context, shard_.of(padded), bytes);
  const Exchange exchange_texts{shard_.of(padded), padded};
  all_gather(context, {&exchange_texts, 1});
  std::vector<uint8_t> all(size() * longest);
  context.copy({all.data(), padded.shape, DType::u8, Device::cpu}, padded);
  context.synchronize();
  std::vector<std::string> texts;
  for (int r = 0; r < size(); ++r)
    texts.emplace_back(all.begin() + r * longest, all.begin() + r * longest + counts[r]);
  return texts;
}

std::unique_ptr<Communicator> make_counting_communicator(Shard shard) {
  return std::make_unique<NothingToMove>(shard);
}

Communicator& Context::communicator() const {
  static NothingToMove alone{Shard{}};
  return communicator_ ? *communicator_ : alone;
}

}  // namespace lanet
