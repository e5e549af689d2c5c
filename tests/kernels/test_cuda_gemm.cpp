// Matrix products on CUDA against the definition in double.
#include "kernels/gemm_cases.h"
#include "kernels/gemm_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

OwnedTensor on_device(const GemmTensors& in) {
  Context context(Device::cuda);
  const GemmTensors t = upload_all(context, in);
  gemm(context, t.args());
  return t.c.download();
}

}  // namespace

TEST_CASE("cuda: gemm: all transpositions, strides, set and add, twice the same") {
  if (skip_without_device()) return;
  struct Types {
    DType operands, sums;
  };
  for (const Types types : {Types{DType::f32, DType::f32}, Types{DType::bf16, DType::bf16},
                            Types{DType::bf16, DType::f32}, Types{DType::f64, DType::f64}}) {
    for (const auto& c : kGemmCases) {
      if (c.bench) continue;
      for (int variant = 0; variant < 8; ++variant) {
        CAPTURE(to_string(types.operands));
        CAPTURE(to_string(types.sums));
        CAPTURE(c.k);
        CAPTURE(variant);
        const GemmTensors in(c, GemmVariant::of(variant), types.operands, types.sums),
            exact = cast_all(in, DType::f64);
        gemm_ref<double>(exact.args());
        const OwnedTensor fast = on_device(in);
        CHECK(relative_error(fast, exact.c) < rounding_bound(types.sums, c.k, 2));
        CHECK(on_device(in).bits_equal(fast));
      }
    }
  }
}

}  // namespace lanet::test
