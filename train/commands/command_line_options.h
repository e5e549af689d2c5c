// Options that several commands have, and checks of their values.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "train/commands/option_words.h"
#include "train/config/choices.h"
#include "train/config/config_fields.h"

namespace lanet {

/// One of these words; any other is refused with the nearest choice.
inline CLI::Validator one_of(const std::vector<std::string>& choices) {
  return CLI::Validator(
      [choices](const std::string& word) {
        if (std::find(choices.begin(), choices.end(), word) != choices.end()) return std::string();
        return fmt::format("'{}'; expected one of {}{}", word, fmt::join(choices, ", "),
                           suggestion(own_word(word), choices));
      },
      fmt::format("{}", fmt::join(choices, "|")));
}

/// The name of one of E's values (train/config/choices.h).
template <typename E>
CLI::Validator one_of() {
  return one_of({kNames<E>.begin(), kNames<E>.end()});
}

/// A picture's side.
inline CLI::Validator multiple_of_32() {
  return CLI::Validator(
      [](const std::string& word) {
        int side = 0;
        const bool good =
            CLI::detail::lexical_cast(word, side) && side >= 64 && side <= 1024 && side % 32 == 0;
        return good ? std::string()
                    : fmt::format("'{}'; expected a multiple of 32 from 64 to 1024", word);
      },
      "a multiple of 32 from 64 to 1024");
}

/// The options of commands without a configuration.
inline void add_machine_options(CLI::App& command, std::string& device, std::string& dtype,
                                int64_t& threads) {
  command.add_option("--device", device, "where to compute")
      ->check(one_of<DeviceSetting>())
      ->capture_default_str();
  command.add_option("--dtype", dtype, "type of activations")
      ->check(one_of<DType>())
      ->capture_default_str();
  command.add_option("--threads", threads, "CPU threads; 0: as many as OpenMP takes")
      ->check(in_range(0, 4096));
}

inline void add_tf32_option(CLI::App& command, bool& tf32) {
  command.add_flag("--tf32", tf32, "on cuda: float32 products may round their operands to TF32");
}

inline void add_graph_option(CLI::App& command, bool& graph) {
  command.add_flag("!--no-graph", graph,
                   "on cuda: launch the kernels of each step one by one instead of replaying a "
                   "captured graph; the results are the same");
}

/// Adds --set.
inline CLI::Option* add_set_option(CLI::App& command, std::vector<std::string>& overrides) {
  return command.add_option("--set", overrides, "a.b=value: override a field of the configuration")
      ->allow_extra_args(false);
}

/// Adds --device, --dtype and --threads, which override fields of the configuration after --set.
inline void add_shorthands(CLI::App& command, std::vector<std::string>& overrides) {
  auto add = [&](const std::string& name, const std::string& what, const CLI::Validator& check) {
    auto override_field = [&overrides, name](const std::string& value) {
      overrides.push_back(fmt::format("train.{}={}", name, value));
    };
    command
        .add_option_function<std::string>("--" + name, override_field,
                                          fmt::format("{}; short for --set train.{}=", what, name))
        ->check(check);
  };
  add("device", "where to compute", one_of<DeviceSetting>());
  add("dtype", "type of activations", one_of<DTypeSetting>());
  add("threads", "CPU threads", in_range(0, 4096));
}

/// Adds --coordinates and --square, how the file of the option `landmarks` is to be understood.
inline void add_landmark_units(CLI::App& command, CLI::Option* landmarks, std::string& coordinates,
                               double& square) {
  command
      .add_option(
          "--coordinates", coordinates,
          "of the landmark file: pixels of a square, pixels of each picture, or shares of it")
      ->check(one_of<LandmarkCoordinates>())
      ->capture_default_str()
      ->needs(landmarks);
  command.add_option("--square", square, "side of that square")
      ->check(in_range(1.0, 65536.0))
      ->capture_default_str()
      ->needs(landmarks);
}

/// Adds --cache, for commands that read whole data sets.
inline void add_cache(CLI::App& command, std::vector<std::string>& overrides) {
  command.add_option_function<std::string>(
      "--cache",
      [&overrides](const std::string& folder) { overrides.push_back("data.cache=" + folder); },
      "folder of packed pictures; short for --set data.cache=");
}

}  // namespace lanet
