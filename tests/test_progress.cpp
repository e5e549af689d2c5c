#include "tests/temporary_folder.h"
#include "train/progress.h"

namespace lanet::test {

TEST_CASE("progress: durations are told in the unit that fits") {
  CHECK(format_duration(0.4) == "0 s");
  CHECK(format_duration(59.4) == "59 s");
  CHECK(format_duration(59.6) == "1:00 min");
  CHECK(format_duration(187) == "3:07 min");
  CHECK(format_duration(7500) == "2:05 h");
  CHECK(format_duration(-1) == "0 s");
}

TEST_CASE("progress: without a terminal there are plain lines, and not one for each update") {
  TemporaryFolder folder;
  const auto path = folder.path() / "log";
  std::FILE* out = std::fopen(path.c_str(), "w");
  {
    Progress progress("img", 100, out);
    for (int i = 1; i <= 100; ++i) progress.update(i, "epoch 1/1");
    progress.message("epoch 1: accuracy 0.5");
  }
  std::fclose(out);
  CHECK(read_file(path) == "epoch 1: accuracy 0.5\n");
}

}  // namespace lanet::test
