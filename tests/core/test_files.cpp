// Where tests look for their files: a bundle carries them to a machine without the sources.
#include "tests/files.h"

#include <doctest/doctest.h>

#include <cstdlib>

namespace lanet::test {

namespace fs = std::filesystem;

TEST_CASE("files: the folder that the environment names is taken") {
  const char* before = std::getenv("LANET_TEST_DIR");
  const std::string restored = before ? before : "";
  setenv("LANET_TEST_DIR", "/somewhere/tests", 1);
  CHECK(tests_folder() == "/somewhere/tests");
  setenv("LANET_TEST_DIR", restored.c_str(), 1);  // empty counts as unset
}

TEST_CASE("files: what tests read and run is there") {
  CHECK(fs::exists(tests_folder() / "golden/components.json"));
  CHECK(fs::exists(program()));
}

}  // namespace lanet::test
