#include "core/engine_race.h"

#include <algorithm>
#include <limits>
#include <set>

namespace lanet {

std::vector<size_t> race_order(const std::vector<Proposal>& proposals) {
  std::vector<size_t> order, others, compiled;
  std::set<int64_t> engines;
  std::set<std::pair<int64_t, std::map<int64_t, int64_t>>> seen;
  for (size_t place = 0; place < proposals.size(); ++place) {
    const auto& [engine, is_compiled] = proposals[place];
    if (!seen.insert({engine.engine, engine.knobs}).second) continue;
    if (is_compiled)
      compiled.push_back(place);
    else if (engines.insert(engine.engine).second)
      order.push_back(place);
    else
      others.push_back(place);
  }
  order.insert(order.end(), others.begin(), others.end());
  order.insert(order.end(), compiled.begin(), compiled.end());
  return order;
}

std::vector<PlanEngine> race(
    const std::vector<Proposal>& proposals,
    const std::function<std::optional<double>(size_t place, double least)>& time,
    const std::function<bool()>& out_of_time) {
  std::vector<PlanEngine> timed;
  double least = std::numeric_limits<double>::infinity();
  for (const size_t place : race_order(proposals)) {
    if (out_of_time()) break;
    const std::optional<double> milliseconds = time(place, least);
    if (!milliseconds) continue;
    least = std::min(least, *milliseconds);
    timed.push_back(proposals[place].engine);
    timed.back().milliseconds = *milliseconds;
  }
  std::stable_sort(timed.begin(), timed.end(), [](const PlanEngine& a, const PlanEngine& b) {
    return a.milliseconds < b.milliseconds;
  });
  return timed;
}

}  // namespace lanet
