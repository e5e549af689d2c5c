// The three products with the laterals of one case, on any device: what their tests share.
#pragma once

#include <deque>

#include "kernels/lateral_product_cases.h"
#include "kernels/lateral_product_ref.h"
#include "tests/device_test.h"

namespace lanet::test {

/// One of each matrix of a case; as operands, or as what outputs are added to.
struct LateralMatrices {
  OwnedTensor one;                           // [R, D]
  std::vector<OwnedTensor> lateral, across;  // [D, C_i], [R, C_i]

  /// Random numbers that every dtype holds.
  LateralMatrices(const LateralCase& c, uint32_t seed)
      : one(OwnedTensor::random({c.rows, c.depth}, DType::bf16, seed)) {
    for (const int64_t columns : c.columns) {
      lateral.push_back(OwnedTensor::random({c.depth, columns}, DType::bf16, ++seed));
      across.push_back(OwnedTensor::random({c.rows, columns}, DType::bf16, ++seed));
    }
  }
};

/// The outputs: `across` is of expand, `one` of contract, `lateral` of gradient.
struct LateralOutputs {
  std::vector<OwnedTensor> across, lateral;
  OwnedTensor one;

  bool bits_equal(const LateralOutputs& other) const {
    bool equal = one.bits_equal(other.one);
    for (int i = 0; i < 4; ++i)
      equal =
          equal && across[i].bits_equal(other.across[i]) && lateral[i].bits_equal(other.lateral[i]);
    return equal;
  }
};

/// Where a case is computed: by the operations on a device, or by the definition in double.
enum class LateralBy { cpu, cuda, definition };

/// across_dtype: of the matrices [R, C_i]; dtype: of the others. start: what is added to; null:
/// set.
inline LateralOutputs run_laterals(LateralBy by, const LateralMatrices& in, DType dtype,
                                   DType across_dtype, const LateralMatrices* start = nullptr) {
  Context context(by == LateralBy::cuda ? Device::cuda : Device::cpu);
  const bool add = start != nullptr;
  std::deque<OwnedTensor> tensors;
  auto operand = [&](const OwnedTensor& host, DType type) -> Tensor {
    return tensors.emplace_back(context, host.cast(type));
  };
  auto output = [&](const OwnedTensor& shape, const OwnedTensor* begin,
                    DType type) -> OwnedTensor& {
    return tensors.emplace_back(context,
                                begin ? begin->cast(type) : OwnedTensor(shape.shape(), type));
  };
  const OwnedTensor& one = output(in.one, start ? &start->one : nullptr, dtype);
  std::vector<OwnedTensor*> across, lateral;
  LateralExpandArgs expand{.a = operand(in.one, dtype)};
  LateralContractArgs contract{.sum = {one, add}};
  LateralGradientArgs gradient{.a = expand.a};
  for (int i = 0; i < 4; ++i) {
    expand.lateral[i] = contract.lateral[i] = operand(in.lateral[i], dtype);
    contract.x[i] = gradient.dy[i] = operand(in.across[i], across_dtype);
    across.push_back(&output(in.across[i], start ? &start->across[i] : nullptr, across_dtype));
    lateral.push_back(&output(in.lateral[i], start ? &start->lateral[i] : nullptr, dtype));
    expand.y[i] = {*across[i], add};
    gradient.dlateral[i] = {*lateral[i], add};
  }
  if (by == LateralBy::definition) {
    lateral_expand_ref<double>(expand);
    lateral_contract_ref<double>(contract);
    lateral_gradient_ref<double>(gradient);
  } else {
    lateral_expand(context, expand);
    lateral_contract(context, contract);
    lateral_gradient(context, gradient);
  }
  LateralOutputs out{{}, {}, one.download()};
  for (int i = 0; i < 4; ++i) {
    out.across.push_back(across[i]->download());
    out.lateral.push_back(lateral[i]->download());
  }
  return out;
}

/// Every dtype of the case against the definition in double, set and added, twice the same.
inline void check_laterals(LateralBy by, const LateralCase& c) {
  struct Types {
    DType dtype, across;
  };
  const LateralMatrices in(c, 1), start(c, 100);
  int64_t all_columns = 0;
  for (const int64_t columns : c.columns) all_columns += columns;
  for (const Types types : {Types{DType::f32, DType::f32}, Types{DType::f32, DType::bf16},
                            Types{DType::f64, DType::f64}}) {
    for (const LateralMatrices* begin : {static_cast<const LateralMatrices*>(nullptr), &start}) {
      CAPTURE(c.rows);
      CAPTURE(types.across);
      const LateralOutputs fast = run_laterals(by, in, types.dtype, types.across, begin);
      const LateralOutputs exact =
          run_laterals(LateralBy::definition, in, DType::f64, DType::f64, begin);
      for (int i = 0; i < 4; ++i) {
        CAPTURE(i);
        CHECK(relative_error(fast.across[i], exact.across[i]) <
              rounding_bound(types.across, c.depth, 1));
        CHECK(relative_error(fast.lateral[i], exact.lateral[i]) <
              rounding_bound(types.dtype, c.rows, 1));
      }
      CHECK(relative_error(fast.one, exact.one) < rounding_bound(types.dtype, all_columns, 1));
      CHECK(run_laterals(by, in, types.dtype, types.across, begin).bits_equal(fast));
    }
  }
}

}  // namespace lanet::test
