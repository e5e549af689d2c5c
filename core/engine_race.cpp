#include "core/engine_race.h"

#include <algorithm>
#include <limits>
#include <set>

namespace lanet {

std::vector<size_t> race_order(const std::vector<Proposal>& proposals, bool compiled) {
  std::vector<size_t> order, others;
  std::set<int64_t> engines;
  std::set<std::pair<int64_t, std::map<int64_t, int64_t>>> seen;
  for (size_t place = 0; place < proposals.size(); ++place) {
    const PlanEngine& engine = proposals[place].engine;
    if (!seen.insert({engine.engine, engine.knobs}).second) continue;
    if (proposals[place].compiled != compiled) continue;
    (engines.insert(engine.engine).second ? order : others).push_back(place);
  }
  order.insert(order.end(), others.begin(), others.end());
  return order;
}

void race(const std::vector<Proposal>& proposals, bool compiled,
          const std::function<std::optional<double>(size_t place, double least)>& time,
          const std::function<bool()>& out_of_time, std::vector<PlanEngine>& timed) {
  const auto faster = [](const PlanEngine& a, const PlanEngine& b) {
    return a.milliseconds < b.milliseconds;
  };
  for (const size_t place : race_order(proposals, compiled)) {
    if (out_of_time()) break;
    const double least =
        timed.empty() ? std::numeric_limits<double>::infinity() : timed.front().milliseconds;
    const std::optional<double> milliseconds = time(place, least);
    if (!milliseconds) continue;
    PlanEngine engine = proposals[place].engine;
    engine.milliseconds = *milliseconds;
    timed.insert(std::upper_bound(timed.begin(), timed.end(), engine, faster), std::move(engine));
  }
}

}  // namespace lanet
