#include "train/environment.h"

#include <fmt/format.h>
#include <omp.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zip.h>

#include <CLI/Version.hpp>
#include <cstdlib>
#include <fstream>

#include "core/cuda/devices.h"
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

std::vector<LibraryVersion> libraries() {
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
  for (const LibraryVersion& library : cuda_report().libraries) all.push_back(library);
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
  for (const LibraryVersion& library : libraries())
    library_list.push_back({{"name", library.name},
                            {"compiled", library.compiled},
                            {"loaded", library.loaded.empty() ? ordered_json(nullptr)
                                                              : ordered_json(library.loaded)}});
  const CudaReport cuda = cuda_report();
  ordered_json devices = {
      {{"device", "cpu"}, {"name", processor_model()}, {"memory_bytes", memory_bytes()}}};
  for (const CudaDevice& device : cuda.devices)
    devices.push_back({{"device", "cuda"},
                       {"name", device.name},
                       {"capability", device.capability},
                       {"memory_bytes", device.memory_bytes}});
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
            {"cuda", kHaveCuda}}},
          {"libraries", library_list},
          {"system", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
          {"processor",
           {{"avx512", cpu_has_avx512()},
            {"avx512_bf16", cpu_has_avx512_bf16()},
            {"amx_bf16", cpu_has_amx_bf16()},
            {"onednn_uses", onednn_info().isa},
            // AVX512_BF16 alone convolves bf16 at 0.7 of the rate of f32 (README).
            {"fast_bf16", onednn_has_bf16() && cpu_has_amx_bf16()}}},
          {"threads", omp_get_max_threads()},
          {"omp_wait_policy", wait_policy ? ordered_json(wait_policy) : ordered_json(nullptr)},
          {"cuda_driver", cuda.driver.empty() ? ordered_json(nullptr) : ordered_json(cuda.driver)},
          {"devices", devices}};
}

std::vector<std::string> environment_problems() {
  std::vector<std::string> problems;
  if (!onednn_info().built_in)
    problems.push_back(
        "Built without oneDNN: the slow reference kernels run on the CPU. Install libdnnl-dev and "
        "build again.");
  else if (!onednn_has_bf16())
    problems.push_back(
        "This processor has no AVX-512, so oneDNN has no bf16: with --dtype bf16 the slow "
        "reference kernels run. Use f32.");
  if (!kCompiledForAvx512 && cpu_has_avx512())
    problems.push_back(fmt::format(
        "Compiled for {}: the program's own loops leave this processor's AVX-512 unused. For speed "
        "build it on this machine.",
        LANET_CPU_ARCH));
  if (!kOptimized) problems.push_back("Compiled without optimisation: slow.");
  if (kSanitized) problems.push_back("Compiled with sanitizers: slow, and for tests alone.");
  for (const LibraryVersion& library : libraries()) {
    if (!library.loaded.empty() && library.loaded != library.compiled)
      problems.push_back(fmt::format("{}: compiled with {}, loaded {}.", library.name,
                                     library.compiled, library.loaded));
  }
  if (const CudaReport cuda = cuda_report(); kHaveCuda && cuda.devices.empty())
    problems.push_back(
        fmt::format("Built with CUDA, but there is no device to use ({}){}: only the CPU works.",
                    cuda.problem.empty() ? "none found" : cuda.problem,
                    cuda.driver.empty() ? " and no driver" : ""));
  return problems;
}

}  // namespace lanet
