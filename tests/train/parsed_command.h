// What the program understands of a command line, without running it.
#pragma once

#include <string>
#include <vector>

#include "bench/commands/commands.h"
#include "train/commands/command_line.h"

namespace lanet::test {

/// Runs a command line of which every command keeps its options here and returns 0.
struct Parsed {
  int code = -1;
  TrainOptions train;
  ExperimentOptions experiment;
  EvalOptions eval;
  PredictOptions predict;
  VerifyOptions verify;
  bench::KernelsOptions bench_kernels;
  bench::StepOptions bench_step;
  bench::RooflineOptions bench_roofline;
  bench::ScalingOptions bench_scaling;
  bench::CompareOptions bench_compare;
  ReportOptions report;
  PlotOptions plot;
  ExportOptions exported;
  InspectOptions inspect;
  DataOptions data;
  NoiseOptions noise;
  AuditOptions audit;
  SynthOptions synth;
  AlignOptions align;
  DoctorOptions doctor;

  /// `words` without the program's name.
  explicit Parsed(std::vector<const char*> words) {
    words.insert(words.begin(), "lanet-cuda");
    CommandLine line;
    auto keep = [](auto& place) {
      return [&place](const auto& options) {
        place = options;
        return 0;
      };
    };
    line.add_train(keep(train));
    line.add_experiment(keep(experiment));
    line.add_eval(keep(eval));
    line.add_predict(keep(predict));
    line.add_verify(keep(verify));
    bench::add_kernels(line, keep(bench_kernels));
    bench::add_step(line, keep(bench_step));
    bench::add_roofline(line, keep(bench_roofline));
    bench::add_scaling(line, keep(bench_scaling));
    bench::add_compare(line, keep(bench_compare));
    line.add_report(keep(report));
    line.add_plot(keep(plot));
    line.add_export(keep(exported));
    line.add_inspect(keep(inspect));
    line.add_data(keep(data));
    line.add_noise(keep(noise));
    line.add_audit(keep(audit));
    line.add_synth(keep(synth));
    line.add_align(keep(align));
    line.add_doctor(keep(doctor));
    line.add_completion();
    code = line.run(static_cast<int>(words.size()), words.data());
  }
};

}  // namespace lanet::test
