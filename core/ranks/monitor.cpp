#include "core/ranks/monitor.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include "core/error.h"

namespace lanet {

namespace {

/// Connections that are kept beyond the ranks' own until they say hello or time out.
constexpr size_t kMaxStrangers = 64;

Descriptor new_epoll() {
  Descriptor epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (epoll.get() < 0) throw Error(fmt::format("epoll: {}", std::strerror(errno)));
  return epoll;
}

void watch_for(uint32_t what, int descriptor, const Descriptor& epoll) {
  epoll_event event{};
  event.events = what;
  event.data.fd = descriptor;
  if (::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    throw Error(fmt::format("epoll: {}", std::strerror(errno)));
}

/// The descriptors with events, in the order in which epoll reports them.
std::vector<int> wait_for_events(const Descriptor& epoll, int limit_ms) {
  std::array<epoll_event, 64> events;
  const int count =
      ::epoll_wait(epoll.get(), events.data(), static_cast<int>(events.size()), limit_ms);
  std::vector<int> ready;
  for (int i = 0; i < count; ++i) ready.push_back(events[static_cast<size_t>(i)].data.fd);
  return ready;
}

}  // namespace

RankMonitor::RankMonitor(int ranks, const std::string& address, int port, const Timing& timing,
                         std::function<void(const std::string&)> on_failure)
    : ranks_(ranks),
      timing_(timing),
      on_failure_(std::move(on_failure)),
      listener_(listen_socket(address, port)),
      events_(new_epoll()),
      closings_(new_epoll()),
      port_(port_of(listener_.get())),
      names_(static_cast<size_t>(ranks)) {
  LANET_REQUIRE(ranks > 0, "{} ranks", ranks);
  LANET_REQUIRE(timing.beat * 2 < timing.silence, "a beat of {} ms, a silence of {} ms",
                timing.beat.count(), timing.silence.count());
  const bool everywhere = address == "0.0.0.0" || address == "::";
  place_ = fmt::format("{}:{}", everywhere ? host_name() : address, port_);
  watch_for(EPOLLIN, stop_.descriptor(), events_);
  watch_for(EPOLLIN, listener_.get(), events_);
  next_beat_ = Clock::now();
  come_by_ = next_beat_ + timing_.connect;
  thread_ = std::thread([this] { watch(); });
}

RankMonitor::~RankMonitor() {
  stopping_ = true;
  stop_.set();
  thread_.join();
}

bool RankMonitor::finished() const {
  const std::lock_guard lock(mutex_);
  return left_ == ranks_;
}

bool RankMonitor::wait_finished(std::chrono::milliseconds limit) const {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [&] { return left_ == ranks_ || ended_; });
  return left_ == ranks_;
}

std::string RankMonitor::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool RankMonitor::failure_unexplained() const {
  const std::lock_guard lock(mutex_);
  return failure_unexplained_;
}

int RankMonitor::silent_process() const {
  const std::lock_guard lock(mutex_);
  return silent_process_;
}

int RankMonitor::exit_code() const {
  const std::lock_guard lock(mutex_);
  return exit_code_;
}

void RankMonitor::watch() {
  Clock::time_point last_turn = Clock::now();
  while (!stopping_) {
    take_events();
    // After this process was stopped or starved of the processor, silence proves nothing.
    const Clock::time_point now = Clock::now();
    if (now - last_turn > timing_.silence / 2) {
      for (auto& [descriptor, client] : clients_) client->heard = now;
      come_by_ = std::max(come_by_, now + timing_.silence);
    }
    last_turn = now;
    if (now >= next_beat_) beat();
    check_silence();
    forget_gone();
  }
}

void RankMonitor::forget_gone() {
  std::erase_if(clients_, [&](auto& entry) {
    auto& [descriptor, client] = entry;
    if (!client->gone) return false;
    // A child of this process between fork and exec holds the descriptor too, so closing it here
    // would end neither the connection nor its events.
    client->channel.finish_sending();
    ::epoll_ctl(events_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    ::epoll_ctl(closings_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
    return true;
  });
}

void RankMonitor::take_events() {
  const std::vector<int> ready =
      wait_for_events(events_, static_cast<int>(std::max<int64_t>(1, timing_.beat.count() / 2)));
  // When a rank is killed, its launcher may end the others before this thread runs. epoll reports
  // events in the order in which they happened, so one that watches only for closed connections
  // tells which was closed first, whatever else is waiting to be read.
  for (const int descriptor : wait_for_events(closings_, 0)) close(*clients_.at(descriptor));
  for (const int descriptor : ready) {
    if (descriptor == listener_.get()) {
      accept_client();
    } else if (const auto found = clients_.find(descriptor); found != clients_.end()) {
      found->second->channel.receive();
      take_messages(*found->second);
    }
  }
}

void RankMonitor::accept_client() {
  std::optional<Descriptor> socket = accept_socket(listener_.get());
  if (!socket || clients_.size() >= static_cast<size_t>(ranks_) + kMaxStrangers) return;
  const int descriptor = socket->get();
  watch_for(EPOLLIN, descriptor, events_);
  watch_for(EPOLLRDHUP, descriptor, closings_);
  clients_[descriptor] = std::make_unique<Client>(std::move(*socket));
}

void RankMonitor::take_messages(Client& client) {
  client.heard = Clock::now();
  while (!client.gone) {
    const std::optional<Message> message = client.channel.next();
    if (!message) break;
    handle(client, *message);
  }
  if (client.channel.garbled()) lose(client);
}

void RankMonitor::close(Client& client) {
  while (client.channel.receive()) continue;
  take_messages(client);
  lose(client);
}

void RankMonitor::lose(Client& client) {
  if (client.gone) return;
  client.gone = true;
  if (client.rank >= 0)
    fail(client.name + " ended unexpectedly: it was killed or crashed", /*unexplained=*/true);
}

void RankMonitor::handle(Client& client, const Message& message) {
  if (client.rank < 0) {
    client.gone = true;  // unless it is a rank
    if (message.type == MessageType::hello) welcome(client, message.body);
  } else if (message.type == MessageType::share) {
    shared_.push_back(message.body);
    send_to_ranks(MessageType::share, message.body, client.rank);
  } else if (message.type == MessageType::last_words) {
    client.gone = true;
    fail(fmt::format("{}: {}", client.name, message.body));
  } else if (message.type == MessageType::goodbye) {
    leave(client, message.body);
  }
}

void RankMonitor::welcome(Client& client, const std::string& hello) {
  std::istringstream words(hello);
  std::string magic, host;
  int rank = 0, process = 0;
  if (!(words >> magic >> rank >> process >> host) || magic != kRankMagic) return;
  const std::string name = fmt::format("rank {} on {} (process {})", rank, host, process);
  if (rank < 0 || rank >= ranks_)
    return refuse(client, fmt::format("{} tried to join a run of {} ranks", name, ranks_));
  std::string& known = names_[static_cast<size_t>(rank)];
  if (!known.empty())
    return refuse(client, fmt::format("{} is already connected, as {}", name, known));
  known = client.name = name;
  client.rank = rank;
  client.process = process;
  client.gone = false;
  client.channel.send(MessageType::welcome, kRankMagic);
  for (const std::string& bytes : shared_) client.channel.send(MessageType::share, bytes);
  if (!end_.empty()) client.channel.send(MessageType::failure, end_);
}

void RankMonitor::refuse(Client& client, const std::string& line) {
  client.channel.send(MessageType::failure, line);
  fail(line);
}

void RankMonitor::leave(Client& client, const std::string& exit_code) {
  client.gone = true;
  const bool well = exit_code.empty();
  {
    const std::lock_guard lock(mutex_);
    if (well) ++left_;
    if (!well && end_.empty()) exit_code_ = std::atoi(exit_code.c_str());
    changed_.notify_all();
  }
  if (!well && end_.empty()) end(fmt::format("{} ended with exit code {}", client.name, exit_code));
}

void RankMonitor::beat() {
  next_beat_ = Clock::now() + timing_.beat;
  for (auto& [descriptor, client] : clients_) {
    if (client->rank < 0) continue;
    if (client->channel.all_sent())
      client->channel.send(MessageType::beat);
    else
      client->channel.flush();
  }
}

void RankMonitor::check_silence() {
  const Clock::time_point now = Clock::now();
  for (auto& [descriptor, client] : clients_) {
    if (client->gone || now - client->heard <= timing_.silence) continue;
    if (client->rank < 0)
      client->gone = true;
    else
      fail(fmt::format(
               "{} has not responded for {} s: it is stopped, or its machine cannot be reached",
               client->name, seconds_text(timing_.silence)),
           false, client->process);
  }
  const auto missing = std::find(names_.begin(), names_.end(), "");
  if (missing != names_.end() && now > come_by_)
    fail(fmt::format("rank {} did not connect within {} s: it was not started, or cannot reach {}",
                     missing - names_.begin(), seconds_text(timing_.connect), place_));
}

void RankMonitor::fail(const std::string& line, bool unexplained, int silent_process) {
  if (!end_.empty()) return;
  {
    const std::lock_guard lock(mutex_);
    failure_ = line;
    failure_unexplained_ = unexplained;
    silent_process_ = silent_process;
  }
  end(line);
  on_failure_(line);
}

void RankMonitor::end(const std::string& line) {
  end_ = line.substr(0, kMaxMessageBytes);
  send_to_ranks(MessageType::failure, end_);
  const std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void RankMonitor::send_to_ranks(MessageType type, const std::string& body, int except) {
  for (auto& [descriptor, client] : clients_) {
    if (client->rank >= 0 && client->rank != except && !client->gone)
      client->channel.send(type, body);
  }
}

}  // namespace lanet
