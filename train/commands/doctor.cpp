// doctor: what was built in, what it runs on, and what is wrong.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/cuda/memory.h"
#include "core/host_memory.h"
#include "kernels/cpu_features.h"
#include "train/commands/commands.h"
#include "train/data_report.h"
#include "train/device.h"
#include "train/dtype_choice.h"
#include "train/environment.h"
#include "train/memory_forecast.h"

namespace lanet {

using nlohmann::ordered_json;

namespace {

/// Side of the pictures whose training is timed without a configuration.
constexpr int64_t kTimedSize = 64;

/// Of a small run on the CPU, what is neither pictures nor training: code, libraries, lists.
constexpr size_t kProgramBytes = size_t{60} << 20;

std::string yes_or_no(const ordered_json& value) {
  return value.get<bool>() ? "yes" : "no";
}

void print_text(const ordered_json& e, const std::vector<std::string>& problems) {
  const auto& build = e["build"];
  fmt::print("lanet-cuda {}\n", program_version());
  fmt::print("built by    {}, for processor {}; oneDNN {}, MPI {}, WebP {}, CUDA {}\n",
             build["compiler"].get<std::string>(), build["processor"].get<std::string>(),
             yes_or_no(build["onednn"]), yes_or_no(build["mpi"]), yes_or_no(build["webp"]),
             yes_or_no(build["cuda"]));
  fmt::print("system      {}, {} threads\n", e["system"].get<std::string>(),
             e["threads"].get<int>());
  for (const auto& device : e["devices"]) {
    fmt::print("device      {}: {}, {:.1f} GB{}{}\n", device["device"].get<std::string>(),
               device["name"].get<std::string>(), device["memory_bytes"].get<double>() / 1e9,
               device.contains("capability")
                   ? ", capability " + device["capability"].get<std::string>()
                   : "",
               device.contains("free_bytes")
                   ? fmt::format(", {:.1f} GB free", device["free_bytes"].get<double>() / 1e9)
                   : "");
  }
  const auto& cpu = e["processor"];
  fmt::print("processor   AVX-512 {}, AVX512_BF16 {}, AMX {}", yes_or_no(cpu["avx512"]),
             yes_or_no(cpu["avx512_bf16"]), yes_or_no(cpu["amx_bf16"]));
  if (build["onednn"].get<bool>())
    fmt::print("; oneDNN uses {}", cpu["onednn_uses"].get<std::string>());
  fmt::print("\n");
  if (e.contains("rates")) {
    const double f32 = e["rates"]["f32"], bf16 = e["rates"]["bf16"];
    fmt::print(
        "rate        a {} at {} px: {:.0f} img/s in f32, {:.0f} in bf16, which is {:.2f} times as "
        "fast\n",
        e["rates"]["backbone"].get<std::string>(), e["rates"]["image_size"].get<int>(), f32, bf16,
        bf16 / f32);
  }
  if (build["cuda"].get<bool>()) {
    auto text = [](const ordered_json& value, const std::string& otherwise) {
      return value.is_null() ? otherwise : value.get<std::string>();
    };
    fmt::print("CUDA code   for compute capability {}\n",
               text(build["cuda_architectures"], "none"));
    fmt::print("driver      {}\n",
               e["cuda_driver"].is_null()
                   ? "none"
                   : fmt::format("{}, for CUDA {} and older",
                                 text(e["cuda_driver_release"], "unknown release"),
                                 text(e["cuda_driver"], "")));
  }
  for (const auto& library : e["libraries"])
    fmt::print("library     {} {}{}{}\n", library["name"].get<std::string>(),
               library["compiled"].get<std::string>(),
               library["loaded"].is_null() ? " (headers)"
                                           : ", loaded " + library["loaded"].get<std::string>(),
               library["oldest"].is_null()
                   ? ""
                   : fmt::format(" ({} or newer is needed)", library["oldest"].get<std::string>()));
  if (e.contains("memory")) {
    const auto bytes = [&](const char* key) {
      return fmt::format("{:.0f} MB", e["memory"][key].get<double>() / 1e6);
    };
    fmt::print(
        "memory      {} for training, {} for pictures, in all {} of {} that are free on {}\n",
        bytes("training_bytes"), bytes("picture_bytes"), bytes("total_bytes"), bytes("free_bytes"),
        e["memory"]["device"].get<std::string>());
  }
  for (const std::string& problem : problems) fmt::print("problem     {}\n", problem);
  if (problems.empty()) fmt::print("No problems found.\n");
}

/// How fast the processor trains in each type, measured now.
ordered_json rates_of(const Config& config) {
  const DTypeRates rates = measure_dtypes(config, static_cast<int>(config.train.threads));
  return {{"backbone", name_of(config.model.backbone)},
          {"image_size", config.data.image_size},
          {"f32", rates.f32},
          {"bf16", rates.bf16}};
}

/// What the training of a configuration takes, with all of its pictures on its device.
ordered_json memory_of(Config config) {
  const Device device = choose_device(config.train.device).device;
  if (config.train.dtype == DTypeSetting::automatic)
    choose_dtype(config, Context(device, static_cast<int>(config.train.threads)));
  const DataFaces faces = list_data(config);
  const size_t landmarks = faces.landmarks.landmarks.num_landmarks;
  const MemoryForecast forecast =
      forecast_memory(config, device,
                      {.train = std::count(faces.groups.begin(), faces.groups.end(), 0),
                       .pictures = std::ssize(faces.list.names),
                       .classes = faces.list.num_classes(),
                       .landmarks = static_cast<int64_t>(landmarks)});
  // The program and its libraries, which on a GPU are elsewhere.
  const size_t program = device == Device::cpu ? kProgramBytes : 0;
  return {{"device", to_string(device)},
          {"training_bytes", forecast.training},
          {"picture_bytes", forecast.pictures},
          {"total_bytes", forecast.training + forecast.pictures + program},
          {"free_bytes", device == Device::cuda ? cuda::free_bytes() : available_host_memory()}};
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  ordered_json environment = describe_environment();
  Config config;
  config.data.image_size = kTimedSize;
  if (!options.config.empty()) {
    config = load_config(options.config, options.overrides);
    environment["memory"] = memory_of(config);
  }
  if (onednn_has_bf16()) environment["rates"] = rates_of(config);
  std::vector<std::string> problems;
  for (const EnvironmentProblem& problem : environment_problems()) problems.push_back(problem.text);
  if (options.json) {
    environment["problems"] = problems;
    fmt::print("{}\n", environment.dump());
  } else {
    print_text(environment, problems);
  }
  return 0;
}

}  // namespace lanet
