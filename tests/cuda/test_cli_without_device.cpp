// The program built with CUDA, on a machine without a device: it starts, computes on the CPU, and
// says in one line that there is no device.
#include <nlohmann/json.hpp>

#include "tests/program.h"

namespace lanet::test {
namespace {

/// Hides the devices of this machine, if it has any, from the programs that a test starts.
class HiddenDevices {
 public:
  HiddenDevices() {
    if (const char* visible = std::getenv(kName)) before_ = visible;
    REQUIRE(setenv(kName, "", 1) == 0);
  }
  ~HiddenDevices() { before_ ? setenv(kName, before_->c_str(), 1) : unsetenv(kName); }
  HiddenDevices(const HiddenDevices&) = delete;
  HiddenDevices& operator=(const HiddenDevices&) = delete;

 private:
  static constexpr const char* kName = "CUDA_VISIBLE_DEVICES";
  std::optional<std::string> before_;
};

/// A drawn data set and its configuration.
struct SmallSet {
  SmallSet() {
    REQUIRE(
        run("synth --out " + (folder.path() / "faces").string() + " --train 12 --test 2 --size 64")
            .code == 0);
    folder.write("faces.json", R"({"data": {"root": "faces", "image_size": 64,
        "landmarks": "landmarks_19.csv", "landmark_size": 64}, "model": {"neighbours": 4, "bank": 12},
        "train": {"batch": 6, "epochs": 1}})");
  }
  std::string train(const std::string& device) const {
    return "train " + (folder.path() / "faces.json").string() + " --run " +
           (folder.path() / device).string() + " --device " + device;
  }
  TemporaryFolder folder;
};

/// Makes the programs that a test starts see cuDNN 9.7.1. False, with a message, where the library
/// for that is not beside the tests.
class OldCudnn {
 public:
  OldCudnn() {
    const auto library =
        std::filesystem::canonical("/proc/self/exe").parent_path() / "libold-cudnn.so";
    there_ = std::filesystem::exists(library);
    if (there_)
      setenv("LD_PRELOAD", library.c_str(), 1);
    else
      MESSAGE("SKIPPED: there is no ", library.string());
  }
  ~OldCudnn() { unsetenv("LD_PRELOAD"); }
  OldCudnn(const OldCudnn&) = delete;
  OldCudnn& operator=(const OldCudnn&) = delete;
  explicit operator bool() const { return there_; }

 private:
  bool there_ = false;
};

}  // namespace

TEST_CASE("cli: an old library is named by doctor, and no device is used with it") {
  const HiddenDevices hidden;
  const SmallSet set;
  const OldCudnn old;
  if (!old) return;
  const Outcome doctor = run("doctor --json");
  REQUIRE(doctor.code == 0);
  const auto report = nlohmann::json::parse(doctor.out);
  for (const auto& library : report["libraries"])
    if (library["name"] == "cuDNN") {
      CHECK(library["loaded"] == "9.7.1");
      CHECK(library["oldest"] == "9.8");
    }
  int told = 0;
  for (const std::string problem : report["problems"])
    told += problem.starts_with("cuDNN: loaded 9.7.1, ");
  CHECK(told == 1);
  CHECK(run("doctor").out.find(", loaded 9.7.1 (9.8 or newer is needed)\n") != std::string::npos);

  const Outcome refused = run(set.train("cuda"));
  CAPTURE(refused.err);
  CHECK(refused.code == 1);
  CHECK(std::count(refused.err.begin(), refused.err.end(), '\n') == 1);
  CHECK(refused.err.starts_with("lanet-cuda: device cuda: cuDNN: loaded 9.7.1, compiled with "));
  const Outcome automatic = run(set.train("auto"));
  CHECK(automatic.code == 0);
  CHECK(automatic.err.find("device: cpu (cuda: cuDNN: loaded 9.7.1, ") != std::string::npos);
}

TEST_CASE("cli: built with CUDA, the program starts without a device") {
  const HiddenDevices hidden;
  CHECK(run("--version").code == 0);
  const Outcome doctor = run("doctor --json");
  CAPTURE(doctor.err);
  REQUIRE(doctor.code == 0);
  const auto report = nlohmann::json::parse(doctor.out);
  for (const auto& device : report["devices"]) CHECK(device["device"] == "cpu");
  CHECK(report.dump().find("Built with CUDA, but") != std::string::npos);
}

TEST_CASE("cli: built with CUDA, the program trains on the CPU without a device") {
  const HiddenDevices hidden;
  const SmallSet set;
  const Outcome outcome = run(set.train("cpu"));
  CAPTURE(outcome.err);
  CHECK(outcome.code == 0);
  CHECK(std::filesystem::exists(set.folder.path() / "cpu" / "summary.json"));
}

TEST_CASE("cli: --device cuda without a device is one line on stderr and exit code 1") {
  const HiddenDevices hidden;
  const SmallSet set;
  for (const std::string& arguments :
       {set.train("cuda"), std::string("verify none.json --device cuda")}) {
    const Outcome outcome = run(arguments);
    CAPTURE(arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK(outcome.err.starts_with("lanet-cuda: device cuda: "));
  }
  CHECK_FALSE(std::filesystem::exists(set.folder.path() / "cuda"));
}

}  // namespace lanet::test
