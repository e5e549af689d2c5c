#include "tests/kernels/pool_run.h"

namespace lanet::test {

TEST_CASE("pool: gradients agree with central differences, and 1.01 of them do not") {
  for (const auto& c : kPoolCases) {
    if (c.batch * c.height * c.width * c.channels > 1000) continue;
    CAPTURE(c.height);
    CAPTURE(c.width);
    PoolTensors in(c, DType::f64);
    in.dmean = OwnedTensor::random(in.dmean.shape(), DType::f64, 3);
    const auto check = [&](const OwnedTensor& dx, const std::function<double()>& loss) {
      CHECK(gradient_error(in.x, dx, loss) < 1e-8);
      CHECK(gradient_error(in.x, dx.scaled(1.01), loss) > 5e-3);
    };
    check(max_run(Device::cpu, in).dx, [&] { return dot(max_run(Device::cpu, in).y, in.dy); });
    check(average_run(Device::cpu, in).dx,
          [&] { return dot(average_run(Device::cpu, in).mean, in.dmean); });
  }
}

TEST_CASE("max_pool: f32 and bf16 follow the double definition, set and added, twice the same") {
  for (const DType dtype : {DType::f32, DType::bf16}) check_max_pool(Device::cpu, dtype);
}

TEST_CASE("max_pool: of equal values the first inside the image wins; argmax may be absent") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64})
    check_max_pool_ties(Device::cpu, dtype);
}

TEST_CASE("global_average_pool: f32 and bf16 follow the double definition, set and added") {
  for (const DType dtype : {DType::f32, DType::bf16}) check_average_pool(Device::cpu, dtype);
}

TEST_CASE("global_average_pool: several images are as one by one") {
  Context context;
  for (const auto& group : kPoolGroups) {
    std::vector<PoolTensors> images;
    std::vector<GlobalAveragePoolArgs> forward;
    std::vector<GlobalAveragePoolBackwardArgs> backward;
    for (const auto& c : group) {
      const PoolTensors& image = images.emplace_back(c, DType::bf16);
      forward.push_back(image.average());
      backward.push_back(image.average_backward());
    }
    global_average_pool(context, forward);
    global_average_pool_backward(context, backward);
    for (const PoolTensors& image : images) {
      const PoolTensors alone = average_run(Device::cpu, image);
      CHECK(image.mean.bits_equal(alone.mean));
      CHECK(image.dx.bits_equal(alone.dx));
    }
  }
}

TEST_CASE("global_average_pool: images of two batches are refused together") {
  Context context;
  const PoolTensors one({1, 2, 2, 3}, DType::f32), two({2, 2, 2, 3}, DType::f32);
  const GlobalAveragePoolArgs images[] = {one.average(), two.average()};
  CHECK_THROWS_WITH_AS(global_average_pool(context, images),
                       doctest::Contains("x is f32 [2, 2, 2, 3] beside f32 [1, 2, 2, 3]"), Error);
}

TEST_CASE("pool: a wrong shape is named") {
  Context context;
  OwnedTensor x({1, 5, 5, 2}, DType::f32), y({1, 2, 3, 2}, DType::f32);
  CHECK_THROWS_WITH_AS(max_pool(context, {.x = x, .y = y}),
                       doctest::Contains("y is f32 [1, 2, 3, 2]; expected f32 [1, 3, 3, 2]"),
                       Error);
}

}  // namespace lanet::test
