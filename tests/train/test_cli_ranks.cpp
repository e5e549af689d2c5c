// Several processes as a user starts them: what they write and say, what is refused, and how all of
// them end when one does.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <thread>

#include "tests/program.h"
#include "tests/train/mpirun.h"
#include "tests/train/run_metrics.h"
#include "train/checkpoint.h"
#include "train/ranks/ranks.h"

namespace lanet::test {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
namespace fs = std::filesystem;

class Runs {
 public:
  Runs() {
    REQUIRE(run("synth --out " + path("faces") + " --train 20 --test 9 --size 64").code == 0);
    folder_.write("faces.json", R"({
        "data": {"root": "faces", "landmarks": "landmarks_19.csv", "landmark_size": 64,
                 "image_size": 64, "noise": {"rate": 0.3}},
        "model": {"neighbours": 4, "bank": 20},
        "train": {"batch": 8, "epochs": 4, "dtype": "f64", "device": "cpu"}})");
  }
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }
  std::string train(const std::string& name, const std::string& more) const {
    return "train " + path("faces.json") + " --run " + path(name) + " " + more;
  }
  /// A finished run of one process.
  std::string alone() const {
    static const Outcome outcome = run(train("alone", ""));
    REQUIRE(outcome.code == 0);
    return path("alone");
  }

 private:
  TemporaryFolder folder_;
};

const Runs& runs() {
  static const Runs runs;
  return runs;
}

/// The same training but for the order of sums.
void check_same(const std::string& run, const std::string& other) {
  const std::vector<json> a = metrics(run), b = metrics(other);
  REQUIRE(a.size() == b.size());
  for (size_t epoch = 0; epoch < a.size(); ++epoch) {
    for (const auto& [name, loss] : b[epoch]["losses"].items()) {
      CAPTURE(name);
      CHECK(std::abs(a[epoch]["losses"][name].get<double>() / loss.get<double>() - 1) < 1e-10);
    }
    for (const char* key : {"train_accuracy", "test_accuracy", "test_recall", "learning_rate",
                            "memorised", "corrected", "label_accuracy"})
      CHECK(a[epoch][key] == b[epoch][key]);
    CHECK(b[epoch].contains("val_accuracy") == a[epoch].contains("val_accuracy"));
    if (b[epoch].contains("val_accuracy"))
      CHECK(a[epoch]["val_accuracy"] == b[epoch]["val_accuracy"]);
  }
  NamedArrays x = read_checkpoint(run + "/last.safetensors");
  NamedArrays y = read_checkpoint(other + "/last.safetensors");
  for (NamedArrays* file : {&x, &y})  // of lines with losses, which are the same to rounding
    CHECK(file->metadata.erase("metrics") == 1);
  CHECK(x.arrays.size() == y.arrays.size());
  CHECK(x.metadata == y.metadata);
  for (const auto& [name, array] : y.arrays) {
    const std::vector<double> of_x = x.arrays.at(name).to<double>(), of_y = array.to<double>();
    double difference = 0, largest = 0;
    for (size_t i = 0; i < of_y.size(); ++i) {
      difference = std::max(difference, std::abs(of_x[i] - of_y[i]));
      largest = std::max(largest, std::abs(of_y[i]));
    }
    CAPTURE(name);
    CHECK(difference <= 1e-7 * largest);
  }
}

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

TEST_CASE("cli ranks: a run of two processes is that of one, and only one of them speaks") {
  if (skipped()) return;
  const Outcome outcome = run(runs().train("two", "--ranks 2"));
  CAPTURE(outcome.err);
  REQUIRE(outcome.code == 0);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.find("2 ranks over MPI, 4 faces per step on each") != std::string::npos);
  for (const char* once : {"run: ", "best epoch ", "20 training and 9 test faces"})
    CHECK((outcome.err.find(once) != std::string::npos &&
           outcome.err.find(once) == outcome.err.rfind(once)));
  check_same(runs().path("two"), runs().alone());
}

TEST_CASE("cli ranks: two processes judge as one does") {
  if (skipped()) return;
  const std::string more = "--set data.validation=0.3 --set train.epochs=1";
  const Outcome two = run(runs().train("judged2", more + " --ranks 2"));
  CAPTURE(two.err);
  REQUIRE(two.code == 0);
  REQUIRE(run(runs().train("judged1", more)).code == 0);
  CHECK(metrics(runs().path("judged1")).at(0).contains("val_accuracy"));
  check_same(runs().path("judged2"), runs().path("judged1"));
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

TEST_CASE("cli ranks: eval on three processes counts each face once") {
  if (skipped()) return;
  const std::string eval = program() + " eval " + runs().alone() + " --json";
  const Outcome three = run_shell(kMpirun + "-np 3 " + eval), one = run_shell(eval);
  CHECK(three.code == 0);
  CHECK(three.out == one.out);

  // Fewer faces than processes.
  std::ofstream(runs().path("faces/two.txt")) << "test_00001.jpg 1\ntest_00002.jpg 4\n";
  const std::string two = eval + " --set data.labels=two.txt";
  const Outcome of_two = run_shell(kMpirun + "-np 3 " + two);
  CHECK(of_two.code == 0);
  CHECK(of_two.out == run_shell(two).out);
}

TEST_CASE("cli ranks: two processes give the published steps") {
  if (skipped()) return;
  const std::string golden = (tests_folder() / "golden/").string();
  for (const char* dtype : {"f64", "f32"}) {
    CAPTURE(dtype);
    const Outcome outcome =
        run_shell(kMpirun + "-np 2 " + program() + " verify " + golden + "step_resnet18.json " +
                  golden + "components.json --json --device cpu --dtype " + dtype);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
    std::istringstream lines(outcome.out);
    std::vector<json> verdicts;
    for (std::string line; std::getline(lines, line);) verdicts.push_back(json::parse(line));
    REQUIRE(verdicts.size() == 2);
    const json config = json::parse(read_text(golden + "step_resnet18.json"))["config"];
    CHECK(verdicts[0]["batch_per_rank"] == config["batch"].get<int>() / 2);
    for (const json& verdict : verdicts) {
      CHECK(verdict["ranks"] == 2);
      CHECK(verdict["ok"] == true);
      CHECK(verdict["checks"].size() > 10);
    }
  }
}

TEST_CASE("cli ranks: what does not fit the number of ranks is refused in one line") {
  check_refused(runs().train("refused", "--ranks 3"),
                "train.batch: 8; expected a multiple of the 3 ranks, such as 9");
  check_refused(runs().train("refused", "--ranks 0"), "--ranks");
  check_refused(runs().train("refused", "--ranks two"), "--ranks");
  check_refused(runs().train("refused", "--ranks 2 --gpus 0,1"), "--gpus");
  check_refused(runs().train("refused", "--gpus 0 1"), "unexpected '1'");
  if (!device_problem(Device::cuda).empty())
    check_refused(runs().train("refused", "--gpus 0,1"), "--gpus: ");
  check_refused(runs().train("refused", "--ranks 2 --set train.batch=7"), "train.batch: 7");
  CHECK_FALSE(fs::exists(runs().path("refused")));
}

TEST_CASE("cli ranks: processes with other configurations or data are refused at the start") {
  if (skipped()) return;
  REQUIRE(run("synth --out " + runs().path("others") + " --train 20 --test 9 --size 64 --seed 2")
              .code == 0);
  auto refused = [](const std::string& of_second, const std::string& what) {
    const std::string one = "-np 1 " + program() + " ";
    const Outcome outcome = run_shell(kMpirun + one + runs().train("refused", "") + " : " + one +
                                      runs().train("refused", of_second));
    CAPTURE(outcome.err);
    CHECK(outcome.code == 2);
    CHECK(outcome.err.find(fmt::format("rank 1 on {}: {}", host_name(), what)) !=
          std::string::npos);
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
  };
  refused("--set seed=5", "its configuration differs from rank 0's");
  refused("--set data.root=" + runs().path("others"), "its training set differs from rank 0's");
  refused("--set data.root=" + runs().path("none"), "data.root " + runs().path("none"));
  CHECK_FALSE(fs::exists(runs().path("refused")));
}

TEST_CASE("cli ranks: bad input of one of several is exit code 2, as it is of one") {
  if (skipped()) return;
  const std::string golden = (tests_folder() / "golden/step_resnet18.json").string();
  const Outcome verify =
      run_shell(kMpirun + "-np 3 " + program() + " verify --device cpu " + golden);
  CHECK(verify.code == 2);
  CHECK(verify.err.find("config.batch: 16; expected a multiple of the 3 ranks") !=
        std::string::npos);
  for (const char* number : {"1", "2"}) {
    const Outcome train = run_shell(kMpirun + "-np " + number + " " + program() + " " +
                                    runs().train("refused", "--set train.batch=5"));
    CAPTURE(train.err);
    CHECK(train.code == 2);
    CHECK(train.err.find("train.batch: 5; expected") != std::string::npos);
  }
  check_refused(runs().train("alone", "--ranks 2"), "exists; a run is never overwritten");
}

TEST_CASE("cli ranks: commands for one process say so where several were started") {
  const Outcome outcome = run_shell("OMPI_COMM_WORLD_RANK=1 OMPI_COMM_WORLD_SIZE=2 " + program() +
                                    " predict none x.jpg");
  CHECK(outcome.code == 2);
  CHECK(outcome.err.find("predict: started as one of several processes") != std::string::npos);
}

TEST_CASE("cli ranks: a killed process ends all, and the run goes on") {
  if (skipped()) return;
  check_fault("killed", SIGKILL, "ended unexpectedly");
}

TEST_CASE("cli ranks: a stopped process ends all, and the run goes on") {
  if (skipped()) return;
  check_fault("stopped", SIGSTOP, "has not responded for 15 s");
}

TEST_CASE("ranks: what launchers tell") {
  std::map<std::string, std::string> environment;
  auto launch = [&] {
    return read_launch([&](const char* name) {
      const auto found = environment.find(name);
      return found == environment.end() ? nullptr : found->second.c_str();
    });
  };
  auto refused = [&](const std::string& what) {
    CHECK_THROWS_WITH_AS(launch(), doctest::Contains(what.c_str()), InputError);
  };
  CHECK(launch().by == Launch::By::nobody);
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"}) {
    environment = {{name, "1"}};
    CHECK(launch().by == Launch::By::mpi);
    CHECK(launch().shard.rank == 1);
  }
  environment = {{"RANK", "3"},
                 {"WORLD_SIZE", "4"},
                 {"LOCAL_RANK", "1"},
                 {"LOCAL_WORLD_SIZE", "2"},
                 {"MASTER_ADDR", "nodea"},
                 {"MASTER_PORT", "29500"}};
  const Launch torchrun = launch();
  CHECK(torchrun.by == Launch::By::variables);
  CHECK(torchrun.shard.rank == 3);
  CHECK(torchrun.shard.ranks == 4);
  CHECK(torchrun.local_rank == 1);
  CHECK(torchrun.local_ranks == 2);
  CHECK(torchrun.address == "nodea");
  CHECK(torchrun.port == 29500);
  environment["RANK"] = "4";
  refused("RANK=4; expected a number from 0 to 3");
  environment["RANK"] = "1";
  environment.erase("MASTER_PORT");
  refused("MASTER_PORT=(not set)");
  environment["MASTER_PORT"] = "29500x";
  refused("MASTER_PORT=29500x");
  environment = {{"RANK", "0"}, {"WORLD_SIZE", "1"}};
  CHECK(launch().by == Launch::By::nobody);
  // One GPU of --gpus: who started it waits for it.
  environment.insert({{"LANET_MONITOR", "127.0.0.1:5"},
                      {"LOCAL_RANK", "0"},
                      {"LOCAL_WORLD_SIZE", "1"},
                      {"MASTER_ADDR", "127.0.0.1"},
                      {"MASTER_PORT", "5"}});
  CHECK(launch().by == Launch::By::variables);
  // Neither is it one of those that Slurm's MPI would start, nor are torchrun's.
  environment["PMIX_RANK"] = "7";
  CHECK(launch().by == Launch::By::variables);
  environment.erase("LANET_MONITOR");
  environment["WORLD_SIZE"] = "2";
  CHECK(launch().by == Launch::By::mpi);
  environment["TORCHELASTIC_RUN_ID"] = "none";
  CHECK(launch().by == Launch::By::variables);
  environment = {{"SLURM_STEP_NUM_TASKS", "4"}};
  refused("srun --mpi=pmix");
}

}  // namespace lanet::test
