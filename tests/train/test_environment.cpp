// What doctor finds wrong with a CUDA installation, from descriptions of installations.
#include "train/environment.h"

#include <doctest/doctest.h>

namespace lanet::test {
namespace {

/// Nothing is wrong with it.
CudaReport good_report() {
  CudaReport report;
  report.libraries = {{"CUDA runtime", "13.0", "13.0"},
                      {"cuBLASLt", "13.1.0", "13.1.0"},
                      {"cuDNN", "9.19.0", "9.19.0"},
                      {"NCCL", "2.28.9", "2.28.9"}};
  report.devices = {{"NVIDIA H200", "9.0", size_t{141} << 30}};
  report.architectures = "90";
  report.driver = "13.0";
  report.driver_release = "580.65.06";
  return report;
}

void check_one_problem(const CudaReport& report, const std::string& what) {
  const std::vector<std::string> problems = cuda_problems(report);
  REQUIRE(problems.size() == 1);
  CHECK_MESSAGE(problems[0].find(what) != std::string::npos, problems[0]);
}

}  // namespace

TEST_CASE("environment: nothing is wrong with matching versions, nor with newer minor ones") {
  CudaReport report = good_report();
  CHECK(cuda_problems(report).empty());
  report.libraries[2].loaded = "9.20.1";
  report.driver = "13.2";
  CHECK(cuda_problems(report).empty());
}

TEST_CASE("environment: a library of another major version, or an older one, is named") {
  for (const char* loaded : {"8.9.7", "10.0.0", "9.18.9"}) {
    CudaReport report = good_report();
    report.libraries[2].loaded = loaded;
    check_one_problem(report, std::string("cuDNN: loaded ") + loaded +
                                  ", compiled with 9.19.0; expected 9.19 or a newer 9.");
    // That is also why no device can be used, and is said once.
    report.problem = cuda_problems(report)[0];
    check_one_problem(report, report.problem);
  }
}

TEST_CASE("environment: which versions of a library serve a program") {
  const auto serves = [](const char* name, const char* compiled, const char* loaded) {
    return version_problem({name, compiled, loaded}).empty();
  };
  CHECK(serves("cuDNN", "9.8.0", "9.8.0"));
  CHECK(serves("cuDNN", "9.8.1", "9.8.0"));  // patches serve each other
  CHECK(serves("cuDNN", "9.8.0", "9.10.2"));
  CHECK_FALSE(serves("cuDNN", "9.10.0", "9.9.9"));
  CHECK_FALSE(serves("cuDNN", "9.10.0", "10.10.0"));
  CHECK_FALSE(serves("cuDNN", "10.0.0", "9.19.0"));
  CHECK(serves("CUDA runtime", "12.4", "12.4"));
  // Whatever it was compiled with, it needs what the code uses.
  CHECK(version_problem({"NCCL", "2.18.1", "2.25.1"}) ==
        "NCCL: loaded 2.25.1, compiled with 2.18.1; expected 2.26 or a newer 2. Put the folder of "
        "such "
        "a version first in LD_LIBRARY_PATH.");
  CHECK(serves("NCCL", "2.18.1", "2.26.2"));
  CHECK(serves("zip", "1.7.3", "1.7.3"));
  CHECK_FALSE(serves("zip", "1.7.3", "1.6.0"));
}

TEST_CASE("environment: the libraries' numbers of their versions") {
  CHECK(version_of_number(91900) == "9.19.0");
  CHECK(version_of_number(90701) == "9.7.1");
  CHECK(version_of_number(130100) == "13.1.0");
  CHECK(version_of_number(22809) == "2.28.9");
  CHECK(version_of_number(8907) == "8.9.7");
  CHECK(version_of_number(2804) == "2.8.4");
}

TEST_CASE("environment: why no device can be used is passed on") {
  CudaReport report = good_report();
  report.problem = "there is no NVIDIA driver";
  check_one_problem(report, "only the CPU works: there is no NVIDIA driver.");
}

TEST_CASE("environment: a device that is too old for bf16 is named") {
  CudaReport report = good_report();
  report.devices[0] = {"Tesla T4", "7.5", size_t{16} << 30};
  check_one_problem(report, "Tesla T4 has compute capability 7.5; bf16 needs 8.0");
}

}  // namespace lanet::test
