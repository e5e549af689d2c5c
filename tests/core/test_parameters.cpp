#include "core/parameters.h"

#include "tests/op_test.h"

namespace lanet::test {
namespace {

constexpr Initialisation kOnes{Initialisation::Kind::constant, 1};

/// Two weights of convolutions between other parameters, all with or without a momentum copy.
void declare(ParameterStore& store, bool momentum_copy) {
  store.declare("bias", {5}, FileLayout::plain, kOnes, momentum_copy);
  store.declare("conv1", {2, 3, 3, 4}, FileLayout::ohwi, kOnes, momentum_copy);
  store.declare("matrix", {3, 70}, FileLayout::pointwise, kOnes, momentum_copy);
  store.declare("conv2", {8, 1, 1, 2}, FileLayout::ohwi, kOnes, momentum_copy);
  store.declare("last", {3}, FileLayout::plain, kOnes);
  store.declare_state("mean", {5}, 0);
}

}  // namespace

TEST_CASE("parameters: on CUDA gradients of bf16 convolution weights are bf16, all others f32") {
  for (const bool copies : {false, true}) {
    for (const Device device : {Device::cpu, Device::cuda}) {
      Context context(Context::CountOnly{}, device);
      ParameterStore store(DType::bf16, device);
      declare(store, copies);
      store.allocate(context, /*for_training=*/true);
      const ParameterStore::Blocks blocks = store.blocks();
      const bool rounded = device == Device::cuda;
      CHECK(static_cast<bool>(blocks.rounded_gradient) == rounded);
      for (const Parameter& p : store.parameters()) {
        if (!p.trained) continue;
        CAPTURE(p.name);
        const bool in_bf16 = rounded && p.convolution_weight();
        const Tensor gradient = store.gradient(p);
        CHECK(gradient.dtype == (in_bf16 ? DType::bf16 : DType::f32));
        CHECK(gradient.shape == p.shape);
        // It stands in its block where the optimiser looks for it.
        const Tensor& block = in_bf16 ? blocks.rounded_gradient : blocks.gradient;
        const int64_t before = rounded && !in_bf16 ? blocks.rounded_gradient.elements() : 0;
        CHECK(static_cast<std::byte*>(gradient.data) - static_cast<std::byte*>(block.data) ==
              (p.offset - before) * static_cast<int64_t>(size_of(block.dtype)));
      }
      if (rounded)
        CHECK(blocks.rounded_gradient.elements() + blocks.gradient.elements() ==
              blocks.master.elements());
    }
  }
}

TEST_CASE("parameters: weights are marked as decaying, biases are not") {
  for (const bool copies : {false, true}) {
    Context context;
    ParameterStore store(DType::f32, Device::cpu);
    declare(store, copies);
    store.allocate(context, /*for_training=*/true);
    const Tensor marks = store.blocks().decayed;
    REQUIRE(marks.elements() * kParameterAlignment == store.trained_elements());
    int marked = 0, expected = 0;
    for (int64_t group = 0; group < marks.elements(); ++group) marked += marks.as<uint8_t>()[group];
    for (const Parameter& p : store.parameters()) {
      CAPTURE(p.name);
      const bool weight = p.name == "conv1" || p.name == "conv2" || p.name == "matrix";
      CHECK(p.decays() == weight);
      if (!p.trained) continue;
      for (int64_t i = 0; i < p.shape.elements(); ++i)
        CHECK(marks.as<uint8_t>()[(p.offset + i) / kParameterAlignment] == (weight ? 1 : 0));
      const int64_t groups = (p.shape.elements() + kParameterAlignment - 1) / kParameterAlignment;
      if (weight) expected += static_cast<int>(groups);
    }
    CHECK(marked == expected);
  }
}

TEST_CASE("parameters: with float32 activations every gradient is float32") {
  Context context(Context::CountOnly{}, Device::cuda);
  ParameterStore store(DType::f32, Device::cuda);
  declare(store, /*momentum_copy=*/true);
  store.allocate(context, /*for_training=*/true);
  CHECK_FALSE(store.blocks().rounded_gradient);
  CHECK(store.blocks().gradient.elements() == store.trained_elements());
}

TEST_CASE(
    "parameters: on CUDA input channels of convolutions fill packs, and files do not see it") {
  struct Padded {
    Device device;
    DType dtype;
    int64_t channels;
  };
  for (const Padded& c :
       {Padded{Device::cuda, DType::bf16, 8}, Padded{Device::cuda, DType::f32, 4},
        Padded{Device::cuda, DType::f64, 4}, Padded{Device::cpu, DType::bf16, 3}}) {
    CAPTURE(to_string(c.device));
    CAPTURE(to_string(c.dtype));
    ParameterStore store(c.dtype, c.device);
    CHECK(store.padded(3) == c.channels);
    CHECK(store.padded(64) == 64);
    const Parameter& conv = store.declare("conv", {2, 5, 5, 3}, FileLayout::ohwi, kOnes);
    CHECK(conv.shape == Shape{2, 5, 5, c.channels});
    CHECK(conv.logical == Shape{2, 5, 5, 3});
    CHECK(conv.file_shape() == std::vector<int64_t>{2, 3, 5, 5});
    CHECK(conv.place(7) == 2 * c.channels + 1);
    const int64_t rows = c.device == Device::cpu ? 19 : c.dtype == DType::bf16 ? 24 : 20;
    const Parameter& head = store.declare("head", {19, 6}, FileLayout::pointwise, kOnes);
    CHECK(head.shape == Shape{rows, 6});
    CHECK(head.file_shape() == std::vector<int64_t>{19, 6, 1, 1});
    CHECK(head.place(19 * 6 - 1) == 19 * 6 - 1);
    CHECK(&store.declare("conv", {2, 5, 5, 3}, FileLayout::ohwi, kOnes) == &conv);
    CHECK(store.declare("vector", {5}, FileLayout::plain, kOnes).shape == Shape{5});
    CHECK(store.declare("linear", {5, 3}, FileLayout::plain, kOnes).shape == Shape{5, 3});
    CHECK(store.declare_state("mean", {5}, 0).shape == Shape{5});
  }
}

TEST_CASE("parameters: a store is allocated on its device alone") {
  Context context;
  ParameterStore store(DType::f32, Device::cuda);
  CHECK_THROWS_WITH_AS(store.allocate(context, /*for_training=*/false),
                       doctest::Contains("parameters for cuda are allocated on cpu"), Error);
}

}  // namespace lanet::test
