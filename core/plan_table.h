// Which engine of its library each convolution uses, chosen by timing where there was time. Engines
// round differently, so a run keeps its table: a run that continues from it computes the same bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/engine_race.h"

namespace lanet {

/// The engine that was chosen, and every one that was timed for it.
struct PlanChoice {
  PlanEngine chosen;
  std::vector<PlanEngine> timed = {};

  bool operator==(const PlanChoice&) const = default;
};

class PlanTable {
 public:
  /// An empty one. machine: library and card that choices are made with, as machine_for_plans().
  explicit PlanTable(std::string machine) : machine_(std::move(machine)) {}
  /// Reads what write() wrote. InputError if it is no such file, or if its choices were made with
  /// another library or card than `machine`.
  static PlanTable read(const std::filesystem::path& path, const std::string& machine);
  void write(const std::filesystem::path& path) const;
  /// The same from and to the text of such a file, which a message calls `name`.
  static PlanTable parse(const std::string& text, const std::string& name,
                         const std::string& machine);
  std::string text() const;

  /// Null if nothing was chosen for what this text describes.
  const PlanEngine* find(const std::string& what) const;
  void add(const std::string& what, PlanChoice choice) { choices_[what] = std::move(choice); }
  const std::map<std::string, PlanChoice>& choices() const { return choices_; }
  const std::string& machine() const { return machine_; }

  /// Times the engines that are compiled as they are planned, or the others, until none is left or
  /// out_of_time() is true; adds those that ran to `timed`, the fastest first. As race() of
  /// core/engine_race.h.
  using Race = std::function<void(bool compiled, const std::function<bool()>& out_of_time,
                                  std::vector<PlanEngine>& timed)>;
  /// Asks for an engine to be chosen by timing. floor_seconds: the least that this takes in a step;
  /// those of requests with the same text add up.
  void request(const std::string& what, double floor_seconds, Race race);
  /// Runs the requested races, largest floor time first, until seconds_left are used up, and adds
  /// their choices: first all of them without the engines that are compiled, which takes about a
  /// second each, then with these. What the table has already is not timed. now: a clock, in
  /// seconds.
  void tune(const std::function<double()>& now = steady_seconds);

  /// How many of the requested choices tune() could not make: there was no time or no memory.
  int64_t not_tuned() const { return not_tuned_; }

  /// How long engines may still be timed. Whatever has no choice by then gets the engine that an
  /// untimed plan takes (core/cuda/cudnn_graph.h).
  double seconds_left = 30;

 private:
  struct Request {
    double floor_seconds = 0;
    Race race;
    std::vector<PlanEngine> timed = {};
  };
  static double steady_seconds();

  std::string machine_;
  std::map<std::string, PlanChoice> choices_;
  std::map<std::string, Request> requests_;
  int64_t not_tuned_ = 0;
};

/// `cuDNN 9.19.0 on NVIDIA H200`; in builds with CUDA, on a machine with a device.
std::string machine_for_plans();

}  // namespace lanet
