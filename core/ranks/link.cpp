#include "core/ranks/link.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "core/error.h"

namespace lanet {

using namespace std::chrono_literals;

namespace {

/// A cause as one line that fits a message.
std::string one_line(std::string text) {
  text.resize(std::min(text.size(), kMaxMessageBytes / 2));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

/// True once the monitor welcomes this rank on a new connection. Throws Error if it refuses it.
bool welcomed(RankChannel& channel, const std::string& hello,
              std::chrono::steady_clock::time_point deadline) {
  channel.send(MessageType::hello, hello);
  bool open = true;
  while (open && std::chrono::steady_clock::now() < deadline) {
    pollfd wait{channel.descriptor(), POLLIN, 0};
    ::poll(&wait, 1, 50);
    open = channel.receive();
    const std::optional<Message> answer = channel.next();
    if (answer && answer->type == MessageType::failure) throw Error(answer->body);
    if (answer) return answer->type == MessageType::welcome && answer->body == kRankMagic;
    if (channel.garbled()) return false;
  }
  return false;
}

}  // namespace

RankLink::RankLink(const std::string& address, int port, int rank, std::string holder,
                   const Timing& timing, std::function<void(const RankFailure&)> on_failure)
    : rank_(rank),
      holder_(std::move(holder)),
      timing_(timing),
      on_failure_(std::move(on_failure)),
      channel_(connect(address, port)) {
  heard_ = last_turn_ = next_beat_ = Clock::now();
  thread_ = std::thread([this] { listen(); });
}

RankLink::~RankLink() {
  stopping_ = true;
  stop_.set();
  thread_.join();
}

RankChannel RankLink::connect(const std::string& address, int port) const {
  const std::string hello = fmt::format("{} {} {} {}", kRankMagic, rank_, ::getpid(), host_name());
  const Clock::time_point deadline = Clock::now() + timing_.connect;
  std::string reason = "no time left";
  while (Clock::now() < deadline) {
    std::optional<Descriptor> socket =
        connect_socket(address, port, std::min(deadline, Clock::now() + 5s), reason);
    if (socket) {
      RankChannel channel(std::move(*socket));
      if (welcomed(channel, hello, deadline)) return channel;
      reason = "no monitor of this version of the program answered";
    }
    std::this_thread::sleep_for(50ms);
  }
  throw Error(fmt::format("rank {} cannot reach the monitor ({}) at {}:{} within {} s: {}", rank_,
                          holder_, address, port, seconds_text(timing_.connect), reason));
}

void RankLink::listen() {
  bool open = true;
  while (open && !stopping_) {
    RankFailure failure;
    open = turn(Clock::now(), failure);
    if (!failure.line.empty()) on_failure_(failure);
    std::array<pollfd, 2> wait{pollfd{channel_.descriptor(), POLLIN, 0},
                               pollfd{stop_.descriptor(), POLLIN, 0}};
    if (open) ::poll(wait.data(), wait.size(), static_cast<int>(timing_.beat.count() / 2));
  }
}

bool RankLink::turn(Clock::time_point now, RankFailure& failure) {
  const std::lock_guard lock(mutex_);
  const bool open = channel_.receive();
  // After this process was stopped or starved of the processor, silence proves nothing.
  if (now - last_turn_ > timing_.silence / 2) heard_ = now;
  last_turn_ = now;
  const bool was_well = failure_.line.empty();
  while (const std::optional<Message> message = channel_.next()) {
    heard_ = now;
    if (message->type == MessageType::share) shared_.push_back(message->body);
    if (message->type == MessageType::failure && failure_.line.empty())
      failure_.line = message->body;
  }
  closed_ = !open || channel_.garbled();
  if (failure_.line.empty() && !leaving_) {
    if (closed_)
      failure_.line = fmt::format("the monitor ({}) ended unexpectedly", holder_);
    else if (now - heard_ > timing_.silence)
      failure_.line = fmt::format(
          "the monitor ({}) has not responded for {} s: it is stopped, or its machine cannot be "
          "reached",
          holder_, seconds_text(timing_.silence));
    failure_.monitor_lost = !failure_.line.empty();
  }
  if (was_well) failure = failure_;
  if (!leaving_ && now >= next_beat_) {
    next_beat_ = now + timing_.beat;
    if (channel_.all_sent()) channel_.send(MessageType::beat);
  }
  channel_.flush();
  changed_.notify_all();
  return !closed_;
}

void RankLink::leave(MessageType type, const std::string& body) {
  std::unique_lock lock(mutex_);
  if (leaving_ || closed_) return;
  leaving_ = true;
  channel_.send(type, body);
  channel_.finish_sending();
  changed_.wait_for(lock, timing_.silence, [&] { return closed_; });
}

void RankLink::tell(const std::string& cause) {
  leave(MessageType::last_words, one_line(cause));
}

void RankLink::goodbye(int exit_code) {
  leave(MessageType::goodbye, exit_code == 0 ? "" : std::to_string(exit_code));
}

std::string RankLink::share(const std::string& bytes) {
  LANET_REQUIRE((rank_ == 0) == !bytes.empty(), "rank {} shares {} bytes", rank_, bytes.size());
  std::unique_lock lock(mutex_);
  if (rank_ == 0) {
    channel_.send(MessageType::share, bytes);
    return bytes;
  }
  changed_.wait_for(lock, timing_.connect, [&] {
    return shares_taken_ < shared_.size() || !failure_.line.empty() || closed_;
  });
  if (shares_taken_ < shared_.size()) return shared_[shares_taken_++];
  if (!failure_.line.empty()) throw Error(failure_.line);
  throw Error(fmt::format("rank 0 shared nothing within {} s", seconds_text(timing_.connect)));
}

}  // namespace lanet
