// What keeps a run from being lost: checkpoints inside an epoch, signals, damaged files, data that
// changed or moved, output that cannot be written.
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <limits>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/train/awaited_program.h"
#include "tests/train/run_metrics.h"
#include "tests/train/trained_runs.h"
#include "train/checkpoint.h"

namespace lanet::test {
namespace {

using namespace trained;
namespace fs = std::filesystem;

/// Five steps an epoch.
const std::string kSteps = "--set method=baseline --set train.batch=4 --set train.epochs=2 ";

/// The program with these arguments, of which `file` is awaited and then `signals` are sent.
Outcome run_and_signal(const std::string& arguments, const std::string& file,
                       const std::vector<int>& signals) {
  const std::string err = runs().path("signalled.err");
  const pid_t child = start_and_await(arguments, file, err);
  int status = 0;
  for (const int signal : signals) kill(child, signal);
  waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), "", read_text(err)};
}

void check_same_run(const std::string& folder, const std::string& whole) {
  for (const char* file : {"last.safetensors", "best.safetensors", "summary.json", "noise.csv"}) {
    CAPTURE(file);
    CHECK((read_text(folder + "/" + file) == read_text(whole + "/" + file)));
  }
  CHECK(metrics(folder) == metrics(whole));
}

/// A finished run with a checkpoint after each step.
const std::string& whole_run() {
  static const std::string folder = [] {
    const Outcome outcome = run(runs().train("whole", kSteps + "--set checkpoint.every_steps=1"));
    CAPTURE(outcome.err);
    REQUIRE(outcome.code == 0);
    return runs().path("whole");
  }();
  return folder;
}

std::string copy_of_whole(const std::string& name) {
  fs::copy(whole_run(), runs().path(name), fs::copy_options::recursive);
  return runs().path(name);
}

void flip_bit(const std::string& file, size_t from_end) {
  std::string bytes = read_text(file);
  bytes[bytes.size() - from_end] = static_cast<char>(bytes[bytes.size() - from_end] ^ 4);
  write_text(file, bytes);
}

}  // namespace

TEST_CASE("cli checkpoints: a signal ends a run after its step, and it goes on to the same bits") {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) {
    const std::string name = "signal" + std::to_string(signal);
    const std::string arguments = runs().train(name, kSteps + "--set checkpoint.every_steps=1");
    const std::string last = runs().path(name) + "/last.safetensors";
    const Outcome stopped = run_and_signal(arguments + " --resume-or-start", last, {signal});
    CAPTURE(stopped.err);
    CHECK(stopped.code == 128 + signal);
    CHECK(stopped.err.find("lanet-cuda: stopped by SIG") != std::string::npos);
    CHECK(stopped.err.find("run the same command with --run " + runs().path(name) + " --resume") !=
          std::string::npos);
    const CheckpointInfo info = checkpoint_info(read_checkpoint(last), last);
    CHECK(info.steps < 10);
    CHECK(stopped.err.find(" after " + to_string(info) + ";") != std::string::npos);
    const Outcome resumed = run(arguments + " --resume-or-start");
    CAPTURE(resumed.err);
    CHECK(resumed.code == 0);
    check_same_run(runs().path(name), whole_run());
  }
}

TEST_CASE("cli checkpoints: a second signal ends a run at once") {
  const std::string arguments =
      runs().train("twice", kSteps + "--set train.epochs=1000 --set checkpoint.every_steps=1");
  const Outcome stopped =
      run_and_signal(arguments, runs().path("twice/last.safetensors"), {SIGTERM, SIGINT});
  CHECK(stopped.code == -SIGINT);
  CHECK(stopped.err.ends_with("lanet-cuda: a second signal: ended at once\n"));
}

TEST_CASE("cli checkpoints: a run that ended before its first checkpoint starts again") {
  const std::string arguments = runs().train("early", kSteps + "--set checkpoint.every_steps=1");
  const std::string folder = runs().path("early");
  run_and_signal(arguments, folder + "/environment.json", {SIGKILL});
  fs::remove(folder + "/last.safetensors");      // where it was faster
  std::ofstream(folder + "/data.json") << "{}";  // of other data, and of another machine
  std::ofstream(folder + "/environment.json") << "{}";
  const Outcome resumed = run(arguments + " --resume");
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.err.find("it has no checkpoint yet: starting from the beginning") !=
        std::string::npos);
  check_same_run(folder, whole_run());
  CHECK(read_text(folder + "/data.json") == read_text(whole_run() + "/data.json"));
  CHECK(read_text(folder + "/environment.json").find("processor") != std::string::npos);
  // Checkpoints that were removed after epochs were finished are no beginning.
  for (const char* file : {"/last.safetensors", "/last.previous.safetensors"})
    fs::remove(folder + file);
  check_refused(arguments + " --resume", "no last.safetensors in it, although it has best");
}

TEST_CASE("cli checkpoints: from a damaged checkpoint a run goes on from the one before it") {
  const std::string folder = copy_of_whole("flipped");
  const std::string arguments =
      runs().train("flipped", kSteps + "--set checkpoint.every_steps=1 --resume");
  flip_bit(folder + "/last.safetensors", 1000);
  check_refused("eval " + folder, "last.safetensors: damaged: ");
  check_refused("predict " + folder + " " + runs().picture(1), "last.safetensors: damaged: ");
  check_refused("export " + folder + " --safetensors " + runs().path("x.safetensors"),
                "last.safetensors: damaged: ");
  const Outcome resumed = run(arguments);
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
  CHECK(resumed.err.find("resuming from last.previous.safetensors") != std::string::npos);
  check_same_run(folder, whole_run());

  // The damaged one does not take the place of the good one before it.
  const std::string good = read_text(folder + "/last.previous.safetensors");
  flip_bit(folder + "/last.safetensors", 1000);
  CHECK(run(runs().train("flipped", kSteps + "--resume")).code == 0);
  CHECK((read_text(folder + "/last.previous.safetensors") == good));
  CHECK(metrics(folder) == metrics(whole_run()));

  flip_bit(folder + "/last.safetensors", 1000);
  fs::resize_file(folder + "/last.previous.safetensors", 1000);
  check_refused(arguments, "last.previous.safetensors");
}

TEST_CASE("cli checkpoints: a run goes on beyond its end when there are more epochs") {
  const std::string folder = copy_of_whole("longer");
  const Outcome longer = run(runs().train("longer", kSteps + "--set train.epochs=3 --resume"));
  CAPTURE(longer.err);
  CHECK(longer.code == 0);
  CHECK(metrics(folder).size() == 3);
  CHECK(metrics(folder)[2]["learning_rate"].get<double>() ==
        doctest::Approx(1e-3 * (1 - 14.0 / 15)));
  const auto config = nlohmann::json::parse(read_text(folder + "/config.json"));
  CHECK(config["train"]["epochs"] == 3);
  check_refused(runs().train("longer", kSteps + "--resume"), "train.epochs");
}

TEST_CASE("cli checkpoints: a run and its data may move, and may not change") {
  const std::string faces = runs().path("moved_faces"), folder = runs().path("moved_run");
  fs::copy(runs().path("faces"), faces, fs::copy_options::recursive);
  fs::rename(copy_of_whole("to_move"), folder);
  const std::string settings = "--set data.root=" + faces;
  const std::string arguments =
      runs().train("moved_run", kSteps + settings + " --set train.epochs=3 --resume");
  const auto refuse = [&](const std::string& file, const std::string& other,
                          const std::string& what, bool test) {
    const std::string path = faces + "/" + file, before = read_text(path);
    write_text(path, other);
    check_refused(arguments, what);
    if (test) check_refused("eval " + folder + " " + settings, what);
    write_text(path, before);
  };
  const std::string images = "basic/Image/aligned/";
  refuse(images + "train_00001_aligned.jpg",
         read_text(faces + "/" + images + "train_00002_aligned.jpg"),
         ": pictures of the training set are not those that the run was started with", false);
  refuse(images + "test_00001_aligned.jpg",
         read_text(faces + "/" + images + "test_00002_aligned.jpg"),
         ": pictures of the test set are not", true);
  const std::string list = "basic/EmoLabel/list_patition_label.txt";
  std::string labels = read_text(faces + "/" + list);
  const size_t label = labels.find('\n', labels.find("test_00001")) - 1;
  labels[label] = labels[label] == '1' ? '2' : '1';
  refuse(list, labels, ": labels, true labels of the test set are not", true);

  CHECK(run("eval " + folder + " " + settings).code == 0);
  const Outcome resumed = run(arguments);
  CAPTURE(resumed.err);
  CHECK(resumed.code == 0);
}

TEST_CASE("cli checkpoints: a network with NaN is used by no command") {
  NamedArrays file = read_checkpoint(whole_run() + "/last.safetensors");
  HostArray& weights = file.arrays.begin()->second;
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(weights.bytes.data() + 8, &nan, sizeof nan);
  const std::string bad = runs().path("nan.safetensors");
  write_safetensors(bad, file);
  for (const std::string& command :
       {"predict " + bad + " " + runs().picture(1), "eval " + bad,
        "export " + bad + " --safetensors " + runs().path("y.safetensors")}) {
    // The first tensor is a moment, which none of them reads; the first parameter is next.
    CHECK(run(command).code == 0);
    fs::remove(runs().path("y.safetensors"));
  }
  auto parameter = std::find_if(file.arrays.begin(), file.arrays.end(), [](const auto& named) {
    return named.first.find("fc.weight") != std::string::npos && !named.first.starts_with("adam.");
  });
  REQUIRE(parameter != file.arrays.end());
  std::memcpy(parameter->second.bytes.data() + 8, &nan, sizeof nan);
  write_safetensors(bad, file);
  const std::string what = parameter->first + ": element 2 is nan; expected numbers";
  check_refused("predict " + bad + " " + runs().picture(1), what);
  check_refused("eval " + bad, what);
  check_refused("export " + bad + " --safetensors " + runs().path("y.safetensors"), what);
}

TEST_CASE("cli checkpoints: results that cannot be written are an error, whatever the command") {
  const std::string folder = whole_run(), picture = runs().picture(1);
  for (const std::string& command :
       {"eval " + folder + " --json", "eval " + folder, "predict " + folder + " " + picture,
        "predict " + folder + " " + picture + " --json",
        "data " + runs().path("faces.json") + " --json", std::string("doctor --json"),
        "inspect " + folder, std::string("--help"), std::string("completion bash")})
    for (const char* to : {" >/dev/full", " >&-"}) {
      CAPTURE(command);
      CAPTURE(to);
      const Outcome outcome = run(command + to);
      CAPTURE(outcome.err);
      CHECK(outcome.code == 1);
      CHECK(without_notes(outcome.err).find("lanet-cuda: stdout: cannot be written: ") !=
            std::string::npos);
    }
}

TEST_CASE("cli checkpoints: a run goes on without a stderr that can be written") {
  int number = 0;
  for (const char* to : {" 2>/dev/full", " 2>&-", " 2>&1 | head -c 1"}) {
    const std::string name = "mute" + std::to_string(number++);
    CAPTURE(to);
    const Outcome outcome = run(runs().train(name, kSteps + "--set checkpoint.every_steps=1") + to);
    CHECK(outcome.code == 0);
    check_same_run(runs().path(name), whole_run());
  }
}

TEST_CASE("cli checkpoints: a limit for the size of files is an error, and leaves nothing behind") {
  const Outcome outcome =
      run_shell("ulimit -f 1000; " + program() + " " + runs().train("limited", kSteps));
  CAPTURE(outcome.err);
  CHECK(outcome.code == 1);
  CHECK(outcome.err.find("last.safetensors.tmp: cannot be written: File too large") !=
        std::string::npos);
  for (const auto& entry : fs::directory_iterator(runs().path("limited")))
    CHECK(entry.path().extension() != ".tmp");
}

TEST_CASE("cli checkpoints: what a run starts from is checked before pictures are decoded") {
  const Outcome backbone =
      run(runs().train("refused", "--set model.pretrained=" + runs().path("none.pth")));
  CHECK(backbone.code == 2);
  CHECK(backbone.err.find("decoding") == std::string::npos);
  runs().folder().write("a_file", "");
  const Outcome folder = run(runs().train("a_file/run", ""));
  CHECK(folder.code == 2);
  CHECK(folder.err.find("a_file is not a folder") != std::string::npos);
  CHECK(folder.err.find("decoding") == std::string::npos);
}

}  // namespace lanet::test
