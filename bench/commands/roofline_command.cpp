// bench roofline: the least time of a training step, from what its operations announce on a device
// that need not be there.
#include <nlohmann/json.hpp>

#include "bench/ceilings.h"
#include "bench/commands/commands.h"
#include "bench/cost_table.h"
#include "bench/step.h"
#include "core/plan_table.h"
#include "train/device.h"
#include "train/environment.h"

namespace lanet::bench {

namespace {

struct NamedCeilings {
  Ceilings values;
  std::string source;
};

/// Without a word of the user's the H200's stand for a GPU; for the processor there is this one.
NamedCeilings ceilings_for(const RooflineOptions& options, Device device) {
  const bool given = options.bandwidth > 0 && options.flops > 0;
  NamedCeilings ceilings{kH200, "H200"};
  if (options.measured || (device == Device::cpu && !given)) {
    Context context(device, static_cast<int>(options.threads));
    ceilings = {measure_ceilings(context), "measured"};
  }
  if (options.bandwidth > 0) ceilings.values.bytes_per_second = 1e9 * options.bandwidth;
  if (options.flops > 0)
    ceilings.values.bf16_flops = ceilings.values.float_flops = 1e12 * options.flops;
  if (given)
    ceilings.source = "given";
  else if (options.bandwidth > 0 || options.flops > 0)
    ceilings.source += ", in part given";
  return ceilings;
}

}  // namespace

int run_roofline(const RooflineOptions& options) {
  const Device device = choose_device(choice_from<DeviceSetting>(options.device)).device;
  const NamedCeilings ceilings = ceilings_for(options, device);
  const std::vector<CountedOperation> operations = count_step(step_config(options), device);
  const Cost total = total_cost(operations);
  const double floor = floor_seconds(operations, ceilings.values);
  const double images = static_cast<double>(options.batch);
  std::optional<StepTimes> step;
  if (options.steps > 0) {
    Context context(device, static_cast<int>(options.threads));
    std::optional<PlanTable> plans;
    if (device == Device::cuda) context.set_plans(&plans.emplace(machine_for_plans()));
    RandomTraining training(context, options, /*capture=*/true);
    step = training.steps(options.steps);
  }
  std::vector<TimedOperation> without_times;
  for (const CountedOperation& o : operations) without_times.push_back({o});
  const std::vector<CostGroup> groups = group_operations(without_times, ceilings.values);
  if (options.json) {
    nlohmann::ordered_json line = {{"format", "lanet-bench-roofline/1"},
                                   {"program", program_version()},
                                   {"launches", total.launches},
                                   {"bytes", total.bytes},
                                   {"flops", total.flops},
                                   {"floor_ms", 1e3 * floor},
                                   {"images_per_second", images / floor},
                                   {"ceilings", to_json(ceilings.values)},
                                   {"ceilings_source", ceilings.source},
                                   {"device", to_string(device)},
                                   {"dtype", options.dtype},
                                   {"recipe", options.recipe},
                                   {"backbone", options.backbone},
                                   {"image", options.image},
                                   {"batch", options.batch},
                                   {"groups", to_json(groups)}};
    if (step) line["step_ms"] = milliseconds(*step);
    fmt::print("{}\n", line.dump());
    return 0;
  }
  print_floors(groups);
  fmt::print(
      "{} {} {} px batch {} {} on {}; ceilings ({}): {}\n"
      "floor           {:8.2f} ms  {:10.1f} img/s, in {} launches\n",
      options.recipe, options.backbone, options.image, options.batch, options.dtype,
      to_string(device), ceilings.source, describe(ceilings.values), 1e3 * floor, images / floor,
      total.launches);
  if (step)
    fmt::print("step, measured  {:8.2f} ms  {:10.1f} img/s, {:.0f} % of the floor's rate\n",
               1e3 * step->usual, images / step->usual, 100 * floor / step->usual);
  return 0;
}

}  // namespace lanet::bench
