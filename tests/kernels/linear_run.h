// Both directions of linear on any device, for its tests.
#pragma once

#include "kernels/linear_cases.h"
#include "kernels/linear_ref.h"
#include "tests/device_test.h"

namespace lanet::test {

inline LinearTensors run_linear(Device device, const LinearTensors& in) {
  Context context(device);
  context.reserve_workspace(in.workspace_bytes());
  LinearTensors t = upload_all(context, in);
  linear(context, t.forward());
  linear_backward(context, t.backward());
  return download_all(std::move(t));
}

/// Compares a run with the definition in double, and with another run. Bounds are of `factor`
/// roundings.
inline void check_linear(Device device, const LinearCase& c, DType dtype, const LinearAdds& add,
                         double factor) {
  CAPTURE(to_string(dtype));
  CAPTURE(c.in);
  CAPTURE(c.out);
  CAPTURE(add.dx);
  CAPTURE(add.dweight);
  CAPTURE(add.dbias);
  const LinearTensors in(c, dtype, add);
  const LinearTensors fast = run_linear(device, in), again = run_linear(device, in);
  LinearTensors exact = cast_all(in, DType::f64);
  // One mask for both: a sum near 0 may round to either side of it.
  exact.mask = fast.y.cast(DType::f64);
  linear_ref<double>(exact.forward());
  linear_backward_ref<double>(exact.backward());
  const double sums = rounding_bound(accumulate_dtype(dtype), c.batch, factor);
  CHECK(relative_error(fast.y, exact.y) < rounding_bound(dtype, c.in, factor));
  CHECK(relative_error(fast.dx, exact.dx) < rounding_bound(dtype, c.out, factor));
  CHECK(relative_error(fast.dweight, exact.dweight) < sums);
  CHECK(relative_error(fast.dbias, exact.dbias) < sums);
  CHECK(again.y.bits_equal(fast.y));
  CHECK(again.dx.bits_equal(fast.dx));
  CHECK(again.dweight.bits_equal(fast.dweight));
  CHECK(again.dbias.bits_equal(fast.dbias));
}

/// y = 0 and y = 1.
inline void check_linear_cut_off(Device device) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    LinearTensors in({1, 1, 2, false, true}, dtype);
    in.x.fill([](int64_t) { return 1.0; });
    in.weight.fill([](int64_t i) { return i; });
    in.dy.fill([](int64_t) { return 1.0; });
    const LinearTensors r = run_linear(device, in);
    CHECK(r.dweight.at(0) == 0.0);
    CHECK(r.dweight.at(1) == 1.0);
    CHECK(r.dbias.at(0) == 0.0);
    CHECK(r.dbias.at(1) == 1.0);
  }
}

}  // namespace lanet::test
