// What a process tells NCCL before it uses it.
#include <doctest/doctest.h>

#include <cstdlib>
#include <optional>
#include <string>

#include "train/ranks/ranks.h"

namespace lanet::test {
namespace {

constexpr const char* kName = "NCCL_LAUNCH_ORDER_IMPLICIT";

/// Puts the variable back as it was.
class Restored {
 public:
  Restored() {
    if (const char* value = std::getenv(kName)) before_ = value;
  }
  ~Restored() { before_ ? setenv(kName, before_->c_str(), 1) : unsetenv(kName); }
  Restored(const Restored&) = delete;
  Restored& operator=(const Restored&) = delete;

 private:
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("nccl: a process that joins others asks for launches in the host's order") {
  const Restored restored;
  unsetenv(kName);
  { const Ranks ranks; }
  REQUIRE(std::getenv(kName));
  CHECK(std::string(std::getenv(kName)) == "1");
}

TEST_CASE("nccl: what the environment says of the order of launches stays") {
  const Restored restored;
  setenv(kName, "0", 1);
  { const Ranks ranks; }
  CHECK(std::string(std::getenv(kName)) == "0");
}

}  // namespace lanet::test
