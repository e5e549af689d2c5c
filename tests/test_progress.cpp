#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/file.h"
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
  CHECK(read_text(path) == "epoch 1: accuracy 0.5\n");
}

TEST_CASE("progress: a terminal shows done, total, rate and the time left, in one line") {
  const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  REQUIRE(grantpt(terminal) == 0);
  REQUIRE(unlockpt(terminal) == 0);
  std::FILE* out = fdopen(open(ptsname(terminal), O_RDWR | O_NOCTTY), "w");
  REQUIRE(out);
  {
    const auto show = progress_function("decoding", "faces", out);
    show(1, 100);  // too early for a line
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    show(26, 100);
    show(100, 100);
  }
  std::fclose(out);
  // The kernel hands on what was written in pieces: one read() may see the first of them only. With
  // the writing side closed, reading fails (EIO) after the last.
  std::string shown;
  char piece[256];
  for (ssize_t length; (length = read(terminal, piece, sizeof piece)) > 0;)
    shown.append(piece, static_cast<size_t>(length));
  close(terminal);
  CAPTURE(shown);
  CHECK(shown.starts_with("\rdecoding  26/100 faces  "));
  CHECK(shown.find(" faces/s  ") != std::string::npos);
  CHECK(shown.ends_with(" s left\033[K\r\n"));  // the terminal makes \r\n of \n
}

}  // namespace lanet::test
