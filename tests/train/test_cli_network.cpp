// The program talks to nobody: only ranks open connections, to one another.
#include "tests/train/trained_runs.h"

namespace lanet::test {

using namespace trained;

namespace {

Outcome run_without_network(const std::string& command) {
  const auto wrapper = std::filesystem::path(program()).parent_path() / "tests/without-network";
  return run_shell(wrapper.string() + " " + command);
}

}  // namespace

TEST_CASE("cli network: a command that opens a connection would not survive these tests") {
  constexpr int kSysSignal = 31;
  CHECK(run_without_network("bash -c 'exec 3<>/dev/tcp/127.0.0.1/1'").code == 128 + kSysSignal);
}

TEST_CASE("cli network: what one process does opens no connection") {
  const std::string run = runs().path("alone");
  for (const std::string& arguments :
       {runs().train("alone", "--set train.epochs=1"), "eval " + run,
        "predict " + run + " " + runs().picture(1), "report " + run, "audit " + run,
        "export " + run + " --onnx " + runs().path("alone.onnx"), std::string("doctor"),
        "verify " + (tests_folder() / "golden/components.json").string()}) {
    CAPTURE(arguments);
    const Outcome outcome = run_without_network(program() + " " + arguments);
    CAPTURE(outcome.err);
    CHECK(outcome.code == 0);
  }
}

}  // namespace lanet::test
