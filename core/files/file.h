// Files, with errors that name them: reading at given sizes, writing so that a crash leaves either
// the old file or the new one, and appending.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace lanet {

/// A regular file, read from beginning to end. InputError if it does not exist or cannot be read.
class InputFile {
 public:
  explicit InputFile(const std::filesystem::path& path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  uint64_t size() const { return size_; }
  uint64_t remaining() const { return size_ - position_; }
  /// The next `bytes` bytes; InputError if there are fewer, saying that `what` is cut off.
  void read(void* to, uint64_t bytes, std::string_view what);
  /// Passes over the next `bytes` bytes, at most remaining().
  void skip(uint64_t bytes);

 private:
  std::string name_;
  int descriptor_ = -1;
  uint64_t size_ = 0, position_ = 0;
};

/// The extension of a path (".csv") with its ASCII letters in lower case.
std::string lower_extension(const std::filesystem::path& path);

/// The content of a file. InputError if it does not exist or cannot be read.
std::string read_text(const std::filesystem::path& path);

/// Writes `path` by way of `path` + ".tmp" in the same folder: commit() flushes the content to the
/// disk, renames the file in one step and flushes the folder. Without commit() the temporary file
/// is removed and `path` is unchanged. Throws Error (a full disk, no permission to write).
class AtomicFile {
 public:
  explicit AtomicFile(const std::filesystem::path& path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* from, size_t bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  /// Writes over what has been written from byte `offset` on.
  void write_at(uint64_t offset, std::string_view text);
  /// `previous`: a name in the same folder for the file that is replaced, if there is one; empty:
  /// it goes.
  void commit(const std::filesystem::path& previous = {});

 private:
  std::filesystem::path path_, temporary_;
  int descriptor_ = -1;
  bool committed_ = false;
};

/// Creates a folder and those that it lies in, unless it exists. InputError if that cannot be done.
void create_folder(const std::filesystem::path& path);

/// AtomicFile with one text.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Appends a text to a file, which is created if it does not exist; it is on the disk on return. A
/// crash may leave a part of the text. Throws Error.
void append_text(const std::filesystem::path& path, std::string_view text);

}  // namespace lanet
