#include "core/files/file.h"

#include "core/error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

TEST_CASE("file: what is appended stands behind what is there, and makes the file") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.txt";
  append_text(path, "one\n");
  append_text(path, "two\n");
  CHECK(read_text(path) == "one\ntwo\n");
  append_text(path, "");
  CHECK(read_text(path) == "one\ntwo\n");
  CHECK_THROWS_WITH_AS(append_text(folder.path() / "absent/a", "x"),
                       doctest::Contains("absent/a: cannot be written: No such file"), Error);
  CHECK_THROWS_WITH_AS(append_text("/dev/full", "x"),
                       "/dev/full: cannot be written: No space left on device", Error);
}

TEST_CASE("file: an extension in lower case") {
  CHECK(lower_extension("folder.X/FACES.CSV") == ".csv");
  CHECK(lower_extension("a.b.Npy") == ".npy");
  CHECK(lower_extension("a.\xC3\x84") == ".\xC3\x84");  // only ASCII letters
  CHECK(lower_extension("folder.X/none") == "");
}

}  // namespace lanet::test
