// Which of its engines a library runs each convolution with, where timing chose it. Engines round
// differently, so a run keeps its table: a run that continues from it computes the same bits.
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

  /// Times engines until there are none left or out_of_time() holds; those that ran, the fastest
  /// first.
  using Race = std::function<std::vector<PlanEngine>(const std::function<bool()>& out_of_time)>;
  /// Asks for an engine to be chosen by timing. floor_seconds: the least that this takes in a step;
  /// those of requests with the same text add up.
  void request(const std::string& what, double floor_seconds, Race race);
  /// Holds the races that were requested, that of the most floor time first, until seconds_left are
  /// spent, and adds their choices. What the table has already is not timed. now: a clock, in
  /// seconds.
  void tune(const std::function<double()>& now = steady_seconds);

  /// How long engines may still be timed. What has no choice by then takes the library's first
  /// proposal.
  double seconds_left = 30;

 private:
  struct Request {
    double floor_seconds = 0;
    Race race;
  };
  static double steady_seconds();

  std::string machine_;
  std::map<std::string, PlanChoice> choices_;
  std::map<std::string, Request> requests_;
};

/// `cuDNN 9.19.0 on NVIDIA H200`; in builds with CUDA, on a machine with a device.
std::string machine_for_plans();

}  // namespace lanet
