// bench step: a whole training step of LA-Net on random pictures, its convolutions alone, and where
// its time goes.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/ceilings.h"
#include "bench/commands/commands.h"
#include "bench/output_file.h"
#include "bench/profile.h"
#include "bench/scaling.h"
#include "core/plan_table.h"
#include "layers/conv2d.h"
#include "train/environment.h"
#include "train/ranks/ranks.h"

namespace lanet::bench {

namespace {

/// The library calls of the model's convolutions, all passes, with nothing between them.
Spread time_convolutions(Context& context, Trainer& trainer, int64_t runs) {
  std::vector<Conv2d*> convolutions;
  for (const auto& node : trainer.model().graph().nodes()) {
    if (auto* convolution = dynamic_cast<Conv2d*>(node.get())) convolutions.push_back(convolution);
  }
  trainer.model().graph().clear(context);
  const int64_t scratch_bytes = static_cast<int64_t>(context.workspace_bytes());
  context.fill_zero(
      {context.workspace(scratch_bytes), {scratch_bytes}, DType::u8, context.device()});
  std::vector<double> seconds;
  Moments moments(context);
  for (int64_t i = 0; i < 1 + runs; ++i) {
    moments.mark();
    for (Conv2d* convolution : convolutions) convolution->run_primitives(context);
    moments.mark();
    const double run = moments.seconds().back();
    if (i > 0) seconds.push_back(run);
  }
  return spread_of(std::move(seconds));
}

/// What the profile needs before anything is timed: a place for the trace, and the ceilings.
struct ProfileFrame {
  std::unique_ptr<AtomicFile> trace;  // null: none is wanted
  Ceilings ceilings;
};
ProfileFrame prepare_profile(const StepOptions& options, Device device) {
  ProfileFrame frame;
  frame.trace = open_output("--profile", options.trace);
  Context context(device, static_cast<int>(options.threads));
  context.set_tf32(options.tf32);
  frame.ceilings = measure_ceilings(context);
  return frame;
}

void check_for_ranks(const StepOptions& options, int ranks) {
  if (options.profile && ranks > 1)
    throw InputError(fmt::format("--profile: started on {} ranks; expected one", ranks));
  check_batch("--batch", options.batch, least_batch({}), ranks);
}

/// The collectives of a step as it runs.
CollectiveCount watch_collectives(Context& context, RandomTraining& training) {
  OperationCounter counter;
  context.set_observer(&counter);
  training.step();
  context.set_observer(nullptr);
  return count_collectives(counter.operations());
}

int step_on(Ranks& ranks, const StepOptions& options) {
  RankedSession session(ranks, [&]() -> Placement {
    check_for_ranks(options, ranks.size());
    return {.device = choice_from<DeviceSetting>(options.device),
            .threads = options.threads,
            .tf32 = options.tf32};
  });
  Context& context = session.context();
  std::optional<ProfileFrame> frame;  // before anything is said, since a refusal is one line
  ranks.agree([&] {
    if (options.profile) frame = prepare_profile(options, context.device());
  });
  if (ranks.first()) report_environment(session.choice());
  const bool alone = ranks.size() == 1;
  std::optional<PlanTable> plans;
  std::optional<RandomTraining> random;
  ranks.agree([&] {
    if (context.device() == Device::cuda) context.set_plans(&plans.emplace(machine_for_plans()));
  });
  ranks.plan(context,
             [&] { random.emplace(context, options, options.graph && !options.profile && alone); });
  RandomTraining& training = *random;
  Trainer& trainer = training.trainer();
  const size_t allocations = context.memory().allocations;  // the trainer has frozen the context

  const StepTimes step = training.steps(options.steps);
  const CollectiveCount collectives =
      alone ? CollectiveCount{} : watch_collectives(context, training);
  std::optional<StepProfile> profile;
  if (frame) profile = profile_steps(context, training, options.steps);
  const Spread convolutions =
      time_convolutions(context, trainer, std::max<int64_t>(3, options.steps / 2));
  const double images = static_cast<double>(options.batch);
  const size_t peak = context.memory().peak_bytes;
  const size_t allocated_after = context.memory().allocations - allocations;
  Link link;
  if (!alone) {
    context.thaw();
    link = measure_link(context);
  }
  if (!ranks.first()) return 0;
  std::vector<CostGroup> groups;
  if (profile) groups = group_operations(profile->operations, frame->ceilings);
  if (frame && frame->trace) {
    frame->trace->write(trace_of(*profile, frame->ceilings, device_name(context.device())).dump());
    frame->trace->commit();
  }
  if (options.json) {
    nlohmann::ordered_json line = {{"format", "lanet-bench-step/1"},
                                   {"program", program_version()},
                                   {"images_per_second", images / step.usual},
                                   {"convolutions_images_per_second", images / convolutions.median},
                                   {"step_ms", milliseconds(step)},
                                   {"peak_memory_bytes", peak},
                                   {"allocations_after_freeze", allocated_after},
                                   {"captured", trainer.captured()},
                                   {"device", to_string(context.device())},
                                   {"device_name", device_name(context.device())},
                                   {"threads", context.threads()},
                                   {"tf32", context.tf32()},
                                   {"dtype", options.dtype},
                                   {"recipe", options.recipe},
                                   {"backbone", options.backbone},
                                   {"image", options.image},
                                   {"batch", options.batch},
                                   {"ranks", ranks.size()},
                                   {"exchanged", to_json(collectives)}};
    if (!alone) line["link"] = to_json(link);
    if (profile)
      line["profile"] = {{"step_ms", 1e3 * profile->step_seconds},
                         {"outside_operations_ms", 1e3 * seconds_outside(*profile)},
                         {"ceilings", to_json(frame->ceilings)},
                         {"groups", to_json(groups)}};
    fmt::print("{}\n", line.dump());
    return 0;
  }
  fmt::print(
      "{} {} {} px batch {} {} on {}, {} threads\n"
      "step            {:8.1f} ms {} ({:.1f} to {:.1f})  {:8.2f} img/s\n"
      "its convolutions{:8.1f} ms median                     {:8.2f} img/s\n"
      "share           {:8.1f} %\n"
      "peak memory     {:8.1f} MB, {} allocations after the freeze\n",
      options.recipe, options.backbone, options.image, options.batch, options.dtype,
      to_string(context.device()), context.threads(), 1e3 * step.usual,
      context.device() == Device::cuda ? "mean" : "median", 1e3 * step.each.least, 1e3 * step.most,
      images / step.usual, 1e3 * convolutions.median, images / convolutions.median,
      100 * convolutions.median / step.usual, static_cast<double>(peak) / 1e6, allocated_after);
  if (!alone)
    fmt::print(
        "{} ranks over {}, {} images each; a step has {} collectives, {:.2f} MB, and {} gradient "
        "buckets, {:.2f} MB\n"
        "link            {}\n",
        ranks.size(), context.communicator().name(), ranks.shard().rows(options.batch),
        collectives.collectives, collectives.collective_bytes / 1e6, collectives.buckets,
        collectives.bucket_bytes / 1e6, describe(link));
  if (!profile) return 0;
  constexpr size_t kLongest = 20;
  fmt::print("\n");
  print_times(groups, seconds_outside(*profile), profile->step_seconds);
  print_longest(profile->operations, kLongest, profile->step_seconds, frame->ceilings);
  fmt::print("ceilings measured: {}\n", describe(frame->ceilings));
  return 0;
}

}  // namespace

int run_step(const StepOptions& options) {
  return run_on_ranks([&](Ranks& ranks) { return step_on(ranks, options); });
}

}  // namespace lanet::bench
