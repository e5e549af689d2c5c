// Ranks: this process among those that train together: how it was started, and how they find each
// other, agree and end. A single process if it was not started with others (docs/distributed.md).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/ranks/communicator.h"
#include "core/ranks/link.h"
#include "core/ranks/monitor.h"
#include "train/config/config.h"
#include "train/device.h"

namespace lanet {

/// What a launcher tells a process in its environment.
struct Launch {
  enum class By {
    nobody,
    mpi,        ///< mpirun, or srun with PMIx: MPI knows the rest
    variables,  ///< RANK, WORLD_SIZE, LOCAL_RANK, LOCAL_WORLD_SIZE, MASTER_ADDR, MASTER_PORT
  };
  By by = By::nobody;
  Shard shard;  ///< by MPI the rank alone
  // Of `variables` alone.
  int local_rank = 0, local_ranks = 1;
  std::string address;  ///< of rank 0's machine
  int port = 0;         ///< torchrun's own
};
/// `variable` gives the value of an environment variable, or null. InputError if they make no
/// sense.
Launch read_launch(const std::function<const char*(const char*)>& variable);

class Ranks {
 public:
  /// Joins the processes of the launch. Throws InputError or Error. In builds with CUDA it may add
  /// a variable to the environment, so it comes before other threads.
  Ranks();
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  int size() const { return shard_.ranks; }
  /// Rank 0 reads and writes the files of the run, and prints.
  bool first() const { return shard_.rank == 0; }
  Shard shard() const { return shard_; }

  /// Threads of this process: those asked for, or its share of the machine's.
  int threads(int64_t asked) const;
  /// As device.h's choose_device(), of the GPU of this rank's number on its machine.
  DeviceChoice choose_device(DeviceSetting setting) const;
  /// From here on the context's collectives are among the ranks. All of them must call this, on
  /// devices of one kind.
  void join(Context& context);

  /// Does `work` on every rank; if it throws on some, throws Disagreement on all, with the message
  /// of the first of them. After join(), and over MPI from the start; before that it only does the
  /// work.
  void agree(const std::function<void()>& work);
  /// Throws Disagreement unless `text` is the same on every rank, when agree() works. `what`, for
  /// the message: "configuration".
  void require_same(const std::string& what, const std::string& text);
  /// Sets the value on every rank to rank 0's. After join(). A vector has the same length on all.
  void share(std::vector<int32_t>& values);
  void share(std::string& text);
  /// Does `work`, which plans convolutions on the context, on every rank, so that all of them take
  /// the same engines: rank 0 goes first, and the others then plan with the table it made. If the
  /// context has no table, every rank plans by itself. Throws as agree(), and Disagreement unless
  /// all tables are for the same library and card. After join().
  void plan(Context& context, const std::function<void()>& work);

  /// Every rank ends by one of these: in order, all together, with this exit code; for a cause that
  /// the others do not know; for bad input that this rank has reported.
  /// 128 + n after signal n, when all ranks have stopped in order, is no failure to the others.
  /// end() returns what this process has to end with: 0 then, if the process that started the ranks
  /// knows of the signal.
  int end(int exit_code);
  [[noreturn]] void fail(const std::string& cause);
  [[noreturn]] void refuse();

 private:
  void connect(const Launch& launch);
  void lost(const RankFailure& failure);

  Shard shard_;
  int local_rank_ = 0, local_ranks_ = 1;
  std::atomic<bool> mpi_ = false, ending_ = false, ended_ = false;  // read by the link's thread
  bool parent_speaks_ = false;  // the process that started us reports failures
  // The ranks talk to each other by `talk_` on `context_`: over MPI from the start, else over NCCL
  // from join() on.
  Communicator* talk_ = nullptr;
  Context* context_ = nullptr;
  std::optional<Context> host_;
  std::unique_ptr<Communicator> by_mpi_, by_nccl_;
  std::unique_ptr<RankMonitor> monitor_;  // in rank 0, if it holds it
  std::unique_ptr<RankLink> link_;
};

/// Where a command computes.
struct Placement {
  DeviceSetting device = DeviceSetting::automatic;
  int64_t threads = 0;  ///< of each rank; 0: its share of the machine's
  bool tf32 = false;
};

inline Placement placement_of(const TrainConfig& train) {
  return {.device = train.device, .threads = train.threads, .tf32 = train.tf32};
}

/// What a command needs on every rank before it computes: a context whose collectives are among the
/// ranks.
class RankedSession {
 public:
  /// `prepare` reads and checks the input before anything is created or printed, so that a refusal
  /// is one line. Throws as Ranks::agree() and Ranks::join(), and Disagreement unless all ranks run
  /// the same program on devices of one kind.
  RankedSession(Ranks& ranks, const std::function<Placement()>& prepare);

  const DeviceChoice& choice() const { return choice_; }
  Context& context() { return *context_; }

 private:
  DeviceChoice choice_;
  std::optional<Context> context_;
};

/// A refusal or failure that all ranks know: rank 0 prints it, and all end with its exit code.
class Disagreement : public Error {
 public:
  Disagreement(const std::string& message, bool bad_input) : Error(message), input(bad_input) {}
  bool input;  ///< exit code 2, else 1
};

/// Runs a command that several processes may run together: what ends it on one rank ends it on all.
/// With one process, what the command throws is rethrown.
int run_on_ranks(const std::function<int(Ranks&)>& command);

/// InputError unless the batch is a multiple of `ranks`. The message calls it `name`, and gives the
/// nearest multiple that is at least `least`.
void check_batch(const std::string& name, int64_t batch, int64_t least, int ranks);

/// InputError if this process was started as one of several: `command` runs in one.
void require_one_process(const std::string& command);

}  // namespace lanet
