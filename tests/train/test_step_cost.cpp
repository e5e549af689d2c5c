// The cost of a step, as operations announce it, against a sum over ResNet-18's layers by hand.
#include "train/step_cost.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace lanet::test {
namespace {

constexpr double kBatch = 128, kBf16 = 2, kFloat = 4;

/// A layer's image in bf16.
double image(double side, double channels) {
  return kBatch * side * side * channels * kBf16;
}

/// Bytes of a step: the query's forward and backward pass and the momentum network's forward pass.
struct StepBytes {
  double convolutions = 0, norms = 0, products = 0;  // products: multiply-adds

  /// data_writes: how often the gradient of x passes memory: 0 (not wanted), 1 (set), 2 (added to).
  void convolution(double in, double out, double kernel, double side, double stride,
                   int data_writes) {
    const double x = image(side, in), y = image(side / stride, out),
                 weight = in * out * kernel * kernel * kBf16;
    convolutions += 2 * (x + weight + y);                           // forward, both networks
    convolutions += x + y + weight;                                 // gradient of the weight
    if (data_writes) convolutions += y + weight + data_writes * x;  // gradient of x
    const double macs = kBatch * side * side / (stride * stride) * in * out * kernel * kernel;
    products += (data_writes ? 4 : 3) * macs;
  }
  /// reads: images that the norm reads to be applied; kept: whether backward reads y; outputs:
  /// gradients of images that it writes. Statistics read the images that are normalised.
  void norm(double side, double channels, double normalised, double reads, bool kept,
            double outputs) {
    const double i = image(side, channels);
    norms += 2 * (normalised + reads + 1) * i;  // statistics; apply and write
    norms += 2 * (normalised + 1 + (kept ? 1 : 0)) * i + outputs * i;  // reduce; apply
  }
  /// A basic block; first of its stage: stride 2 and a shortcut with a convolution, whose input has
  /// `users` others that write its gradient before.
  void block(double in, double channels, double side, bool first, int users) {
    const double stride = first ? 2 : 1, out_side = side / stride;
    convolution(channels, channels, 3, out_side, 1, 1);
    convolution(in, channels, 3, side, stride, first && users == 0 ? 1 : 2);
    norm(out_side, channels, 1, 1, false, 1);
    if (first) {
      convolution(in, channels, 1, side, stride, 2);
      norm(out_side, channels, 2, 2, false, 2);
    } else {
      norm(out_side, channels, 1, 2, true, 2);
    }
  }
};

/// The stem, layer1, and layers 2 to 4 of both branches.
StepBytes resnet18() {
  StepBytes bytes;
  bytes.convolution(8, 64, 7, 224, 2, 0);  // three channels and five of padding
  const double conv1 = image(112, 64), pooled = image(56, 64), positions = pooled / kBf16;
  bytes.norms += 2 * (2 * conv1 + pooled) + positions;  // forward
  bytes.norms += 3 * conv1 + 2 * (pooled + positions);  // reduce; apply
  for (int i = 0; i < 2; ++i) bytes.block(64, 64, 56, false, 0);
  for (const bool landmarks : {false, true}) {
    double channels = 64, side = 56;
    for (int stage = 2; stage <= 4; ++stage, channels *= 2, side /= 2) {
      // A landmark stage's input is also what the landmark head reads; layer1's, of both branches.
      bytes.block(channels, 2 * channels, side, true, landmarks || stage == 2 ? 1 : 0);
      bytes.block(2 * channels, 2 * channels, side / 2, false, 0);
    }
  }
  return bytes;
}

/// Of the operations of these kinds.
Cost cost_of(const std::vector<CountedOperation>& step, std::initializer_list<const char*> kinds,
             const char* outside = nullptr) {
  std::vector<CountedOperation> chosen;
  for (const CountedOperation& o : step) {
    const bool of_kind =
        std::any_of(kinds.begin(), kinds.end(), [&](const char* kind) { return o.kind == kind; });
    if (of_kind && !(outside && o.owner.find(outside) != std::string::npos)) chosen.push_back(o);
  }
  return total_cost(chosen);
}

}  // namespace

TEST_CASE("step cost: a step at 224, batch 128, bf16 is counted as a sum by hand has it") {
  Config config;
  config.data.image_size = 224;
  config.train.batch = 128;
  config.train.dtype = DTypeSetting::bf16;
  const std::vector<CountedOperation> step = count_step(config, Device::cuda);
  const StepBytes by_hand = resnet18();
  CHECK(cost_of(step, {"conv2d"}, "latlayer").bytes ==
        doctest::Approx(by_hand.convolutions).epsilon(1e-3));
  CHECK(cost_of(step, {"conv2d"}, "latlayer").flops ==
        doctest::Approx(2 * by_hand.products).epsilon(1e-3));
  CHECK(cost_of(step, {"batch_norm", "batch_norm_max_pool"}).bytes ==
        doctest::Approx(by_hand.norms).epsilon(1e-3));
  const Cost all = total_cost(step);
  // What else there is: the optimiser, the pictures, the landmark head, the pools.
  const double others = all.bytes - by_hand.convolutions - by_hand.norms;
  CHECK(others > 0.05 * all.bytes);
  CHECK(others < 0.12 * all.bytes);
  MESSAGE(all.launches << " launches, " << all.bytes / 1e9 << " GB");
  CHECK(all.launches <= 400);
  CHECK(all.launches >= 200);
  CHECK(all.bytes <= 20e9);
  CHECK(all.bytes >= 14e9);
}

}  // namespace lanet::test
