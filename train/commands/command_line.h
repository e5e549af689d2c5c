// The command line: parses arguments into the options of commands.h, runs the command, and turns an
// exception into one line on stderr and an exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "train/commands/commands.h"

namespace lanet {

class CommandLine {
 public:
  CommandLine();

  // Each adds a command to the program; `run` is called with its options.
  void add_train(std::function<int(const TrainOptions&)> run);
  void add_experiment(std::function<int(const ExperimentOptions&)> run);
  void add_eval(std::function<int(const EvalOptions&)> run);
  void add_predict(std::function<int(const PredictOptions&)> run);
  void add_verify(std::function<int(const VerifyOptions&)> run);
  void add_report(std::function<int(const ReportOptions&)> run);
  void add_plot(std::function<int(const PlotOptions&)> run);
  void add_export(std::function<int(const ExportOptions&)> run);
  void add_inspect(std::function<int(const InspectOptions&)> run);
  void add_data(std::function<int(const DataOptions&)> run);
  void add_noise(std::function<int(const NoiseOptions&)> run);
  void add_audit(std::function<int(const AuditOptions&)> run);
  void add_synth(std::function<int(const SynthOptions&)> run);
  void add_align(std::function<int(const AlignOptions&)> run);
  void add_doctor(std::function<int(const DoctorOptions&)> run);
  /// The commands that print what shells and man know of all the others.
  void add_completion();
  /// Adds a command below `bench`. The caller adds its options to what is returned; `run` is called
  /// if the command is chosen.
  CLI::App& add_bench(const std::string& name, const std::string& description,
                      const std::string& examples, std::function<int()> run);

  /// Parses and runs. Returns 0 for success (or help), 1 for a failure, 2 for bad input or usage.
  int run(int argc, const char* const* argv);

 private:
  CLI::App& add_command(CLI::App& parent, const std::string& name, const std::string& description,
                        const std::string& examples);
  void parse(int argc, const char* const* argv);
  /// The words of the command line without these options and their values.
  std::vector<std::string> words_without(const std::vector<std::string>& options) const;

  CLI::App app_;
  CLI::App* bench_ = nullptr;
  std::vector<std::string> words_;
  std::function<int()> chosen_;
};

}  // namespace lanet
