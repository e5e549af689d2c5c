// Ranks that are started on this machine: how a run ends for each way in which a rank can end, what
// is said, and that no process is left. Each rank is this program, which runs the case at the end.
#include "train/ranks/launch.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>

#include "core/files/file.h"
#include "core/ranks/link.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

using namespace std::chrono_literals;

constexpr int kRanks = 3;
constexpr const char* kBehaviour = "LANET_TEST_BEHAVIOUR";
constexpr const char* kFolder = "LANET_TEST_FOLDER";
constexpr auto kLimit = 60s;

const Timing kTiming{.beat = 50ms, .silence = 2s, .connect = 60s};

/// What a rank is. Rank 1 behaves as it is told, the others work until the run is over.
[[noreturn]] void be_rank(const std::string& behaviour, const std::filesystem::path& folder) {
  ::signal(SIGTERM, SIG_DFL);  // doctest's handlers have much to say
  ::signal(SIGINT, SIG_DFL);
  const char* mpi_rank = std::getenv("OMPI_COMM_WORLD_RANK");
  const int rank = std::atoi(mpi_rank ? mpi_rank : std::getenv("RANK"));
  if (rank == 1 && behaviour == "bad input before it comes") {
    std::this_thread::sleep_for(200ms);
    fmt::print(stderr, "no such file\n");
    ::_exit(2);
  }
  const MonitorAddress at = parse_monitor_address(std::getenv(kMonitorVariable));
  RankLink link(at.address, at.port, rank, "the launcher", kTiming,
                [](const RankFailure&) { ::_exit(1); });
  // Renamed, so that who sees it finds the number in it.
  const auto file = folder / std::to_string(rank);
  write_text(file, std::to_string(::getpid()));
  if (behaviour == "well") {
    link.goodbye();
    ::_exit(0);
  }
  if (behaviour == "stops when asked") {
    static volatile sig_atomic_t asked = 0;
    ::signal(SIGUSR1, [](int) { asked = 1; });
    write_text(folder / fmt::format("ready{}", rank), "");
    while (!asked) std::this_thread::sleep_for(5ms);
    link.goodbye();
    ::_exit(0);
  }
  while (rank != 1) std::this_thread::sleep_for(1s);
  for (const char* other : {"0", "2"}) {
    while (!std::filesystem::exists(folder / other)) std::this_thread::sleep_for(5ms);
  }
  if (behaviour == "killed") ::kill(::getpid(), SIGKILL);
  if (behaviour == "stopped") ::kill(::getpid(), SIGSTOP);
  if (behaviour == "bad input") {
    fmt::print(stderr, "no such file\n");
    link.goodbye(2);
    ::_exit(2);
  }
  if (behaviour == "bad input of all") {
    fmt::print(stderr, "no such file\n");
    link.goodbye();
    ::_exit(2);
  }
  if (behaviour == "failed") {
    link.tell("no memory");
    ::_exit(1);
  }
  if (behaviour == "left") ::_exit(0);
  while (true) std::this_thread::sleep_for(1s);
}

/// stderr in a file, of this process and those that it starts.
class CapturedErrors {
 public:
  explicit CapturedErrors(const std::filesystem::path& file)
      : file_(file), before_(::dup(STDERR_FILENO)) {
    const int to = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
    ::dup2(to, STDERR_FILENO);
    ::close(to);
  }
  ~CapturedErrors() { restore(); }
  CapturedErrors(const CapturedErrors&) = delete;
  CapturedErrors& operator=(const CapturedErrors&) = delete;

  std::string text() {
    restore();
    return read_text(file_);
  }

 private:
  void restore() {
    if (before_ < 0) return;
    std::fflush(stderr);
    ::dup2(before_, STDERR_FILENO);
    ::close(std::exchange(before_, -1));
  }

  std::filesystem::path file_;
  int before_;
};

/// A variable of the environment, for the life of the object; null: not set.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~Variable() { set(before_ ? before_->c_str() : nullptr); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  void set(const char* value) {
    if (value)
      ::setenv(name_, value, 1);
    else
      ::unsetenv(name_);
  }

  const char* name_;
  std::optional<std::string> before_;
};

const LocalRanks kByMpirun{.ranks = kRanks};
const LocalRanks kOnGpus{.gpus = {0, 1, 2}};

int launch(const LocalRanks& local, const std::string& behaviour,
           const std::filesystem::path& folder) {
  const Variable behave(kBehaviour, behaviour.c_str()), in(kFolder, folder.c_str());
  const Variable visible("CUDA_VISIBLE_DEVICES", nullptr);
  return launch_ranks(
      local, {"--no-skip=true", "--no-intro=true", "--test-case=launch: a rank of the other cases"},
      "/proc/self/exe", kTiming);
}

/// The ranks that came, by their files.
std::vector<pid_t> processes_in(const std::filesystem::path& folder) {
  std::vector<pid_t> processes;
  for (const char* name : {"0", "1", "2"}) {
    if (std::filesystem::exists(folder / name))
      processes.push_back(std::stoi(read_text(folder / name)));
  }
  return processes;
}

bool any_alive(const std::vector<pid_t>& processes) {
  return std::any_of(processes.begin(), processes.end(),
                     [](pid_t process) { return ::kill(process, 0) == 0; });
}

/// The exit code of a run and what was said; no process of it is left.
struct Ended {
  int code;
  std::string errors;
  std::string rank1;  // as messages name it
};

Ended run_ranks(const LocalRanks& local, const std::string& behaviour) {
  const TemporaryFolder folder;
  CapturedErrors errors(folder.path() / "errors");
  const int code = launch(local, behaviour, folder.path());
  const std::string text = errors.text();
  const std::vector<pid_t> processes = processes_in(folder.path());
  CHECK_FALSE(any_alive(processes));
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // nor is one to be waited for
  const bool came = std::filesystem::exists(folder.path() / "1");
  return {
      code, text,
      came ? fmt::format("rank 1 on {} (process {})", host_name(), read_text(folder.path() / "1"))
           : ""};
}

bool have_mpirun() {
  const bool found = std::system("command -v mpirun > /dev/null") == 0;
  if (!found) MESSAGE("SKIPPED: there is no mpirun");
  return found;
}

std::vector<LocalRanks> kinds_of_ranks() {
  std::vector<LocalRanks> all = {kOnGpus};
  if (have_mpirun()) all.push_back(kByMpirun);
  return all;
}

}  // namespace

TEST_CASE("launch: ranks that end well") {
  for (const LocalRanks& local : kinds_of_ranks()) {
    const Ended ended = run_ranks(local, "well");
    CHECK(ended.code == 0);
    CHECK(ended.errors == "");
  }
}

TEST_CASE("launch: bad input is told by the rank alone, and gives 2") {
  for (const LocalRanks& local : kinds_of_ranks()) {
    for (const char* behaviour : {"bad input", "bad input of all", "bad input before it comes"}) {
      CAPTURE(behaviour);
      const Ended ended = run_ranks(local, behaviour);
      CHECK(ended.code == 2);
      CHECK(ended.errors == "no such file\n");
    }
  }
}

TEST_CASE("launch: a rank that fails is named in one line, and gives 1") {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"killed", " ended unexpectedly: it was killed or crashed"},
      {"left", " ended unexpectedly: it was killed or crashed"},
      {"stopped", " has not responded for 2 s: it is stopped, or its machine cannot be reached"},
      {"failed", ": no memory"}};
  for (const LocalRanks& local : kinds_of_ranks()) {
    for (const auto& [behaviour, cause] : cases) {
      CAPTURE(behaviour);
      const Ended ended = run_ranks(local, behaviour);
      CHECK(ended.code == 1);
      CHECK(ended.errors == fmt::format("lanet-cuda: {}{}\n", ended.rank1, cause));
    }
  }
}

TEST_CASE("launch: ranks end when the launcher is interrupted or killed") {
  for (const LocalRanks& local : kinds_of_ranks()) {
    for (const int signal : {SIGINT, SIGTERM, SIGKILL}) {
      CAPTURE(signal);
      const TemporaryFolder folder;
      CapturedErrors errors(folder.path() / "errors");
      const pid_t launcher = ::fork();
      if (launcher == 0) ::_exit(launch(local, "work", folder.path()));
      const auto deadline = std::chrono::steady_clock::now() + kLimit;
      std::vector<pid_t> processes;
      while (processes.size() < kRanks && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(10ms);
        processes = processes_in(folder.path());
      }
      ::kill(launcher, signal);
      int status = 0;
      ::waitpid(launcher, &status, 0);
      while (signal == SIGKILL && any_alive(processes) &&
             std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(10ms);
      const std::string text = errors.text();
      CHECK(processes.size() == kRanks);
      CHECK_FALSE(any_alive(processes));
      if (signal == SIGKILL) continue;
      CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 128 + signal));
      CHECK(text == fmt::format("lanet-cuda: stopped by signal {} ({})\n", signal,
                                signal == SIGINT ? "Interrupt" : "Terminated"));
    }
  }
}

TEST_CASE(
    "launch: ranks that stop in order when the launcher is told to say what there is to say") {
  for (const LocalRanks& local : kinds_of_ranks()) {
    const TemporaryFolder folder;
    CapturedErrors errors(folder.path() / "errors");
    const pid_t launcher = ::fork();
    if (launcher == 0) ::_exit(launch(local, "stops when asked", folder.path()));
    const auto deadline = std::chrono::steady_clock::now() + kLimit;
    auto ready = [&] {
      bool all = true;
      for (const char* file : {"ready0", "ready1", "ready2"})
        all = all && std::filesystem::exists(folder.path() / file);
      return all;
    };
    while (!ready() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(10ms);
    ::kill(launcher, SIGTERM);
    int status = 0;
    ::waitpid(launcher, &status, 0);
    CHECK(errors.text() == "");
    CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGTERM));
  }
}

TEST_CASE("launch: a program that cannot run is named") {
  const TemporaryFolder folder;
  const auto script = folder.write("script", "#!/bin/sh\nexit 7\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  const Variable visible("CUDA_VISIBLE_DEVICES", nullptr);
  CapturedErrors errors(folder.path() / "errors");
  const int code = launch_ranks({.gpus = {0}}, {}, script, kTiming);
  const std::string text = errors.text();
  CHECK(code == 1);
  CHECK(text.starts_with("lanet-cuda: rank 0 (process "));
  CHECK(text.ends_with(") ended with exit code 7\n"));
}

TEST_CASE("launch: ranks on GPUs know who they are") {
  for (const bool some_visible : {false, true}) {
    const TemporaryFolder folder;
    const auto script = folder.write(
        "script", fmt::format("#!/bin/sh\necho $RANK $WORLD_SIZE $LOCAL_RANK $LOCAL_WORLD_SIZE "
                              "$MASTER_ADDR:$MASTER_PORT $LANET_MONITOR $CUDA_VISIBLE_DEVICES $@ > "
                              "{}/out.$RANK\n",
                              folder.path().string()));
    std::filesystem::permissions(script, std::filesystem::perms::owner_all);
    const Variable visible("CUDA_VISIBLE_DEVICES", some_visible ? "7,GPU-4,6,9" : nullptr);
    CHECK(launch_ranks({.gpus = {3, 1}}, {"a", "b"}, script, kTiming) == 0);
    for (int rank = 0; rank < 2; ++rank) {
      std::istringstream words(read_text(folder.path() / fmt::format("out.{}", rank)));
      std::vector<std::string> all((std::istream_iterator<std::string>(words)), {});
      REQUIRE(all.size() == 9);
      CHECK(all[4] == all[5]);
      CHECK(parse_monitor_address(all[5]).address == "127.0.0.1");
      all.erase(all.begin() + 4, all.begin() + 6);
      const std::string gpu = some_visible ? (rank == 0 ? "9" : "GPU-4") : (rank == 0 ? "3" : "1");
      const std::string number = std::to_string(rank);
      CHECK(all == std::vector<std::string>{number, "2", number, "2", gpu, "a", "b"});
    }
  }
}

TEST_CASE("launch: a GPU that is not visible is refused in one line") {
  const Variable visible("CUDA_VISIBLE_DEVICES", "4,5");
  CHECK(input_error([] {
          launch_ranks({.gpus = {0, 2}}, {}, "/bin/true", kTiming);
        }) ==
        "--gpus: 2: expected one of the 2 that CUDA_VISIBLE_DEVICES=4,5 leaves visible, counted "
        "from 0");
  CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);
}

TEST_CASE("launch: --ranks without mpirun is refused in one line") {
  const Variable path("PATH", "/nowhere");
  CHECK(input_error([] { launch_ranks(kByMpirun, {}); }) ==
        "several ranks need mpirun (Debian package openmpi-bin), which is not in PATH");
}

TEST_CASE("launch: a rank of the other cases" * doctest::skip()) {
  if (const char* behaviour = std::getenv(kBehaviour)) be_rank(behaviour, std::getenv(kFolder));
}

}  // namespace lanet::test
