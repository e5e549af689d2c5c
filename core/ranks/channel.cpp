#include "core/ranks/channel.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <thread>

#include "core/error.h"

namespace lanet {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

constexpr size_t kHeaderBytes = 5;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

/// Empty if there are none; `reason` then says why.
Addresses resolve(const std::string& address, int port, int flags, std::string& reason) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int status = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (status != 0) reason = ::gai_strerror(status);
  return Addresses(status == 0 ? list : nullptr);
}

Descriptor open_socket(const addrinfo& to) {
  return Descriptor(::socket(to.ai_family, to.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

void set_option(int socket, int level, int name) {
  const int on = 1;
  ::setsockopt(socket, level, name, &on, sizeof on);
}

/// Waits for a connection that has been started. 0, or the error number.
int connection_error(int socket, Clock::time_point deadline) {
  pollfd wait{socket, POLLOUT, 0};
  do {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    const int ready = ::poll(&wait, 1, static_cast<int>(std::max<int64_t>(0, left.count())));
    if (ready > 0) {
      int error = 0;
      socklen_t size = sizeof error;
      ::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
      return error;
    }
  } while (Clock::now() < deadline);
  return ETIMEDOUT;
}

}  // namespace

std::string seconds_text(std::chrono::milliseconds time) {
  return fmt::format("{:g}", static_cast<double>(time.count()) / 1000);
}

MonitorAddress parse_monitor_address(const std::string& value) {
  const size_t colon = value.rfind(':');
  int port = 0;
  if (colon != std::string::npos && colon > 0) {
    const char* end = value.data() + value.size();
    const auto [rest, error] = std::from_chars(value.data() + colon + 1, end, port);
    if (error == std::errc() && rest == end && port > 0 && port <= 65535)
      return {value.substr(0, colon), port};
  }
  throw InputError(fmt::format("{}: '{}': expected address:port, as in 127.0.0.1:29400",
                               kMonitorVariable, printable(value)));
}

std::string host_name() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return printable(name.data());
}

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

WakeUp::WakeUp() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_.get() < 0) throw Error(fmt::format("eventfd: {}", std::strerror(errno)));
}

void WakeUp::set() {
  ::eventfd_write(event_.get(), 1);
}

RankChannel::RankChannel(Descriptor socket) : socket_(std::move(socket)) {
  set_option(descriptor(), IPPROTO_TCP, TCP_NODELAY);
}

void RankChannel::send(MessageType type, std::string_view body) {
  LANET_REQUIRE(body.size() <= kMaxMessageBytes, "a message of {} bytes", body.size());
  unsent_ += static_cast<char>(type);
  for (int shift = 0; shift < 32; shift += 8) unsent_ += static_cast<char>(body.size() >> shift);
  unsent_ += body;
  flush();
}

void RankChannel::flush() {
  while (!unsent_.empty()) {
    const ssize_t sent =
        ::send(descriptor(), unsent_.data(), unsent_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
    unsent_.erase(0, sent < 0 ? unsent_.size() : static_cast<size_t>(sent));
  }
}

void RankChannel::finish_sending() {
  ::shutdown(descriptor(), SHUT_WR);
}

bool RankChannel::receive() {
  std::array<char, kMaxMessageBytes> piece;
  ssize_t got = 0;
  do {
    got = ::recv(descriptor(), piece.data(), piece.size(), MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
  received_.append(piece.data(), static_cast<size_t>(got));
  return got > 0;
}

std::optional<Message> RankChannel::next() {
  if (received_.size() < kHeaderBytes) return std::nullopt;
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(received_[i]); };
  const size_t length = byte(1) | byte(2) << 8 | byte(3) << 16 | size_t{byte(4)} << 24;
  garbled_ = length > kMaxMessageBytes || byte(0) < static_cast<uint8_t>(MessageType::hello) ||
             byte(0) > static_cast<uint8_t>(MessageType::goodbye);
  if (garbled_ || received_.size() < kHeaderBytes + length) return std::nullopt;
  Message message{static_cast<MessageType>(byte(0)), received_.substr(kHeaderBytes, length)};
  received_.erase(0, kHeaderBytes + length);
  return message;
}

Descriptor listen_socket(const std::string& address, int port) {
  std::string reason;
  const Addresses found = resolve(address, port, AI_PASSIVE, reason);
  if (found) {
    Descriptor socket = open_socket(*found);
    set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR);
    if (socket.get() >= 0 && ::bind(socket.get(), found->ai_addr, found->ai_addrlen) == 0 &&
        ::listen(socket.get(), SOMAXCONN) == 0)
      return socket;
    reason = std::strerror(errno);
  }
  throw Error(fmt::format("{}:{}: cannot listen for the ranks: {}", address, port, reason));
}

std::optional<Descriptor> connect_socket(const std::string& address, int port,
                                         Clock::time_point deadline, std::string& reason) {
  const Addresses found = resolve(address, port, 0, reason);
  for (const addrinfo* to = found.get(); to; to = to->ai_next) {
    Descriptor socket = open_socket(*to);
    int error = ::connect(socket.get(), to->ai_addr, to->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) error = connection_error(socket.get(), deadline);
    if (error == 0) return socket;
    reason = std::strerror(error);
  }
  return std::nullopt;
}

std::optional<Descriptor> accept_socket(int listener) {
  Descriptor socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.get() >= 0) return socket;
  // Without a free descriptor the connection stays pending; do not poll it in a busy loop.
  if (errno == EMFILE || errno == ENFILE) std::this_thread::sleep_for(10ms);
  return std::nullopt;
}

int port_of(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  const bool v6 = address.ss_family == AF_INET6;
  return ntohs(v6 ? reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port
                  : reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

}  // namespace lanet
