// A program that is signalled when it has come to a certain point.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/files.h"

namespace lanet::test {

/// Starts the program, which writes to stderr into the file `err`, and returns once `file` is
/// there. It must not have ended by then; the caller waits for its end.
inline pid_t start_and_await(const std::string& arguments, const std::string& file,
                             const std::string& err = "/dev/null") {
  const std::string command = "exec " + program() + " " + arguments + " >/dev/null 2>" + err;
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(127);
  }
  bool ended = false;
  while (!ended && !std::filesystem::exists(file)) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    ended = waitpid(child, nullptr, WNOHANG) != 0;
  }
  REQUIRE_FALSE(ended);
  return child;
}

}  // namespace lanet::test
