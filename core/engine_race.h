// A race between a library's engines: the order in which they are timed, and which one wins.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace lanet {

/// An engine of cuDNN with its settings (knobs), by the library's numbers.
struct PlanEngine {
  int64_t engine = 0;
  std::map<int64_t, int64_t> knobs = {};
  double milliseconds = 0;  ///< of one run; 0: it was not timed

  bool operator==(const PlanEngine&) const = default;
};

/// What a library proposes.
struct Proposal {
  PlanEngine engine;
  bool compiled = false;  ///< when it is planned, which takes longer than to time many others
};

/// The places of the proposals that are compiled, or of the others, in the order in which they are
/// timed: of each engine the settings that were proposed first, then the other settings. Within
/// each the library's order; what it proposes twice is timed once.
std::vector<size_t> race_order(const std::vector<Proposal>& proposals, bool compiled);

/// Times these proposals in that order until none is left or out_of_time() is true, and adds those
/// that ran, each with its time, to `timed`, the fastest first. time: the milliseconds of a run of
/// the proposal at this place, given the least in `timed` (infinity if it is empty); nothing if it
/// does not run.
void race(const std::vector<Proposal>& proposals, bool compiled,
          const std::function<std::optional<double>(size_t place, double least)>& time,
          const std::function<bool()>& out_of_time, std::vector<PlanEngine>& timed);

}  // namespace lanet
