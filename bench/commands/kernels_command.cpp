// bench kernels: every operation by itself, at LA-Net's sizes or at given ones.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <regex>

#include "bench/bench.h"
#include "bench/ceilings.h"
#include "bench/commands/commands.h"
#include "train/device.h"
#include "train/environment.h"
#include "train/progress.h"

namespace lanet::bench {

namespace {

struct Item {
  std::string operation;
  Cost cost;
  bool wanted = false;
  bool measured = false;
  Spread cold = {}, warm = {};
};

/// One benchmark at one size: its operations in the order in which it hands them out.
struct Run {
  const Benchmark* benchmark;
  Sizes sizes;
  DType dtype;
  std::vector<Item> items;

  std::string size_text() const { return fmt::format("{}", fmt::join(sizes.values, "x")); }
  bool wanted() const {
    return std::any_of(items.begin(), items.end(), [](const Item& item) { return item.wanted; });
  }
};

/// What the run consists of, without running it.
void list_items(Run& run, Device device) {
  Context context(Context::CountOnly{}, device);
  run.benchmark->run(context, run.sizes, run.dtype, [&](const std::function<void()>& operation) {
    OperationCounter counter;
    context.set_observer(&counter);
    operation();
    context.set_observer(nullptr);
    LANET_REQUIRE(counter.operations().size() == 1, "{} operations announced where one is measured",
                  counter.operations().size());
    run.items.push_back({counter.operations()[0].name, counter.operations()[0].cost});
  });
}

/// "8x56x56x64" as numbers.
std::vector<int64_t> parse_sizes(const std::string& text) {
  std::vector<int64_t> values;
  const char *at = text.data(), *end = at + text.size();
  while (true) {
    values.push_back(0);
    const auto [next, error] = std::from_chars(at, end, values.back());
    if (error != std::errc() || values.back() < 0 || (next != end && *next != 'x'))
      throw InputError(fmt::format("--sizes {}: expected numbers joined by x", text));
    if (next == end) return values;
    at = next + 1;
  }
}

/// The operations of `run` at the sizes that the user gave.
Run at_sizes(const std::string& text, const Run& run, Device device) {
  const std::vector<std::string>& axes = run.benchmark->axes;
  const auto wanted = std::find_if(run.items.begin(), run.items.end(),
                                   [](const Item& item) { return item.wanted; });
  Run given{run.benchmark, {parse_sizes(text)}, run.dtype, {}};
  if (given.sizes.values.size() != axes.size())
    throw InputError(fmt::format("--sizes {}: {} numbers; expected {} ({}) for {}", text,
                                 given.sizes.values.size(), axes.size(), fmt::join(axes, " x "),
                                 wanted->operation));
  for (size_t axis = 0; axis < axes.size(); ++axis) {
    const bool may_be_zero = run.benchmark->last_may_be_zero && axis + 1 == axes.size();
    if (given.sizes[axis] == 0 && !may_be_zero)
      throw InputError(fmt::format("--sizes {}: {} is 0; expected 1 or more", text, axes[axis]));
  }
  try {
    list_items(given, device);
  } catch (const Error& error) {
    const std::string reason = error.what();  // followed by the check that failed
    throw InputError(fmt::format("--sizes {}: not valid for {}: {}", text, wanted->operation,
                                 reason.substr(0, reason.rfind(" ["))));
  }
  for (size_t i = 0; i < given.items.size(); ++i) given.items[i].wanted = run.items[i].wanted;
  return given;
}

/// Every benchmark of this device at its own sizes.
std::vector<Run> usual_runs(Device device) {
  std::vector<Run> runs;
  for (const Benchmark& benchmark : benchmarks()) {
    if (benchmark.device && *benchmark.device != device) continue;
    for (const DType dtype : benchmark.dtypes) {
      for (Sizes sizes : benchmark.sizes) {
        if (benchmark.images && device == Device::cuda) sizes.values[0] *= 16;
        runs.push_back({&benchmark, std::move(sizes), dtype, {}});
        list_items(runs.back(), device);
      }
    }
  }
  return runs;
}

/// Marks what the filter names; an InputError if that is nothing.
void apply_filter(const std::string& filter, std::vector<Run>& runs) {
  const std::regex pattern(filter);
  std::vector<std::string> names;
  bool any = false;
  for (Run& run : runs) {
    for (Item& item : run.items) {
      const std::string name =
          item.operation + (run.sizes.layer.empty() ? "" : " ") + run.sizes.layer;
      item.wanted = std::regex_search(name, pattern) || std::regex_search(item.operation, pattern);
      any |= item.wanted;
      if (std::find(names.begin(), names.end(), item.operation) == names.end())
        names.push_back(item.operation);
    }
  }
  if (!any) {
    const std::string nearest = suggestion(filter, names);
    throw InputError(fmt::format(
        "--filter '{}': no operation matches{}", filter,
        nearest.empty() ? fmt::format("; there are {}", fmt::join(names, ", ")) : nearest));
  }
  std::erase_if(runs, [](const Run& run) { return !run.wanted(); });
}

void apply_dtypes(const std::vector<std::string>& dtypes, std::vector<Run>& runs) {
  if (dtypes.empty()) return;
  const std::string operation = runs.front().items.front().operation;
  const DType its_dtype = runs.front().dtype;
  std::erase_if(runs, [&](const Run& run) {
    return std::find(dtypes.begin(), dtypes.end(), to_string(run.dtype)) == dtypes.end();
  });
  if (runs.empty())
    throw InputError(fmt::format("--dtype {}: {} is measured in {}", fmt::join(dtypes, ","),
                                 operation, its_dtype));
}

std::vector<Run> chosen_runs(const KernelsOptions& options, Device device) {
  std::vector<Run> runs = usual_runs(device);
  apply_filter(options.filter, runs);
  apply_dtypes(options.dtypes, runs);
  if (options.sizes.empty()) return runs;
  std::vector<Run> given;
  for (size_t i = 0; i < runs.size(); ++i) {
    const Run& run = runs[i];
    if (i > 0 && run.benchmark == runs[i - 1].benchmark && run.dtype == runs[i - 1].dtype) continue;
    for (const std::string& text : options.sizes) given.push_back(at_sizes(text, run, device));
  }
  return given;
}

void time_run(Context& context, Timer& timer, Run& run,
              const std::function<void(const std::string& operation)>& progress) {
  size_t next = 0;
  run.benchmark->run(context, run.sizes, run.dtype, [&](const std::function<void()>& operation) {
    Item& item = run.items.at(next++);
    if (!item.wanted) return;
    progress(item.operation);
    item.cold = timer.time(operation, Cache::cold);
    item.warm = timer.time(operation, Cache::warm);
    item.measured = true;
  });
}

void print_json(const Context& context, const std::vector<Run>& runs, const Ceilings& ceilings) {
  nlohmann::ordered_json results = nlohmann::ordered_json::array();
  for (const Run& run : runs) {
    for (const Item& item : run.items) {
      if (!item.measured) continue;
      results.push_back({{"operation", item.operation},
                         {"dtype", to_string(run.dtype)},
                         {"sizes", run.size_text()},
                         {"layer", run.sizes.layer},
                         {"launches", item.cost.launches},
                         {"bytes", item.cost.bytes},
                         {"flops", item.cost.flops},
                         {"floor_ms", 1e3 * floor_seconds(item.cost, ceilings)},
                         {"cold_ms", milliseconds(item.cold)},
                         {"warm_ms", milliseconds(item.warm)}});
    }
  }
  const nlohmann::ordered_json all = {
      {"format", "lanet-bench-kernels/1"},     {"program", program_version()},
      {"device", to_string(context.device())}, {"device_name", device_name(context.device())},
      {"threads", context.threads()},          {"tf32", context.tf32()},
      {"ceilings", to_json(ceilings)},         {"results", results}};
  fmt::print("{}\n", all.dump());
}

void print_table(const Context& context, const std::vector<Run>& runs, const Ceilings& ceilings) {
  size_t operation_width = 9, size_width = 5;
  for (const Run& run : runs) {
    for (const Item& item : run.items)
      operation_width = std::max(operation_width, item.operation.size());
    size_width = std::max(size_width, run.size_text().size());
  }
  fmt::print("{:<{}} dtype {:<{}} {:>10} {:>10} {:>10} {:>10} {:>8} {:>9} {:>8}\n", "operation",
             operation_width, "sizes", size_width, "cold ms", "p10", "p90", "warm ms", "GB/s",
             "TFLOP/s", "of floor");
  for (const Run& run : runs) {
    for (const Item& item : run.items) {
      if (!item.measured) continue;
      const double median = item.cold.median;
      fmt::print(
          "{:<{}} {:<5} {:<{}} {:>10.4f} {:>10.4f} {:>10.4f} {:>10.4f} {:>8.1f} {:>9.3f} {:>6.0f} "
          "%{}{}\n",
          item.operation, operation_width, run.dtype, run.size_text(), size_width, 1e3 * median,
          1e3 * item.cold.p10, 1e3 * item.cold.p90, 1e3 * item.warm.median,
          item.cost.bytes / median / 1e9, item.cost.flops / median / 1e12,
          100 * floor_seconds(item.cost, ceilings) / median, run.sizes.layer.empty() ? "" : "  ",
          run.sizes.layer);
    }
  }
  fmt::print(
      "{}, {} threads{}; ceilings measured: {}\n"
      "cold: the caches hold other data; the rates are for this. warm: they hold what the previous "
      "run left. of floor: the least time at the ceilings, as a share of the cold time\n",
      device_name(context.device()), context.threads(), context.tf32() ? ", TF32" : "",
      describe(ceilings));
}

}  // namespace

int run_kernels(const KernelsOptions& options) {
  const DeviceChoice choice = choose_device(choice_from<DeviceSetting>(options.device));
  std::vector<Run> runs = chosen_runs(options, choice.device);
  Context context(choice.device, static_cast<int>(options.threads));
  context.set_tf32(options.tf32);
  report_environment(choice);
  int64_t total = 0, done = 0;
  for (const Run& run : runs)
    for (const Item& item : run.items) total += item.wanted ? 1 : 0;

  Progress progress("operations", total);
  progress.message("measuring the ceilings of this device");
  const Ceilings ceilings = measure_ceilings(context);
  Timer timer(context);
  for (Run& run : runs) {
    time_run(context, timer, run, [&](const std::string& operation) {
      progress.update(done++, fmt::format("{} {}", operation, run.size_text()));
    });
  }
  progress.finish();
  options.json ? print_json(context, runs, ceilings) : print_table(context, runs, ceilings);
  return 0;
}

}  // namespace lanet::bench
