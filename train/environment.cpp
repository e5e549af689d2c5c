#include "train/environment.h"

#include <fmt/format.h>
#include <omp.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zip.h>

#include <CLI/Version.hpp>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/ranks/communicator.h"
#include "data/webp.h"
#include "kernels/cpu_features.h"
#include "version.inc"

namespace lanet {

using nlohmann::ordered_json;

namespace {

#ifdef LANET_HAVE_CUDA
constexpr bool kHaveCuda = true;
CudaReport cuda_report() {
  return describe_cuda();
}
#else
constexpr bool kHaveCuda = false;
CudaReport cuda_report() {
  return {};
}
#endif

#ifdef __OPTIMIZE__
constexpr bool kOptimized = true;
#else
constexpr bool kOptimized = false;
#endif

#ifdef __SANITIZE_ADDRESS__
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

#ifdef __AVX512F__
constexpr bool kCompiledForAvx512 = true;
#else
constexpr bool kCompiledForAvx512 = false;
#endif

std::string processor_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

int64_t memory_bytes() {
  return static_cast<int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGE_SIZE);
}

std::string version_text(int64_t major, int64_t minor, int64_t patch) {
  return fmt::format("{}.{}.{}", major, minor, patch);
}

std::vector<LibraryVersion> host_libraries() {
  std::vector<LibraryVersion> all = {
      {"fmt", version_text(FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100), ""},
      {"nlohmann-json",
       version_text(NLOHMANN_JSON_VERSION_MAJOR, NLOHMANN_JSON_VERSION_MINOR,
                    NLOHMANN_JSON_VERSION_PATCH),
       ""},
      {"CLI11", CLI11_VERSION, ""},
      {"libzip", LIBZIP_VERSION, zip_libzip_version()}};
  if (const OnednnInfo onednn = onednn_info(); onednn.built_in)
    all.push_back({"oneDNN", onednn.compiled_version, onednn.runtime_version});
  if (const MpiVersion mpi = mpi_version(); !mpi.loaded.empty())
    all.push_back({"MPI", mpi.compiled, mpi.loaded});
  return all;
}

}  // namespace

std::string program_version() {
  const std::string commit(kGitCommit);
  return fmt::format("{} ({}{})", LANET_VERSION, commit.substr(0, 12),
                     kGitDirty ? ", changed" : "");
}

ordered_json describe_environment() {
  ordered_json library_list = ordered_json::array();
  const CudaReport cuda = cuda_report();
  std::vector<LibraryVersion> libraries = host_libraries();
  libraries.insert(libraries.end(), cuda.libraries.begin(), cuda.libraries.end());
  auto text_or_null = [](const std::string& text) {
    return text.empty() ? ordered_json(nullptr) : ordered_json(text);
  };
  for (const LibraryVersion& library : libraries)
    library_list.push_back({{"name", library.name},
                            {"compiled", library.compiled},
                            {"loaded", text_or_null(library.loaded)},
                            {"oldest", text_or_null(oldest_version(library.name))}});
  ordered_json devices = {
      {{"device", "cpu"}, {"name", processor_model()}, {"memory_bytes", memory_bytes()}}};
  for (const CudaDevice& device : cuda.devices) {
    devices.push_back({{"device", "cuda"},
                       {"name", device.name},
                       {"capability", device.capability},
                       {"memory_bytes", device.memory_bytes}});
    if (&device == &cuda.devices.front()) devices.back()["free_bytes"] = cuda.free_bytes;
  }
  utsname system{};
  uname(&system);
  const char* wait_policy = std::getenv("OMP_WAIT_POLICY");
  return {{"program", {{"version", LANET_VERSION}, {"commit", kGitCommit}, {"changed", kGitDirty}}},
          {"build",
           {{"compiler", "g++ " __VERSION__},
            {"optimized", kOptimized},
            {"sanitized", kSanitized},
            {"processor", LANET_CPU_ARCH},
            {"onednn", onednn_info().built_in},
            {"mpi", !mpi_version().loaded.empty()},
            {"webp", have_webp()},
            {"cuda", kHaveCuda},
            {"cuda_architectures", text_or_null(cuda.architectures)}}},
          {"libraries", library_list},
          {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"processor",
           {{"avx512", cpu_has_avx512()},
            {"avx512_bf16", cpu_has_avx512_bf16()},
            {"amx_bf16", cpu_has_amx_bf16()},
            {"onednn_uses", onednn_info().isa}}},
          {"threads", omp_get_max_threads()},
          {"omp_wait_policy", wait_policy ? ordered_json(wait_policy) : ordered_json(nullptr)},
          {"cuda_driver", text_or_null(cuda.driver)},
          {"cuda_driver_release", text_or_null(cuda.driver_release)},
          {"devices", devices}};
}

std::vector<std::string> cuda_problems(const CudaReport& report) {
  std::vector<std::string> problems;
  for (const LibraryVersion& library : report.libraries)
    if (std::string problem = version_problem(library); !problem.empty())
      problems.push_back(std::move(problem));
  // A library that cannot be used is also why no device can be.
  if (!report.problem.empty() && problems.empty())
    problems.push_back(fmt::format("Built with CUDA, but only the CPU works: {}.", report.problem));
  if (!report.devices.empty() && std::stoi(report.devices[0].capability) < kLeastBf16Capability)
    problems.push_back(
        fmt::format("{} has compute capability {}; bf16 needs 8.0 or newer. Use f32.",
                    report.devices[0].name, report.devices[0].capability));
  return problems;
}

std::string cuda_capability() {
  const CudaReport report = cuda_report();
  LANET_REQUIRE(!report.devices.empty(), "the compute capability of {} devices",
                report.devices.size());
  return report.devices[0].capability;
}

std::string device_name(Device device) {
  if (device == Device::cpu) return processor_model();
  const CudaReport report = cuda_report();
  LANET_REQUIRE(!report.devices.empty(), "the name of {} devices", report.devices.size());
  return report.devices[0].name;
}

std::vector<EnvironmentProblem> environment_problems() {
  std::vector<EnvironmentProblem> problems;
  auto add = [&](std::string text, std::optional<Device> device = {}) {
    problems.push_back({std::move(text), device});
  };
  if (!onednn_info().built_in)
    add("Built without oneDNN: the slow reference kernels run on the CPU. Install libdnnl-dev and "
        "build again.",
        Device::cpu);
  else if (!onednn_has_bf16())
    add("This processor has no AVX-512, so oneDNN has no bf16: with --dtype bf16 the slow "
        "reference "
        "kernels run. Use f32.",
        Device::cpu);
  if (!kCompiledForAvx512 && cpu_has_avx512())
    add(fmt::format(
            "Compiled for {}: the program's own loops leave this processor's AVX-512 unused. "
            "For speed, build it on this machine.",
            LANET_CPU_ARCH),
        Device::cpu);
  if (!kOptimized) add("Compiled without optimisation: slow.");
  if (kSanitized) add("Compiled with sanitizers: slow, for tests only.");
  for (const LibraryVersion& library : host_libraries()) {
    if (!library.loaded.empty() && library.loaded != library.compiled)
      add(fmt::format("{}: compiled with {}, loaded {}.", library.name, library.compiled,
                      library.loaded));
  }
  if (kHaveCuda)
    for (const std::string& problem : cuda_problems(cuda_report())) add(problem, Device::cuda);
  return problems;
}

}  // namespace lanet
