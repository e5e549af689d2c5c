// An experiment: a grid of trainings, settings x conditions x seeds, as a JSON file lists it.
//
//   {"config": "../demo.json",
//    "set": {"train.epochs": 60},
//    "conditions": [{"name": "noise-0.3", "set": {"data.noise.rate": 0.3}}, …],
//    "settings": [{"name": "plain", "set": {"method": "baseline"}}, …],
//    "seeds": [1, 2, 3],
//    "reference": "plain"}
//
// "set" overrides the configuration in every run; others are compared with the setting "reference".
// "set", "conditions" and "reference" are optional, and so is the "set" of a setting or condition.
// Relative paths are taken from the plan's folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "train/config/config.h"

namespace lanet {

struct ExperimentPlan {
  struct Condition {
    std::string name;
    /// data.noise.rate, if the condition sets only that.
    std::optional<double> noise_rate;
  };
  /// One training; there is one for each condition, seed and setting.
  struct Run {
    size_t condition, setting;  ///< numbers in the lists
    int64_t seed;
    Config config;
    /// Below the experiment's folder: condition/setting/seed-1, or setting/seed-1 without
    /// conditions. What messages call the run.
    std::filesystem::path path;
  };

  std::string name;                   ///< of the file, without extension
  std::vector<Condition> conditions;  ///< one without a name, if the plan has none
  std::vector<std::string> settings;
  std::optional<size_t> reference;  ///< number of a setting
  std::vector<int64_t> seeds;
  /// Sorted by condition, then seed, then setting, so that runs that are compared are neighbours.
  std::vector<Run> runs;
};

/// Reads and checks a plan and the configuration of each of its runs, with `overrides`
/// (`a.b=value`) for all of them, and with `seeds`, if there are any, in place of its own.
/// InputError, one line that names the place, the value, what was expected and the nearest valid
/// choice.
ExperimentPlan load_plan(const std::filesystem::path& file,
                         const std::vector<std::string>& overrides = {},
                         const std::vector<int64_t>& seeds = {});

}  // namespace lanet
