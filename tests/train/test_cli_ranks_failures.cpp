// Several processes of which one is killed or stopped: how all of them end, what they say, and that
// the run goes on from what they left.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <random>
#include <sstream>
#include <thread>

#include "core/ranks/channel.h"
#include "tests/train/ranked_runs.h"

namespace lanet::test {
namespace {

using namespace ranked;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// What can be read of a file: of a process in /proc that ends meanwhile, less than all or nothing,
/// which an iterator over the stream would report by an exception.
std::string read_whole(const fs::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

/// The processes whose command line has `text` in it, by their rank; -1: none.
std::multimap<int, pid_t> processes_of(const std::string& text) {
  std::multimap<int, pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (read_whole(entry.path() / "cmdline").find(text) == std::string::npos) continue;
    const std::string environment = read_whole(entry.path() / "environ");
    const std::string variable = "OMPI_COMM_WORLD_RANK=";
    const size_t at = environment.find(variable);
    const bool is_rank = at != std::string::npos;
    found.emplace(is_rank ? std::stoi(environment.substr(at + variable.size())) : -1,
                  std::stoi(name));
  }
  return found;
}

/// Waits until `done`; false if that takes longer.
template <typename F>
bool within(std::chrono::seconds limit, F&& done) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(5ms);
  }
  return true;
}

/// The program, started in the background.
class Started {
 public:
  Started(const std::string& arguments, const std::string& err) {
    const std::string command = "exec " + program() + " " + arguments + " >/dev/null 2>" + err;
    pid_ = fork();
    REQUIRE(pid_ >= 0);
    if (pid_ > 0) return;
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  pid_t pid() const { return pid_; }
  bool ended() {
    if (!ended_) ended_ = waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
  }
  int status() const { return status_; }

 private:
  pid_t pid_;
  int status_ = 0;
  bool ended_ = false;
};

/// Trains on three ranks, sends `signal` to one of them at some moment after the first checkpoint,
/// and checks how all ends: in time, with a line that says so, with nothing left, and able to go
/// on.
void check_fault(const std::string& name, int signal, const std::string& expected) {
  std::random_device random;
  const int rank = static_cast<int>(random() % 3);
  const auto delay = std::chrono::milliseconds(random() % 1500);
  CAPTURE(rank);
  CAPTURE(delay.count());
  const std::string folder = runs().path(name), err = runs().path(name + ".err");
  const std::string arguments = runs().train(name,
                                             "--ranks 3 --set train.batch=9 "
                                             "--set train.epochs=40 --dtype f32");
  Started started(arguments, err);
  REQUIRE(
      within(120s, [&] { return started.ended() || fs::exists(folder + "/last.safetensors"); }));
  std::this_thread::sleep_for(delay);
  REQUIRE_FALSE(started.ended());
  const auto processes = processes_of(folder);
  REQUIRE(processes.count(rank) == 1);
  const pid_t victim = processes.find(rank)->second;
  REQUIRE(kill(victim, signal) == 0);
  CHECK(within(30s, [&] { return started.ended() && processes_of(folder).empty(); }));
  CHECK(WIFEXITED(started.status()));
  CHECK(WEXITSTATUS(started.status()) == 1);
  const std::string told = read_text(err);
  CAPTURE(told);
  const std::string line =
      fmt::format("lanet-cuda: rank {} on {} (process {}) {}", rank, host_name(), victim, expected);
  CHECK(told.find(line) != std::string::npos);

  // It goes on from the last checkpoint, on another number of ranks.
  const int epoch = checkpoint_info(read_checkpoint(folder + "/last.safetensors"), "last").epoch;
  CHECK(epoch >= 1);
  Started again(
      runs().train(name, "--set train.batch=9 --set train.epochs=40 --dtype f32 --resume"), err);
  CHECK(within(
      120s, [&] { return again.ended() || metrics(folder).size() > static_cast<size_t>(epoch); }));
  CHECK_FALSE(again.ended());
  kill(again.pid(), SIGKILL);
  CHECK(within(30s, [&] { return again.ended(); }));
}

}  // namespace

TEST_CASE("cli ranks: a process that ends while it is read is not an error here") {
  CHECK(read_whole("/proc").empty());  // opens, and fails when it is read
  CHECK(processes_of("lanet").size() > 0);
}

TEST_CASE("cli ranks: rank 0 holds the run, and others are refused") {
  if (skipped()) return;
  const std::string folder = runs().path("held");
  const std::string arguments = runs().train("held", "--set train.epochs=1000");
  Started started(arguments + " --ranks 2", "/dev/null");
  REQUIRE(
      within(120s, [&] { return started.ended() || fs::exists(folder + "/last.safetensors"); }));
  const auto processes = processes_of(folder);
  REQUIRE(processes.count(0) == 1);
  check_refused(arguments + " --resume",
                fmt::format("{}: process {} on {} is writing this run", folder,
                            processes.find(0)->second, host_name()));
  const Outcome two = run(arguments + " --resume --ranks 2");
  CHECK(two.code == 2);
  CHECK(two.err.find("is writing this run") != std::string::npos);
  CHECK(std::count(two.err.begin(), two.err.end(), '\n') == 1);
  CHECK_FALSE(started.ended());
  kill(started.pid(), SIGKILL);
  CHECK(within(30s, [&] { return started.ended() && processes_of(folder).empty(); }));
}

TEST_CASE("cli ranks: what four processes left one goes on with") {
  if (skipped()) return;
  const std::string folder = runs().path("four");
  {
    Started started(runs().train("four", "--ranks 4"), "/dev/null");
    REQUIRE(
        within(120s, [&] { return started.ended() || fs::exists(folder + "/last.safetensors"); }));
    kill(started.pid(), SIGKILL);
    // The ranks do not outlive who started them.
    CHECK(within(30s, [&] { return started.ended() && processes_of(folder).empty(); }));
    CHECK(WIFSIGNALED(started.status()));  // it was not done already
  }
  const int epoch = checkpoint_info(read_checkpoint(folder + "/last.safetensors"), "last").epoch;
  CHECK(epoch < 4);
  const Outcome resumed = run(runs().train("four", "--resume"));
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  check_same(folder, runs().alone());
}

TEST_CASE("cli ranks: a signal ends all after the same step, and they go on to the same run") {
  if (skipped()) return;
  const std::string settings =
      "--set method=baseline --set train.batch=4 --set train.epochs=2 "
      "--set checkpoint.every_steps=1 --dtype f32 ";
  const Outcome whole = run(runs().train("two_whole", settings + "--ranks 2"));
  CAPTURE(whole.err);
  REQUIRE(whole.code == 0);
  const std::string folder = runs().path("two"), err = runs().path("two.err");
  Started started(runs().train("two", settings + "--ranks 2"), err);
  REQUIRE(
      within(120s, [&] { return started.ended() || fs::exists(folder + "/last.safetensors"); }));
  kill(started.pid(), SIGUSR1);
  CHECK(within(60s, [&] { return started.ended() && processes_of(folder).empty(); }));
  CHECK(WIFEXITED(started.status()));
  CHECK(WEXITSTATUS(started.status()) == 128 + SIGUSR1);
  const std::string told = read_text(err);
  CAPTURE(told);
  CHECK(told.find("lanet-cuda: stopped by a signal after ") != std::string::npos);
  CHECK(checkpoint_info(read_checkpoint(folder + "/last.safetensors"), "last").steps < 10);
  const Outcome resumed = run(runs().train("two", settings + "--ranks 2 --resume"));
  CAPTURE(resumed.err);
  REQUIRE(resumed.code == 0);
  for (const char* file : {"/last.safetensors", "/best.safetensors", "/summary.json"})
    CHECK((read_text(folder + file) == read_text(runs().path("two_whole") + file)));
  CHECK(metrics(folder) == metrics(runs().path("two_whole")));
}

TEST_CASE("cli ranks: a killed process ends all, and the run goes on") {
  if (skipped()) return;
  check_fault("killed", SIGKILL, "ended unexpectedly");
}

TEST_CASE("cli ranks: a stopped process ends all, and the run goes on") {
  if (skipped()) return;
  check_fault("stopped", SIGSTOP, "has not responded for 15 s");
}

}  // namespace lanet::test
