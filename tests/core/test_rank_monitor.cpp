// The monitor and its ranks over 127.0.0.1: each way a rank can end, what is said of it and who is
// told. Ranks that are killed or stopped are processes, the others threads of this one.
#include "core/ranks/monitor.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <thread>

#include "core/ranks/link.h"
#include "tests/input_error.h"

namespace lanet::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kHere = "127.0.0.1";
/// Nothing but its own failure ends a run: no test waits for this silence.
const Timing kPatient{.beat = 20ms, .silence = 60s, .connect = 60s};
const Timing kQuick{.beat = 20ms, .silence = 1s, .connect = 60s};
/// What is waited for comes long before.
constexpr auto kLimit = 60s;

/// The lines that on_failure was called with, of a monitor or of links.
class Lines {
 public:
  std::function<void(const std::string&)> sink() {
    return [this](const std::string& line) { add(line, false); };
  }
  std::function<void(const RankFailure&)> link_sink() {
    return [this](const RankFailure& failure) { add(failure.line, failure.monitor_lost); };
  }
  /// The first line, waited for; "" if none comes.
  std::string first() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kLimit, [&] { return !lines_.empty(); });
    return lines_.empty() ? "" : lines_.front();
  }
  size_t count() {
    const std::lock_guard lock(mutex_);
    return lines_.size();
  }
  /// Whether a link said that it had lost its monitor.
  bool monitor_lost() {
    const std::lock_guard lock(mutex_);
    return monitor_lost_;
  }

 private:
  void add(const std::string& line, bool monitor_lost) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(line);
    monitor_lost_ |= monitor_lost;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  bool monitor_lost_ = false;
};

/// A process that ends with its object, whatever its state.
class Process {
 public:
  explicit Process(const std::function<void()>& body) : id_(::fork()) {
    if (id_ != 0) return;
    body();
    ::_exit(0);
  }
  ~Process() {
    send(SIGKILL);
    ::waitpid(id_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void send(int signal) const { ::kill(id_, signal); }
  /// Waits for its end, and returns its exit code, or the signal that ended it.
  int wait() const {
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(id_), &info, WEXITED | WNOWAIT);
    return info.si_status;
  }
  pid_t id() const { return id_; }

 private:
  pid_t id_;
};

constexpr auto ignore = [](const auto&) {};

/// A rank in a process of its own, which has come when this is made and lives until it is killed.
class RankProcess : public Process {
 public:
  RankProcess(int port, int rank, const Timing& timing) : RankProcess(port, rank, timing, {}) {}

 private:
  RankProcess(int port, int rank, const Timing& timing, WakeUp come)
      : Process([&] {
          const RankLink link(kHere, port, rank, "the test", timing, ignore);
          come.set();
          while (true) std::this_thread::sleep_for(1s);
        }) {
    pollfd wait{come.descriptor(), POLLIN, 0};
    REQUIRE(::poll(&wait, 1, std::chrono::milliseconds(kLimit).count()) == 1);
  }
};

std::unique_ptr<RankLink> link_to(const RankMonitor& monitor, int rank, Lines& lines,
                                  const Timing& timing = kPatient) {
  return std::make_unique<RankLink>(kHere, monitor.port(), rank, "the test", timing,
                                    lines.link_sink());
}

std::string name_of(int rank, pid_t process) {
  return fmt::format("rank {} on {} (process {})", rank, host_name(), process);
}

}  // namespace

TEST_CASE("rank monitor: ranks that say goodbye are no failure") {
  Lines lines, told;
  RankMonitor monitor(3, kHere, 0, kPatient, lines.sink());
  auto a = link_to(monitor, 0, told), b = link_to(monitor, 1, told), c = link_to(monitor, 2, told);
  a->goodbye();
  b->goodbye();
  CHECK_FALSE(monitor.wait_finished(30ms));
  c->goodbye();
  CHECK(monitor.wait_finished(kLimit));
  a.reset();
  CHECK(monitor.finished());
  CHECK(monitor.failure() == "");
  CHECK(lines.count() == 0);
  CHECK(told.count() == 0);
}

TEST_CASE("rank monitor: a rank that is killed is named, once, and the others are told") {
  Lines lines, told;
  RankMonitor monitor(3, kHere, 0, kPatient, lines.sink());
  const RankProcess victim(monitor.port(), 0, kPatient);
  auto b = link_to(monitor, 1, told), c = link_to(monitor, 2, told);
  victim.send(SIGKILL);
  const std::string line =
      name_of(0, victim.id()) + " ended unexpectedly: it was killed or crashed";
  CHECK(lines.first() == line);
  CHECK(told.first() == line);
  CHECK_FALSE(told.monitor_lost());
  CHECK(monitor.failure() == line);
  CHECK(monitor.failure_unexplained());
  CHECK(monitor.silent_process() == 0);
  CHECK_FALSE(monitor.wait_finished(kLimit));
  CHECK_THROWS_WITH_AS(c->share(""), line.c_str(), Error);
}

TEST_CASE("rank monitor: a rank that is stopped is named") {
  Lines lines, told;
  RankMonitor monitor(2, kHere, 0, kQuick, lines.sink());
  const RankProcess victim(monitor.port(), 0, kPatient);
  auto other = link_to(monitor, 1, told);
  victim.send(SIGSTOP);
  const std::string line =
      name_of(0, victim.id()) +
      " has not responded for 1 s: it is stopped, or its machine cannot be reached";
  CHECK(lines.first() == line);
  CHECK(told.first() == line);
  CHECK_FALSE(monitor.failure_unexplained());
  CHECK(monitor.silent_process() == victim.id());
  victim.send(SIGCONT);
}

TEST_CASE("rank monitor: last words are reported, in one line, and the others are told") {
  Lines lines, told, own;
  RankMonitor monitor(2, kHere, 0, kPatient, lines.sink());
  auto a = link_to(monitor, 0, told), b = link_to(monitor, 1, own);
  b->tell("out of\nmemory");
  const std::string line = name_of(1, ::getpid()) + ": out of memory";
  CHECK(monitor.failure() == line);  // heard when tell() returns
  CHECK(lines.first() == line);
  CHECK(told.first() == line);
  b.reset();
  a->tell("rank 1 is gone");  // a consequence
  CHECK(lines.count() == 1);
  CHECK(told.count() == 1);
  CHECK(own.count() == 0);
}

TEST_CASE("rank monitor: a goodbye with an exit code ends the others, and nothing is reported") {
  Lines lines, told;
  RankMonitor monitor(2, kHere, 0, kPatient, lines.sink());
  auto a = link_to(monitor, 0, told), b = link_to(monitor, 1, told);
  b->goodbye(2);
  CHECK(told.first() == name_of(1, ::getpid()) + " ended with exit code 2");
  a.reset();
  CHECK_FALSE(monitor.wait_finished(kLimit));
  CHECK(monitor.exit_code() == 2);
  CHECK(monitor.failure() == "");
  CHECK(lines.count() == 0);
}

TEST_CASE("rank monitor: a rank that never comes is named, with where it was expected") {
  Lines lines, told;
  RankMonitor monitor(2, kHere, 0, {.beat = 20ms, .silence = 1s, .connect = 300ms}, lines.sink());
  auto present = link_to(monitor, 0, told);
  const std::string line = fmt::format(
      "rank 1 did not connect within 0.3 s: it was not started, or cannot reach 127.0.0.1:{}",
      monitor.port());
  CHECK(lines.first() == line);
  CHECK(told.first() == line);
}

TEST_CASE("rank monitor: ranks that are not of the run are refused and named") {
  Lines lines, told;
  RankMonitor monitor(2, kHere, 0, kPatient, lines.sink());
  auto a = link_to(monitor, 0, told);
  SUBCASE("connected twice") {
    const std::string line = fmt::format("{} is already connected, as {}", name_of(0, ::getpid()),
                                         name_of(0, ::getpid()));
    CHECK_THROWS_WITH_AS(link_to(monitor, 0, told), line.c_str(), Error);
    CHECK(lines.first() == line);
  }
  SUBCASE("beyond the last") {
    const std::string line = name_of(2, ::getpid()) + " tried to join a run of 2 ranks";
    CHECK_THROWS_WITH_AS(link_to(monitor, 2, told), line.c_str(), Error);
    CHECK(lines.first() == line);
  }
}

TEST_CASE("rank monitor: bytes of rank 0 reach every rank, those that come later too") {
  Lines lines, told;
  RankMonitor monitor(3, kHere, 0, kPatient, lines.sink());
  std::string id(128, '\0'), second = "x";
  for (size_t i = 0; i < id.size(); i += 2) id[i] = static_cast<char>(255 - i);
  auto early = link_to(monitor, 1, told), zero = link_to(monitor, 0, told);
  std::string received;
  std::thread waiting([&] { received = early->share(""); });
  CHECK(zero->share(id) == id);
  zero->share(second);
  waiting.join();
  CHECK(received == id);
  CHECK(early->share("") == second);
  auto late = link_to(monitor, 2, told);
  CHECK(late->share("") == id);
  CHECK(late->share("") == second);
  CHECK_THROWS_AS(late->share("mine"), Error);
  for (RankLink* link : {early.get(), zero.get(), late.get()}) link->goodbye();
  CHECK(monitor.wait_finished(kLimit));
}

TEST_CASE("rank monitor: bytes that rank 0 never shares are not waited for for ever") {
  Lines lines, told;
  RankMonitor monitor(2, kHere, 0, kPatient, lines.sink());
  auto link = link_to(monitor, 1, told, {.beat = 20ms, .silence = 60s, .connect = 500ms});
  CHECK_THROWS_WITH_AS(link->share(""), "rank 0 shared nothing within 0.5 s", Error);
}

TEST_CASE("rank monitor: strangers do not disturb a run") {
  Lines lines, told;
  RankMonitor monitor(1, kHere, 0, kQuick, lines.sink());
  const auto deadline = std::chrono::steady_clock::now() + kLimit;
  std::string reason;
  std::vector<Descriptor> strangers;
  for (const std::string& bytes : std::vector<std::string>{
           "", "GET / HTTP/1.0\r\n\r\n", std::string("\x01\xFF\xFF\xFF\xFF", 5),
           std::string("\x01\x02\0\0\0hi", 7), std::string("\x03\0\0\0\0", 5), "\x01"}) {
    auto socket = connect_socket(kHere, monitor.port(), deadline, reason);
    REQUIRE(socket);
    REQUIRE(::write(socket->get(), bytes.data(), bytes.size()) ==
            static_cast<ssize_t>(bytes.size()));
    strangers.push_back(std::move(*socket));
  }
  strangers.pop_back();  // closes in the middle of a message
  auto link = link_to(monitor, 0, told);
  // Those that say nothing are given up after the silence: what is left of them is an end of file.
  for (const Descriptor& stranger : strangers) {
    char byte;
    ssize_t got = -1;
    while (got != 0 && std::chrono::steady_clock::now() < deadline) {
      got = ::read(stranger.get(), &byte, 1);
      if (got < 0 && errno == ECONNRESET) got = 0;
      std::this_thread::sleep_for(1ms);
    }
    CHECK(got == 0);
  }
  link->goodbye();
  CHECK(monitor.wait_finished(kLimit));
  CHECK(lines.count() == 0);
}

TEST_CASE("rank link: a monitor that ends is told, with who held it") {
  Lines lines, told;
  auto monitor = std::make_unique<RankMonitor>(1, kHere, 0, kPatient, lines.sink());
  auto link = link_to(*monitor, 0, told);
  monitor.reset();
  CHECK(told.first() == "the monitor (the test) ended unexpectedly");
  CHECK(told.monitor_lost());
  link->goodbye();  // to nobody: returns at once
  CHECK(told.count() == 1);
}

TEST_CASE("rank link: a monitor that is not there is not waited for for ever") {
  int port = 0;
  {
    const RankMonitor monitor(1, kHere, 0, kPatient, ignore);
    port = monitor.port();
  }
  const Timing timing{.beat = 20ms, .silence = 1s, .connect = 200ms};
  const std::string message = fmt::format(
      "rank 0 cannot reach the monitor (the test) at 127.0.0.1:{} within 0.2 s: "
      "Connection refused",
      port);
  CHECK_THROWS_WITH_AS(RankLink(kHere, port, 0, "the test", timing, ignore), message.c_str(),
                       Error);
}

namespace {

/// A process that holds the monitor of some ranks and ends with 0 if they said goodbye.
struct MonitorProcess {
  MonitorProcess(int ranks, const Timing& timing) {
    REQUIRE(::pipe(pipe) == 0);
    process = std::make_unique<Process>([this, ranks, timing] {
      const RankMonitor monitor(ranks, kHere, 0, timing, ignore);
      const int bound = monitor.port();
      if (::write(pipe[1], &bound, sizeof bound) != sizeof bound) ::_exit(3);
      if (monitor.wait_finished(kLimit)) ::_exit(0);
      std::this_thread::sleep_for(kLimit);  // the ranks read what they are told
    });
    REQUIRE(::read(pipe[0], &port, sizeof port) == sizeof port);
  }
  ~MonitorProcess() {
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  int pipe[2] = {-1, -1};
  int port = 0;
  std::unique_ptr<Process> process;
};

}  // namespace

TEST_CASE("rank link: a monitor that is stopped is told") {
  const MonitorProcess monitor(1, kPatient);
  Lines told;
  RankLink link(kHere, monitor.port, 0, "the test", kQuick, told.link_sink());
  monitor.process->send(SIGSTOP);
  CHECK(told.first() ==
        "the monitor (the test) has not responded for 1 s: it is stopped, or its machine cannot be "
        "reached");
  CHECK(told.monitor_lost());
}

TEST_CASE("rank monitor: who was stopped himself does not blame the others") {
  const MonitorProcess monitor(2, kQuick);
  Lines told;
  // Both impatient ends stand still for longer than their silence, then the monitor wakes first.
  const RankProcess rank(monitor.port, 0, kQuick);
  RankLink link(kHere, monitor.port, 1, "the test", kPatient, told.link_sink());
  monitor.process->send(SIGSTOP);
  rank.send(SIGSTOP);
  std::this_thread::sleep_for(1500ms);
  monitor.process->send(SIGCONT);
  std::this_thread::sleep_for(200ms);
  rank.send(SIGCONT);
  std::this_thread::sleep_for(200ms);
  CHECK(told.count() == 0);
}

TEST_CASE("rank monitor: of ranks that end while it does not look the first is named") {
  for (const bool upwards : {true, false}) {
    const MonitorProcess monitor(3, kPatient);
    const RankProcess a(monitor.port, 0, kPatient), b(monitor.port, 1, kPatient);
    Lines told;
    RankLink link(kHere, monitor.port, 2, "the test", kPatient, told.link_sink());
    monitor.process->send(SIGSTOP);
    std::this_thread::sleep_for(100ms);  // beats of both wait to be read
    const RankProcess &first = upwards ? a : b, &second = upwards ? b : a;
    for (const RankProcess* rank : {&first, &second}) {
      rank->send(SIGKILL);
      rank->wait();
    }
    monitor.process->send(SIGCONT);
    CHECK(told.first() ==
          name_of(upwards ? 0 : 1, first.id()) + " ended unexpectedly: it was killed or crashed");
  }
}

TEST_CASE("rank monitor: an address that cannot be had is an error that names it") {
  const RankMonitor monitor(1, kHere, 0, kPatient, ignore);
  const std::string message = fmt::format(
      "127.0.0.1:{}: cannot listen for the ranks: Address already in use", monitor.port());
  CHECK_THROWS_WITH_AS(RankMonitor(1, kHere, monitor.port(), kPatient, ignore), message.c_str(),
                       Error);
}

TEST_CASE("rank monitor: LANET_MONITOR is an address and a port") {
  const MonitorAddress at = parse_monitor_address("nodea:29400");
  CHECK(at.address == "nodea");
  CHECK(at.port == 29400);
  for (const std::string value : {"", "nodea", ":29400", "nodea:", "nodea:x", "nodea:12x",
                                  "nodea:0", "nodea:65536", "nodea:-1"}) {
    CHECK(is_line_with(input_error([&] { parse_monitor_address(value); }),
                       fmt::format("LANET_MONITOR: '{}': expected address:port", value)));
  }
}

}  // namespace lanet::test
