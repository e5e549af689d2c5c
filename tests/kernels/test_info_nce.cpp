#include "kernels/info_nce_cases.h"
#include "kernels/l2_normalize.h"
#include "tests/golden.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

using Tensors = InfoNceTensors;

/// `start`: whose loss and gradient are added to, or null to set them.
Tensors run(Tensors t, const Tensors* start = nullptr, double scale = 1) {
  Context context;
  context.reserve_workspace(t.workspace_bytes());
  t.scale = scale;
  if (start) {
    t.added = true;
    t.loss = start->loss.cast(t.loss.dtype());
    t.dq = start->dq.cast(t.dq.dtype());
  }
  info_nce(context, t.args());
  for (const OwnedTensor* tensor : t.all()) CHECK(tensor->guards_intact());
  return t;
}

/// The published form: for every pair of positives its own sum over the negatives.
double published_loss(const Tensors& in) {
  auto similarity = [&](int64_t i, const OwnedTensor& other, int64_t j) {
    double sum = 0;
    for (int64_t c = 0; c < in.width(); ++c)
      sum += in.q.at(i * in.width() + c) * other.at(j * in.width() + c);
    return std::exp(sum / in.temperature);
  };
  double loss = 0;
  for (int64_t i = 0; i < in.queries(); ++i) {
    const double label = in.labels.at(in.first_row + i);
    double of_row = 0, positives = 0;
    for (int64_t j = 0; j < in.keys(); ++j) {
      if (in.labels.at(j) != label) continue;
      const double positive = similarity(i, in.k, j);
      double all = positive;
      for (int64_t m = 0; m < in.rows(); ++m)
        if (in.bank_labels.at(m) != label) all += similarity(i, in.bank, m);
      of_row -= std::log(positive / all);
      positives += 1;
    }
    loss += of_row / positives / static_cast<double>(in.queries());
  }
  return loss;
}

double relative(double a, double b) {
  return std::abs(a / b - 1);
}

}  // namespace

TEST_CASE("info_nce: the O(B(B+M)) form equals the published one") {
  for (const auto& c : kInfoNceCases) {
    if (c.bench) continue;
    const Tensors all(c);
    for (const Tensors& in : {all, all.part({c.queries / 2, 1})})
      CHECK(relative(run(in).loss.at(0), published_loss(in)) < 1e-12);
  }
}

TEST_CASE("info_nce: gradient agrees with central differences, and 1.01 of it does not") {
  for (const auto& c : kInfoNceCases) {
    if (c.bench || c.bank_rows > 100) continue;
    const Tensors all(c);
    for (Tensors in : {all, all.part({c.queries / 2, c.queries - c.queries / 2})}) {
      CAPTURE(in.first_row);
      auto loss = [&] { return run(in).loss.at(0); };
      OwnedTensor dq = run(in).dq;
      CHECK(gradient_error(in.q, dq, loss) < 1e-7);
      dq = dq.scaled(1.01);
      CHECK(gradient_error(in.q, dq, loss) > 5e-3);
    }
  }
}

TEST_CASE("info_nce: f32, bf16 and a bf16 bank follow the double definition, twice the same") {
  struct Types {
    DType dtype, bank;
  };
  for (const Types types : {Types{DType::f32, DType::f32}, Types{DType::f32, DType::bf16},
                            Types{DType::bf16, DType::bf16}}) {
    for (const auto& c : kInfoNceCases) {
      if (c.bench) continue;
      CAPTURE(types.dtype);
      CAPTURE(types.bank);
      CAPTURE(c.queries);
      const Tensors in(c, types.dtype, types.bank);
      const Tensors in64 = cast_all(in, DType::f64);
      const Tensors fast = run(in), exact = run(in64);
      // Exponents are up to 1/τ: a rounding of theirs is that of the result.
      const double bound = rounding_bound(DType::f32, c.width) / c.temperature;
      const double stored = rounding_bound(types.dtype, 1, 1);
      CHECK(relative(fast.loss.at(0), exact.loss.at(0)) < bound);
      CHECK(relative_error(fast.dq, exact.dq) < bound + stored);
      const Tensors again = run(in);
      CHECK(again.loss.bits_equal(fast.loss));
      CHECK(again.dq.bits_equal(fast.dq));
    }
  }
}

TEST_CASE("info_nce: ranges give the rows of the gradient of a call over all, and its mean loss") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    for (const auto& c : kInfoNceCases) {
      if (c.bench || c.queries < 3) continue;
      CAPTURE(dtype);
      CAPTURE(c.queries);
      const Tensors in(c, dtype, dtype);
      const Tensors all = run(cast_all(in, DType::f64));
      const double bound = rounding_bound(accumulate_dtype(dtype), c.width) / c.temperature;
      double loss = 0;
      OwnedTensor dq(all.dq.shape(), DType::f64);  // from gradients scaled to those of all
      for (const RowRange& range : split_rows(c.queries)) {
        const double share = static_cast<double>(range.count) / static_cast<double>(c.queries);
        const Tensors part = run(in.part(range), nullptr, share);
        loss += share * part.loss.at(0);
        for (int64_t e = 0; e < part.dq.elements(); ++e)
          dq.set(range.first * c.width + e, part.dq.at(e));
      }
      CHECK(relative_error(dq, all.dq) < bound + rounding_bound(dtype, 1, 1));
      CHECK(relative(loss, all.loss.at(0)) < bound);
    }
  }
}

TEST_CASE("info_nce: a bf16 bank under a double query is read as its rounded rows") {
  const Tensors in(kInfoNceCases[2], DType::f64, DType::bf16);
  const Tensors r = run(in), exact = run(cast_all(in, DType::f64));
  CHECK(relative(r.loss.at(0), exact.loss.at(0)) < 1e-14);
  CHECK(relative_error(r.dq, exact.dq) < 1e-14);
}

TEST_CASE("info_nce: the value is added for the second direction, and scale changes the gradient") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensors in(kInfoNceCases[1], dtype, dtype);
    const Tensors once = run(in);
    Tensors start = in;
    start.dq = OwnedTensor::random(in.q.shape(), dtype, 9);
    start.loss.set(0, 2.5);
    const Tensors added = run(in, &start, 0.1);
    CHECK(added.loss.at(0) == doctest::Approx(2.5 + once.loss.at(0)).epsilon(1e-6));
    OwnedTensor expected = start.dq;
    expected.fill([&](int64_t e) { return start.dq.at(e) + 0.1 * once.dq.at(e); });
    CHECK(relative_error(added.dq, expected) < 1e-6);
  }
}

TEST_CASE("info_nce: without a wanted gradient the value is the same") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    const Tensors in(kInfoNceCases[3], dtype, dtype);
    Context context;
    context.reserve_workspace(in.workspace_bytes());
    InfoNceArgs args = in.args();
    args.dq = {};
    info_nce(context, args);
    CHECK(in.loss.bits_equal(run(in).loss));
  }
}

TEST_CASE("info_nce: a row whose negatives are all masked contributes nothing") {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
    Tensors in({4, 7, 1500, 2, 0.1}, dtype, dtype);
    in.bank_labels.fill([](int64_t) { return 3; });
    in.labels.fill([](int64_t i) { return i == 1 ? 3 : 8 + i; });
    const Tensors r = run(in);
    for (int64_t e = 0; e < r.dq.elements(); ++e) {
      CHECK(std::isfinite(r.dq.at(e)));
      if (e / in.width() == 1) CHECK(r.dq.at(e) == 0.0);
      if (e / in.width() == 2) CHECK(r.dq.at(e) != 0.0);
    }
    CHECK(r.loss.at(0) > 0);
    in.labels.fill([](int64_t) { return 3; });  // and now every row
    const Tensors nothing = run(in);
    CHECK(nothing.loss.at(0) == 0.0);
    for (int64_t e = 0; e < nothing.dq.elements(); ++e) CHECK(nothing.dq.at(e) == 0.0);
  }
}

TEST_CASE("info_nce: only the first rows of a large bank unmasked, or only the last") {
  // The running maximum meets tiles without a negative before or after the ones that have some.
  for (const bool last : {false, true}) {
    Tensors in({3, 7, 3000, 2, 0.1});
    in.labels.fill([](int64_t) { return 1; });
    in.bank_labels.fill([&](int64_t m) { return (last ? m >= 2990 : m < 10) ? kNoLabel : 1; });
    const Tensors in32 = cast_all(in, DType::f32);
    const Tensors fast = run(in32), exact = run(cast_all(in32, DType::f64));
    CHECK(relative(fast.loss.at(0), exact.loss.at(0)) < 1e-5);
    CHECK(relative_error(fast.dq, exact.dq) < 1e-5);
  }
}

TEST_CASE("info_nce: exponents far beyond what a float holds give the double's loss") {
  Tensors in(kInfoNceCases[2]);
  in.temperature = 1e-3;
  // A masked row equal to the query must not push the unmasked ones below what a float resolves.
  in.bank_labels.set(0, in.labels.at(0));
  for (int64_t c = 0; c < in.width(); ++c) in.bank.set(c, in.q.at(c));
  const Tensors in32 = cast_all(in, DType::f32);
  const Tensors fast = run(in32), exact = run(cast_all(in32, DType::f64));
  CHECK(relative(fast.loss.at(0), exact.loss.at(0)) < 1e-5);
  CHECK(relative_error(fast.dq, exact.dq) < 1e-3);
}

TEST_CASE("info_nce: what is not a number shows in the loss") {
  for (const DType dtype : {DType::f32, DType::f64}) {
    Tensors in(kInfoNceCases[2], dtype, dtype);
    in.q.set(3, std::numeric_limits<double>::quiet_NaN());
    CHECK(std::isnan(run(in).loss.at(0)));
  }
}

TEST_CASE("info_nce: queries that the batch does not have are refused") {
  Tensors in = Tensors(kInfoNceCases[1]).part({2, 3});
  in.first_row = 3;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("3 rows from row 3 on, out of 5"), Error);
  in.first_row = -1;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("3 rows from row -1 on, out of 5"), Error);
}

TEST_CASE("info_nce: a temperature that is not given is refused") {
  Tensors in(kInfoNceCases[1]);
  in.temperature = InfoNceArgs{}.temperature;
  CHECK_THROWS_WITH_AS(run(in), doctest::Contains("info_nce: temperature is not given"), Error);
}

TEST_CASE("info_nce: golden losses and gradients by the query before normalisation") {
  struct Bounds {
    DType dtype;
    double loss, gradient;
  };
  const auto golden = golden_file("components.json");
  const std::string salt = golden["salt"];
  int entry_number = 0;
  for (const auto& entry : golden["contrastive"]) {
    const std::string prefix = salt + "/con" + std::to_string(++entry_number) + "/";
    CAPTURE(prefix);
    const int64_t queries = entry["queries"], width = entry["dim"], rows = entry["bank"];
    for (const Bounds& bounds : {Bounds{DType::f64, 1e-9, 1e-9}, Bounds{DType::f32, 1e-5, 1e-5},
                                 Bounds{DType::bf16, 2e-2, 0}}) {
      if (bounds.dtype == DType::bf16 && entry["temperature"] < 0.1) continue;
      CAPTURE(bounds.dtype);
      auto input = [&](const char* name, int64_t n) {
        return golden_tensor(prefix + name, {n, width}, bounds.dtype, -1, 1);
      };
      auto unit_rows = [](const OwnedTensor& x) {
        Context context;
        const OwnedTensor y(x.shape(), x.dtype()),
            norm({x.shape()[0]}, accumulate_dtype(x.dtype()));
        l2_normalize(context, {.x = x, .y = y, .norm = norm});
        return y;
      };
      const OwnedTensor raw = input("q", queries);
      Tensors in({queries, width, rows, 1, entry["temperature"]}, bounds.dtype);
      in.q = unit_rows(raw), in.k = unit_rows(input("k", queries));
      in.bank = unit_rows(input("bank", rows));
      in.labels.fill([&](int64_t i) { return entry["labels"][i].get<double>(); });
      in.bank_labels.fill([&](int64_t m) {
        return std::max(entry["bank_labels"][m].get<double>(), double{kNoLabel});
      });
      const Tensors r = run(in);
      CHECK(relative(r.loss.at(0), entry["loss"]) < bounds.loss);
      if (bounds.gradient == 0) continue;
      Context context;
      OwnedTensor y(raw.shape(), bounds.dtype), norm({queries}, bounds.dtype),
          draw(raw.shape(), bounds.dtype);
      l2_normalize(context, {.x = raw, .y = y, .norm = norm});
      l2_normalize_backward(context, {.y = y, .norm = norm, .dy = r.dq, .dx = {draw}});
      CHECK(relative_error(draw, golden_array(entry["grad_q"], {queries, width})) <
            bounds.gradient);
    }
  }
  CHECK(entry_number == 3);
}

}  // namespace lanet::test
