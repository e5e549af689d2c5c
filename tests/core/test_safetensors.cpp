#include <doctest/doctest.h>

#include "core/files/file.h"
#include "core/files/safetensors.h"
#include "tests/data/damaged_files.h"
#include "tests/files.h"

namespace lanet::test {
namespace {

const std::filesystem::path kData = tests_folder() / "fixtures";

template <typename T>
HostArray array(std::vector<int64_t> shape, std::vector<T> values) {
  return HostArray::from<T>(std::move(shape), values);
}

NamedArrays example() {
  NamedArrays content;
  content.arrays["b.weight"] = array<float>({2, 1, 3}, {0, 0.5f, 1, -1, 2, 1e-30f});
  content.arrays["a.flags"] = array<uint8_t>({3}, {0, 1, 255});
  content.arrays["a.bf16"] = array<bfloat16>({1}, {bfloat16(-2.0f)});
  content.arrays["c.count"] = array<int64_t>({}, {int64_t{1} << 40});
  content.arrays["a.labels"] = array<int32_t>({2}, {-1, INT32_MIN});
  content.arrays["exact"] = array<double>({1, 1, 1, 1, 1, 1, 1, 1}, {0.1});
  content.arrays["none"] = array<float>({0, 4}, {});
  content.metadata = {{"step", "7"}, {"config", "{\"a\": \"\\u00e4\n\"}"}};
  return content;
}

/// A file with this header and as many bytes of data.
std::string file_bytes(std::string_view header, size_t data_bytes) {
  std::string bytes(8, '\0');
  for (size_t i = 0; i < 8; ++i) bytes[i] = static_cast<char>(header.size() >> (8 * i));
  return bytes + std::string(header) + std::string(data_bytes, 'x');
}

}  // namespace

TEST_CASE("safetensors: what is written is read back, and twice gives the same bytes") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  write_safetensors(path, example());
  CHECK(read_safetensors(path) == example());
  const std::string bytes = read_text(path);
  write_safetensors(path, read_safetensors(path));
  CHECK(read_text(path) == bytes);
  write_safetensors(path, NamedArrays{});
  CHECK(read_safetensors(path) == NamedArrays{});
}

TEST_CASE("safetensors: every tensor is aligned to its elements") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  write_safetensors(path, example());
  const std::string bytes = read_text(path);
  const size_t header_bytes =
      static_cast<uint8_t>(bytes[0]) + (size_t{static_cast<uint8_t>(bytes[1])} << 8);
  CHECK(header_bytes % 8 == 0);
  // By falling element size, then by name: c.count, exact, a.labels, b.weight, none, a.bf16,
  // a.flags.
  const size_t data = 8 + header_bytes;
  CHECK(bytes.size() == data + 8 + 8 + 8 + 24 + 0 + 2 + 3);
  CHECK(bytes.substr(data + 5, 1) == "\x01");
  CHECK(bytes.substr(data + 16, 4) == "\xFF\xFF\xFF\xFF");
  CHECK(bytes.substr(data + 48, 2) == std::string("\x00\xC0", 2));
}

TEST_CASE("safetensors: a file of the Python package is read") {
  const NamedArrays content = read_safetensors(kData / "python.safetensors");
  CHECK(content.metadata == std::map<std::string, std::string>{{"format", "pt"}});
  CHECK(content.arrays.size() == 7);
  CHECK(content.arrays.at("conv.weight") == array<float>({2, 3}, {0, 0.5f, 1, 1.5f, 2, 2.5f}));
  CHECK(content.arrays.at("flags") == array<uint8_t>({3}, {1, 0, 255}));
  CHECK(content.arrays.at("half") == array<float>({2}, {0.5f, -2}));
  CHECK(content.arrays.at("on") == array<uint8_t>({2}, {1, 0}));
  CHECK(content.arrays.at("long") == array<int64_t>({1}, {-(int64_t{1} << 40)}));
  CHECK(content.arrays.at("scalar") == array<double>({}, {2.5}));
  CHECK(content.arrays.at("none") == array<int32_t>({0, 2}, {}));
}

TEST_CASE("safetensors: a header that is wrong is refused, and the message says where") {
  const TemporaryFolder folder;
  const std::string good = R"("dtype":"F32","shape":[2],"data_offsets":[0,8])";
  struct Case {
    std::string header;
    size_t data_bytes;
    const char* message;
  };
  const Case cases[] = {
      {"[]", 0, "the header is not a JSON object"},
      {"{\"w\":", 0, "the header: not JSON: line 1, column 6: the text ends too early"},
      {"{\"w\":\xFF}", 0, "the header: not JSON: line 1, column 6: unexpected '"},
      {std::string(1000, '['), 0, "the header: values are nested more than 4 deep"},
      {R"({"w":{)" + good + R"(},"w":{)" + good + "}}", 8, "'w' occurs twice in one object"},
      {R"({"w":{"dtype":"F32","dtype":"F32"}})", 8, "'dtype' occurs twice in one object"},
      {R"({"w":3})", 0, "tensor 'w': its entry is not a JSON object"},
      {R"({"w":{"shape":[2],"data_offsets":[0,8]}})", 8, "tensor 'w': no text 'dtype'"},
      {R"({"w":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}})", 2,
       "tensor 'w': dtype 'F8_E4M3'; expected F32"},
      {R"({"w":{"dtype":"F32","data_offsets":[0,8]}})", 8, "tensor 'w': no list 'shape'"},
      {R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8,
       "tensor 'w': 'shape' holds -2"},
      {R"({"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8,
       "tensor 'w': 'shape' holds 2.0"},
      {R"({"w":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", 8,
       "'shape' holds 18446744073709551615"},
      {R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0,
       "F32 of shape [4294967296, 4294967296] does not take 0 bytes"},
      {R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8,
       "F32 of shape [3] does not take 8 bytes"},
      {R"({"w":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", 1,
       "9 dimensions; at most 8"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8,
       "tensor 'w': 'data_offsets' is not a begin and an end"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8, "not a begin and an end"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 7,
       "tensor 'w' is cut off: 8 bytes expected, 7 left"},
      {R"({"w":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}})", 8,
       "tensor 'w' is cut off"},
      {R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12,
       "tensor 'w' begins at byte 4 of the data; expected 0"},
      {R"({"v":{)" + good + R"(},"w":{"dtype":"U8","shape":[2],"data_offsets":[7,9]}})", 9,
       "tensor 'w' begins at byte 7 of the data; expected 8"},
      {R"({"w":{)" + good + "}}", 9, "1 bytes after the last tensor"},
      {R"({"__metadata__":[]})", 0, "__metadata__ is not a JSON object"},
      {R"({"__metadata__":{"step":7}})", 0, "__metadata__ 'step' is number; expected text"},
      {R"({"a\nb":3})", 0, R"(tensor 'a\x0Ab')"},
  };
  for (const Case& c : cases) {
    const auto path = folder.write("bad.safetensors", file_bytes(c.header, c.data_bytes));
    const std::string message = input_error([&] { read_safetensors(path); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
    CHECK(message.starts_with(path.string()));
  }
  CHECK(input_error([&] { read_safetensors(folder.path() / "absent"); }) ==
        (folder.path() / "absent").string() + ": cannot be read: No such file or directory");
  CHECK(is_line_with(input_error([&] { read_safetensors(folder.path()); }), "is not a file"));
  const auto other = folder.write("a.txt", "this is some other kind of file altogether");
  CHECK(is_line_with(input_error([&] { read_safetensors(other); }), "not a safetensors file"));
}

TEST_CASE("safetensors: cut and damaged files are refused or read, and nothing else happens") {
  const std::string bytes = read_text(kData / "python.safetensors");
  const int refused =
      read_damaged(bytes, "a.safetensors", [](const auto& path) { return read_safetensors(path); });
  CHECK(refused > static_cast<int>(bytes.size()));
}

TEST_CASE("safetensors: one flipped bit anywhere in a file that was written here is found") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  write_safetensors(path, example());
  const std::string bytes = read_text(path);
  // A key that is no longer "lanet.checksums" makes it a file without; that changes nothing else.
  const std::string_view name = "lanet.checksums";
  const size_t key = bytes.find(name);
  for (size_t i = 0; i < 8 * bytes.size(); ++i) {
    if (i / 8 >= key && i / 8 < key + name.size()) continue;
    std::string flipped = bytes;
    flipped[i / 8] = static_cast<char>(flipped[i / 8] ^ (1 << i % 8));
    CAPTURE(i);
    CHECK_FALSE(input_error([&] { read_safetensors(folder.write("b", flipped)); }).empty());
  }
}

TEST_CASE("safetensors: damage is named, and only what is wanted is read") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.safetensors";
  write_safetensors(path, example());
  std::string bytes = read_text(path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  const auto damaged = folder.write("b.safetensors", bytes);
  CHECK(is_line_with(input_error([&] { read_safetensors(damaged); }),
                     "b.safetensors: damaged: a.flags does not have the checksum"));
  bytes[bytes.find("step") + 7] = '8';
  CHECK(is_line_with(input_error([&] { read_safetensors(folder.write("c.safetensors", bytes)); }),
                     "c.safetensors: damaged: the header does not have the checksum"));
  const auto only = [](const std::string& name) { return name == "exact"; };
  const NamedArrays part = read_safetensors(path, only);
  CHECK(part.arrays.size() == 1);
  CHECK(part.arrays.at("exact") == example().arrays.at("exact"));
  CHECK(part.metadata == example().metadata);
  CHECK(read_safetensors(damaged, only) == part);
}

TEST_CASE("safetensors: a file can keep the one before it under another name") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "last", previous = folder.path() / "previous";
  for (const char* step : {"1", "2", "3"}) {
    TensorSources content;
    content.metadata["step"] = step;
    content.arrays["x"] = {{2}, HostDType::u8, [] { return array<uint8_t>({2}, {1, 2}); }};
    write_safetensors(path, content, previous);
    CHECK(std::filesystem::file_size(path) == safetensors_bytes(content));
    CHECK(std::filesystem::exists(previous) == (step[0] != '1'));
  }
  CHECK(read_safetensors(path).metadata.at("step") == "3");
  CHECK(read_safetensors(previous).metadata.at("step") == "2");
}

TEST_CASE("safetensors: a write that cannot be finished leaves the old file") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "last.safetensors";
  write_safetensors(path, example());
  NamedArrays broken = example();
  broken.metadata["bad"] = "\xFF";
  CHECK_THROWS_WITH_AS(write_safetensors(path, broken), doctest::Contains("not UTF-8"), Error);
  {
    AtomicFile half(path);
    half.write("half of");
  }
  CHECK(read_safetensors(path) == example());
  CHECK_FALSE(std::filesystem::exists(path.string() + ".tmp"));
  CHECK_THROWS_WITH_AS(write_safetensors(folder.path() / "absent" / "a", example()),
                       doctest::Contains("cannot be written: No such file or directory"), Error);
  broken = example();
  broken.arrays["b.weight"].bytes.pop_back();
  CHECK_THROWS_WITH_AS(write_safetensors(path, broken), doctest::Contains("'b.weight'"), Error);
}

// Far more than any network has: nothing may look through all of them for each.
TEST_CASE("safetensors: a header of 100,000 tensors is read") {
  const TemporaryFolder folder;
  constexpr size_t kTensors = 100'000;
  std::string header = "{";
  for (size_t i = 0; i < kTensors; ++i)
    header += fmt::format("{}\"w{}\":{{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[{},{}]}}",
                          i == 0 ? "" : ",", i, i, i + 1);
  CHECK(read_safetensors(folder.write("many.safetensors", file_bytes(header + "}", kTensors)))
            .arrays.size() == kTensors);
}

}  // namespace lanet::test
