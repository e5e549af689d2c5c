// Starting the ranks of a run on this machine, watching them, and ending them together.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/ranks/channel.h"

namespace lanet {

/// What to start: a number of ranks on the CPU, or one rank on each of these GPUs. They are counted
/// from 0; if CUDA_VISIBLE_DEVICES is set, among those that it names.
struct LocalRanks {
  int ranks = 0;
  std::vector<int> gpus;
  int output = -1;  ///< file descriptor that is their stdout; -1: this process's

  int count() const { return gpus.empty() ? ranks : static_cast<int>(gpus.size()); }
};

/// Runs `program` (by default this one) with `arguments` as each rank, and waits until they end.
///
/// Ranks on the CPU are started by mpirun; InputError if it is not installed. Ranks on GPUs are
/// started directly, with RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT
/// and CUDA_VISIBLE_DEVICES set. LANET_MONITOR tells all of them where the monitor is, which runs
/// in this process.
///
/// Returns 0 if all ranks succeed. If one fails, all are ended, and no process of the run is left.
/// The result is then 2 if the rank ended with 2, for bad input that it has reported itself; else
/// 1, with one line on stderr that names the rank, the host and the cause, unless the rank said
/// goodbye with 1. SIGINT, SIGTERM and SIGHUP are passed to the ranks, and the result is 1. This
/// process must have no other child processes meanwhile: it adopts what a rank leaves behind, and
/// kills it.
int launch_ranks(const LocalRanks& local, const std::vector<std::string>& arguments,
                 const std::filesystem::path& program = "/proc/self/exe",
                 const Timing& timing = {});

}  // namespace lanet
