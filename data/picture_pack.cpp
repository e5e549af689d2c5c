#include "data/picture_pack.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/error.h"
#include "core/files/file.h"
#include "core/round_up.h"
#include "data/decode.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPage = 4096;

/// Where what is in the file.
struct Layout {
  std::string header;
  size_t sizes, images, end;
};

Layout layout_of(uint64_t key, int64_t count, int image_size) {
  const size_t sizes = static_cast<size_t>(count) * sizeof(PictureSize);
  const size_t images = static_cast<size_t>(count) * image_size * image_size * 3;
  nlohmann::ordered_json header;
  header["__metadata__"] = {{"format", "lanet-pack/1"}, {"key", fmt::format("{:016x}", key)}};
  header["sizes"] = {{"dtype", "I32"}, {"shape", {count, 2}}, {"data_offsets", {0, sizes}}};
  header["images"] = {{"dtype", "U8"},
                      {"shape", {count, image_size, image_size, 3}},
                      {"data_offsets", {sizes, sizes + images}}};
  std::string text = header.dump();
  // The pictures begin with a page.
  text.resize(round_up(8 + text.size() + sizes, kPage) - 8 - sizes, ' ');
  Layout layout{.header = std::string(8, '\0') + text, .sizes = 0, .images = 0, .end = 0};
  for (size_t i = 0; i < 8; ++i) layout.header[i] = static_cast<char>(text.size() >> (8 * i));
  layout.sizes = layout.header.size();
  layout.images = layout.sizes + sizes;
  layout.end = layout.images + images;
  return layout;
}

/// The file, which other processes do not change while this one has it open.
class PackFile {
 public:
  PackFile(fs::path path, const std::function<void(const std::string&)>& message)
      : path_(std::move(path)) {
    descriptor_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && (errno == EROFS || errno == EACCES)) {
      descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
      read_only_ = true;
    }
    require(descriptor_ >= 0, "opened");
    try {
      lock(message);
    } catch (...) {
      ::close(descriptor_);
      throw;
    }
  }
  ~PackFile() { ::close(descriptor_); }
  PackFile(const PackFile&) = delete;
  PackFile& operator=(const PackFile&) = delete;

  bool read_only() const { return read_only_; }
  size_t size() const { return static_cast<size_t>(::lseek(descriptor_, 0, SEEK_END)); }

  void read(void* to, size_t bytes, size_t from) const {
    for (auto* at = static_cast<char*>(to); bytes > 0;) {
      const ssize_t done = ::pread(descriptor_, at, bytes, static_cast<off_t>(from));
      if (done < 0 && errno == EINTR) continue;
      require(done > 0, "read");
      at += done, from += static_cast<size_t>(done), bytes -= static_cast<size_t>(done);
    }
  }
  void write(const void* data, size_t bytes, size_t to) const {
    for (const auto* at = static_cast<const char*>(data); bytes > 0;) {
      const ssize_t done = ::pwrite(descriptor_, at, bytes, static_cast<off_t>(to));
      if (done < 0 && errno == EINTR) continue;
      require(done > 0, "written");
      at += done, to += static_cast<size_t>(done), bytes -= static_cast<size_t>(done);
    }
  }
  /// Sets the file's size and makes sure that the disk has room for it.
  void reserve(size_t bytes) const {
    const int error = ::posix_fallocate(descriptor_, 0, static_cast<off_t>(bytes));
    if (error != 0) (void)!::ftruncate(descriptor_, 0);  // no half file is left on a full disk
    errno = error;
    require(error == 0, fmt::format("given {} bytes", bytes));
  }
  void flush() const { require(::fdatasync(descriptor_) == 0, "written"); }

  std::shared_ptr<const void> map(size_t bytes) const {
    void* address = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor_, 0);
    require(address != MAP_FAILED, "mapped into memory");
    return {address, [bytes](const void* mapped) { ::munmap(const_cast<void*>(mapped), bytes); }};
  }

 private:
  void lock(const std::function<void(const std::string&)>& message) const {
    const int kind = read_only_ ? LOCK_SH : LOCK_EX;
    if (::flock(descriptor_, kind | LOCK_NB) == 0) return;
    if (errno == EWOULDBLOCK && message)
      message(fmt::format("{}: another process writes it; waiting", path_.string()));
    require(errno == EWOULDBLOCK && ::flock(descriptor_, kind) == 0,
            "locked (data.cache has to be on a file system with locks)");
  }
  void require(bool done, const std::string& what) const {
    if (!done)
      throw Error(fmt::format("{}: cannot be {}: {}", path_.string(), what, std::strerror(errno)));
  }

  fs::path path_;
  int descriptor_ = -1;
  bool read_only_ = false;
};

/// Decodes what is missing. The size of a picture stands in the file only if its pixels do, even if
/// the machine stops.
void fill(const PackFile& file, const Layout& layout, int image_size, const PictureSource& picture,
          int threads, const DecodeProgress& progress, const std::string& name, PicturePack& pack) {
  std::vector<int64_t> missing;
  for (size_t i = 0; i < pack.sizes.size(); ++i)
    if (pack.sizes[i].width == 0) missing.push_back(static_cast<int64_t>(i));
  if (missing.empty()) return;
  if (file.read_only())
    throw InputError(fmt::format("{}: cannot be written to, and lacks {} of {} pictures", name,
                                 missing.size(), pack.sizes.size()));
  const auto total = std::ssize(pack.sizes);
  DecodeTicker ticker(progress, total - std::ssize(missing), total);
  const size_t image_bytes = size_t{3} * image_size * image_size;
  const auto chunk = static_cast<size_t>(pictures_per_part(image_size));
  std::vector<uint8_t> pixels(std::min(chunk, missing.size()) * image_bytes);
  std::vector<PictureSize> sizes(chunk);
  for (size_t first = 0; first < missing.size(); first += chunk) {
    const auto which = std::span(missing).subspan(first, std::min(chunk, missing.size() - first));
    decode_pictures(which, picture, image_size, threads, pixels.data(), sizes, pack.bad, ticker);
    for (size_t k = 0; k < which.size(); ++k)
      file.write(pixels.data() + k * image_bytes, image_bytes,
                 layout.images + static_cast<size_t>(which[k]) * image_bytes);
    file.flush();
    for (size_t k = 0; k < which.size(); ++k) {
      PictureSize& size = pack.sizes[static_cast<size_t>(which[k])];
      size = sizes[k];
      file.write(&size, sizeof(PictureSize),
                 layout.sizes + static_cast<size_t>(which[k]) * sizeof(PictureSize));
    }
  }
  ticker.finish();
}

}  // namespace

PicturePack open_pack(const fs::path& folder, uint64_t key, int64_t count, int image_size,
                      const PictureSource& picture, int threads, const DecodeProgress& progress,
                      const std::function<void(const std::string&)>& message) {
  const fs::path path = folder / fmt::format("{:016x}.safetensors", key);
  const Layout layout = layout_of(key, count, image_size);
  create_folder(folder);
  const PackFile file(path, message);
  PicturePack pack;
  pack.sizes.resize(static_cast<size_t>(count));
  const std::string none(layout.header.size(), '\0');
  std::string header = none;
  const size_t present = std::min(file.size(), layout.end);
  file.read(header.data(), std::min(header.size(), present), 0);
  // Nothing is in a file that was created or enlarged, but not begun.
  if (header == none && file.size() <= layout.end && !file.read_only()) {
    if (file.size() < layout.end) file.reserve(layout.end);
    file.write(layout.header.data(), layout.header.size(), 0);
  } else if (header != layout.header || file.size() != layout.end) {
    throw InputError(fmt::format(
        "{}: not the packed file of these pictures, or damaged; delete it to have it written again",
        path.string()));
  }
  file.read(pack.sizes.data(), pack.sizes.size() * sizeof(PictureSize), layout.sizes);
  fill(file, layout, image_size, picture, threads, progress, path.string(), pack);
  pack.mapping = file.map(layout.end);
  pack.images = static_cast<const uint8_t*>(pack.mapping.get()) + layout.images;
  return pack;
}

}  // namespace lanet
