#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/files/file.h"
#include "tests/temporary_folder.h"
#include "train/progress.h"

namespace lanet::test {
namespace {

/// A terminal that keeps what is written to it.
class Terminal {
 public:
  /// 0: its width is not known.
  explicit Terminal(int columns = 0) : reader_(posix_openpt(O_RDWR | O_NOCTTY)) {
    REQUIRE(reader_ >= 0);
    REQUIRE(grantpt(reader_) == 0);
    REQUIRE(unlockpt(reader_) == 0);
    const winsize size{.ws_row = 0, .ws_col = static_cast<unsigned short>(columns)};
    REQUIRE(ioctl(reader_, TIOCSWINSZ, &size) == 0);
    out_ = fdopen(open(ptsname(reader_), O_RDWR | O_NOCTTY), "w");
    REQUIRE(out_);
  }
  ~Terminal() { close(reader_); }
  std::FILE* out() const { return out_; }

  /// All of it; ends the writing.
  std::string shown() {
    std::fclose(out_);
    // The kernel hands on what was written in pieces: one read() may see the first of them only.
    // With the writing side closed, reading fails (EIO) after the last.
    std::string text;
    char piece[256];
    for (ssize_t length; (length = read(reader_, piece, sizeof piece)) > 0;)
      text.append(piece, static_cast<size_t>(length));
    return text;
  }

 private:
  int reader_;
  std::FILE* out_ = nullptr;
};

}  // namespace

TEST_CASE("progress: durations are told in the unit that fits") {
  CHECK(format_duration(0.4) == "0 s");
  CHECK(format_duration(59.4) == "59 s");
  CHECK(format_duration(59.6) == "1:00 min");
  CHECK(format_duration(187) == "3:07 min");
  CHECK(format_duration(7500) == "2:05 h");
  CHECK(format_duration(-1) == "0 s");
}

TEST_CASE("progress: the rate is that of the last half minute") {
  RecentRate rate;
  CHECK(rate.per_second(0) == 0);
  rate.add(0, 100);
  CHECK(rate.per_second(1) == 0);
  for (int second = 1; second <= 100; ++second) rate.add(second, 100 + 10 * second);
  CHECK(rate.per_second(100) == doctest::Approx(10));
  for (int second = 101; second <= 115; ++second) rate.add(second, 1100 + 30 * (second - 100));
  CHECK(rate.per_second(115) == doctest::Approx(20));  // half of these 30 s at either rate
  for (int second = 116; second <= 131; ++second) rate.add(second, 1100 + 30 * (second - 100));
  CHECK(rate.per_second(131) == doctest::Approx(30));
  CHECK(rate.per_second(141) == doctest::Approx(30));  // the next step may take so long
  CHECK(rate.per_second(191) == doctest::Approx(15));  // it stands still
}

TEST_CASE("progress: of steps that take longer, the rate is that of the last few") {
  RecentRate rate;
  for (int step = 0; step <= 20; ++step) rate.add(100 * step, step);
  CHECK(rate.per_second(2000) == doctest::Approx(0.01));
  for (int step = 21; step <= 30; ++step) rate.add(2000 + 50 * (step - 20), step);
  CHECK(rate.per_second(2500) == doctest::Approx(0.02));
  CHECK(rate.per_second(2540) == doctest::Approx(0.02));
}

TEST_CASE("progress: many steps in a moment count as one") {
  RecentRate rate;
  for (int i = 0; i <= 100'000; ++i) rate.add(i * 1e-3, i);
  CHECK(rate.per_second(100) == doctest::Approx(1000).epsilon(0.01));
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
  Terminal terminal;
  {
    const auto show = progress_function("decoding", "faces", terminal.out());
    show(1, 100);  // too early for a line
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    show(26, 100);
    show(100, 100);
  }
  const std::string shown = terminal.shown();
  CAPTURE(shown);
  CHECK(shown.starts_with("\rdecoding  26/100 faces  "));
  CHECK(shown.find(" faces/s  ") != std::string::npos);
  CHECK(shown.ends_with(" s left\033[K\r\n"));  // the terminal makes \r\n of \n
}

TEST_CASE("progress: a slow job is told in minutes, and a long line is cut to the terminal") {
  Terminal terminal(/*columns=*/50);
  {
    Progress progress("epochs", 100, terminal.out());
    progress.update(1, "2/9 runs");
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    progress.update(2, "2/9 runs");
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    progress.update(3, std::string(60, 'x'));
  }
  const std::string shown = terminal.shown();
  CAPTURE(shown);
  CHECK(shown.starts_with("\r2/9 runs  2/100 epochs  "));
  CHECK(shown.find(" epochs/min  ") != std::string::npos);
  CHECK(shown.ends_with("\r" + std::string(49, 'x') + "\033[K\r\n"));
}

}  // namespace lanet::test
