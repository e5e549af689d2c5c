// The command line: reads arguments into the options of commands.h, runs the command, and turns
// what is thrown into one line on stderr and an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "train/commands/commands.h"

namespace lanet {

class CommandLine {
 public:
  CommandLine();

  // Each gives the program a command; `run` is called with its options.
  void add_train(std::function<int(const TrainOptions&)> run);
  void add_experiment(std::function<int(const ExperimentOptions&)> run);
  void add_eval(std::function<int(const EvalOptions&)> run);
  void add_predict(std::function<int(const PredictOptions&)> run);
  void add_verify(std::function<int(const VerifyOptions&)> run);
  void add_synth(std::function<int(const SynthOptions&)> run);
  void add_doctor(std::function<int(const DoctorOptions&)> run);
  /// A command below `bench`, which comes with the first of them. The caller adds its options to
  /// what is returned; `run` is called if it is chosen.
  CLI::App& add_bench(const std::string& name, const std::string& description,
                      const std::string& examples, std::function<int()> run);

  /// Parses and runs. 0 done (or help shown), 1 failed, 2 bad input or usage.
  int run(int argc, const char* const* argv);

 private:
  CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& description,
                        const std::string& examples);
  /// Has a command call `run` with its options, and gives it --device, --dtype and --threads, which
  /// override the configuration.
  template <typename Options, typename Run>
  void call_with_shorthands(CLI::App& command, const std::shared_ptr<Options>& options,
                            const Run& run);
  void parse(int argc, const char* const* argv);
  /// The words of the command line but for these options and their values.
  std::vector<std::string> words_without(const std::vector<std::string>& options) const;

  CLI::App app_;
  CLI::App* bench_ = nullptr;
  std::vector<std::string> words_;
  std::function<int()> chosen_;
};

}  // namespace lanet
