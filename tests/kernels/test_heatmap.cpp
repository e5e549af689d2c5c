#include "tests/golden.h"
#include "tests/kernels/heatmap_run.h"

namespace lanet::test {
namespace {

double at_cell(const OwnedTensor& map, int64_t row, int64_t column) {
  return map.at(row * map.shape()[2] + column);
}

/// One landmark at (x, y) input pixels.
HeatmapTensors run_one(double x, double y, int64_t height, int64_t width,
                       DType dtype = DType::f64) {
  HeatmapTensors in({1, height, width, 1}, dtype);
  in.landmarks.set(0, x);
  in.landmarks.set(1, y);
  return run(Device::cpu, std::move(in));
}

/// Checks a single-landmark grid against the contract, cell by cell, written another way: the
/// Gaussian at (px, py) and the dilation as a maximum over neighbours.
void check_cells(const HeatmapTensors& r, int64_t px, int64_t py, double epsilon = 1e-12) {
  const int64_t height = r.target.shape()[1], width = r.target.shape()[2];
  auto expected = [&](int64_t row, int64_t column) {
    if (row < 0 || row >= height || column < 0 || column >= width) return 0.0;
    const int64_t dx = column - px, dy = row - py;
    if (dx < -5 || dx > 4 || dy < -5 || dy > 4) return 0.0;
    return std::exp(-static_cast<double>(dx * dx + dy * dy) / 4.5);
  };
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      double dilated = 0;
      for (int v = -1; v <= 1; ++v)
        for (int u = -1; u <= 1; ++u) dilated = std::max(dilated, expected(row + v, column + u));
      CAPTURE(row);
      CAPTURE(column);
      CHECK(at_cell(r.target, row, column) ==
            doctest::Approx(expected(row, column)).epsilon(epsilon));
      CHECK(at_cell(r.weight, row, column) == (dilated > 0.2 ? 10 : 1));
    }
  }
}

}  // namespace

TEST_CASE("heatmap: the published numbers") {
  const auto file = golden_file("components.json");
  const auto& entry = file.at("heatmap");
  const int64_t grid = entry.at("grid").get<int64_t>();
  const OwnedTensor target = golden_array(entry.at("target"), {grid, grid});
  const OwnedTensor weight = golden_array(entry.at("weight"), {grid, grid});
  for (const DType dtype : {DType::f64, DType::f32}) {
    const HeatmapTensors r = run_one(4 * entry.at("point_xy")[0].get<double>(),
                                     4 * entry.at("point_xy")[1].get<double>(), grid, grid, dtype);
    CHECK(relative_error(r.target, target) < (dtype == DType::f64 ? 1e-9 : 1e-5));
    CHECK(r.weight.bits_equal(weight.cast(dtype)));
  }
}

TEST_CASE("heatmap: a Gaussian inside, asymmetric in its window and with value 1 in its centre") {
  const HeatmapTensors r = run_one(4 * 8, 4 * 6, 16, 17);
  CHECK(at_cell(r.target, 6, 8) == 1.0);
  CHECK(at_cell(r.target, 6, 8 - 5) > 0);  // the window is [p − 5, p + 4]
  CHECK(at_cell(r.target, 6, 8 + 5) == 0);
  check_cells(r, 8, 6);
}

TEST_CASE("heatmap: at and beyond each border a Gaussian is cut, never moved") {
  const int64_t height = 11, width = 13;
  for (int64_t py = -6; py <= height + 6; ++py)
    for (int64_t px = -6; px <= width + 6; ++px)
      check_cells(run_one(4.0 * px, 4.0 * py, height, width), px, py);
}

TEST_CASE("heatmap: landmarks are rounded by floor(landmark/4 + 0.5), below 0 as well") {
  const std::pair<double, int64_t> cases[] = {{2, 1},      {1.99, 0}, {5.99, 1},   {6, 2}, {-2, 0},
                                              {-2.01, -1}, {-6, -1},  {-6.01, -2}, {30, 8}};
  for (const DType dtype : {DType::f64, DType::f32}) {
    for (const auto& [pixel, cell] : cases) {
      CAPTURE(pixel);
      const double epsilon = dtype == DType::f64 ? 1e-12 : 1e-6;
      check_cells(run_one(pixel, 16, 12, 12, dtype), cell, 4, epsilon);
      check_cells(run_one(16, pixel, 12, 12, dtype), 4, cell, epsilon);
    }
  }
}

TEST_CASE("heatmap: a landmark far outside or not finite leaves an empty target of weight 1") {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const DType dtype : {DType::f64, DType::f32}) {
    for (const double pixel : {1e30, -1e30, infinity, -infinity, std::nan("")}) {
      CAPTURE(pixel);
      check_cells(run_one(pixel, 8, 6, 6, dtype), 1000, 1000);
      check_cells(run_one(8, pixel, 6, 6, dtype), 1000, 1000);
    }
  }
}

TEST_CASE("heatmap: a face marked not valid has weight 0 everywhere, its neighbours keep theirs") {
  HeatmapTensors in = second_not_valid(DType::f32);
  const HeatmapTensors some = run(Device::cpu, in);
  in.valid = {};
  const HeatmapTensors all = run(Device::cpu, in);
  CHECK(some.target.bits_equal(all.target));
  const int64_t face = 9 * 9 * 2;
  for (int64_t i = 0; i < 3 * face; ++i)
    CHECK(some.weight.at(i) == (i / face == 1 ? 0.0 : all.weight.at(i)));
}

TEST_CASE("heatmap: many landmarks lie side by side, f32 follows f64, twice the same") {
  for (const auto& c : kHeatmapCases) {
    if (c.bench) continue;
    const HeatmapTensors in(c, DType::f32);
    const HeatmapTensors fast = run(Device::cpu, in),
                         exact = run(Device::cpu, cast_all(in, DType::f64));
    CHECK(relative_error(fast.target, exact.target) < rounding_bound(DType::f32, 1, 2));
    CHECK(fast.weight.bits_equal(exact.weight.cast(DType::f32)));
    CHECK(run(Device::cpu, in).target.bits_equal(fast.target));
    for (int64_t b = 0; b < c.batch; ++b) {
      for (int64_t l = 0; l < c.landmarks; ++l) {
        const int64_t i = 2 * (b * c.landmarks + l);
        const HeatmapTensors alone =
            run_one(in.landmarks.at(i), in.landmarks.at(i + 1), c.height, c.width);
        bool equal = true;
        for (int64_t cell = 0; cell < c.height * c.width; ++cell) {
          const int64_t at = (b * c.height * c.width + cell) * c.landmarks + l;
          equal = equal && exact.target.at(at) == alone.target.at(cell) &&
                  exact.weight.at(at) == alone.weight.at(cell);
        }
        CHECK(equal);
      }
    }
  }
}

TEST_CASE("heatmap: a wrong shape is named") {
  Context context;
  OwnedTensor landmarks({2, 3, 2}, DType::f32), target({2, 4, 4, 5}, DType::f32);
  CHECK_THROWS_WITH_AS(
      heatmap(context, {.landmarks = landmarks, .target = target, .weight = target}),
      doctest::Contains("landmarks is f32 [2, 3, 2]; expected f32 [2, 5, 2]"), Error);
}

}  // namespace lanet::test
