#include "core/files/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"

namespace lanet {
namespace {

/// The largest piece for one read() or write(): Linux moves at most 2 GiB a call.
constexpr uint64_t kPieceBytes = uint64_t{1} << 30;

std::string reason() {
  return std::strerror(errno);
}

void write_all(int descriptor, const std::filesystem::path& path, const void* from, size_t bytes) {
  const auto* place = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t put = ::write(descriptor, place, std::min<uint64_t>(bytes, kPieceBytes));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw Error(fmt::format("{}: cannot be written: {}", path.string(), reason()));
    place += put;
    bytes -= static_cast<size_t>(put);
  }
}

/// Flushes to the disk and closes.
void finish(int descriptor, const std::filesystem::path& path) {
  const bool flushed = ::fsync(descriptor) == 0;
  const int flush_error = errno;
  const bool closed = ::close(descriptor) == 0;
  if (!flushed) errno = flush_error;
  if (!flushed || !closed)
    throw Error(fmt::format("{}: cannot be written: {}", path.string(), reason()));
}

}  // namespace

InputFile::InputFile(const std::filesystem::path& path) : name_(path.string()) {
  // O_NONBLOCK: a named pipe that nobody writes to would not even open.
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) throw InputError(fmt::format("{}: cannot be read: {}", name_, reason()));
  struct stat status {};
  const bool regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (!regular) {
    ::close(descriptor_);
    throw InputError(fmt::format("{}: is not a file", name_));
  }
  size_ = static_cast<uint64_t>(status.st_size);
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

void InputFile::read(void* to, uint64_t bytes, std::string_view what) {
  if (bytes > remaining())
    throw InputError(fmt::format("{}: {} is cut off: {} bytes expected, {} left", name_, what,
                                 bytes, remaining()));
  auto* place = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t got = ::read(descriptor_, place, std::min(bytes, kPieceBytes));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0)
      throw InputError(
          fmt::format("{}: cannot be read: {}", name_, got < 0 ? reason() : "it has shrunk"));
    place += got;
    bytes -= static_cast<uint64_t>(got);
    position_ += static_cast<uint64_t>(got);
  }
}

void InputFile::skip(uint64_t bytes) {
  LANET_REQUIRE(bytes <= remaining(), "{} bytes of {}", bytes, remaining());
  if (::lseek(descriptor_, static_cast<off_t>(bytes), SEEK_CUR) < 0)
    throw InputError(fmt::format("{}: cannot be read: {}", name_, reason()));
  position_ += bytes;
}

std::string lower_extension(const std::filesystem::path& path) {
  std::string extension = path.extension().string();
  for (char& c : extension)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return extension;
}

std::string read_text(const std::filesystem::path& path) {
  InputFile file(path);
  std::string text(file.size(), '\0');
  file.read(text.data(), text.size(), "the file");
  return text;
}

AtomicFile::AtomicFile(const std::filesystem::path& path)
    : path_(path), temporary_(path.string() + ".tmp") {
  descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    throw Error(fmt::format("{}: cannot be written: {}", temporary_.string(), reason()));
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!committed_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(const void* from, size_t bytes) {
  write_all(descriptor_, temporary_, from, bytes);
}

void AtomicFile::write_at(uint64_t offset, std::string_view text) {
  auto seek = [&](off_t to, int from) {
    if (::lseek(descriptor_, to, from) < 0)
      throw Error(fmt::format("{}: cannot be written: {}", temporary_.string(), reason()));
  };
  seek(static_cast<off_t>(offset), SEEK_SET);
  write(text);
  seek(0, SEEK_END);
}

void AtomicFile::commit(const std::filesystem::path& previous) {
  finish(std::exchange(descriptor_, -1), temporary_);
  if (!previous.empty()) {
    // A second name, so that there is a file by the first one at any time; where the file system
    // has no second names, the first is free until the next line.
    ::unlink(previous.c_str());
    if (::link(path_.c_str(), previous.c_str()) != 0) ::rename(path_.c_str(), previous.c_str());
  }
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    throw Error(fmt::format("{}: cannot be written: {}", path_.string(), reason()));
  committed_ = true;
  // The new name is on the disk once its folder is. A file system that cannot flush a folder is
  // no reason to fail: the content is in place.
  const auto folder = path_.has_parent_path() ? path_.parent_path() : std::filesystem::path(".");
  if (const int f = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); f >= 0) {
    ::fsync(f);
    ::close(f);
  }
}

void create_folder(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (!error && !std::filesystem::is_directory(path, error) && !error)
    error = std::make_error_code(std::errc::not_a_directory);
  if (error)
    throw InputError(fmt::format("{}: cannot be created: {}", path.string(), error.message()));
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

void append_text(const std::filesystem::path& path, std::string_view text) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0)
    throw Error(fmt::format("{}: cannot be written: {}", path.string(), reason()));
  try {
    write_all(descriptor, path, text.data(), text.size());
  } catch (...) {
    ::close(descriptor);
    throw;
  }
  finish(descriptor, path);
}

}  // namespace lanet
