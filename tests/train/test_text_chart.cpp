#include "train/experiment/text_chart.h"

#include <doctest/doctest.h>

#include "core/error.h"

namespace lanet::test {

TEST_CASE("text chart: two lines, ticks, axis and legend") {
  const Chart chart{.title = "Share",
                    .subtitle = "per cent",
                    .x_label = "epoch",
                    .series = {{.name = "rising", .x = {1, 5}, .y = {0, 100}},
                               {.name = "flat", .x = {1, 3, 5}, .y = {20, 20, 20}}}};
  CHECK(text_chart(chart, 21, 6) ==
        "Share\n"
        "per cent\n"
        "100 +                  ooo\n"
        " 80 +              oooo\n"
        " 60 +          oooo\n"
        " 40 +      oooo\n"
        " 20 +xxxxxxxxxxxxxxxxxxxxx\n"
        "  0 +ooo\n"
        "    +---------------------\n"
        "     1       epoch       5\n"
        "     o rising\n"
        "     x flat\n");
}

TEST_CASE("text chart: a line that begins later and a single value have a place") {
  const Chart chart{
      .series = {{.name = "a", .x = {1, 2, 3}, .y = {5, 5, 5}}, {.name = "b", .x = {3}, .y = {5}}}};
  const std::string text = text_chart(chart, 9, 5);
  CHECK(text.find("+aaaa") == std::string::npos);
  CHECK(text.find("oooooooox\n") != std::string::npos);
  CHECK_THROWS_AS(text_chart(Chart{}), Error);
}

}  // namespace lanet::test
