#include <algorithm>
#include <cstring>
#include <map>

#include "kernels/augment_cases.h"
#include "tests/op_test.h"

namespace lanet::test {
namespace {

constexpr int kDraws = 20000;
constexpr int64_t kSize = 8192;  // large, so that rounding to pixels does not show

std::vector<AugmentParameters> draws(const AugmentConfig& config = kAugmentDraws,
                                     int64_t size = kSize) {
  std::vector<AugmentParameters> all;
  for (uint32_t i = 0; i < kDraws; ++i) all.push_back(draw_augmentation(11, 3, i, size, config));
  return all;
}

/// Requires the mean of `values` to lie within four standard errors of `mean`.
void check_mean(const std::vector<double>& values, double mean) {
  double sum = 0, squares = 0;
  for (const double v : values) sum += v, squares += v * v;
  const auto n = static_cast<double>(values.size());
  const double error = std::sqrt((squares / n - sum / n * sum / n) / n);
  CAPTURE(sum / n);
  CHECK(std::abs(sum / n - mean) < 4 * error);
}

template <typename F>
std::vector<double> each(const std::vector<AugmentParameters>& all, F&& value) {
  std::vector<double> values;
  for (const auto& p : all) values.push_back(value(p));
  return values;
}

double area(int32_t width, int32_t height) {
  return static_cast<double>(width) * height / (static_cast<double>(kSize) * kSize);
}

bool same(const AugmentParameters& a, const AugmentParameters& b) {
  return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

TEST_CASE("augment_draw: flips, colours and their order are uniform") {
  const auto all = draws();
  check_mean(each(all, [](auto& p) { return p.flip; }), 0.5);
  for (int step = 0; step < 3; ++step) {
    const auto factors = each(all, [&](auto& p) { return p.factor[step]; });
    CHECK(*std::min_element(factors.begin(), factors.end()) >= 0.6f);
    CHECK(*std::max_element(factors.begin(), factors.end()) <= 1.4f);
    check_mean(factors, 1.0);
    // The variance of a uniform number over a width of 0.8.
    check_mean(each(all, [&](auto& p) { return (p.factor[step] - 1) * (p.factor[step] - 1); }),
               0.64 / 12);
  }
  std::map<std::vector<int32_t>, int> orders;
  for (const auto& p : all) ++orders[{p.order, p.order + 3}];
  REQUIRE(orders.size() == 6);
  for (const auto& [order, count] : orders) {
    CHECK(std::is_permutation(order.begin(), order.end(), std::vector{0, 1, 2}.begin()));
    CHECK(std::abs(count - kDraws / 6.0) < 4 * std::sqrt(kDraws * 5.0 / 36));
  }
}

TEST_CASE("augment_draw: crops have the stated areas and ratios and lie inside") {
  const auto all = draws();
  for (const auto& p : all) {
    REQUIRE(p.crop_x >= 0);
    REQUIRE(p.crop_y >= 0);
    REQUIRE(p.crop_x + p.crop_width <= kSize);
    REQUIRE(p.crop_y + p.crop_height <= kSize);
    REQUIRE(area(p.crop_width, p.crop_height) > 0.7499);
    const double ratio = static_cast<double>(p.crop_width) / p.crop_height;
    REQUIRE(ratio > 0.7499);
    REQUIRE(ratio < 1.3335);
  }
  // Of area a, a log-uniform ratio fits with probability −ln(a)/ln(4/3). With F = −ln(a) the mean
  // of the areas that fit is ∫aF/∫F over [3/4, 1]; a draw in (1 − ∫F/(ln(4/3)/4))^10 is whole.
  const double l = std::log(4.0 / 3.0);
  const double fits = 0.25 - 0.75 * l, mean = (0.25 - 0.140625 - 0.28125 * l) / fits;
  const double none = std::pow(1 - fits / (0.25 * l), 10);
  check_mean(each(all, [](auto& p) { return area(p.crop_width, p.crop_height); }),
             mean * (1 - none) + none);
  check_mean(
      each(all,
           [](auto& p) { return std::log(static_cast<double>(p.crop_width) / p.crop_height); }),
      0.0);
  check_mean(each(all, [](auto& p) { return p.crop_x - (kSize - p.crop_width) / 2.0; }), 0.0);
  check_mean(each(all, [](auto& p) { return p.crop_y - (kSize - p.crop_height) / 2.0; }), 0.0);
}

TEST_CASE("augment_draw: a fifth of the pictures lose a box of the stated areas and ratios") {
  auto all = draws();
  check_mean(each(all, [](auto& p) { return p.erase_width > 0; }), 0.2);
  std::erase_if(all, [](auto& p) { return p.erase_width == 0; });
  for (const auto& p : all) {
    REQUIRE(p.erase_x >= 0);
    REQUIRE(p.erase_y >= 0);
    REQUIRE(p.erase_height > 0);
    REQUIRE(p.erase_x + p.erase_width <= kSize);
    REQUIRE(p.erase_y + p.erase_height <= kSize);
    const double share = area(p.erase_width, p.erase_height);
    const double ratio = static_cast<double>(p.erase_width) / p.erase_height;
    REQUIRE(share > 0.0199);
    REQUIRE(share < 0.2001);
    REQUIRE(ratio > 0.2995);
    REQUIRE(ratio < 3.305);
  }
  check_mean(each(all, [](auto& p) { return area(p.erase_width, p.erase_height); }), 0.11);
  check_mean(
      each(all,
           [](auto& p) { return std::log(static_cast<double>(p.erase_width) / p.erase_height); }),
      std::log(0.3 * 3.3) / 2);
  check_mean(each(all, [](auto& p) { return p.erase_x - (kSize - p.erase_width) / 2.0; }), 0.0);
}

TEST_CASE("augment_draw: small pictures keep their boxes inside") {
  for (const int64_t size : {1, 2, 64}) {
    AugmentConfig config = kAugmentDraws;
    config.erase_probability = 1;
    for (const auto& p : draws(config, size)) {
      REQUIRE(p.crop_width >= 1);
      REQUIRE(p.crop_x + p.crop_width <= size);
      REQUIRE(p.crop_y + p.crop_height <= size);
      REQUIRE(p.erase_x + p.erase_width <= size);
      REQUIRE(p.erase_y + p.erase_height <= size);
      REQUIRE((p.erase_width == 0) == (p.erase_height == 0));
    }
  }
}

TEST_CASE("augment_draw: after ten tries, the centred crop of the nearest ratio, and no box") {
  AugmentConfig config = kAugmentDraws;
  config.crop_area_min = 1;
  config.crop_ratio_min = config.crop_ratio_max = 2;
  AugmentParameters p = draw_augmentation(1, 0, 0, 100, config);
  CHECK(p.crop_width == 100);
  CHECK(p.crop_height == 50);
  CHECK(p.crop_x == 0);
  CHECK(p.crop_y == 25);
  config.crop_ratio_min = config.crop_ratio_max = 0.25;
  config.erase_probability = 1;
  config.erase_area_min = 0.95;
  config.erase_area_max = 1;
  config.erase_ratio_min = config.erase_ratio_max = 3;
  p = draw_augmentation(1, 0, 0, 100, config);
  CHECK(p.crop_width == 25);
  CHECK(p.crop_height == 100);
  CHECK(p.crop_x == 37);
  CHECK(p.erase_width == 0);
}

TEST_CASE("augment_draw: each number of the recipe that is not given is refused") {
  using C = AugmentConfig;
  const std::pair<const char*, double C::*> members[] = {
      {"flip_probability", &C::flip_probability},
      {"crop_area_min", &C::crop_area_min},
      {"crop_area_max", &C::crop_area_max},
      {"crop_ratio_min", &C::crop_ratio_min},
      {"crop_ratio_max", &C::crop_ratio_max},
      {"jitter_min", &C::jitter_min},
      {"jitter_max", &C::jitter_max},
      {"erase_probability", &C::erase_probability},
      {"erase_area_min", &C::erase_area_min},
      {"erase_area_max", &C::erase_area_max},
      {"erase_ratio_min", &C::erase_ratio_min},
      {"erase_ratio_max", &C::erase_ratio_max}};
  for (const auto& [name, member] : members) {
    AugmentConfig config = kAugmentDraws;
    config.*member = AugmentConfig{}.*member;
    CHECK_THROWS_WITH_AS(draw_augmentation(1, 2, 3, 224, config),
                         doctest::Contains(fmt::format("{} is not given", name).c_str()), Error);
  }
}

TEST_CASE("augment_draw: the key alone decides, and each part of it does") {
  const AugmentParameters p = draw_augmentation(1, 2, 3, 224, kAugmentDraws);
  CHECK(same(p, draw_augmentation(1, 2, 3, 224, kAugmentDraws)));
  CHECK_FALSE(same(p, draw_augmentation(2, 2, 3, 224, kAugmentDraws)));
  CHECK_FALSE(same(p, draw_augmentation(1, 3, 3, 224, kAugmentDraws)));
  CHECK_FALSE(same(p, draw_augmentation(1, 2, 4, 224, kAugmentDraws)));
  CHECK_FALSE(same(p, draw_augmentation(1, 3, 2, 224, kAugmentDraws)));
  // Neighbours in position and in epoch agree in their flips as often as not.
  std::vector<double> next_position, next_epoch;
  for (uint32_t i = 0; i < kDraws; ++i) {
    const int flip = draw_augmentation(1, 2, i, 224, kAugmentDraws).flip;
    next_position.push_back(flip == draw_augmentation(1, 2, i + 1, 224, kAugmentDraws).flip);
    next_epoch.push_back(flip == draw_augmentation(1, 3, i, 224, kAugmentDraws).flip);
  }
  check_mean(next_position, 0.5);
  check_mean(next_epoch, 0.5);
}

}  // namespace lanet::test
