// The CUDA kernels of linear against the definition in double, from the CPU tests' cases.
#include "tests/kernels/linear_run.h"

namespace lanet::test {

TEST_CASE("cuda: linear follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kLinearCases) {
      if (c.bench) continue;
      for (const LinearAdds& add : {LinearAdds{false, false, false},
                                    {true, false, false},
                                    {false, true, false},
                                    {false, false, true},
                                    {true, true, true}})
        check_linear(Device::cuda, c, dtype, add, 2);
    }
  }
}

TEST_CASE("cuda: linear: where the output is exactly 0 the ReLU lets no gradient through") {
  if (skip_without_device()) return;
  check_linear_cut_off(Device::cuda);
}

TEST_CASE("cuda: linear: what is not a number passes the ReLU") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    LinearTensors in({2, 3, 2, true, true}, dtype);
    in.x.set(0, NAN);
    const LinearTensors fast = run_linear(Device::cuda, in);
    CHECK(std::isnan(fast.y.at(0)));
    CHECK(std::isfinite(fast.y.at(2)));
  }
}

}  // namespace lanet::test
