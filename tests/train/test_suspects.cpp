// Which labels are to be doubted, from estimates that are written down here.
#include "train/labels/suspects.h"

#include <doctest/doctest.h>

#include <limits>

namespace lanet::test {
namespace {

const std::vector<double> kEstimates = {0.9, 0.1, 0.0,   // given 0
                                        0.2, 0.7, 0.1,   // given 0: doubtful
                                        0.1, 0.1, 0.8,   // given 0: more so
                                        0.2, 0.7, 0.1};  // given 0: as the second
const std::vector<int32_t> kGiven = {0, 0, 0, 0};

}  // namespace

TEST_CASE("suspects: the least probable label comes first, equals in the order of the list") {
  const std::vector<Suspect> suspects = rank_suspects(kEstimates, kGiven);
  REQUIRE(suspects.size() == 4);
  const int64_t faces[] = {2, 1, 3, 0};
  for (size_t i = 0; i < 4; ++i) CHECK(suspects[i].face == faces[i]);
  CHECK(suspects[0].suggested == 2);
  CHECK(suspects[0].score == doctest::Approx(0.9));
  CHECK(suspects[1].suggested == 1);
  CHECK(suspects[1].p_suggested == doctest::Approx(0.7));
  CHECK(suspects[3].suggested == 0);
}

TEST_CASE("suspects: figures by hand where the truth is known") {
  const std::vector<int32_t> truth = {1, 1, 1, 0};  // wrong: faces 0, 1 and 2
  const SuspectFigures figures = judge_suspects(rank_suspects(kEstimates, kGiven), truth);
  CHECK(figures.wrong == 3);
  CHECK(figures.precision == doctest::Approx(2.0 / 3));
  CHECK(figures.recall == doctest::Approx(2.0 / 3));
  CHECK(figures.suggested == doctest::Approx(1.0 / 3));
  // Scores 0.9 (wrong), 0.8 (one wrong, one not), 0.1 (wrong).
  CHECK(figures.average_precision == doctest::Approx((1.0 + 2.0 / 3 + 3.0 / 4) / 3));
  CHECK(figures.calibration == doctest::Approx((0.1 + 0.6 + 0.9) / 4));
}

TEST_CASE("suspects: the table quotes names, and leaves empty what is not known") {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  const std::vector<std::string> names = {"a.jpg", "b,c.jpg", "d.jpg", "e.jpg"},
                                 classes = {"sad", "happy", "fear"};
  CHECK(suspects_csv(rank_suspects(kEstimates, kGiven), names, classes,
                     {.agreement = {0.5, 0.25, unknown, 1}, .duplicate_of = {-1, -1, -1, 1}}) ==
        "image,given,suggested,score,p_given,p_suggested,neighbour_agreement,duplicate_of\n"
        "d.jpg,sad,fear,0.9000,0.1000,0.8000,,\n"
        "\"b,c.jpg\",sad,happy,0.8000,0.2000,0.7000,0.25,\n"
        "e.jpg,sad,happy,0.8000,0.2000,0.7000,1.00,\"b,c.jpg\"\n"
        "a.jpg,sad,sad,0.1000,0.9000,0.9000,0.50,\n");
}

}  // namespace lanet::test
