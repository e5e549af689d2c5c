#include "core/context.h"

#include <doctest/doctest.h>

namespace lanet::test {

TEST_CASE("context: a device that cannot be used is refused in one line that says why") {
  CHECK(device_problem(Device::cpu).empty());
  const std::string problem = device_problem(Device::cuda);
  if (problem.empty()) {
    CHECK(Context(Device::cuda).stream() != nullptr);
    return;
  }
  CHECK(problem.find('\n') == std::string::npos);
  CHECK_THROWS_WITH_AS(Context(Device::cuda), ("device cuda: " + problem).c_str(), Error);
}

TEST_CASE("context: nothing is allocated after freeze, and the workspace is what was reserved") {
  Context context;
  context.reserve_workspace(100);
  context.reserve_workspace(40);
  CHECK(context.workspace_bytes() == 100);
  context.freeze();
  CHECK(context.workspace(100) != nullptr);
  CHECK_THROWS_AS(context.workspace(101), Error);
  CHECK_THROWS_AS(context.reserve_workspace(101), Error);
  CHECK_THROWS_AS(context.allocate(1), Error);
  context.thaw();
  CHECK(context.allocate(1).bytes() == 1);
}

TEST_CASE("context: memory is counted while it is held, and its peak is kept") {
  Context context;
  {
    const Buffer a = context.allocate(1000), b = context.allocate(24);
    CHECK(context.memory().current_bytes == 1024);
  }
  CHECK(context.memory().current_bytes == 0);
  CHECK(context.memory().peak_bytes == 1024);
  CHECK(context.memory().allocations == 2);
}

}  // namespace lanet::test
