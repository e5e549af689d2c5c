#include "core/files/npy.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "core/files/file.h"

namespace lanet {
namespace {

/// The value behind `'key':` in the header, a Python dictionary written out; up to the comma that
/// ends it, or to the closing parenthesis of a tuple.
std::optional<std::string_view> find_value(std::string_view header, std::string_view key) {
  const std::string quoted = fmt::format("'{}':", key);
  const size_t found = header.find(quoted);
  if (found == std::string_view::npos) return std::nullopt;
  std::string_view value = header.substr(found + quoted.size());
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  const bool tuple = !value.empty() && value[0] == '(';
  const size_t end = value.find_first_of(tuple ? ")" : ",}");
  if (end == std::string_view::npos) return std::nullopt;
  return value.substr(0, end + (tuple ? 1 : 0));
}

/// `(3, 19, 2)`, `(3,)` or `()`.
std::optional<std::vector<int64_t>> parse_shape(std::string_view text) {
  if (text.size() < 2 || text.front() != '(' || text.back() != ')') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::vector<int64_t> shape;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
    if (text.empty()) return shape;
    int64_t d = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), d);
    if (error != std::errc()) return std::nullopt;
    shape.push_back(d);
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    if (text.empty()) return shape;
    if (text[0] != ',') return std::nullopt;
    text.remove_prefix(1);
  }
}

std::optional<HostDType> parse_dtype(std::string_view descr) {
  if (descr == "'<f4'") return HostDType::f32;
  if (descr == "'<f8'") return HostDType::f64;
  if (descr == "'<i4'") return HostDType::i32;
  if (descr == "'<i8'") return HostDType::i64;
  if (descr == "'|u1'") return HostDType::u8;
  return std::nullopt;
}

/// A text in the place of an InputFile.
class InputText {
 public:
  InputText(const std::string& name, std::string_view text) : name_(name), rest_(text) {}

  uint64_t remaining() const { return rest_.size(); }
  void read(void* to, uint64_t bytes, std::string_view what) {
    if (bytes > rest_.size())
      throw InputError(fmt::format("{}: {} is cut off: {} bytes expected, {} left", name_, what,
                                   bytes, rest_.size()));
    std::copy_n(rest_.data(), bytes, static_cast<char*>(to));
    rest_.remove_prefix(bytes);
  }

 private:
  const std::string& name_;
  std::string_view rest_;
};

template <typename Input>
HostArray parse(const std::string& file, Input& input) {
  auto require = [&](bool condition, const std::string& what) {
    if (!condition) throw InputError(fmt::format("{}: {}", file, what));
  };
  uint8_t start[8];
  input.read(start, 8, "the beginning of an .npy file");
  require(std::memcmp(start, "\x93NUMPY", 6) == 0, "not an .npy file");
  require(start[6] >= 1 && start[6] <= 3,
          fmt::format("format version {}; expected 1, 2 or 3", start[6]));
  uint8_t length_bytes[4] = {};
  input.read(length_bytes, start[6] == 1 ? 2 : 4, "the header's length");
  uint64_t length = 0;
  for (int i = 0; i < 4; ++i) length |= uint64_t{length_bytes[i]} << (8 * i);
  require(length <= input.remaining(), "the header is cut off");
  std::string header(length, '\0');
  input.read(header.data(), length, "the header");

  const auto descr = find_value(header, "descr"), order = find_value(header, "fortran_order"),
             dimensions = find_value(header, "shape");
  require(descr && order && dimensions, "the header lacks descr, fortran_order or shape");
  const auto dtype = parse_dtype(*descr);
  require(dtype.has_value(), fmt::format("elements of type {}; expected '<f4', '<f8', '<i4', "
                                         "'<i8' or '|u1' (convert with astype)",
                                         *descr));
  require(*order == "False", "the array is in Fortran order; save numpy.ascontiguousarray of it");
  const auto shape = parse_shape(*dimensions);
  int64_t bytes = 0;
  require(shape && bytes_of(*shape, size_of(*dtype), bytes),
          fmt::format("shape {} is not read", *dimensions));
  require(static_cast<uint64_t>(bytes) == input.remaining(),
          fmt::format("{} of shape {} takes {} bytes; the file has {}", to_string(*dtype),
                      *dimensions, bytes, input.remaining()));
  HostArray array(*shape, *dtype);
  input.read(array.bytes.data(), array.bytes.size(), "the array");
  return array;
}

}  // namespace

HostArray read_npy(const std::filesystem::path& path) {
  InputFile input(path);
  return parse(path.string(), input);
}

HostArray parse_npy(const std::string& file, std::string_view content) {
  InputText input(file, content);
  return parse(file, input);
}

void write_npy(const std::filesystem::path& path, std::span<const float> values, int64_t columns) {
  LANET_REQUIRE(columns > 0 && std::ssize(values) % columns == 0, "{} values in rows of {}",
                values.size(), columns);
  std::string header =
      fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}",
                  std::ssize(values) / columns, columns);
  constexpr size_t kStart = 10, kAligned = 64;  // magic, version and length; where the data begin
  header.append(kAligned - 1 - (kStart + header.size()) % kAligned, ' ');
  header += '\n';
  std::string file("\x93NUMPY\x01\x00", 8);
  file += static_cast<char>(header.size() & 0xFF);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  file.append(reinterpret_cast<const char*>(values.data()), values.size_bytes());
  write_text(path, file);
}

}  // namespace lanet
