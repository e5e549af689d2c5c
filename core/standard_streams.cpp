#include "core/standard_streams.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>

#include "core/error.h"

namespace lanet {

void prepare_standard_streams() {
  // open() takes the lowest free number, which is the one that is found to be free.
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0 && errno == EBADF)
      ::open("/dev/null", stream == STDERR_FILENO ? O_WRONLY : O_RDONLY);
  ::signal(SIGXFSZ, SIG_IGN);
}

void write_error(std::string_view text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void finish_output() {
  errno = 0;
  std::cout.flush();
  const bool flushed = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  int error = errno;
  // Some file systems tell only here that there was no room.
  const int copy = flushed ? ::dup(STDOUT_FILENO) : -1;
  const bool closed = copy < 0 || ::close(copy) == 0;
  if (flushed && closed) return;
  if (!closed) error = errno;
  throw Error(fmt::format("stdout: cannot be written{}{}", error != 0 ? ": " : "",
                          error != 0 ? std::strerror(error) : ""));
}

}  // namespace lanet
