// Messages over TCP between the ranks of a run and their monitor. They are about the processes
// themselves; tensors go by MPI or NCCL.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace lanet {

/// How often both sides send a beat, after what silence a peer is given up, and how long to wait
/// for peers to connect. The beat is well below half the silence.
struct Timing {
  std::chrono::milliseconds beat{1000}, silence{15000}, connect{120000};
};

/// "15" for 15000 ms, "0.3" for 300 ms.
std::string seconds_text(std::chrono::milliseconds time);

/// The environment variable that tells a rank where its monitor is: "address:port".
constexpr const char* kMonitorVariable = "LANET_MONITOR";
struct MonitorAddress {
  std::string address;
  int port;
};
/// InputError, which names the variable and its value, if that is not "address:port".
MonitorAddress parse_monitor_address(const std::string& value);

/// The name of this machine.
std::string host_name();

enum class MessageType : uint8_t { hello = 1, welcome, beat, share, last_words, failure, goodbye };

struct Message {
  MessageType type;
  std::string body;
};

/// By this a rank and its monitor recognise each other; a port scanner does not send it.
constexpr const char* kRankMagic = "lanet-cuda-ranks-1";

/// The longest body. All messages in flight fit the buffers of a socket.
constexpr size_t kMaxMessageBytes = 4096;

/// A file descriptor with one owner.
class Descriptor {
 public:
  explicit Descriptor(int value = -1) : value_(value) {}
  ~Descriptor();
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }

  int get() const { return value_; }

 private:
  int value_;
};

/// Wakes a thread that waits in poll() or epoll_wait(), once and for all.
class WakeUp {
 public:
  WakeUp();
  int descriptor() const { return event_.get(); }
  void set();

 private:
  Descriptor event_;
};

/// Messages over one connected socket: a byte of type, four of length (little-endian), the body.
/// Nothing here blocks. Not thread-safe.
class RankChannel {
 public:
  /// Takes ownership of the socket, which must be non-blocking.
  explicit RankChannel(Descriptor socket);

  int descriptor() const { return socket_.get(); }
  /// Sends, or keeps for flush() what the socket does not take now. A broken connection shows in
  /// receive().
  void send(MessageType type, std::string_view body = {});
  void flush();
  bool all_sent() const { return unsent_.empty(); }
  /// Tells the peer that nothing more will come.
  void finish_sending();
  /// Reads once, for next(). False if the peer closed the connection or it broke.
  bool receive();
  /// The next message that has arrived completely.
  std::optional<Message> next();
  /// True once next() has met bytes that are not a message.
  bool garbled() const { return garbled_; }

 private:
  Descriptor socket_;
  std::string unsent_, received_;
  bool garbled_ = false;
};

/// A socket that listens. Throws Error, with what the system says.
Descriptor listen_socket(const std::string& address, int port);
/// A connected socket if the peer answers before `deadline`; else nothing, with why in `reason`.
std::optional<Descriptor> connect_socket(const std::string& address, int port,
                                         std::chrono::steady_clock::time_point deadline,
                                         std::string& reason);
/// The next pending connection, if there is one.
std::optional<Descriptor> accept_socket(int listener);
/// The port that a socket is bound to.
int port_of(int socket);

}  // namespace lanet
