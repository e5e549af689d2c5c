#include "tests/files.h"

#include <cstdlib>

namespace lanet::test {

namespace fs = std::filesystem;

namespace {
fs::path own_folder() {
  return fs::canonical("/proc/self/exe").parent_path();
}
}  // namespace

fs::path tests_folder() {
  if (const char* named = std::getenv("LANET_TEST_DIR"); named && *named) return named;
  return fs::exists(own_folder() / "golden") ? own_folder() : fs::path(LANET_TEST_DIR);
}

std::string program() {
  return (own_folder().parent_path() / "lanet-cuda").string();
}

}  // namespace lanet::test
