// The program as a user meets it: what it prints where, and its exit codes.
#include <nlohmann/json.hpp>

#include "kernels/cpu_features.h"
#include "tests/program.h"

namespace lanet::test {
namespace {

/// A drawn data set of a few faces, and a configuration of it: what the tests damage.
class SmallSet {
 public:
  SmallSet() {
    const Outcome drawn = run("synth --out " + root() + " --train 12 --test 2 --size 48");
    REQUIRE(drawn.code == 0);
    config_ = folder_.write("faces.json", R"({"data": {"root": "faces", "image_size": 64,
        "landmarks": "landmarks_19.csv", "landmark_size": 48}, "train": {"batch": 10}})");
  }
  std::string root() const { return (folder_.path() / "faces").string(); }
  std::string picture(const std::string& name) const {
    return root() + "/basic/Image/aligned/" + name + "_aligned.jpg";
  }
  std::string list() const { return root() + "/basic/EmoLabel/list_patition_label.txt"; }
  /// `train` on it, into a run folder that does not exist yet.
  std::string train(const std::string& more = "") const {
    return "train " + config_.string() + " --run " + run_folder() + " " + more;
  }
  std::string run_folder() const { return (folder_.path() / "run").string(); }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  std::filesystem::path config_;
};

}  // namespace

TEST_CASE("cli: wrong usage is one line on stderr that names the nearest command or option") {
  check_refused("", "no command; expected one of");
  check_refused("doctro", "unknown command 'doctro'; did you mean 'doctor'?");
  check_refused("train x.json --epochs 3",
                "train: unexpected '--epochs'; the configuration has it: --set train.epochs=…");
  check_refused("doctor --jsn", "doctor: unexpected '--jsn'; did you mean '--json'?");
  check_refused("doctor more", "doctor: unexpected 'more'");
  check_refused("--verison", "lanet-cuda: unexpected '--verison'; did you mean '--version'?");
}

TEST_CASE("cli: help and version go to stdout and end well") {
  for (const char* arguments : {"--help", "doctor --help", "--version"}) {
    const Outcome outcome = run(arguments);
    CHECK(outcome.code == 0);
    CHECK(outcome.out.find("lanet-cuda") != std::string::npos);
    CHECK(outcome.err.empty());
  }
}

TEST_CASE("cli: doctor says what the program consists of, as text and as one line of JSON") {
  const Outcome text = run("doctor");
  CHECK(text.code == 0);
  CHECK(text.out.find("nlohmann-json") != std::string::npos);
  const Outcome json = run("doctor --json");
  CHECK(json.code == 0);
  CHECK(std::count(json.out.begin(), json.out.end(), '\n') == 1);
  const auto report = nlohmann::json::parse(json.out);
  for (const char* key : {"program", "build", "libraries", "processor", "devices", "problems"})
    CHECK(report.contains(key));
  CHECK(report["processor"]["avx512"].is_boolean());
  CHECK(report.contains("rates") == onednn_has_bf16());
  if (!onednn_has_bf16()) return;
  CHECK(report["rates"]["f32"] > 0);
  CHECK(report["rates"]["bf16"] > 0);
  CHECK(text.out.find("\nrate        a resnet18 at 64 px: ") != std::string::npos);
}

TEST_CASE("cli: synth draws into a new folder, keeps stdout clean and overwrites nothing") {
  TemporaryFolder folder;
  const std::string out = (folder.path() / "faces").string();
  const std::string arguments = "synth --out " + out + " --train 4 --test 2 --size 48";
  const Outcome outcome = run(arguments);
  CHECK(outcome.code == 0);
  CHECK(outcome.out.empty());
  CHECK(std::filesystem::exists(out + "/basic/EmoLabel/list_patition_label.txt"));
  check_refused(arguments, out);
}

TEST_CASE("cli: a configuration that is wrong is refused in one line") {
  const TemporaryFolder folder;
  auto refuse = [&](const std::string& text, const std::string& what) {
    check_refused("train " + folder.write("raf.json", text).string(), what);
  };
  check_refused("train /no/such.json", "/no/such.json: no such file");
  refuse("method: lanet", "raf.json: not JSON: line 1, column 1: unexpected 'm'");
  refuse(R"({"data": {"noise": {"rat": 0.3}}})",
         "raf.json: data.noise.rat: unknown key; did you mean 'data.noise.rate'?");
  refuse(R"({"data": {"root": "x"}, "train": {"batch": "64"}})",
         R"(raf.json: train.batch: "64"; expected an integer from 2 to 65536)");
  refuse(R"({"data": {"root": "x", "image_size": 100}})", "data.image_size: 100; expected");
  refuse(R"({"data": {"root": "x"}})", "data.landmarks: null; expected a landmark file");
  refuse(R"({"data": {"root": "no-such-folder", "landmarks": "l.csv"}})", "no-such-folder");
  check_refused("train " + (folder.path() / "raf.json").string() + " --set train.epoch=3",
                "--set: train.epoch: unknown key; did you mean 'train.epochs'?");
}

TEST_CASE("cli: data that are wrong are refused in one line, before there is a run folder") {
  const SmallSet set;
  const std::string list = read_text(set.list());
  auto refuse_list = [&](const std::string& text, const std::string& what) {
    std::ofstream(set.list(), std::ios::binary) << text;
    check_refused(set.train(), what);
    std::ofstream(set.list(), std::ios::binary) << list;
  };
  refuse_list(list + "train_00099.jpg 1\n", "train_00099");
  refuse_list(list + "train_00099.jpg 9\n", "9");
  refuse_list("", "list_patition_label.txt");
  const std::filesystem::path landmarks = set.root() + "/landmarks_19.csv";
  const std::string rows = read_text(landmarks);
  const size_t first = rows.find('\n') + 1, second = rows.find('\n', first) + 1;
  std::ofstream(landmarks, std::ios::binary)
      << rows.substr(0, first) << rows.substr(rows.find('\n', second) + 1);
  check_refused(set.train(), "landmarks_19.csv: 2 of 12 faces have no usable landmarks");
  std::ofstream(landmarks, std::ios::binary) << rows;
  std::filesystem::create_directories(set.folder().path() / "empty");
  check_refused(set.train("--set data.root=" + (set.folder().path() / "empty").string()), "empty");
  set.folder().write("run/config.json", "{}");
  check_refused(set.train(), "run: exists");
}

TEST_CASE("cli: a picture cut short is named, and the run starts only if it may be skipped") {
  const SmallSet set;
  const std::string whole = read_text(set.picture("train_00003"));
  std::ofstream(set.picture("train_00003"), std::ios::binary) << whole.substr(0, whole.size() / 2);
  check_refused(set.train(), "train_00003_aligned.jpg");
  CHECK_FALSE(std::filesystem::exists(set.run_folder()));
}

TEST_CASE("cli: what is no checkpoint is refused in one line") {
  const TemporaryFolder folder;
  const std::string file = folder.write("last.safetensors", "not weights").string();
  check_refused("predict " + file + " a.jpg", "last.safetensors");
  check_refused("eval " + file, "last.safetensors");
  check_refused("eval " + folder.path().string(), folder.path().string());
  check_refused("verify " + folder.write("golden.json", "{}").string(), "golden.json");
}

}  // namespace lanet::test
