#include "train/commands/video_frames.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/error.h"
#include "core/files/file.h"
#include "data/files_of_set.h"
#include "train/experiment/child_processes.h"

namespace lanet {

namespace {

using nlohmann::json;

constexpr std::array kEndings = {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg"};
constexpr int kMostPixels = 1 << 14;  // of a side
/// How long a program that has closed its output may take to end.
constexpr std::chrono::seconds kEndTime(10);

/// A file descriptor, which is closed in the end.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {
    if (number < 0) throw Error(fmt::format("a pipe cannot be made: {}", std::strerror(errno)));
  }
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }
  operator int() const { return number_; }

 private:
  int number_;
};

/// Reads until `size` bytes are there or there are no more; returns their number.
size_t read_up_to(int from, void* bytes, size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = ::read(from, static_cast<char*>(bytes) + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw Error(fmt::format("a pipe cannot be read: {}", std::strerror(errno)));
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

/// A program whose output this one reads.
class Program {
 public:
  /// `words`: behind the program's name.
  Program(const std::string& name, std::vector<std::string> words)
      : errors_(::memfd_create("errors", MFD_CLOEXEC)) {
    int ends[2] = {-1, -1};
    if (::pipe2(ends, O_CLOEXEC) != 0) throw Error(fmt::format("pipe2: {}", std::strerror(errno)));
    const Descriptor output(ends[1]);
    input_.emplace(ends[0]);
    words.insert(words.begin(), find_in_path(name));
    child_ = processes_.start(name, words, {}, output, errors_);
  }

  size_t read(void* bytes, size_t size) { return read_up_to(*input_, bytes, size); }

  /// After its last output: how it failed or what it complained of, in one line; empty: neither.
  std::string complaint() {
    processes_.wait(kEndTime);
    if (!processes_.ended(child_)) return "it has not ended after its output";
    std::string text(4096, '\0');
    const ssize_t size = ::pread(errors_, text.data(), text.size(), 0);
    text.resize(std::max<ssize_t>(size, 0));
    text.resize(std::min(text.find('\n'), text.size()));
    // "[h264 @ 0x55d0] ..." comes from a part of the program.
    if (const size_t part = text.find("] "); text.starts_with('[') && part != std::string::npos)
      text.erase(0, part + 2);
    if (!text.empty()) return printable(text);
    return processes_.failed(child_) ? processes_.describe(child_) : "";
  }

 private:
  Descriptor errors_;  // in memory, so that no amount of it can block the program
  std::optional<Descriptor> input_;
  ChildProcesses processes_;
  size_t child_ = 0;
};

/// A path as a word that is neither an option nor the address of anything but a file.
std::string address_of(const std::string& path) {
  return "file:" + path;
}

struct FrameSize {
  int width, height;
};

/// Of the frames that ffmpeg writes.
FrameSize frame_size(const std::string& path) {
  Program probe("ffprobe",
                {"-v", "error", "-select_streams", "V:0", "-show_entries",
                 "stream=width,height:stream_side_data=rotation", "-of", "json", address_of(path)});
  std::string text(1 << 20, '\0');
  text.resize(probe.read(text.data(), text.size()));
  const std::string complaint = probe.complaint();
  const json answer = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const json streams = answer.is_object() ? answer.value("streams", json::array()) : json::array();
  if (!streams.is_array() || streams.empty())
    throw InputError(complaint.empty() ? fmt::format("{}: no video in it", path)
                                       : fmt::format("{}: ffprobe: {}", path, complaint));
  FrameSize size{streams[0].value("width", 0), streams[0].value("height", 0)};
  if (std::min(size.width, size.height) < 1 || std::max(size.width, size.height) > kMostPixels)
    throw InputError(fmt::format("{}: frames of {} x {} pixels; expected 1 to {}", path, size.width,
                                 size.height, kMostPixels));
  for (const json& data : streams[0].value("side_data_list", json::array()))
    if (std::abs(data.value("rotation", 0)) % 180 == 90) std::swap(size.width, size.height);
  return size;
}

}  // namespace

bool is_video_name(const std::string& path) {
  return std::find(kEndings.begin(), kEndings.end(), lower_extension(path)) != kEndings.end();
}

void require_ffmpeg(const std::string& path) {
  for (const char* program : {"ffmpeg", "ffprobe"})
    if (find_in_path(program).empty())
      throw InputError(
          fmt::format("{}: is a video, and {}, which reads videos, is not in PATH; install it "
                      "(apt-get install ffmpeg)",
                      path, program));
}

struct VideoFrames::Source {
  FrameSize size;
  Program program;
};

VideoFrames::VideoFrames(const std::string& path, double every) : path_(path) {
  if (!is_file(path)) throw InputError(fmt::format("{}: there is no such file", path));
  const FrameSize size = frame_size(path);
  // Rounded up: the frame at a time is the last one that begins before it or then.
  const std::string filter = fmt::format("setpts=PTS-STARTPTS,fps=1/{}:round=up", every);
  source_.reset(new Source{size,
                           {"ffmpeg",
                            {"-v", "error", "-nostdin", "-i", address_of(path), "-map", "0:V:0",
                             "-vf", filter, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"}}});
}

VideoFrames::~VideoFrames() = default;

std::optional<HostImage> VideoFrames::next() {
  const auto [width, height] = source_->size;
  HostImage frame{width, height, std::vector<uint8_t>(size_t{3} * width * height)};
  const size_t bytes = source_->program.read(frame.rgb.data(), frame.rgb.size());
  if (bytes < frame.rgb.size()) {
    partial_ = bytes > 0;
    return std::nullopt;
  }
  ++read_;
  return frame;
}

std::string VideoFrames::problem() {
  std::string complaint = source_->program.complaint();
  if (complaint.empty() && partial_) complaint = "its last frame is cut off";
  if (complaint.empty() && read_ == 0) complaint = "it has found no frame";
  if (complaint.empty()) return "";
  return fmt::format("{}: ffmpeg, after {} {}: {}", path_, read_, read_ == 1 ? "frame" : "frames",
                     complaint);
}

}  // namespace lanet
