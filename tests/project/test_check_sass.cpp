// scripts/check-sass with a stand-in for cuobjdump: which kernels it refuses, and when it says that
// it could check nothing.
#include "tests/program.h"

namespace lanet::test {
namespace {

/// A kernel as cuobjdump reports it: its resources, then its code.
struct Kernel {
  std::string name;
  int stack;
  std::string instruction;
};

/// A folder with a cuobjdump that reports these kernels of any file but `unreadable`, and with what
/// it starts.
class Machine {
 public:
  explicit Machine(const std::vector<Kernel>& kernels, const char* nvdisasm = "nvdisasm") {
    std::string usage = "arch = sm_90\n", code = usage;
    for (const Kernel& k : kernels) {
      usage += " Function " + k.name + ":\n  REG:32 STACK:" + std::to_string(k.stack) +
               " SHARED:0 LOCAL:0 CONSTANT[0]:608\n";
      code += "\t\tFunction : " + k.name + "\n        /*0010*/   " + k.instruction + " ;\n";
    }
    const std::string program = "#!/bin/sh\n[ -s $2 ] || exit 255\nif [ $1 = -res-usage ]; then\n" +
                                ("cat <<'END'\n" + usage) + "END\nelse cat <<'END'\n" + code +
                                "END\nfi\n";
    write_program(folder_, "cuobjdump", program);
    write_program(folder_, nvdisasm, "#!/bin/sh\n");
    folder_.write("unreadable", "");
  }

  Outcome check(const std::string& file) const {
    return run_shell("PATH=" + folder_.path().string() + ":$PATH " +
                     (tests_folder() / "../scripts/check-sass").string() + " " + file);
  }
  std::string readable() const { return (folder_.path() / "cuobjdump").string(); }
  std::string unreadable() const { return (folder_.path() / "unreadable").string(); }
  Outcome check() const { return check(readable()); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("check-sass: kernels that keep everything in registers pass") {
  const Outcome outcome =
      Machine({{"_Z1av", 0, "LDG.E R0, [R2]"}, {"_Z1bv", 0, "STS [R1], R0"}}).check();
  CHECK(outcome.code == 0);
  CHECK(outcome.out == "check-sass: 2 kernels, none uses local memory\n");
}

TEST_CASE(
    "check-sass: a stack frame, a load and a store of local memory are each refused by name") {
  for (const Kernel& bad : {Kernel{"_Z1bv", 40, "EXIT"},
                            {"_Z1bv", 0, "LDL R3, [R1+0x4]"},
                            {"_Z1bv", 0, "@P0 STL.64 [R1], R4"}}) {
    CAPTURE(bad.instruction);
    const Outcome outcome = Machine({{"_Z1av", 0, "EXIT"}, bad}).check();
    CHECK(outcome.code == 1);
    CHECK(outcome.out.empty());
    CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
    CHECK(outcome.err.find("check-sass: sm_90 b(): ") == 0);
  }
}

TEST_CASE("check-sass: what it cannot read has not passed") {
  const Machine none({});
  CHECK(none.check().code == 2);
  CHECK(none.check("no-such-file").code == 2);
  const Machine good({{"_Z1av", 0, "EXIT"}});
  CHECK(good.check(good.readable() + " " + good.readable()).code == 0);
  CHECK(good.check(good.unreadable() + " " + good.readable()).code == 2);
  CHECK(good.check(good.readable() + " " + good.unreadable()).code == 2);
}

TEST_CASE("check-sass: without nvdisasm it says so") {
  const bool installed = run_shell("PATH=$PATH:/usr/local/cuda/bin command -v nvdisasm").code == 0;
  if (installed) {
    MESSAGE("SKIPPED: nvdisasm is installed");
    return;
  }
  const Outcome outcome = Machine({{"_Z1av", 0, "EXIT"}}, "other").check();
  CHECK(outcome.code == 2);
  CHECK(outcome.err.starts_with("check-sass: nvdisasm, which cuobjdump starts, was found neither"));
  CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
}

}  // namespace lanet::test
