// bench scaling: what a training step takes on many devices that need not be there, and what that
// reckoning is worth, by ranks on this machine's CPU.
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "bench/ceilings.h"
#include "bench/output_file.h"
#include "bench/scaling_check.h"
#include "bench/scaling_plot.h"
#include "bench/step.h"
#include "train/device.h"
#include "train/environment.h"
#include "train/ranks/ranks.h"

namespace lanet::bench {

namespace {

/// What a GPU's step is taken to reach of its floor's rate until somebody has measured one.
constexpr double kAssumedShare = 0.65;

Link link_of(double latency_us, double gb_per_second) {
  return {1e-6 * latency_us, 1e9 * gb_per_second};
}

struct Prediction {
  double floor_ms, step_ms;  // of one rank
  Cluster cluster;
  std::vector<ScalingPoint> weak, strong;
};

Prediction predict_both(const ScalingOptions& options, Device device) {
  Prediction p;
  p.cluster.ceilings = kH200;
  if (device == Device::cpu) {
    Context context(device, static_cast<int>(options.threads));
    p.cluster.ceilings = measure_ceilings(context);
  }
  p.floor_ms = 1e3 * floor_seconds(count_step(step_config(options), device), p.cluster.ceilings);
  p.step_ms = options.step_ms > 0 ? options.step_ms : p.floor_ms / kAssumedShare;
  p.cluster.slowdown = p.step_ms / p.floor_ms;
  p.cluster.within = link_of(options.latency, options.bandwidth);
  p.cluster.between = link_of(options.node_latency, options.node_bandwidth);
  p.cluster.ranks_per_node = static_cast<int>(options.ranks_per_node);
  p.weak = predict_scaling(Scaling::weak, options, device, p.cluster);
  p.strong = predict_scaling(Scaling::strong, options, device, p.cluster);
  return p;
}

nlohmann::ordered_json to_json(const std::vector<ScalingPoint>& points) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const ScalingPoint& p : points) {
    all.push_back({{"ranks", p.ranks},
                   {"batch", p.batch},
                   {"images_per_second", p.images_per_second()},
                   {"efficiency", efficiency(p, points.front())},
                   {"step_ms", 1e3 * p.time.seconds()},
                   {"compute_ms", 1e3 * p.time.compute},
                   {"norm_statistics_ms", 1e3 * p.time.statistics},
                   {"gather_scatter_ms", 1e3 * p.time.exchange},
                   {"exposed_buckets_ms", 1e3 * p.time.buckets},
                   {"exchanged", bench::to_json(p.count)}});
  }
  return all;
}

void print_points(const std::string& title, const std::vector<ScalingPoint>& points) {
  fmt::print("\n{}\n{:>6}{:>12}{:>12}{:>10}{:>11}{:>8}{:>10}{:>10}{:>13}{:>13}\n", title, "ranks",
             "img/s", "efficiency", "step ms", "compute", "norms", "gathers", "buckets", "blocking",
             "overlapping");
  for (const ScalingPoint& p : points) {
    auto share = [&](double seconds) { return 100 * seconds / p.time.seconds(); };
    auto sent = [](int count, double bytes) {
      return fmt::format("{} {:>6.1f} MB", count, bytes / 1e6);
    };
    fmt::print("{:>6}{:>12.0f}{:>10.1f} %{:>10.2f}{:>9.1f} %{:>6.1f} %{:>8.1f} %{:>8.1f} %",
               p.ranks, p.images_per_second(), 100 * efficiency(p, points.front()),
               1e3 * p.time.seconds(), share(p.time.compute), share(p.time.statistics),
               share(p.time.exchange), share(p.time.buckets));
    fmt::print("{:>13}{:>13}\n", sent(p.count.collectives, p.count.collective_bytes),
               sent(p.count.buckets, p.count.bucket_bytes));
  }
}

std::string title_of(const ScalingOptions& options, Device device) {
  return fmt::format("{} {} px {} on {}", options.backbone, options.image, options.dtype,
                     to_string(device));
}

void print_prediction(const ScalingOptions& options, Device device, const Prediction& p) {
  fmt::print("{}: predicted, not measured\n", title_of(options, device));
  fmt::print(
      "a step of one rank, batch {}: {:.2f} ms, {}; ceilings ({}): {}\n", options.batch, p.step_ms,
      options.step_ms > 0
          ? fmt::format("as given, {:.0f} % of its floor's rate", 100 * p.floor_ms / p.step_ms)
          : fmt::format("assumed: its floor, {:.2f} ms, at {:.0f} %", p.floor_ms,
                        100 * kAssumedShare),
      device == Device::cuda ? "H200" : "measured", describe(p.cluster.ceilings));
  fmt::print(
      "links, given, not measured: {} among the {} ranks of a machine; {} between machines\n",
      describe(p.cluster.within), p.cluster.ranks_per_node, describe(p.cluster.between));
  print_points(fmt::format("weak: {} images per rank", options.batch), p.weak);
  print_points(fmt::format("strong: {} images in all", options.batch), p.strong);
  fmt::print(
      "\nshares of the step: computing; collectives of batch norms; other collectives that block "
      "it; waiting for gradient buckets\n");
}

void check_options(const ScalingOptions& options, Device device) {
  require_one_process("bench scaling");
  if (device == Device::cuda && !options.measure.empty())
    throw InputError("--measure runs ranks on the CPU; expected --device cpu");
  if (device == Device::cpu && options.measure.empty() && options.step_ms == 0)
    throw InputError("--device cpu: expected --step-ms, or --measure");
}

}  // namespace

int run_scaling(const ScalingOptions& options) {
  const Device device = choose_device(choice_from<DeviceSetting>(options.device)).device;
  check_options(options, device);
  nlohmann::ordered_json line = {{"format", "lanet-bench-scaling/1"},
                                 {"program", program_version()},
                                 {"device", to_string(device)},
                                 {"dtype", options.dtype},
                                 {"backbone", options.backbone},
                                 {"image", options.image},
                                 {"batch", options.batch}};
  if (!options.measure.empty()) {
    line["device_name"] = device_name(device);
    const ScalingCheck check = check_scaling(options);
    if (options.json) {
      line.update(to_json(check));
      fmt::print("{}\n", line.dump());
    } else {
      fmt::print("{}, {}\n", title_of(options, device), device_name(device));
      print_check(check);
    }
    return 0;
  }
  const std::unique_ptr<AtomicFile> plot = open_output("--plot", options.plot);
  const Prediction p = predict_both(options, device);
  if (plot) {
    plot->write(scaling_plot(title_of(options, device) + ", predicted", p.weak, p.strong));
    plot->commit();
  }
  if (!options.json) {
    print_prediction(options, device, p);
    return 0;
  }
  line.update({{"step_ms", p.step_ms},
               {"step_source", options.step_ms > 0 ? "given" : "assumed"},
               {"floor_ms", p.floor_ms},
               {"ceilings", to_json(p.cluster.ceilings)},
               {"within", to_json(p.cluster.within)},
               {"between", to_json(p.cluster.between)},
               {"ranks_per_node", p.cluster.ranks_per_node},
               {"weak", to_json(p.weak)},
               {"strong", to_json(p.strong)}});
  fmt::print("{}\n", line.dump());
  return 0;
}

}  // namespace lanet::bench
