// The three products with the laterals of one case, on any device: what their tests share.
#pragma once

#include "kernels/lateral_product_cases.h"
#include "kernels/lateral_product_ref.h"
#include "tests/device_test.h"

namespace lanet::test {

inline LateralProductTensors run_laterals(Device device, const LateralProductTensors& in) {
  Context context(device);
  LateralProductTensors t = upload_all(context, in);
  lateral_expand(context, t.expand());
  lateral_contract(context, t.contract());
  lateral_gradient(context, t.gradient());
  return download_all(std::move(t));
}

/// Every dtype of the case against the definition in double, set and added, twice the same.
inline void check_laterals(Device device, const LateralCase& c) {
  struct Types {
    DType dtype, across;
  };
  int64_t all_columns = 0;
  for (const int64_t columns : c.columns) all_columns += columns;
  for (const Types types : {Types{DType::f32, DType::f32}, Types{DType::f32, DType::bf16},
                            Types{DType::f64, DType::f64}}) {
    for (const bool add : {false, true}) {
      CAPTURE(c.rows);
      CAPTURE(types.across);
      CAPTURE(add);
      const LateralProductTensors in(c, types.dtype, types.across, add),
          exact = cast_all(in, DType::f64);
      lateral_expand_ref<double>(exact.expand());
      lateral_contract_ref<double>(exact.contract());
      lateral_gradient_ref<double>(exact.gradient());
      LateralProductTensors fast = run_laterals(device, in), again = run_laterals(device, in);
      for (size_t i = 0; i < 4; ++i) {
        CAPTURE(i);
        CHECK(relative_error(fast.y[i], exact.y[i]) < rounding_bound(types.across, c.depth, 1));
        CHECK(relative_error(fast.dlateral[i], exact.dlateral[i]) <
              rounding_bound(types.dtype, c.rows, 1));
      }
      CHECK(relative_error(fast.sum, exact.sum) < rounding_bound(types.dtype, all_columns, 1));
      for (size_t i = 0; i < fast.all().size(); ++i)
        CHECK(again.all()[i]->bits_equal(*fast.all()[i]));
    }
  }
}

}  // namespace lanet::test
