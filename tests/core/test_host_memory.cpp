#include "core/host_memory.h"

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

constexpr size_t kMega = size_t{1} << 20;

/// A file system with a machine's memory in it.
class Machine {
 public:
  Machine() { folder_.write("proc/meminfo", "MemTotal: 9 kB\nMemAvailable:    8192 kB\n"); }
  void write(const std::string& file, const std::string& text) { folder_.write(file, text); }
  size_t available() const { return available_host_memory(folder_.path()); }

 private:
  TemporaryFolder folder_;
};

}  // namespace

TEST_CASE("host memory: what the system has available, without a limit") {
  Machine machine;
  CHECK(machine.available() == 8 * kMega);
  machine.write("sys/fs/cgroup/memory.max", "max\n");
  machine.write("sys/fs/cgroup/memory.current", "123\n");
  CHECK(machine.available() == 8 * kMega);
  CHECK(available_host_memory() > 0);
}

TEST_CASE(
    "host memory: a control group of version 2 leaves less, and files in memory count as free") {
  Machine machine;
  machine.write("proc/self/cgroup", "0::/user/job\n");
  const std::string group = "sys/fs/cgroup/user/job/";
  machine.write(group + "memory.max", "6291456\n");
  machine.write(group + "memory.current", "4194304\n");
  CHECK(machine.available() == 2 * kMega);
  machine.write(group + "memory.stat", "anon 5\ninactive_file 1048576\nactive_file 7\n");
  CHECK(machine.available() == 3 * kMega);
  machine.write("sys/fs/cgroup/memory.max", "1048576\n");
  machine.write("sys/fs/cgroup/memory.current", "0\n");
  CHECK(machine.available() == kMega);
}

TEST_CASE("host memory: a limit on a group that the group of the process is in") {
  Machine machine;
  machine.write("proc/self/cgroup", "0::/job/step/task\n");
  machine.write("sys/fs/cgroup/job/step/task/memory.max", "max\n");
  machine.write("sys/fs/cgroup/job/memory.max", "3145728\n");
  machine.write("sys/fs/cgroup/job/memory.current", "1048576\n");
  CHECK(machine.available() == 2 * kMega);
}

TEST_CASE("host memory: a control group of version 1, and one that is full") {
  Machine machine;
  machine.write("proc/self/cgroup", "5:cpu:/\n4:memory:/job\n0::/\n");
  const std::string group = "sys/fs/cgroup/memory/job/";
  machine.write(group + "memory.limit_in_bytes", "5242880\n");
  machine.write(group + "memory.usage_in_bytes", "3145728\n");
  machine.write(group + "memory.stat", "total_inactive_file 1048576\n");
  CHECK(machine.available() == 3 * kMega);
  machine.write(group + "memory.usage_in_bytes", "9242880\n");
  CHECK(machine.available() == 0);
}

}  // namespace lanet::test
