#include "train/experiment/statistics.h"

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

namespace lanet::test {

TEST_CASE("statistics: mean and sample standard deviation") {
  const Spread spread = spread_of(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9});
  CHECK(spread.count == 8);
  CHECK(spread.mean == doctest::Approx(5));
  CHECK(spread.deviation == doctest::Approx(std::sqrt(32.0 / 7)));
  CHECK(spread_of(std::vector<double>{3}).mean == 3);
  CHECK(std::isnan(spread_of(std::vector<double>{3}).deviation));
  CHECK(std::isnan(spread_of({}).mean));
  CHECK(spread_of({}).count == 0);
}

TEST_CASE("statistics: Student's t as the tables have it") {
  auto check = [](double probability, int64_t degrees, double expected) {
    CAPTURE(degrees);
    CHECK(student_t(probability, degrees) == doctest::Approx(expected).epsilon(1e-9));
  };
  // Closed forms: one degree is Cauchy's distribution, two have p / √((1 − p²) / 2).
  check(0.95, 1, std::tan(0.475 * M_PI));
  check(0.95, 2, 0.95 / std::sqrt((1 - 0.95 * 0.95) / 2));
  check(0.5, 1, 1);
  auto in_table = [](double probability, int64_t degrees, double expected) {
    CAPTURE(degrees);
    CHECK(std::abs(student_t(probability, degrees) - expected) < 5e-4);
  };
  in_table(0.95, 1, 12.706);
  in_table(0.95, 2, 4.303);
  in_table(0.95, 3, 3.182);
  in_table(0.95, 4, 2.776);
  in_table(0.95, 9, 2.262);
  in_table(0.95, 30, 2.042);
  in_table(0.99, 5, 4.032);
  in_table(0.99, 10, 3.169);
  in_table(0.90, 7, 1.895);
  in_table(0.95, 1000, 1.962);
}

TEST_CASE("statistics: the interval of a mean") {
  const Spread spread = spread_of(std::vector<double>{1, 2, 3});
  CHECK(confidence_reach(spread, 0.95) == doctest::Approx(4.302652730 / std::sqrt(3.0)));
  CHECK(std::isnan(confidence_reach(spread_of(std::vector<double>{1}), 0.95)));
}

TEST_CASE("statistics: Wilson's interval of a share") {
  const auto check = [](double share, int64_t count, double low, double high) {
    const Interval interval = wilson_interval(share, count);
    CHECK(interval.low == doctest::Approx(low).epsilon(1e-3));
    CHECK(interval.high == doctest::Approx(high).epsilon(1e-3));
  };
  check(0.5, 100, 0.4038, 0.5962);
  check(0, 10, 0, 0.2775);
  check(1, 10, 0.7225, 1);
  check(0.86, 2000, 0.8441, 0.8745);
}

TEST_CASE("statistics: means and differences as text") {
  using Numbers = std::vector<double>;
  CHECK(mean_text(Numbers{0.728, 0.731, 0.729}, 100, 1) == "72.9 ± 0.2");
  CHECK(mean_text(Numbers{0.5}, 1, 3) == "0.500");
  CHECK(mean_text(Numbers{}, 100, 1) == "–");
  CHECK(difference_text(Numbers{0.01, 0.02, 0.03}) == "+2.0 (-0.5 to +4.5)");
  CHECK(difference_text(Numbers{-0.01}) == "-1.0");
  CHECK(difference_text(Numbers{}) == "–");
}

}  // namespace lanet::test
