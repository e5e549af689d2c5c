// The commands below `lanet-cuda bench`: what each is asked to do, its function, and what gives it
// to the command line. Exit codes and errors as in train/commands/commands.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace lanet {
class CommandLine;
}

namespace lanet::bench {

/// bench kernels [--filter RE] [--device D] [--dtype T,…] [--sizes AxB,…] [--threads N] [--tf32]
/// [--json]
struct KernelsOptions {
  std::string filter;               ///< regular expression on operation and layer; empty: all
  std::string device = "auto";      ///< auto, cpu, cuda
  std::vector<std::string> dtypes;  ///< empty: each that the operation is measured in
  std::vector<std::string> sizes;   ///< "8x56x56x64"; empty: LA-Net's
  int64_t threads = 0;
  bool tf32 = false;
  bool json = false;
};
int run_kernels(const KernelsOptions& options);
void add_kernels(CommandLine& line, std::function<int(const KernelsOptions&)> run);

inline constexpr int64_t kLargestBatch = 65536;

/// What a training step depends on.
struct StepSize {
  std::string recipe = "published";  ///< of LA-Net (model.recipe)
  std::string backbone = "resnet18";
  int64_t image = 224;
  int64_t batch = 32;
  std::string dtype = "f32";
};

/// bench step [--recipe R] [--backbone N] [--image S] [--batch B] [--dtype T] [--device D]
/// [--threads N]
/// [--steps N] [--tf32] [--no-graph] [--profile [FILE.json]] [--json]
/// Under mpirun, srun or torchrun: one rank of several, which share the batch
/// (train/ranks/ranks.h).
struct StepOptions : StepSize {
  int64_t steps = 10;
  std::string device = "auto";
  int64_t threads = 0;
  bool tf32 = false;
  bool graph = true;     ///< on CUDA: capture the step; never with profile
  bool profile = false;  ///< say where the time goes
  std::string trace;     ///< of a profiled step; empty: none
  bool json = false;
};
int run_step(const StepOptions& options);
void add_step(CommandLine& line, std::function<int(const StepOptions&)> run);

/// bench roofline [--recipe R] [--backbone N] [--image S] [--batch B] [--dtype T] [--device D]
/// [--threads N]
/// [--bandwidth GB/s] [--flops TFLOP/s] [--measured] [--steps N] [--json]
struct RooflineOptions : StepSize {
  RooflineOptions() : StepSize{.batch = 128, .dtype = "bf16"} {}
  std::string device = "cuda";  ///< that the step is lowered for; it need not be there
  int64_t threads = 0;
  double bandwidth = 0;   ///< in GB/s; 0: not given
  double flops = 0;       ///< of products, in TFLOP/s; 0: not given
  bool measured = false;  ///< ceilings from this machine's device
  int64_t steps = 0;      ///< to time beside the floor, on the device
  bool json = false;
};
int run_roofline(const RooflineOptions& options);
void add_roofline(CommandLine& line, std::function<int(const RooflineOptions&)> run);

/// bench scaling [--backbone N] [--image S] [--batch B] [--dtype T] [--device D] [--threads N]
/// [--step-ms X] [--latency US] [--bandwidth GB/s] [--node-latency US] [--node-bandwidth GB/s]
/// [--ranks-per-node N] [--plot FILE.svg] [--measure N,… [--steps N]] [--json]
struct ScalingOptions : StepSize {
  ScalingOptions() : StepSize{.batch = 128, .dtype = "bf16"} {}
  std::string device = "cuda";           ///< that the step is lowered for; it need not be there
  int64_t threads = 0;                   ///< of a rank that is measured; 0: one
  double step_ms = 0;                    ///< of one rank; 0: assumed
  double latency = 10, bandwidth = 300;  ///< in us and GB/s: NVLink
  double node_latency = 20, node_bandwidth = 45;  ///< between machines: InfiniBand of 400 Gb/s
  int64_t ranks_per_node = 8;
  std::string plot;          ///< empty: none
  std::vector<int> measure;  ///< ranks to run on this machine; empty: nothing is measured
  int64_t steps = 10;        ///< to time of each
  bool json = false;
};
int run_scaling(const ScalingOptions& options);
void add_scaling(CommandLine& line, std::function<int(const ScalingOptions&)> run);

/// bench compare BEFORE.json AFTER.json
struct CompareOptions {
  std::string before, after;
};
int run_compare(const CompareOptions& options);
void add_compare(CommandLine& line, std::function<int(const CompareOptions&)> run);

}  // namespace lanet::bench
