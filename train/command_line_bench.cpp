// The commands below bench.
#include "train/command_line.h"
#include "train/command_line_options.h"

namespace lanet {

CLI::App& CommandLine::bench() {
  if (!bench_) {
    bench_ = &add_command(app_, "bench", "Measure speed", "  lanet-cuda bench step");
    bench_->require_subcommand(1);
  }
  return *bench_;
}

void CommandLine::add_bench_step(std::function<int(const BenchStepOptions&)> run) {
  auto options = std::make_shared<BenchStepOptions>();
  CLI::App& command =
      add_command(bench(), "step", "Time whole training steps on random data",
                  "  OMP_WAIT_POLICY=passive lanet-cuda bench step\n"
                  "  lanet-cuda bench step --image 64 --batch 64 --dtype bf16 --json");
  command.add_option("--backbone", options->backbone, "the network")
      ->check(one_of({"resnet18", "resnet50"}))
      ->capture_default_str();
  command.add_option("--image", options->image, "side of the pictures")
      ->check(multiple_of_32())
      ->capture_default_str();
  command.add_option("--batch", options->batch, "images a step")
      ->check(CLI::Range(10, 65536))
      ->capture_default_str();
  command.add_option("--steps", options->steps, "steps to time")
      ->check(CLI::Range(1, 1000000))
      ->capture_default_str();
  add_machine_options(command, options->device, options->dtype, options->threads);
  command.add_flag("--tf32", options->tf32,
                   "on cuda: float32 products may round their operands to TF32");
  add_graph_option(command, options->graph);
  command.add_flag("--json", options->json, "one JSON object instead of text");
  command.callback([this, options, run] { chosen_ = [options, run] { return run(*options); }; });
}

}  // namespace lanet
