#include "train/experiment/child_processes.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <thread>

#include "core/error.h"

namespace lanet {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// The exit code of a child that could not start its program.
constexpr int kNotStarted = 127;
/// How long a killed process may take to end.
constexpr auto kKillTime = 5s;
constexpr auto kTurn = 10ms;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (std::string& text : texts) all.push_back(text.data());
  all.push_back(nullptr);
  return all;
}

/// The environment of this process with `variables` in place of its own.
std::vector<std::string> environment_with(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry;
    if (!variables.contains(text.substr(0, text.find('=')))) all.push_back(text);
  }
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

/// The child between fork() and its program. Other threads may have held locks when it was made:
/// system calls only.
[[noreturn]] void become(char* const* argv, char* const* environment, pid_t parent, int output,
                         int errors) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(kNotStarted);  // it was killed before prctl()
  if (const int null = ::open("/dev/null", O_RDONLY); null >= 0) {
    ::dup2(null, STDIN_FILENO);
    ::close(null);
  }
  if (output >= 0) ::dup2(output, STDOUT_FILENO);
  if (errors >= 0) ::dup2(errors, STDERR_FILENO);
  ::execve(argv[0], argv, environment);
  ::_exit(kNotStarted);
}

/// The parent of a process; 0 if it is gone.
pid_t parent_of(const std::filesystem::path& folder) {
  std::ifstream in(folder / "stat");
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const size_t name_end = text.rfind(')');  // "7 (name) S parent ..."
  pid_t parent = 0;
  if (name_end != std::string::npos && name_end + 4 < text.size())
    std::from_chars(text.data() + name_end + 4, text.data() + text.size(), parent);
  return parent;
}

std::vector<pid_t> children_of(pid_t process) {
  std::vector<pid_t> children;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    pid_t id = 0;
    std::from_chars(name.data(), name.data() + name.size(), id);
    if (id > 0 && parent_of(entry.path()) == process) children.push_back(id);
  }
  return children;
}

/// Kills the processes that became children of this one, until there are none.
void kill_orphans() {
  const auto deadline = Clock::now() + kKillTime;
  std::vector<pid_t> orphans = children_of(::getpid());
  while (!orphans.empty() && Clock::now() < deadline) {
    for (const pid_t id : orphans) ::kill(id, SIGKILL);
    std::this_thread::sleep_for(kTurn);
    for (const pid_t id : orphans) ::waitpid(id, nullptr, WNOHANG);
    orphans = children_of(::getpid());
  }
}

}  // namespace

std::string signal_text(int signal) {
  return fmt::format("signal {} ({})", signal, ::strsignal(signal));
}

std::string find_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path ? path : "");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::filesystem::path candidate = std::filesystem::path(folder) / name;
    if (::access(candidate.c_str(), X_OK) == 0) return candidate.string();
  }
  return "";
}

ChildProcesses::ChildProcesses() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

ChildProcesses::~ChildProcesses() {
  end(SIGKILL, 0ms);
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

size_t ChildProcesses::start(std::string name, const std::vector<std::string>& argv,
                             const std::map<std::string, std::string>& variables, int output,
                             int errors) {
  std::vector<std::string> words = argv, environment = environment_with(variables);
  const std::vector<char*> word_pointers = pointers(words),
                           variable_pointers = pointers(environment);
  const pid_t parent = ::getpid(), id = ::fork();
  if (id < 0) throw Error(fmt::format("{}: cannot be started: {}", name, std::strerror(errno)));
  if (id == 0) become(word_pointers.data(), variable_pointers.data(), parent, output, errors);
  ::setpgid(id, id);  // here too: whoever comes first
  children_.push_back({id, std::move(name), std::nullopt});
  return children_.size() - 1;
}

void ChildProcesses::update() {
  for (Child& child : children_) {
    int status = 0;
    if (!child.status && ::waitpid(child.id, &status, WNOHANG) == child.id) child.status = status;
  }
}

bool ChildProcesses::all_ended() const {
  return std::all_of(children_.begin(), children_.end(),
                     [](const Child& child) { return child.status.has_value(); });
}

bool ChildProcesses::any_failed() const {
  return std::any_of(children_.begin(), children_.end(),
                     [](const Child& child) { return child.status.value_or(0) != 0; });
}

bool ChildProcesses::any_ended_with(int exit_code) const {
  return std::any_of(children_.begin(), children_.end(), [&](const Child& child) {
    return child.status && WIFEXITED(*child.status) && WEXITSTATUS(*child.status) == exit_code;
  });
}

std::string ChildProcesses::describe_failed() const {
  const auto child = std::find_if(children_.begin(), children_.end(),
                                  [](const Child& c) { return c.status.value_or(0) != 0; });
  return child == children_.end() ? "no process failed" : describe(child - children_.begin());
}

std::string ChildProcesses::describe(size_t number) const {
  const Child& child = children_.at(number);
  const int status = child.status.value();
  return fmt::format("{} (process {}) {}", child.name, child.id,
                     WIFSIGNALED(status)
                         ? fmt::format("was terminated by {}", signal_text(WTERMSIG(status)))
                         : fmt::format("ended with exit code {}", WEXITSTATUS(status)));
}

void ChildProcesses::end(int signal, std::chrono::milliseconds grace) {
  update();
  send(signal);
  send(SIGCONT);
  wait(grace);
  send(SIGKILL);
  wait(kKillTime);
  kill_orphans();
}

void ChildProcesses::wait(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  while (!all_ended() && Clock::now() < deadline) {
    std::this_thread::sleep_for(kTurn);
    update();
  }
}

void ChildProcesses::send_to_started(int signal) const {
  for (const Child& child : children_)
    if (!child.status) ::kill(child.id, signal);
}

void ChildProcesses::send(int signal) const {
  for (const Child& child : children_) {
    if (!child.status) ::kill(-child.id, signal);
  }
}

}  // namespace lanet
