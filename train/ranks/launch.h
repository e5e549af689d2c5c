// Starting the ranks of a run on this machine, watching them, and ending them together.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/ranks/channel.h"

namespace lanet {

/// What to start: so many ranks on the CPU, or one rank on each of these GPUs. They are counted
/// from 0; where CUDA_VISIBLE_DEVICES is set, among those that it names.
struct LocalRanks {
  int ranks = 0;
  std::vector<int> gpus;
  int output = -1;  ///< file descriptor that is their stdout; -1: this process's

  int count() const { return gpus.empty() ? ranks : static_cast<int>(gpus.size()); }
};

/// Runs `program` (by default this one) with `arguments` as each rank, and waits for their end.
///
/// Ranks on the CPU are started by mpirun; InputError if it is not there. Ranks on GPUs are started
/// directly, with RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT and
/// CUDA_VISIBLE_DEVICES set. All of them find the monitor, which is in this process, by
/// LANET_MONITOR.
///
/// Returns 0 if all ranks ended well. If one fails, all are ended, and no process of the run is
/// left: 2 if it ended with 2, bad input, of which it has told itself; else 1, with one line on
/// stderr that names the rank, the host and the cause, unless the rank said goodbye with 1. SIGINT,
/// SIGTERM and SIGHUP go to the ranks, and give 1. While it runs this process has no other child
/// processes: what a rank leaves behind is inherited by it and killed.
int launch_ranks(const LocalRanks& local, const std::vector<std::string>& arguments,
                 const std::filesystem::path& program = "/proc/self/exe",
                 const Timing& timing = {});

}  // namespace lanet
