// cuDNN's fused batch norm holds itself able to do every batch norm of LA-Net, on devices that need
// not be here. Its engines are compiled when they are planned and then loaded by a driver, so that
// without one a plan goes no further than this.
#include <doctest/doctest.h>

#include <set>

#include "kernels/cuda/batch_norm_cudnn.h"
#include "layers/batch_norm.h"
#include "models/lanet.h"
#include "tests/cuda/described_device.h"
#include "train/config/choices.h"

namespace lanet::test {
namespace {

struct Proposals {
  int64_t forward, backward;
};
Proposals proposals(const cudnn::Descriptor& device, const CudnnBatchNormShape& shape) {
  const cudnn::Target target{.device = &device};
  return {count_proposals(target, batch_norm_forward_operations(shape)),
          count_proposals(target, batch_norm_backward_operations(shape))};
}

}  // namespace

TEST_CASE("cudnn: its batch norm takes every batch norm of a step on an H100 and an H200") {
  if (skip_without_driver_library()) return;
  const cudnn::Descriptor devices[] = {described_device(kH100), described_device(kH200)};
  std::set<std::string> seen;
  for (const std::string_view backbone : kNames<Backbone>) {
    for (const int64_t image_size : {224, 64}) {
      for (const DType dtype : {DType::f32, DType::bf16}) {
        ParameterStore store(dtype, Device::cuda);
        LaNet model(store, {.backbone = choice_from<Backbone>(backbone),
                            .neighbours = 8,
                            .bank_rows = 8192,
                            .image_size = image_size,
                            .batch = 128,
                            .samples = 128});
        int nodes = 0;
        for (const auto& node : model.graph().nodes()) {
          const auto* norm = dynamic_cast<const BatchNorm*>(node.get());
          if (!norm) continue;
          ++nodes;
          const CudnnBatchNormShape shape{norm->output()->shape, dtype, norm->has_residual(),
                                          norm->has_relu()};
          const std::string what =
              fmt::format("{} {}{}{}", dtype, shape.x, shape.residual ? ", residual" : "",
                          shape.relu ? ", ReLU" : "");
          if (!seen.insert(what).second) continue;
          CAPTURE(what);
          for (const cudnn::Descriptor& device : devices) {
            const Proposals found = proposals(device, shape);
            CHECK(found.forward > 0);
            CHECK(found.backward > 0);
          }
        }
        CHECK(nodes > 50);  // both networks, whole
      }
    }
  }
}

TEST_CASE("cudnn: its batch norm refuses what its header says") {
  if (skip_without_driver_library()) return;
  const cudnn::Descriptor device = described_device(kH100);
  const Proposals four{proposals(device, {{8, 14, 14, 60}, DType::f32, true, true})};
  CHECK(four.forward > 0);
  CHECK(four.backward > 0);
  const Proposals in_bf16{proposals(device, {{8, 14, 14, 60}, DType::bf16, true, true})};
  CHECK(in_bf16.forward == 0);
  CHECK(in_bf16.backward == 0);
  CHECK(proposals(device, {{8, 14, 14, 64}, DType::bf16, true, false}).forward == 0);
}

}  // namespace lanet::test
