#include "train/ranks/launch.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <sstream>
#include <thread>

#include "core/error.h"
#include "core/ranks/monitor.h"
#include "core/standard_streams.h"
#include "train/experiment/child_processes.h"
#include "train/signal_catcher.h"

namespace lanet {

using namespace std::chrono_literals;

namespace {

/// How often the monitor and the processes are polled.
constexpr auto kTurn = 20ms;
/// How long to wait until the monitor and the ends of the processes tell why the run failed. mpirun
/// takes a second to end the other ranks.
constexpr auto kSettle = 3s;
/// How long ranks may take to end when told to.
constexpr auto kGrace = 5s;

void start_by_mpirun(ChildProcesses& processes, const LocalRanks& local,
                     const std::vector<std::string>& rank,
                     std::map<std::string, std::string> variables) {
  const std::string mpirun = find_in_path("mpirun");
  if (mpirun.empty())
    throw InputError(
        "several ranks need mpirun (Debian package openmpi-bin), which is not in PATH");
  std::vector<std::string> words = {mpirun,
                                    "-np",
                                    std::to_string(local.ranks),
                                    "--oversubscribe",
                                    "--bind-to",
                                    "none",
                                    "--quiet",
                                    "-x",
                                    kMonitorVariable};
  words.insert(words.end(), rank.begin(), rank.end());
  if (::geteuid() == 0) {
    variables.emplace("OMPI_ALLOW_RUN_AS_ROOT", "1");
    variables.emplace("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1");
  }
  processes.start("mpirun", words, variables, local.output);
}

/// CUDA's name for a GPU. If only some are visible, `gpu` counts these from 0.
std::string cuda_name(int gpu) {
  const char* visible = std::getenv("CUDA_VISIBLE_DEVICES");
  if (!visible) return std::to_string(gpu);
  std::istringstream names(visible);
  std::string name;
  for (int i = 0; i <= gpu; ++i) {
    if (!std::getline(names, name, ','))
      throw InputError(
          fmt::format("--gpus: {}: expected one of the {} that CUDA_VISIBLE_DEVICES={} leaves "
                      "visible, counted from 0",
                      gpu, i, visible));
  }
  return name;
}

void start_on_gpus(ChildProcesses& processes, const LocalRanks& local,
                   const std::vector<std::string>& rank, int port,
                   std::map<std::string, std::string> variables) {
  for (size_t i = 0; i < local.gpus.size(); ++i) {
    variables["RANK"] = variables["LOCAL_RANK"] = std::to_string(i);
    variables["WORLD_SIZE"] = variables["LOCAL_WORLD_SIZE"] = std::to_string(local.gpus.size());
    variables["MASTER_ADDR"] = "127.0.0.1";
    variables["MASTER_PORT"] = std::to_string(port);
    variables["CUDA_VISIBLE_DEVICES"] = cuda_name(local.gpus[i]);
    processes.start(fmt::format("rank {}", i), rank, variables, local.output);
  }
}

/// Waits until all ranks have ended, or one has failed, or a signal came.
void wait_for_end(ChildProcesses& processes, const RankMonitor& monitor,
                  const SignalCatcher& signals) {
  while (signals.ending() == 0 && monitor.failure().empty() && monitor.exit_code() == 0 &&
         !processes.any_failed() && !processes.all_ended()) {
    std::this_thread::sleep_for(kTurn);
    processes.update();
  }
  if (signals.ending() == 0 && processes.all_ended() && !processes.any_failed())
    monitor.wait_finished(1s);  // a rank that ends with 0 in the middle of the work has failed
}

/// Asks the ranks to write a checkpoint and end, and waits until they have done so, one fails, or a
/// second signal comes. mpirun passes SIGUSR1 on, where SIGTERM would make it kill them.
void let_them_stop(ChildProcesses& processes, const RankMonitor& monitor,
                   const SignalCatcher& signals) {
  processes.send_to_started(SIGUSR1);
  while (signals.endings() == 1 && monitor.failure().empty() && monitor.exit_code() == 0 &&
         !processes.any_failed() && !processes.all_ended()) {
    std::this_thread::sleep_for(kTurn);
    processes.update();
  }
}

/// True if a rank has reported itself what is wrong. A rank that fails before it connects to the
/// monitor does so too; if mpirun then ends the others, that is all that the monitor sees.
bool told_by_rank(const ChildProcesses& processes, const RankMonitor& monitor) {
  return monitor.exit_code() != 0 || (processes.any_ended_with(2) &&
                                      (monitor.failure().empty() || monitor.failure_unexplained()));
}

/// Waits a little until it is known why the run failed.
void settle(ChildProcesses& processes, const RankMonitor& monitor, const SignalCatcher& signals) {
  const auto deadline = std::chrono::steady_clock::now() + kSettle;
  const auto known = [&] {
    if (signals.ending() != 0 || told_by_rank(processes, monitor)) return true;
    if (monitor.failure().empty()) return false;
    return !monitor.failure_unexplained() || processes.any_failed() || processes.all_ended();
  };
  while (!known() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kTurn);
    processes.update();
  }
}

/// Why the run failed, for the user; "" if a rank has reported it.
std::string cause_of_end(const ChildProcesses& processes, const RankMonitor& monitor,
                         const SignalCatcher& signals) {
  if (signals.ending() != 0) return fmt::format("stopped by {}", signal_text(signals.ending()));
  if (told_by_rank(processes, monitor)) return "";
  const std::string failure = monitor.failure();
  return failure.empty() ? processes.describe_failed() : failure;
}

}  // namespace

int launch_ranks(const LocalRanks& local, const std::vector<std::string>& arguments,
                 const std::filesystem::path& program, const Timing& timing) {
  LANET_REQUIRE((local.ranks > 0) == local.gpus.empty(), "{} ranks and {} GPUs", local.ranks,
                local.gpus.size());
  // The link is resolved here: in mpirun it would be mpirun.
  std::vector<std::string> rank = {std::filesystem::canonical(program).string()};
  rank.insert(rank.end(), arguments.begin(), arguments.end());

  // If this process, and so the monitor, were stopped, its silence would end the ranks.
  const SignalCatcher signals(SignalCatcher::Stop::ignored);
  const int ranks = local.gpus.empty() ? local.ranks : static_cast<int>(local.gpus.size());
  // A stopped rank must not continue when it is told to end: it would report the others as failed.
  const RankMonitor monitor(ranks, "127.0.0.1", 0, timing, [&monitor](const std::string&) {
    if (const int process = monitor.silent_process(); process > 0) ::kill(process, SIGKILL);
  });
  ChildProcesses processes;
  const std::map<std::string, std::string> variables = {
      {kMonitorVariable, fmt::format("127.0.0.1:{}", monitor.port())}};
  if (local.gpus.empty())
    start_by_mpirun(processes, local, rank, variables);
  else
    start_on_gpus(processes, local, rank, monitor.port(), variables);

  wait_for_end(processes, monitor, signals);
  const int asked = signals.ending();
  if (asked != 0) let_them_stop(processes, monitor, signals);
  const bool well = signals.endings() <= 1 && processes.all_ended() && !processes.any_failed() &&
                    monitor.failure().empty() && monitor.exit_code() == 0;
  if (well) return asked == 0 ? 0 : 128 + asked;
  settle(processes, monitor, signals);
  const std::string cause = cause_of_end(processes, monitor, signals);
  const bool bad_input = cause.empty() && (monitor.exit_code() == 2 || processes.any_ended_with(2));
  if (!cause.empty()) write_error(fmt::format("lanet-cuda: {}\n", cause));
  // Ranks that the monitor has told end by themselves, and mpirun then ends those that do not. A
  // SIGTERM meanwhile would keep mpirun from doing so.
  const bool told = !monitor.failure().empty() || monitor.exit_code() != 0;
  const bool asked_once = asked != 0 && signals.endings() == 1;
  if ((told && signals.ending() == 0) || asked_once) processes.wait(kSettle);
  processes.end(signals.ending() != 0 ? signals.ending() : SIGTERM, kGrace);
  if (asked != 0) return 128 + asked;
  return bad_input ? 2 : 1;
}

}  // namespace lanet
