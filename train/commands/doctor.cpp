// doctor: what was built in, what it runs on, and what is wrong.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "train/commands/commands.h"
#include "train/environment.h"

namespace lanet {

using nlohmann::ordered_json;

namespace {

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
  fmt::print("; bf16 is {} than f32\n", cpu["fast_bf16"].get<bool>() ? "faster" : "slower");
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
  for (const std::string& problem : problems) fmt::print("problem     {}\n", problem);
  if (problems.empty()) fmt::print("No problems found.\n");
}

}  // namespace

int run_doctor(const DoctorOptions& options) {
  ordered_json environment = describe_environment();
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
