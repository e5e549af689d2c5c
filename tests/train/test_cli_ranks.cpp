// Several processes as a user starts them: what they write and say, and what is refused.
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/train/ranked_runs.h"
#include "train/ranks/ranks.h"

namespace lanet::test {
namespace {

using namespace ranked;
using nlohmann::json;
namespace fs = std::filesystem;

}  // namespace

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

TEST_CASE("cli ranks: of two processes the first learns of the labels, and once") {
  if (skipped()) return;
  auto robust = [](const std::string& name, const std::string& more) {
    return run(runs().train(name, "--set model.recipe=robust --set train.epochs=1 " + more));
  };
  REQUIRE(robust("knows1", "").code == 0);
  const Outcome two = robust("knows2", "--ranks 2");
  CAPTURE(two.err);
  REQUIRE(two.code == 0);
  const size_t line = two.err.find("noise: ");
  CHECK(line != std::string::npos);
  CHECK(two.err.find("noise: ", line + 1) == std::string::npos);
  const auto channel = [](const std::string& name) {
    return read_text(runs().path(name + "/channel.csv"));
  };
  CHECK(channel("knows2") == channel("knows1"));
  const Outcome resumed = robust("knows2", "--resume");
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.err.find("learning") == std::string::npos);  // it is in the checkpoint
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
