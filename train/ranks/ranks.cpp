#include "train/ranks/ranks.h"

#include "core/standard_streams.h"

#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "core/cuda/devices.h"
#include "core/files/path_error.h"
#include "core/plan_table.h"
#include "core/printable.h"
#include "train/environment.h"

namespace lanet {

namespace {

/// How long a rank waits for the others to hear why it ends before it ends them.
constexpr std::chrono::seconds kLastWords{1};

/// How often a rank that was told to end looks whether it has.
constexpr std::chrono::milliseconds kLook{20};

int integer_of(const char* name, const char* text, int least, int most) {
  int value = 0;
  const std::string_view view = text ? text : "";
  const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size() || value < least || value > most)
    throw InputError(fmt::format("environment: {}={}; expected a number from {} to {}", name,
                                 text ? text : "(not set)", least, most));
  return value;
}

}  // namespace

Launch read_launch(const std::function<const char*(const char*)>& variable) {
  constexpr int kMost = 1 << 20;
  // torchrun, and we ourselves, may have been started by what speaks to MPI.
  const bool by_torchrun = variable("TORCHELASTIC_RUN_ID");
  const bool by_ourselves = variable(kMonitorVariable) && variable("LOCAL_WORLD_SIZE");
  // Open MPI's mpirun; PMIx and PMI, which srun speaks.
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* rank = variable(name); rank && !by_torchrun && !by_ourselves)
      return {.by = Launch::By::mpi, .shard = {.rank = integer_of(name, rank, 0, kMost)}};
  if (variable("RANK") && variable("WORLD_SIZE")) {
    Launch launch{.by = Launch::By::variables};
    launch.shard.ranks = integer_of("WORLD_SIZE", variable("WORLD_SIZE"), 1, kMost);
    launch.shard.rank = integer_of("RANK", variable("RANK"), 0, launch.shard.ranks - 1);
    if (launch.shard.ranks == 1 && !variable(kMonitorVariable)) return {};
    launch.local_ranks = integer_of("LOCAL_WORLD_SIZE", variable("LOCAL_WORLD_SIZE"), 1, kMost);
    launch.local_rank = integer_of("LOCAL_RANK", variable("LOCAL_RANK"), 0, launch.local_ranks - 1);
    launch.port = integer_of("MASTER_PORT", variable("MASTER_PORT"), 1, 65534);
    launch.address = variable("MASTER_ADDR") ? variable("MASTER_ADDR") : "";
    if (launch.address.empty())
      throw InputError("environment: MASTER_ADDR=; expected the name of rank 0's machine");
    return launch;
  }
  if (const char* tasks = variable("SLURM_STEP_NUM_TASKS"); tasks && std::string(tasks) != "1")
    throw InputError(
        fmt::format("srun started {} tasks without telling MPI; expected srun --mpi=pmix", tasks));
  return {};
}

Ranks::Ranks() {
#ifdef LANET_HAVE_CUDA
  cuda::order_nccl_launches();
#endif
  const Launch launch = read_launch([](const char* name) { return std::getenv(name); });
  if (launch.by == Launch::By::nobody) return;
  shard_ = launch.shard;
  // First, so that whatever happens to this process from here on is noticed.
  if (std::getenv(kMonitorVariable)) connect(launch);
  if (launch.by == Launch::By::mpi) {
    by_mpi_ = start_mpi();
    mpi_ = true;
    shard_ = by_mpi_->shard();
    host_.emplace(Device::cpu);
    if (size() > 1) {
      talk_ = by_mpi_.get();
      context_ = &*host_;
    }
    const std::vector<std::string> hosts = by_mpi_->gather_text(*host_, host_name());
    local_ranks_ = static_cast<int>(std::count(hosts.begin(), hosts.end(), host_name()));
    local_rank_ =
        static_cast<int>(std::count(hosts.begin(), hosts.begin() + shard_.rank, host_name()));
  } else {
    local_rank_ = launch.local_rank;
    local_ranks_ = launch.local_ranks;
  }
  if (shard_.ranks > 1 && !link_) connect(launch);
}

Ranks::~Ranks() = default;

void Ranks::connect(const Launch& launch) {
  MonitorAddress place{launch.address, launch.port + 1};
  std::string holder = "the program that started the ranks";
  if (const char* given = std::getenv(kMonitorVariable)) {
    place = parse_monitor_address(given);
    parent_speaks_ = true;
  } else {
    // Rank 0 watches; torchrun's store has MASTER_PORT itself.
    if (first()) {
      monitor_ = std::make_unique<RankMonitor>(
          size(), "0.0.0.0", mpi_ ? 0 : place.port, Timing{},
          [](const std::string& line) { write_error(fmt::format("lanet-cuda: {}\n", line)); });
    }
    if (mpi_) {
      const std::string told =
          first() ? fmt::format("{}:{}", host_name(), monitor_->port()) : std::string();
      place = parse_monitor_address(talk_->gather_text(*context_, told)[0]);
    }
    holder = "rank 0 on " + place.address;
    if (place.address == host_name()) place.address = "127.0.0.1";
  }
  link_ = std::make_unique<RankLink>(place.address, place.port, shard_.rank, holder, Timing{},
                                     [this](const RankFailure& failure) { lost(failure); });
}

// Called by the link's thread. The main thread may hang in a collective forever, so this ends the
// process, unless the main thread does so first. A rank that knows more has a moment to report it.
void Ranks::lost(const RankFailure& failure) {
  // The monitor reports what happened to a rank. If it is gone, and rank 0 with it, rank 1 does.
  if (failure.monitor_lost && !parent_speaks_ && shard_.rank == 1)
    write_error(fmt::format("lanet-cuda: {}\n", failure.line));
  const auto told = std::chrono::steady_clock::now();
  // Leaving MPI takes all ranks, and on a busy machine seconds; it never ends if one of them is
  // dead.
  while (std::chrono::steady_clock::now() - told < (ending_ ? Timing{}.silence : kLastWords)) {
    if (ended_) return;
    std::this_thread::sleep_for(kLook);
  }
  if (mpi_) abort_mpi(1);
  std::_Exit(1);
}

int Ranks::threads(int64_t asked) const {
  if (asked > 0 || size() == 1) return static_cast<int>(asked);
  // A launcher may have bound this process to some processors already.
  const int processors = omp_get_num_procs();
  const int machine = static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
  return std::clamp(machine / local_ranks_, 1, processors);
}

DeviceChoice Ranks::choose_device(DeviceSetting setting) const {
#ifdef LANET_HAVE_CUDA
  // First: whether a GPU works is tried on it.
  if (const int count = setting == DeviceSetting::cpu || size() == 1 ? 0 : cuda::device_count();
      count > 0)
    cuda::select_device(local_rank_ % count);
#endif
  return lanet::choose_device(setting);
}

void Ranks::join(Context& context) {
  if (size() == 1) return;
#ifdef LANET_HAVE_CUDA
  if (context.device() == Device::cuda) {
    const auto failed = [this](const std::string& cause) { fail(cause); };
    if (!mpi_) {
      by_nccl_ = cuda::make_nccl_communicator(
          context, shard_, [this](const std::string& id) { return link_->share(id); }, failed);
      talk_ = by_nccl_.get();
      context_ = &context;
    } else {
      // Two ranks may share a card, to try things: by MPI. NCCL would not have that.
      const std::string card = fmt::format("{} {}", host_name(), cuda::device_bus_id());
      std::vector<std::string> cards = talk_->gather_text(*context_, card);
      std::sort(cards.begin(), cards.end());
      if (std::adjacent_find(cards.begin(), cards.end()) == cards.end())
        by_nccl_ = cuda::make_nccl_communicator(
            context, shard_,
            [this](const std::string& id) { return talk_->gather_text(*context_, id)[0]; }, failed);
    }
  }
#endif
  if (!talk_)
    throw InputError(
        "train.device: cpu; several processes on CPUs are started by mpirun (--ranks), not by "
        "torchrun or --gpus");
  context.set_communicator(by_nccl_ ? by_nccl_.get() : by_mpi_.get());
}

void Ranks::agree(const std::function<void()>& work) {
  if (!talk_) return work();
  // "2": bad input, "1": a failure; then the message; in a line of its own the host.
  std::string told;
  try {
    work();
  } catch (const InputError& error) {
    told = fmt::format("2{}\n{}", error.what(), host_name());
  } catch (const std::exception& error) {
    told = fmt::format("1{}\n{}", error.what(), host_name());
  }
  const std::vector<std::string> all = talk_->gather_text(*context_, told);
  for (int r = 0; r < size(); ++r) {
    if (all[r].empty()) continue;
    const size_t end = all[r].rfind('\n');
    const std::string message = all[r].substr(1, end - 1), host = all[r].substr(end + 1);
    throw Disagreement(r == 0 ? message : fmt::format("rank {} on {}: {}", r, host, message),
                       all[r][0] == '2');
  }
}

void Ranks::require_same(const std::string& what, const std::string& text) {
  if (!talk_) return;
  const std::vector<std::string> all =
      talk_->gather_text(*context_, fmt::format("{}\n{}", text, host_name()));
  auto of = [&](int r) { return all[r].substr(0, all[r].rfind('\n')); };
  for (int r = 1; r < size(); ++r) {
    if (of(r) != of(0))
      throw Disagreement(
          fmt::format("rank {} on {}: its {} differs from rank 0's; all ranks need the same", r,
                      all[r].substr(all[r].rfind('\n') + 1), what),
          /*bad_input=*/true);
  }
}

void Ranks::share(std::vector<int32_t>& values) {
  if (size() == 1) return;
  const Thawed thawed(*context_);
  Tensor tensor;
  const Buffer memory =
      allocate_tensors(*context_, {{&tensor, {static_cast<int64_t>(values.size())}, DType::i32}});
  upload(*context_, tensor, values);
  talk_->broadcast(*context_, tensor);
  context_->copy({values.data(), tensor.shape, DType::i32, Device::cpu}, tensor);
  context_->synchronize();
}

void Ranks::share(std::string& text) {
  std::vector<int32_t> length{static_cast<int32_t>(text.size())};
  share(length);
  text.resize(length[0]);
  std::vector<int32_t> words(length[0] / sizeof(int32_t) + 1);
  std::memcpy(words.data(), text.data(), text.size());
  share(words);
  std::memcpy(text.data(), words.data(), text.size());
}

void Ranks::plan(Context& context, const std::function<void()>& work) {
  PlanTable* table = context.plans();
  if (!table || size() == 1) return agree(work);
  require_same("combination of cuDNN and GPU", table->machine());
  // The others wait here while rank 0 times engines, and go on telling the monitor that they live.
  agree([&] {
    if (first()) work();
  });
  std::string text = first() ? table->text() : "";
  share(text);
  agree([&] {
    if (first()) return;
    *table = PlanTable::parse(text, "the plans of rank 0", table->machine());
    table->seconds_left = 0;  // what it lacks is not timed here either
    work();
  });
}

int Ranks::end(int exit_code) {
  ending_ = true;
  by_nccl_.reset();
  if (mpi_) end_mpi();
  mpi_ = false;
  ended_ = true;
  const bool stopped = exit_code > 128;
  if (link_) link_->goodbye(stopped ? 0 : exit_code);  // last: nobody watches this rank any more
  if (monitor_) monitor_->wait_finished(Timing{}.silence);
  return stopped && parent_speaks_ ? 0 : exit_code;
}

void Ranks::fail(const std::string& cause) {
  if (link_)
    link_->tell(cause);
  else
    write_error(fmt::format("lanet-cuda: rank {} on {}: {}\n", shard_.rank, host_name(), cause));
  std::this_thread::sleep_for(kLastWords);
  if (mpi_) abort_mpi(1);
  std::_Exit(1);
}

void Ranks::refuse() {
  if (link_) link_->goodbye(2);
  if (mpi_) abort_mpi(2);
  std::this_thread::sleep_for(kLastWords);  // rank 0 may hold the monitor, which tells the others
  std::_Exit(2);
}

RankedSession::RankedSession(Ranks& ranks, const std::function<Placement()>& prepare) {
  Placement placement;
  ranks.agree([&] {
    placement = prepare();
    choice_ = ranks.choose_device(placement.device);
  });
  const auto require_same_program = [&] {
    ranks.require_same("program", program_version());
    ranks.require_same("device", std::string(to_string(choice_.device)));
  };
  require_same_program();  // over MPI, where join() needs it
  context_.emplace(choice_.device, ranks.threads(placement.threads));
  context_->set_tf32(placement.tf32);
  ranks.join(*context_);
  require_same_program();  // where ranks can only compare from here on
}

namespace {

/// Ends this rank for what it, or each for itself, has found wrong with the input.
[[noreturn]] void refuse(Ranks& ranks, const std::string& why) {
  const std::string who =
      ranks.first() ? "" : fmt::format("rank {} on {}: ", ranks.shard().rank, host_name());
  write_error(fmt::format("lanet-cuda: {}{}\n", who, escaped(why)));
  ranks.refuse();
}

/// What the exception that is being handled ends the ranks with.
int end_of_all(Ranks& ranks) {
  try {
    throw;
  } catch (const Disagreement& error) {
    if (ranks.first()) write_error(fmt::format("lanet-cuda: {}\n", escaped(error.what())));
    return ranks.end(error.input ? 2 : 1);
  } catch (const InputError& error) {
    refuse(ranks, error.what());
  } catch (const std::filesystem::filesystem_error& error) {
    if (is_failed_disk(error)) ranks.fail(path_error(error));
    refuse(ranks, path_error(error));
  } catch (const std::exception& error) {
    ranks.fail(error.what());
  }
}

}  // namespace

int run_on_ranks(const std::function<int(Ranks&)>& command) {
  Ranks ranks;
  int code = 0;
  try {
    code = command(ranks);
  } catch (...) {
    if (ranks.size() > 1) return end_of_all(ranks);
    ranks.end(0);  // whoever catches it tells, and ends with its code
    throw;
  }
  return ranks.end(code);
}

void check_batch(const std::string& name, int64_t batch, int64_t least, int ranks) {
  const int64_t rest = batch % ranks, below = batch - rest, above = below + ranks;
  if (rest == 0) return;
  const bool nearer_below = below >= least && rest <= ranks - rest;
  throw InputError(fmt::format("{}: {}; expected a multiple of the {} ranks, such as {}", name,
                               batch, ranks, nearer_below ? below : above));
}

void require_one_process(const std::string& command) {
  const Launch launch = read_launch([](const char* name) { return std::getenv(name); });
  const char* size = std::getenv("OMPI_COMM_WORLD_SIZE");
  const bool several =
      launch.by == Launch::By::mpi ? size && std::string(size) != "1" : launch.shard.ranks > 1;
  if (several)
    throw InputError(
        fmt::format("{}: started as one of several processes; expected a single one", command));
}

}  // namespace lanet
