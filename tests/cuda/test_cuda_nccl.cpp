// NCCL's collectives, with one rank.
#include <array>

#include "core/ranks/communicator.h"
#include "tests/device_test.h"

namespace lanet::test {

TEST_CASE("cuda: NCCL with one rank leaves every tensor as it is, and gathers it") {
  if (skip_without_device()) return;
  Context context(Device::cuda);
  const auto nccl = cuda::make_nccl_communicator(context, {}, [](std::string id) { return id; });
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16}) {
    const OwnedTensor values = OwnedTensor::random({40, 3}, dtype, 1);
    const OwnedTensor a(context, values), b(context, values);
    const OwnedTensor all(context, OwnedTensor({40, 3}, dtype));
    for (const Reduction reduction : {Reduction::sum, Reduction::mean})
      nccl->all_reduce(context, std::array{a.tensor(), b.tensor()}, reduction);
    nccl->all_gather(
        context, std::array{Exchange{a.tensor(), all.tensor()}, Exchange{b.tensor(), b.tensor()}});
    nccl->broadcast(context, all.tensor());
    nccl->reduce_scatter(context, std::array{Exchange{b.tensor(), all.tensor()}});
    nccl->start_mean(context, a.tensor());
    nccl->start_mean(context, b.tensor());
    nccl->finish(context);
    nccl->barrier(context);
    for (const OwnedTensor* tensor : {&a, &b, &all}) {
      const OwnedTensor found = tensor->download();
      CHECK(std::memcmp(found.tensor().data, values.tensor().data, values.tensor().bytes()) == 0);
    }
  }
  context.freeze();
  CHECK(nccl->gather_text(context, "alone") == std::vector<std::string>{"alone"});
  CHECK(context.frozen());
  context.thaw();
}

}  // namespace lanet::test
