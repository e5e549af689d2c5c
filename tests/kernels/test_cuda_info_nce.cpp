// The CUDA kernels of info_nce against the definition in double, from the CPU tests' cases.
#include "kernels/info_nce_cases.h"
#include "kernels/info_nce_cuda.h"
#include "kernels/info_nce_ref.h"
#include "tests/device_test.h"

namespace lanet::test {
namespace {

using Tensors = InfoNceTensors;

constexpr double kScale = 0.3;

/// With `add`, the same with values to add to.
Tensors with_start(Tensors t, bool add) {
  t.added = add;
  if (!add) return t;
  t.loss.set(0, 2.5);
  t.dq = OwnedTensor::random(t.dq.shape(), t.dq.dtype(), 9);
  return t;
}

Tensors on_device(const Tensors& in, bool add, bool gradient_wanted = true, double scale = kScale) {
  Context context(Device::cuda);
  context.reserve_workspace(in.workspace_bytes());
  Tensors t = upload_all(context, with_start(in, add));
  t.scale = scale;
  InfoNceArgs args = t.args();
  if (!gradient_wanted) args.dq = {};
  info_nce(context, args);
  return download_all(std::move(t));
}

Tensors exactly(const Tensors& in, bool add) {
  Tensors t = cast_all(with_start(in, add), DType::f64);
  t.scale = kScale;
  std::vector<double> negatives(in.rows()), slopes(in.keys()), gradient(in.width());
  info_nce_ref<double, double>(t.args(), negatives.data(), slopes.data(), gradient.data());
  return t;
}

double relative(double a, double b) {
  return std::abs(a / b - 1);
}

struct Types {
  DType dtype, bank;
};
constexpr Types kTypes[] = {{DType::f32, DType::f32},
                            {DType::f32, DType::bf16},
                            {DType::bf16, DType::bf16},
                            {DType::f64, DType::f64},
                            {DType::f64, DType::bf16}};

void check_against_definition(const Tensors& in, bool add) {
  const DType dtype = in.q.dtype();
  const Tensors fast = on_device(in, add), exact = exactly(in, add), again = on_device(in, add);
  // Exponents are up to 1/τ: a rounding of theirs is that of the result.
  const double bound = rounding_bound(accumulate_dtype(dtype), in.width()) / in.temperature;
  CHECK(relative(fast.loss.at(0), exact.loss.at(0)) < bound);
  CHECK(relative_error(fast.dq, exact.dq) < bound + rounding_bound(dtype, 1, 1));
  CHECK(again.loss.bits_equal(fast.loss));
  CHECK(again.dq.bits_equal(fast.dq));
}

}  // namespace

TEST_CASE("cuda: info_nce follows the double definition, set and added, twice the same") {
  if (skip_without_device()) return;
  for (const Types types : kTypes) {
    for (const auto& c : kInfoNceCases) {
      if (c.bench) continue;
      CAPTURE(to_string(types.dtype));
      CAPTURE(to_string(types.bank));
      CAPTURE(c.queries);
      for (const bool add : {false, true})
        check_against_definition(Tensors(c, types.dtype, types.bank), add);
    }
  }
}

TEST_CASE(
    "cuda: info_nce: ranges give the rows of the gradient of a call over all, and its mean loss") {
  if (skip_without_device()) return;
  for (const Types types : kTypes) {
    for (const auto& c : kInfoNceCases) {
      if (c.bench || c.queries < 3) continue;
      CAPTURE(to_string(types.dtype));
      CAPTURE(to_string(types.bank));
      CAPTURE(c.queries);
      const Tensors in(c, types.dtype, types.bank);
      const Tensors all = exactly(in, false);
      const double bound = rounding_bound(accumulate_dtype(types.dtype), c.width) / c.temperature;
      double loss = 0;
      OwnedTensor dq(all.dq.shape(), DType::f64);  // from gradients scaled to those of all
      for (const RowRange& range : split_rows(c.queries)) {
        const double share = static_cast<double>(range.count) / static_cast<double>(c.queries);
        const Tensors part =
            on_device(in.part(range), false, /*gradient_wanted=*/true, kScale * share);
        loss += share * part.loss.at(0);
        for (int64_t e = 0; e < part.dq.elements(); ++e)
          dq.set(range.first * c.width + e, part.dq.at(e));
      }
      CHECK(relative_error(dq, all.dq) < bound + rounding_bound(types.dtype, 1, 1));
      CHECK(relative(loss, all.loss.at(0)) < bound);
    }
  }
}

TEST_CASE("cuda: info_nce: a bf16 bank of several tiles is read as its rounded rows") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::f64}) {
    const InfoNceCase c{3, 500, 600, 2, 0.1};
    REQUIRE(InfoNceCudaLayout::tile_rows(c.width, c.bank_rows, dtype) < c.bank_rows);
    for (const bool add : {false, true})
      check_against_definition(Tensors(c, dtype, DType::bf16), add);
  }
}

TEST_CASE("cuda: info_nce: without a wanted gradient the value is the same") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    const Tensors in(kInfoNceCases[2], dtype, dtype);
    const Tensors without = on_device(in, false, /*gradient_wanted=*/false);
    CHECK(without.loss.bits_equal(on_device(in, false).loss));
    CHECK(std::isnan(without.dq.at(0)));
  }
}

TEST_CASE("cuda: info_nce: a row whose negatives are all masked contributes nothing") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Tensors in({4, 7, 600, 2, 0.1}, dtype, dtype);
    in.bank_labels.fill([](int64_t) { return 3; });
    in.labels.fill([](int64_t i) { return i == 1 ? 3 : 8 + i; });
    const Tensors r = on_device(in, false);
    for (int64_t e = 0; e < r.dq.elements(); ++e) {
      CHECK(std::isfinite(r.dq.at(e)));
      if (e / in.width() == 1) CHECK(r.dq.at(e) == 0.0);
      if (e / in.width() == 2) CHECK(r.dq.at(e) != 0.0);
    }
    CHECK(r.loss.at(0) > 0);
    in.labels.fill([](int64_t) { return 3; });  // and now every row
    const Tensors nothing = on_device(in, false);
    CHECK(nothing.loss.at(0) == 0.0);
    for (int64_t e = 0; e < nothing.dq.elements(); ++e) CHECK(nothing.dq.at(e) == 0.0);
  }
}

TEST_CASE("cuda: info_nce: exponents far beyond what a float holds give the double's loss") {
  if (skip_without_device()) return;
  Tensors in(kInfoNceCases[2]);
  in.temperature = 1e-3;
  // A masked row equal to the query must not push the unmasked ones below what a float resolves.
  in.bank_labels.set(0, in.labels.at(0));
  for (int64_t c = 0; c < in.width(); ++c) in.bank.set(c, in.q.at(c));
  const Tensors in32 = cast_all(in, DType::f32);
  const Tensors fast = on_device(in32, false), exact = exactly(in32, false);
  CHECK(relative(fast.loss.at(0), exact.loss.at(0)) < 1e-5);
  CHECK(relative_error(fast.dq, exact.dq) < 1e-3);
}

TEST_CASE("cuda: info_nce: what is not a number shows in the loss") {
  if (skip_without_device()) return;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Tensors in(kInfoNceCases[2], dtype, dtype);
    in.q.set(3, std::numeric_limits<double>::quiet_NaN());
    CHECK(std::isnan(on_device(in, false).loss.at(0)));
  }
}

}  // namespace lanet::test
