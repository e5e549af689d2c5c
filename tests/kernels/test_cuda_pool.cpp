// The CUDA kernels of the pools against the definition in double, from the CPU tests' cases.
#include "tests/kernels/pool_run.h"

namespace lanet::test {
namespace {

constexpr DType kDTypes[] = {DType::f32, DType::bf16, DType::f64};

}  // namespace

TEST_CASE("cuda: max_pool follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) check_max_pool(Device::cuda, dtype);
}

TEST_CASE("cuda: max_pool takes the first of equal values inside the image; argmax may be absent") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) check_max_pool_ties(Device::cuda, dtype);
}

TEST_CASE("cuda: global_average_pool follows the double definition, set and added") {
  if (skip_without_device()) return;
  for (const DType dtype : kDTypes) check_average_pool(Device::cuda, dtype);
}

TEST_CASE("cuda: global_average_pool of several images, some set and some added") {
  if (skip_without_device()) return;
  Context context(Device::cuda);
  for (const DType dtype : kDTypes) {
    for (const auto& group : kPoolGroups) {
      std::vector<PoolTensors> hosts, images;
      std::vector<GlobalAveragePoolArgs> forward;
      std::vector<GlobalAveragePoolBackwardArgs> backward;
      for (const auto& c : group) {
        hosts.emplace_back(c, dtype, /*adds=*/hosts.size() % 2 != 0);
        const PoolTensors& image = images.emplace_back(upload_all(context, hosts.back()));
        forward.push_back(image.average());
        backward.push_back(image.average_backward());
      }
      global_average_pool(context, forward);
      global_average_pool_backward(context, backward);
      for (size_t i = 0; i < images.size(); ++i) {
        CAPTURE(to_string(dtype));
        CAPTURE(i);
        const PoolTensors exact = average_run(Device::cpu, cast_all(hosts[i], DType::f64));
        CHECK(relative_error(images[i].mean.download(), exact.mean) <
              rounding_bound(accumulate_dtype(dtype), group[i].height * group[i].width, 1));
        CHECK(relative_error(images[i].dx.download(), exact.dx) < rounding_bound(dtype, 1, 1));
      }
    }
  }
}

}  // namespace lanet::test
