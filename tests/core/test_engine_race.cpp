#include "core/engine_race.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

namespace lanet::test {
namespace {

using Engines = std::vector<PlanEngine>;

const std::vector<Proposal> kProposals = {{{9, {}}, true}, {{7, {{2, 1}}}}, {{7, {{2, 2}}}},
                                          {{3, {{2, 1}}}}, {{7, {{2, 3}}}}, {{7, {{2, 1}}}},
                                          {{1, {}}},       {{3, {{5, 1}}}}, {{1, {}}}};
const std::vector<size_t> kReady = {1, 3, 6, 2, 4, 7}, kCompiled = {0};
const std::vector<size_t> kOrder = {1, 3, 6, 2, 4, 7, 0};

const auto kTimeEnough = [] { return false; };

/// Of all proposals: those that are ready, then those that are compiled.
Engines race_all(const std::function<std::optional<double>(size_t, double)>& time,
                 const std::function<bool()>& out_of_time = kTimeEnough) {
  Engines timed;
  for (const bool compiled : {false, true}) race(kProposals, compiled, time, out_of_time, timed);
  return timed;
}

/// Their numbers, without times.
Engines numbers(Engines engines) {
  for (PlanEngine& engine : engines) engine.milliseconds = 0;
  return engines;
}

}  // namespace

TEST_CASE("engine race: one of each engine, then other settings; nothing twice; compiled apart") {
  CHECK(race_order(kProposals, false) == kReady);
  CHECK(race_order(kProposals, true) == kCompiled);
  CHECK(race_order({}, false).empty());
}

TEST_CASE("engine race: all are timed, and the fastest comes first with the times of all") {
  const std::vector<double> milliseconds = {7, 5, 4, 3, 9, 0, 8, 2, 0};
  std::vector<size_t> turns;
  std::vector<double> leasts;
  const Engines timed = race_all([&](size_t place, double least) {
    turns.push_back(place);
    leasts.push_back(least);
    return std::optional(milliseconds[place]);
  });
  CHECK(turns == kOrder);
  CHECK(leasts == std::vector<double>{std::numeric_limits<double>::infinity(), 5, 3, 3, 3, 3, 2});
  CHECK(timed == Engines{{3, {{5, 1}}, 2},
                         {3, {{2, 1}}, 3},
                         {7, {{2, 2}}, 4},
                         {7, {{2, 1}}, 5},
                         {9, {}, 7},
                         {1, {}, 8},
                         {7, {{2, 3}}, 9}});
}

TEST_CASE("engine race: of equally fast engines the one that was timed first is in front") {
  const Engines timed =
      race_all([](size_t place, double) { return std::optional(place == 4 ? 1.0 : 2.0); });
  CHECK(numbers(timed) == Engines{{7, {{2, 3}}},
                                  {7, {{2, 1}}},
                                  {3, {{2, 1}}},
                                  {1, {}},
                                  {7, {{2, 2}}},
                                  {3, {{5, 1}}},
                                  {9, {}}});
}

TEST_CASE("engine race: what does not run is left out, and does not count as fast") {
  const auto time = [](size_t place, double least) -> std::optional<double> {
    if (place == 1 || place == 7) return std::nullopt;
    if (place == 3) CHECK(least == std::numeric_limits<double>::infinity());
    return 1.0 + static_cast<double>(place);
  };
  CHECK(numbers(race_all(time)) ==
        Engines{{9, {}}, {7, {{2, 2}}}, {3, {{2, 1}}}, {7, {{2, 3}}}, {1, {}}});
  CHECK(race_all([](size_t, double) { return std::optional<double>(); }).empty());
}

TEST_CASE("engine race: when time is up, no other engine starts") {
  for (const size_t most : {0, 1, 4}) {
    std::vector<size_t> turns;
    const Engines timed = race_all(
        [&](size_t place, double) {
          turns.push_back(place);
          return std::optional(10.0 - static_cast<double>(place));
        },
        [&] { return turns.size() == most; });
    CHECK(turns == std::vector<size_t>(kOrder.begin(), kOrder.begin() + static_cast<long>(most)));
    CHECK(timed.size() == most);
  }
}

}  // namespace lanet::test
