// The command lines of the commands below bench.
#include <regex>

#include "bench/commands.h"
#include "train/command_line_options.h"

namespace lanet::bench {

namespace {

CLI::Validator regular_expression() {
  return CLI::Validator(
      [](const std::string& text) {
        try {
          std::regex pattern(text);
          return std::string();
        } catch (const std::regex_error& error) {
          return fmt::format("'{}'; expected a regular expression ({})", text, error.what());
        }
      },
      "RE");
}

}  // namespace

void add_kernels(CommandLine& line, std::function<int(const KernelsOptions&)> run) {
  auto options = std::make_shared<KernelsOptions>();
  CLI::App& command = line.add_bench(
      "kernels", "Time operations by themselves, at LA-Net's sizes or at given ones",
      "  OMP_WAIT_POLICY=passive lanet-cuda bench kernels\n"
      "  lanet-cuda bench kernels --filter '^conv2d' --dtype bf16 --device cuda\n"
      "  lanet-cuda bench kernels --filter '^max_pool' --sizes 8x56x56x64,8x28x28x128 --json",
      [options, run] { return run(*options); });
  command
      .add_option("--filter", options->filter,
                  "those whose name, or layer of the network, has this in it")
      ->check(regular_expression());
  command
      .add_option("--sizes", options->sizes,
                  "sizes in place of LA-Net's, separated by commas: 8x56x56x64")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--device", options->device, "where to compute")
      ->check(one_of(kDevices))
      ->capture_default_str();
  command.add_option("--dtype", options->dtypes, "of activations, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(one_of({"f32", "bf16"}));
  command.add_option("--threads", options->threads, "of the CPU; 0: as many as OpenMP takes")
      ->check(CLI::NonNegativeNumber);
  add_tf32_option(command, options->tf32);
  command.add_flag("--json", options->json, "one JSON object instead of a table");
}

void add_step(CommandLine& line, std::function<int(const StepOptions&)> run) {
  auto options = std::make_shared<StepOptions>();
  CLI::App& command =
      line.add_bench("step", "Time whole training steps on random data",
                     "  OMP_WAIT_POLICY=passive lanet-cuda bench step\n"
                     "  lanet-cuda bench step --image 64 --batch 64 --dtype bf16 --json",
                     [options, run] { return run(*options); });
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
  add_tf32_option(command, options->tf32);
  add_graph_option(command, options->graph);
  command.add_flag("--json", options->json, "one JSON object instead of text");
}

}  // namespace lanet::bench
