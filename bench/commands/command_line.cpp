// The command lines of the commands below bench.
#include <regex>

#include "bench/commands/commands.h"
#include "train/commands/command_line.h"
#include "train/commands/command_line_options.h"
#include "train/config/config.h"

namespace lanet::bench {

namespace {

CLI::Validator regular_expression() {
  return CLI::Validator(
      [](const std::string& text) {
        try {
          std::regex pattern(text);
          return std::string();
        } catch (const std::regex_error&) {
          return fmt::format("'{}'; expected a regular expression", text);
        }
      },
      "RE");
}

void add_size_options(CLI::App& command, StepSize& size) {
  command.add_option("--recipe", size.recipe, "recipe of LA-Net")
      ->check(one_of<Recipe>())
      ->capture_default_str();
  command.add_option("--backbone", size.backbone, "the network")
      ->check(one_of<Backbone>())
      ->capture_default_str();
  command.add_option("--image", size.image, "side of the pictures")
      ->check(multiple_of_32())
      ->capture_default_str();
  command.add_option("--batch", size.batch, "images per step")
      ->check(in_range(least_batch({}), kLargestBatch))
      ->capture_default_str();
}

}  // namespace

void add_kernels(CommandLine& line, std::function<int(const KernelsOptions&)> run) {
  auto options = std::make_shared<KernelsOptions>();
  CLI::App& command = line.add_bench(
      "kernels", "Time single operations, at LA-Net's sizes or at given ones",
      "  OMP_WAIT_POLICY=passive lanet-cuda bench kernels\n"
      "  lanet-cuda bench kernels --filter '^conv2d' --dtype bf16 --device cuda\n"
      "  lanet-cuda bench kernels --filter '^max_pool' --sizes 8x56x56x64,8x28x28x128 --json",
      [options, run] { return run(*options); });
  command
      .add_option("--filter", options->filter,
                  "only operations whose name or layer matches this regular expression")
      ->check(regular_expression());
  command
      .add_option("--sizes", options->sizes,
                  "sizes in place of LA-Net's, separated by commas: 8x56x56x64")
      ->delimiter(',')
      ->allow_extra_args(false);
  command.add_option("--device", options->device, "where to compute")
      ->check(one_of<DeviceSetting>())
      ->capture_default_str();
  command.add_option("--dtype", options->dtypes, "types of activations, separated by commas")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(one_of({"f32", "bf16"}));
  command.add_option("--threads", options->threads, "CPU threads; 0: as many as OpenMP takes")
      ->check(in_range(0, 4096));
  add_tf32_option(command, options->tf32);
  command.add_flag("--json", options->json, "one JSON object instead of a table");
}

void add_step(CommandLine& line, std::function<int(const StepOptions&)> run) {
  auto options = std::make_shared<StepOptions>();
  CLI::App& command = line.add_bench(
      "step", "Time whole training steps on random data, and say where the time goes",
      "  OMP_WAIT_POLICY=passive lanet-cuda bench step\n"
      "  lanet-cuda bench step --recipe robust --image 64 --batch 64\n"
      "  lanet-cuda bench step --image 64 --batch 64 --dtype bf16 --json\n"
      "  lanet-cuda bench step --image 64 --batch 64 --profile trace.json\n"
      "  mpirun -np 2 lanet-cuda bench step --image 64 --batch 64",
      [options, run] { return run(*options); });
  add_size_options(command, *options);
  command.add_option("--steps", options->steps, "steps to time")
      ->check(in_range(1, 1000000))
      ->capture_default_str();
  add_machine_options(command, options->device, options->dtype, options->threads);
  add_tf32_option(command, options->tf32);
  add_graph_option(command, options->graph);
  command
      .add_option_function<std::vector<std::string>>(
          "--profile",
          [options](const std::vector<std::string>& file) {
            options->profile = true;
            if (!file.empty()) options->trace = file.front();
          },
          "show the time of each operation, without a captured graph; with FILE, also write a "
          "trace of one step for Perfetto")
      ->expected(0, 1)
      ->type_name("[FILE]");
  command.add_flag("--json", options->json, "one JSON object instead of text");
}

void add_roofline(CommandLine& line, std::function<int(const RooflineOptions&)> run) {
  auto options = std::make_shared<RooflineOptions>();
  CLI::App& command = line.add_bench(
      "roofline",
      "Bound the time of a training step from below, for a device that need not be present",
      "  lanet-cuda bench roofline\n"
      "  lanet-cuda bench roofline --bandwidth 3350 --flops 700 --json\n"
      "  lanet-cuda bench roofline --device cpu --image 64 --batch 32 --dtype f32 --steps 5",
      [options, run] { return run(*options); });
  add_size_options(command, *options);
  add_machine_options(command, options->device, options->dtype, options->threads);
  auto* bandwidth = command
                        .add_option("--bandwidth", options->bandwidth,
                                    "memory bandwidth in GB/s; default on cuda: 4300, an H200's")
                        ->check(positive_number());
  auto* flops = command
                    .add_option("--flops", options->flops,
                                "rate of matrix products in TFLOP/s; default on cuda: an H200's, "
                                "790 in bf16 and 67 in f32")
                    ->check(positive_number());
  command
      .add_flag("--measured", options->measured,
                "measure the ceilings of this machine's device; the default on cpu")
      ->excludes(bandwidth)
      ->excludes(flops);
  command.add_option("--steps", options->steps, "also time this number of steps on the device")
      ->check(in_range(1, 1000000));
  command.add_flag("--json", options->json, "one JSON object instead of text");
}

void add_scaling(CommandLine& line, std::function<int(const ScalingOptions&)> run) {
  auto options = std::make_shared<ScalingOptions>();
  CLI::App& command = line.add_bench(
      "scaling", "Predict training on many devices, or check the prediction on this machine's CPU",
      "  lanet-cuda bench scaling\n"
      "  lanet-cuda bench scaling --step-ms 9.5 --node-bandwidth 350 --plot scaling.svg\n"
      "  lanet-cuda bench scaling --device cpu --image 64 --batch 32 --dtype f32 --measure 1,2,4",
      [options, run] { return run(*options); });
  add_size_options(command, *options);
  add_machine_options(command, options->device, options->dtype, options->threads);
  auto* step =
      command
          .add_option(
              "--step-ms", options->step_ms,
              "measured time of a step on one rank; default on cuda: the floor divided by 0.65")
          ->check(positive_number());
  auto link_option = [&](const char* name, double& value, const char* what, auto&& check) {
    command.add_option(name, value, what)->check(check)->capture_default_str();
  };
  link_option("--latency", options->latency, "latency of a message within a machine, in us",
              positive_number(/*zero=*/true));
  link_option("--bandwidth", options->bandwidth, "bandwidth of a rank within a machine, in GB/s",
              positive_number());
  link_option("--node-latency", options->node_latency, "latency between machines, in us",
              positive_number(/*zero=*/true));
  link_option("--node-bandwidth", options->node_bandwidth, "bandwidth between machines, in GB/s",
              positive_number());
  command.add_option("--ranks-per-node", options->ranks_per_node, "ranks per machine")
      ->check(in_range(1, 1024))
      ->capture_default_str();
  auto* plot =
      command.add_option("--plot", options->plot, "plot the images per second to this SVG file");
  auto* measure =
      command
          .add_option("--measure", options->measure,
                      "on the CPU, instead: run these numbers of ranks here with mpirun, and "
                      "compare the prediction with their times; 1 and 2 are always run")
          ->delimiter(',')
          ->allow_extra_args(false)
          ->check(in_range(1, 64))
          ->excludes(step)
          ->excludes(plot);
  command.add_option("--steps", options->steps, "steps to time for each number of ranks")
      ->check(in_range(1, 1000000))
      ->needs(measure)
      ->capture_default_str();
  command.add_flag("--json", options->json, "one JSON object instead of text");
}

void add_compare(CommandLine& line, std::function<int(const CompareOptions&)> run) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App& command = line.add_bench(
      "compare", "Report which measurements changed by more than noise between two files",
      "  lanet-cuda bench compare before.json after.json",
      [options, run] { return run(*options); });
  command
      .add_option("BEFORE", options->before, "output of bench kernels --json or bench step --json")
      ->required();
  command.add_option("AFTER", options->after, "later output, of the same device")->required();
}

}  // namespace lanet::bench
