// An experiment as a user has it: a grid of trainings that is run, killed, paused, taken up again,
// and recorded.
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "tests/program.h"
#include "tests/train/run_metrics.h"
#include "train/run_lock.h"

namespace lanet::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

/// A drawn data set and plans on it; made once for all tests of this file.
class Grid {
 public:
  Grid() {
    REQUIRE(run("synth --out " + path("faces") + " --train 20 --test 8 --size 64").code == 0);
    folder_.write("faces.json", R"({
        "method": "baseline",
        "data": {"root": "faces", "image_size": 64},
        "model": {"neighbours": 4, "bank": 20},
        "train": {"batch": 10, "epochs": 2}})");
    folder_.write("plan.json", R"({
        "config": "faces.json",
        "conditions": [{"name": "noise-0.0"},
                       {"name": "noise-0.3", "set": {"data.noise.rate": 0.3}}],
        "settings": [{"name": "slow"}, {"name": "fast", "set": {"train.learning_rate": 0.01}}],
        "seeds": [1]})");
    folder_.write("long.json", R"({
        "config": "faces.json", "set": {"train.epochs": 1000},
        "settings": [{"name": "slow"}, {"name": "fast", "set": {"train.learning_rate": 0.01}}],
        "seeds": [1]})");
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  const TemporaryFolder& folder() const { return folder_; }
  /// The arguments of an experiment whose runs lie in `runs`.
  std::string experiment(const std::string& plan, const std::string& runs,
                         const std::string& more = "") const {
    return "experiment " + path(plan) + " --runs " + path(runs) + " " + more;
  }
  /// Where a whole experiment of plan.json has been.
  std::string whole() const {
    static const Outcome outcome = run(experiment("plan.json", "whole"));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    CHECK(outcome.out.empty());
    return path("whole");
  }

 private:
  TemporaryFolder folder_;
};

const Grid& grid() {
  static const Grid grid;
  return grid;
}

const std::vector<std::string> kRuns = {"noise-0.0/slow/seed-1", "noise-0.0/fast/seed-1",
                                        "noise-0.3/slow/seed-1", "noise-0.3/fast/seed-1"};

/// Waits for something, but not for ever.
template <typename F>
void wait_until(const F& happens) {
  const auto deadline = std::chrono::steady_clock::now() + 120s;
  bool happened = happens();
  while (!happened && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(2ms);
    happened = happens();
  }
  REQUIRE(happened);
}

/// The program in the background. What it leaves is killed with the object.
class Started {
 public:
  explicit Started(const std::string& arguments) : errors_(folder_.path() / "errors") {
    const std::string command =
        "exec " + program() + " " + arguments + " >/dev/null 2>" + errors_.string();
    process_ = fork();
    REQUIRE(process_ >= 0);
    if (process_ == 0) {
      execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
      _exit(127);
    }
  }
  ~Started() {
    if (process_ > 0) end(SIGKILL);
  }
  pid_t process() const { return process_; }
  /// Sends a signal and waits for the end; the status as of waitpid().
  int end(int signal) {
    if (signal != 0) kill(process_, signal);
    int status = 0;
    waitpid(std::exchange(process_, 0), &status, 0);
    return status;
  }
  std::string errors() const { return read_text(errors_); }

 private:
  TemporaryFolder folder_;
  fs::path errors_;
  pid_t process_ = 0;
};

/// The process that holds the lock of a run, or held it last.
pid_t process_of(const std::string& run_folder) {
  std::istringstream in(read_text(run_folder + "/lock"));
  std::string word;
  pid_t process = 0;
  in >> word >> process;
  return process;
}

/// Of a process or thread, 'R', 'S', 'T' (stopped), ... as /proc has it; '-': there is none.
char state_of(pid_t id) {
  std::ifstream in("/proc/" + std::to_string(id) + "/stat");
  std::string text;
  std::getline(in, text);
  const size_t end = text.rfind(')');
  return end == std::string::npos ? '-' : text.at(end + 2);
}

/// Its threads stop one after another.
bool all_threads_stopped(pid_t process) {
  const fs::directory_iterator threads("/proc/" + std::to_string(process) + "/task");
  return std::all_of(begin(threads), end(threads), [](const fs::directory_entry& thread) {
    return state_of(std::stoi(thread.path().filename())) == 'T';
  });
}

bool has_checkpoint(const std::string& run_folder) {
  return fs::exists(run_folder + "/last.safetensors");
}

/// Every file below a folder but for locks, by relative path.
std::set<std::string> files_below(const fs::path& folder) {
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "lock")
      files.insert(entry.path().lexically_relative(folder).string());
  }
  return files;
}

std::set<std::string> starting_with(const std::set<std::string>& names, const std::string& start) {
  std::set<std::string> found;
  for (const std::string& name : names)
    if (name.starts_with(start)) found.insert(name.substr(start.size()));
  return found;
}

}  // namespace

TEST_CASE("cli experiment: every run is trained as its configuration says, and then skipped") {
  const std::string whole = grid().whole();
  for (const std::string& name : kRuns) {
    CAPTURE(name);
    const std::string folder = whole + "/" + name;
    CHECK(metrics(folder).size() == 2);
    const json config = json::parse(read_text(folder + "/config.json"));
    CHECK(config["data"]["noise"]["rate"] == (name.starts_with("noise-0.3") ? 0.3 : 0.0));
    CHECK(config["train"]["learning_rate"] ==
          (name.find("fast") != std::string::npos ? 0.01 : 0.001));
    CHECK(json::parse(read_text(folder + ".json")) == config);
    const json environment = json::parse(read_text(folder + "/environment.json"));
    CHECK(environment["omp_wait_policy"] == "passive");
    CHECK(read_text(folder + ".log").find("epoch 2/2") != std::string::npos);
  }
  CHECK(read_text(whole + "/table.md").find("4 of 4 runs finished") != std::string::npos);
  for (const char* picture : {"accuracy-noise-0.0", "accuracy-noise-0.3", "memorised-noise-0.3"})
    CHECK(fs::exists(whole + "/" + picture + ".svg"));
  const auto before = fs::last_write_time(whole + "/" + kRuns[3] + "/summary.json");
  const Outcome again = run(grid().experiment("plan.json", "whole"));
  CHECK(again.code == 0);
  CHECK(again.err.find("4 of 4 runs are already finished") != std::string::npos);
  CHECK(fs::last_write_time(whole + "/" + kRuns[3] + "/summary.json") == before);
}

TEST_CASE("cli experiment: after kill -9 no run is left, and --resume ends up with the same bits") {
  const std::string whole = grid().whole();
  const std::string arguments = grid().experiment("plan.json", "killed");
  const std::string first = grid().path("killed/") + kRuns[0];
  Started killed(arguments);
  wait_until([&] { return has_checkpoint(first); });
  check_refused(arguments + " --resume",
                fmt::format("killed: process {} on ", static_cast<int>(killed.process())));
  CHECK(WIFSIGNALED(killed.end(SIGKILL)));
  check_refused(arguments, "killed/");
  check_refused(arguments, "expected none, or --resume to continue it");
  const Outcome resumed = run(arguments + " --resume");
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  for (const std::string& name : kRuns) {
    CAPTURE(name);
    for (const char* file : {"/last.safetensors", "/summary.json", "/config.json"})
      CHECK((read_text(grid().path("killed/") + name + file) ==
             read_text(whole + "/" + name + file)));
    CHECK(metrics(grid().path("killed/") + name) == metrics(whole + "/" + name));
  }
}

TEST_CASE("cli experiment: a run that was killed does not take the others with it") {
  const std::string arguments =
      grid().experiment("plan.json", "one-killed", "--jobs 2 --drop-checkpoints");
  const std::string first = grid().path("one-killed/") + kRuns[0];
  Started started(arguments);
  wait_until([&] { return fs::exists(first + "/config.json"); });
  kill(process_of(first), SIGKILL);
  const int status = started.end(0);
  CAPTURE(started.errors());
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(started.errors().find("failed: " + kRuns[0] + " (process ") != std::string::npos);
  CHECK(started.errors().find("was terminated by signal 9 (Killed)") != std::string::npos);
  CHECK(started.errors().ends_with("lanet-cuda: 1 of 4 runs failed: " + kRuns[0] +
                                   "; to try them again, run the same command with --resume\n"));
  for (size_t i = 1; i < kRuns.size(); ++i)
    CHECK(metrics(grid().path("one-killed/") + kRuns[i]).size() == 2);
  const Outcome resumed = run(arguments + " --resume");
  CHECK(resumed.code == 0);
  CHECK(resumed.err.find("3 of 4 runs are already finished") != std::string::npos);
  CHECK(metrics(first).size() == 2);
  for (const std::string& file : files_below(grid().path("one-killed")))
    CHECK_FALSE(file.ends_with(".safetensors"));
  const Outcome again = run(arguments);
  CHECK(again.code == 0);
  CHECK(again.err.find("4 of 4 runs are already finished") != std::string::npos);
}

TEST_CASE("cli experiment: a run that fails is shown with its last words, and the others go on") {
  const std::string plan = grid().folder().write("failing.json", R"({
      "config": "faces.json", "set": {"train.epochs": 1},
      "settings": [{"name": "bad", "set": {"data.labels": "none.txt"}}, {"name": "good"}],
      "seeds": [1]})");
  const Outcome outcome = run("experiment " + plan + " --runs " + grid().path("failing"));
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("failed: bad/seed-1 (process ") != std::string::npos);
  CHECK(outcome.err.find(" ended with exit code 2; " + grid().path("failing/bad/seed-1.log") +
                         ":\n  lanet-cuda: ") != std::string::npos);
  CHECK(outcome.err.find("none.txt") != std::string::npos);
  CHECK(outcome.err.find("report: " + grid().path("failing/table.md")) != std::string::npos);
  CHECK(outcome.err.ends_with(
      "1 of 2 runs failed: bad/seed-1; to try them again, run the same command with --resume\n"));
  CHECK(metrics(grid().path("failing/good/seed-1")).size() == 1);
}

TEST_CASE("cli experiment: a run that ended before its first epoch is started over") {
  const std::string folder = grid().path("begun/") + kRuns[0];
  fs::create_directories(folder);
  for (const char* file : {"config.json", "environment.json", "metrics.jsonl"})
    fs::copy_file(grid().whole() + "/" + kRuns[0] + "/" + file, folder + "/" + file);
  const std::string arguments = grid().experiment("plan.json", "begun", "--drop-checkpoints");
  check_refused(arguments, folder + ": an unfinished run; expected none, or --resume");

  fs::create_directories(folder + "/mine");
  check_refused(arguments + " --resume", folder + ": mine is in it; expected nothing, or a run");
  CHECK(fs::exists(folder + "/metrics.jsonl"));
  fs::remove(folder + "/mine");
  {
    const RunLock held(folder);
    check_refused(arguments + " --resume", folder + ": process ");
    CHECK(fs::exists(folder + "/metrics.jsonl"));
  }
  const Outcome resumed = run(arguments + " --resume");
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(metrics(folder) == metrics(grid().whole() + "/" + kRuns[0]));
}

TEST_CASE("cli experiment: runs of another configuration are refused, finished or not") {
  grid().whole();
  const std::string finished = grid().experiment("plan.json", "whole");
  check_refused(
      finished + "--set train.epochs=3",
      "whole/" + kRuns[0] + ": train.epochs: the run was started with 2; expected that, not 3");
  check_refused(finished + "--set train.batch=12", "train.batch");
  // Of one that is finished nothing is computed any more.
  CHECK(run(finished + "--set data.root=/elsewhere/faces --threads 1 --device cpu").code == 0);
  const std::string folder = grid().path("other/") + kRuns[0];
  fs::create_directories(folder);
  fs::copy_file(grid().whole() + "/" + kRuns[0] + "/config.json", folder + "/config.json");
  check_refused(grid().experiment("plan.json", "other", "--resume --set train.batch=12"),
                kRuns[0] + ": train.batch: the run was started with 10; expected that, not 12");
}

TEST_CASE("cli experiment: a pause stops the runs too, and SIGTERM ends them") {
  const std::string arguments = grid().experiment("long.json", "paused", "--jobs 2");
  const std::string first = grid().path("paused/slow/seed-1"),
                    second = grid().path("paused/fast/seed-1");
  Started started(arguments);
  wait_until([&] { return has_checkpoint(first) && has_checkpoint(second); });
  const std::vector<pid_t> processes = {started.process(), process_of(first), process_of(second)};
  auto all_are = [&](bool stopped) {
    return std::all_of(processes.begin(), processes.end(),
                       [&](pid_t process) { return (state_of(process) == 'T') == stopped; });
  };
  kill(started.process(), SIGTSTP);
  wait_until([&] { return all_are(true); });
  const size_t epochs = metrics(first).size();
  std::this_thread::sleep_for(50ms);
  CHECK(metrics(first).size() == epochs);
  kill(started.process(), SIGCONT);
  wait_until([&] { return all_are(false); });
  wait_until([&] { return metrics(first).size() > epochs; });

  const int status = started.end(SIGTERM);
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(
      started.errors().ends_with("lanet-cuda: stopped by signal 15 (Terminated); to continue, run "
                                 "the same command with --resume\n"));
  for (const pid_t process : processes) CHECK(state_of(process) == '-');
  // Each had half of the cores.
  const json environment = json::parse(read_text(first + "/environment.json"));
  const json whole = json::parse(read_text(grid().whole() + "/" + kRuns[0] + "/environment.json"));
  CHECK(environment["threads"] == std::max(1, whole["threads"].get<int>() / 2));
}

TEST_CASE("cli experiment: runs of an experiment that was killed while it was paused are gone") {
  const std::string first = grid().path("gone/slow/seed-1");
  Started started(grid().experiment("long.json", "gone"));
  wait_until([&] { return has_checkpoint(first); });
  const pid_t process = process_of(first);
  kill(started.process(), SIGTSTP);
  // The kernel continues what an ended parent leaves only if it has stopped altogether.
  wait_until([&] { return all_threads_stopped(process); });
  started.end(SIGKILL);
  wait_until([&] { return state_of(process) == '-' || state_of(process) == 'Z'; });
}

TEST_CASE(
    "cli experiment: a record holds the small files alone, and what it has is not run again") {
  grid().whole();
  const std::string record = grid().path("record");
  const Outcome outcome = run(grid().experiment("plan.json", "whole", "--record " + record));
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  const std::set<std::string> files = files_below(record);
  for (const std::string& name : kRuns) {
    CAPTURE(name);
    CHECK(
        starting_with(files, name + "/") ==
        std::set<std::string>{"config.json", "environment.json", "metrics.jsonl", "summary.json"});
    CHECK(metrics(record + "/" + name) == metrics(grid().whole() + "/" + name));
    const json config = json::parse(read_text(record + "/" + name + "/config.json"));
    CHECK(config["data"]["root"] == "faces");
  }
  for (const std::string& file : files) {
    CAPTURE(file);
    CHECK(read_text(fs::path(record) / file).find(grid().path("")) == std::string::npos);
  }
  // Another machine: none of the runs is there, the data lie elsewhere.
  const std::string elsewhere =
      grid().experiment("plan.json", "elsewhere", "--set data.root=/data/faces --record " + record);
  const Outcome skipped = run(elsewhere);
  CHECK(skipped.code == 0);
  CHECK(skipped.err.find("4 of 4 runs are already finished") != std::string::npos);
  CHECK(files_below(grid().path("elsewhere")).empty());
  const std::string table = read_text(record + "/table.csv");
  CHECK(table == read_text(grid().whole() + "/table.csv"));
  fs::remove(record + "/table.csv");
  CHECK(run(elsewhere + " --report").code == 0);
  CHECK(read_text(record + "/table.csv") == table);
  check_refused(elsewhere + " --set train.epochs=3", "record/" + kRuns[0] + ": train.epochs");
}

}  // namespace lanet::test
