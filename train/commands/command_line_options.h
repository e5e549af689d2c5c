// Options that several commands have, and checks of their values.
#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
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
                    : fmt::format("{}; expected a multiple of 32 from 64 to 1024", word);
      },
      "multiple of 32");
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
      ->check(CLI::Range(0, 4096));
}

inline void add_tf32_option(CLI::App& command, bool& tf32) {
  command.add_flag("--tf32", tf32, "on cuda: float32 products may round their operands to TF32");
}

inline void add_graph_option(CLI::App& command, bool& graph) {
  command.add_flag("!--no-graph", graph,
                   "on cuda: launch the kernels of each step one by one instead of replaying a "
                   "captured graph; the results are the same");
}

}  // namespace lanet
