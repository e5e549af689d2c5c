#include <doctest/doctest.h>
#include <zip.h>

#include "core/files/file.h"
#include "core/files/torch_file.h"
#include "tests/data/damaged_files.h"
#include "tests/files.h"

namespace lanet::test {
namespace {

using namespace std::string_literals;
using Metadata = std::map<std::string, std::string>;

const std::filesystem::path kData = tests_folder() / "fixtures";

template <typename T>
HostArray array(std::vector<int64_t> shape, std::vector<T> values) {
  return HostArray::from<T>(std::move(shape), values);
}

/// Writes an archive as torch.save does; entries are named within the folder `archive/`.
void write_archive(const std::filesystem::path& path, const Metadata& entries,
                   int method = ZIP_CM_STORE) {
  std::filesystem::remove(path);
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
  REQUIRE(zip != nullptr);
  for (const auto& [name, content] : entries) {
    const auto index = zip_file_add(zip, ("archive/" + name).c_str(),
                                    zip_source_buffer(zip, content.data(), content.size(), 0), 0);
    REQUIRE(index >= 0);
    REQUIRE(zip_set_file_compression(zip, static_cast<zip_uint64_t>(index), method, 0) == 0);
  }
  REQUIRE(zip_close(zip) == 0);
}

std::string unicode(std::string_view text) {
  return "\x8c"s + static_cast<char>(text.size()) + std::string(text);
}
/// Pickle instructions that leave a whole number, below 256 or not, on the stack.
std::string number(int64_t value) {
  if (value >= 0 && value < 256) return "K"s + static_cast<char>(value);
  std::string text = "\x8a\x08"s;
  for (int i = 0; i < 8; ++i) text += static_cast<char>(value >> (8 * i));
  return text;
}
/// … a tensor of float32 on storage '0' of `elements`.
std::string tensor(int64_t elements, int64_t offset, const std::string& shape,
                   const std::string& strides) {
  return "ctorch._utils\n_rebuild_tensor_v2\n(("s + unicode("storage") + "ctorch\nFloatStorage\n" +
         unicode("0") + unicode("cpu") + number(elements) + "tQ" + number(offset) + shape +
         strides + "\x89}tR";
}
std::string pickle(const std::string& body) {
  return "\x80\x02"s + body + ".";
}

/// The message for an archive with this pickle and a storage '0' of 6 floats 0 to 5.
std::string message_of(const TemporaryFolder& folder, const std::string& bytes) {
  const float values[] = {0, 1, 2, 3, 4, 5};
  const std::string storage(reinterpret_cast<const char*>(values), sizeof(values));
  const auto path = folder.path() / "made.pth";
  write_archive(path, {{"data.pkl", bytes}, {"data/0", storage}});
  return input_error([&] { read_torch_file(path); });
}

}  // namespace

TEST_CASE("torch_file: a bare tensor, as landmark files are") {
  const NamedArrays content = read_torch_file(kData / "points.tensor");
  CHECK(content.metadata.empty());
  REQUIRE(content.arrays.size() == 1);
  const HostArray& points = content.arrays.at("");
  CHECK(points.shape == std::vector<int64_t>{3, 19, 2});
  CHECK(points.dtype == HostDType::f32);
  for (int64_t i = 0; i < points.elements(); ++i) REQUIRE(points.at(i) == 0.5 * i);
}

TEST_CASE("torch_file: a module's state_dict") {
  const NamedArrays content = read_torch_file(kData / "state_dict.pth");
  CHECK(content.metadata.empty());
  CHECK(content.arrays.size() == 6);
  CHECK(content.arrays.at("0.weight") == array<float>({2, 1, 2, 2}, {0, 1, 2, 3, 4, 5, 6, 7}));
  CHECK(content.arrays.at("1.running_var") == array<float>({2}, {1, 1}));
  CHECK(content.arrays.at("1.num_batches_tracked") == array<int64_t>({}, {0}));
}

TEST_CASE("torch_file: every element type and plain value, in every protocol") {
  for (const int protocol : {2, 3, 4, 5}) {
    CAPTURE(protocol);
    const NamedArrays content =
        read_torch_file(kData / fmt::format("everything_protocol{}.pth", protocol));
    CHECK(content.metadata == Metadata{{"epoch", "3"},
                                       {"arch", "resnet18"},
                                       {"best", "0.5"},
                                       {"done", "false"},
                                       {"note", "none"},
                                       {"big", "-1099511627776"},
                                       {"list.1.1", "7"},
                                       {"state.0.step", "5"}});
    std::map<std::string, HostArray> expected = {
        {"state_dict.weight", array<float>({2, 2}, {0, 1, 2, 3})},
        {"state_dict.bias", array<float>({2}, {0, 1})},
        {"list.0", array<float>({1}, {0})},
        {"list.1.0", array<float>({1}, {1})},
        {"types.f64", array<double>({2}, {0, 0.5})},
        {"types.f16", array<float>({5}, {0.5f, -2, 65504, 0x1p-24f, INFINITY})},
        {"types.bf16", array<bfloat16>({2}, {bfloat16(1.0f), bfloat16(-0.5f)})},
        {"types.i64", array<int64_t>({2}, {-(int64_t{1} << 40), 7})},
        {"types.i32", array<int32_t>({2}, {-5, 6})},
        {"types.u8", array<uint8_t>({2}, {0, 255})},
        {"types.bool", array<uint8_t>({2}, {1, 0})},
        {"types.scalar", array<float>({}, {1.5f})},
        {"types.empty", array<float>({0, 3}, {})},
    };
    CHECK(content.arrays == expected);
  }
}

TEST_CASE("torch_file: views and shared storages become plain arrays") {
  const auto arrays = read_torch_file(kData / "views.pth").arrays;
  CHECK(arrays.at("base") == array<float>({4, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  CHECK(arrays.at("transposed") == array<float>({3, 4}, {0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11}));
  CHECK(arrays.at("row") == array<float>({3}, {6, 7, 8}));
  CHECK(arrays.at("column") == array<float>({4}, {1, 4, 7, 10}));
  CHECK(arrays.at("block") == array<float>({2, 2}, {4, 5, 7, 8}));
  CHECK(arrays.at("repeated") == array<float>({4}, {0, 0, 0, 0}));
  CHECK(arrays.at("transposed_half") == array<float>({3, 2}, {0, 3, 1, 4, 2, 5}));
}

TEST_CASE("torch_file: the format before PyTorch 1.6") {
  const NamedArrays content = read_torch_file(kData / "old_format.pth");
  CHECK(content.metadata == Metadata{{"epoch", "3"}});
  CHECK(content.skipped == Metadata{{"extra", "posix.system"}});
  const std::map<std::string, HostArray> expected = {
      {"state_dict.weight", array<float>({4, 3}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11})},
      {"state_dict.column", array<float>({4}, {1, 4, 7, 10})},
      {"half", array<float>({2}, {0.5f, -2})},
  };
  CHECK(content.arrays == expected);
  CHECK(read_torch_file(kData / "old_format_protocol4.pth").arrays.at("") ==
        array<float>({2}, {0, 1}));
  // Its storages follow each other: none behind one of unknown size can be found.
  CHECK(is_line_with(input_error([] { read_torch_file(kData / "old_format_int16.pth"); }),
                     "is of a type that is not read"));
}

TEST_CASE("torch_file: a storage of the old format may be a part of another") {
  const TemporaryFolder folder;
  auto part = [&](const std::string& view, uint64_t count = 6) {
    const std::string magic = pickle("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19");
    const std::string storage = "(" + unicode("storage") + "ctorch\nFloatStorage\n" + unicode("7") +
                                unicode("cpu") + number(6) + view + "tQ";
    const float values[] = {0, 1, 2, 3, 4, 5};
    const auto path = folder.write(
        "old.pth", magic + pickle(number(1001)) +
                       pickle("}"s + unicode("little_endian") + "\x88s") +
                       pickle("ctorch._utils\n_rebuild_tensor\n(" + storage + number(1) +
                              "K\x02\x85K\x01\x85tR") +
                       pickle("]" + unicode("7") + "a") +
                       std::string(reinterpret_cast<const char*>(&count), 8) +
                       std::string(reinterpret_cast<const char*>(values), sizeof(values)));
    return read_torch_file(path).arrays.at("");
  };
  auto refusal = [&](const std::string& view, uint64_t count = 6) {
    return input_error([&] { part(view, count); });
  };
  CHECK(part("N") == array<float>({2}, {1, 2}));
  CHECK(part("(" + unicode("8") + "K\x02K\x03t") == array<float>({2}, {3, 4}));
  CHECK(is_line_with(refusal("(" + unicode("8") + "K\x02K\x02t"), "reaches beyond its storage"));
  CHECK(is_line_with(refusal("(" + unicode("8") + "K\x04K\x03t"), "lies outside of it"));
  CHECK(is_line_with(refusal("N", 7), "the storages are cut off"));
  CHECK(is_line_with(refusal("N", 5), "a storage of 20 bytes where 24 were expected"));
  CHECK(is_line_with(refusal("N", UINT64_MAX / 4 + 2), "its storage 7 is cut off"));
}

TEST_CASE("torch_file: pickles of NumPy arrays, in every protocol") {
  for (const int protocol : {2, 3, 4, 5}) {
    CAPTURE(protocol);
    const NamedArrays content =
        read_torch_file(kData / fmt::format("arrays_protocol{}.pkl", protocol));
    const std::map<std::string, HostArray> expected = {
        {"conv1.weight", array<float>({2, 2}, {-1.5f, -0.5f, 0.5f, 1.5f})},
        {"f8", array<double>({1}, {0.1})},
        {"f2", array<float>({2}, {0.5f, -2})},
        {"i8", array<int64_t>({1}, {-(int64_t{1} << 40)})},
        {"i4", array<int32_t>({2, 1}, {-5, 6})},
        {"u1", array<uint8_t>({4}, {0, 127, 128, 255})},
        {"bool", array<uint8_t>({2}, {1, 0})},
        {"fortran", array<float>({2, 3}, {0, 1, 2, 3, 4, 5})},
        {"empty", array<float>({0, 3}, {})},
        {"number", array<float>({}, {0.25f})},
    };
    CHECK(content.arrays == expected);
    Metadata skipped = {{"big_endian", "numpy.ndarray of >f4"},
                        {"objects", "numpy.ndarray of objects"},
                        {"classes", protocol < 4 ? "builtins.set" : "set"},
                        {"owner", "__main__.OwnClass"}};
    if (protocol == 2) skipped["classes"] = "__builtin__.set";
    CHECK(content.skipped == skipped);
  }
}

TEST_CASE("torch_file: a pickle of Python 2, whose bytes are text") {
  const TemporaryFolder folder;
  const float values[] = {1, 2};
  const std::string bytes(reinterpret_cast<const char*>(values), sizeof(values));
  const std::string type =
      "cnumpy\ndtype\n(U\x02"
      "f4K\x00K\x01tR(K\x03U\x01<NNNJ\xff\xff\xff\xff"s +
      "J\xff\xff\xff\xffK\x00tb"s;
  const std::string weight =
      "cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01"
      "btR(K\x01K\x02\x85"s +
      type + "\x89U\x08"s + bytes + "tb";
  const auto path = folder.write(
      "old.pkl", pickle("ccollections\nOrderedDict\n](](U\x06weight"s + weight + "ee\x85R"));
  CAPTURE(input_error([&] { read_torch_file(path); }));
  CHECK(read_torch_file(path).arrays.at("weight") == array<float>({2}, {1, 2}));
}

TEST_CASE("torch_file: objects of other classes are named and not made") {
  CHECK(read_torch_file(kData / "runs_command.pth").skipped == Metadata{{"extra", "posix.system"}});
  CHECK(read_torch_file(kData / "runs_command.pth").arrays.size() == 1);
  const NamedArrays scalar = read_torch_file(kData / "numpy_scalar.pth");
  CHECK(scalar.arrays.at("accuracy") == array<double>({}, {0.5}));
  CHECK(scalar.skipped.empty());
  CHECK_FALSE(std::filesystem::exists("torch-file-was-executed"));

  // Beside a tensor, whatever is done with such an object changes nothing.
  const TemporaryFolder folder;
  auto skipped = [&](const std::string& body) {
    message_of(folder, pickle("}"s + unicode("w") + tensor(6, 0, "K\x06\x85", "K\x01\x85") + "s" +
                              unicode("x") + body + "s"));
    const NamedArrays content = read_torch_file(folder.path() / "made.pth");
    CHECK(content.arrays.size() == 1);
    REQUIRE(content.skipped.size() == 1);
    return content.skipped.begin()->first + " " + content.skipped.begin()->second;
  };
  CHECK(skipped("cos\nsystem\n" + unicode("ls") + "\x85R") == "x os.system");
  CHECK(skipped("cargparse\nNamespace\n)\x81}" + unicode("lr") + "K\x01sb") ==
        "x argparse.Namespace");
  CHECK(skipped("cargparse\nNamespace\n)}\x92") == "x argparse.Namespace");
  CHECK(skipped("(ios\nsystem\n") == "x os.system");
  CHECK(skipped("(cos\nsystem\n" + unicode("ls") + "o") == "x os.system");
  CHECK(skipped("ccollections\ndefaultdict\ncbuiltins\nlist\n\x85R" + unicode("k") + "K\x01s") ==
        "x collections.defaultdict");
  CHECK(skipped("ccollections\ndeque\n)R(K\x01K\x02"
                "e") == "x collections.deque");
  CHECK(skipped("cbuiltins\ngetattr\ncos\npath\n" + unicode("join") + "\x86R)R") ==
        "x builtins.getattr");
  CHECK(skipped("\x8f(K\x01K\x02\x90") == "x set");
  CHECK(skipped("(K\x01\x91") == "x frozenset");
  CHECK(skipped("C\x01x") == "x bytes");
  CHECK(skipped("}cbuiltins\nobject\nK\x01s") == "x.<builtins.object> builtins.object");
  CHECK(skipped("(" + unicode("module") + "cmodels\nNet\n" + unicode("net.py") +
                unicode("class Net") + "tQ)\x81}b") == "x models.Net");
}

TEST_CASE("torch_file: a file of nothing but such objects is refused by their name") {
  auto message = [](const char* name) {
    return input_error([&] { read_torch_file(kData / name); });
  };
  const std::string end = ": only tensors and dictionaries are read";
  CHECK(message("runs_command_protocol4.pth") ==
        (kData / "runs_command_protocol4.pth").string() + ": holds posix.system" + end);
  CHECK(is_line_with(message("own_class.pth"), "holds __main__.OwnClass"s + end));
  CHECK(is_line_with(message("int16.pth"), "holds torch.ShortStorage"s + end));
  CHECK_FALSE(std::filesystem::exists("torch-file-was-executed"));

  const TemporaryFolder folder;
  auto made = [&](const std::string& body) { return message_of(folder, pickle(body)); };
  CHECK(is_line_with(made("(ios\nsystem\n"), "holds os.system"));
  CHECK(is_line_with(made(unicode("os") + unicode("system") + "\x93"), "holds os.system"));
  CHECK(is_line_with(made("cos\nsy\x1bstem\n"), R"(holds os.sy\x1Bstem)"));
  CHECK(is_line_with(made("ctorch\nFloatStorage\n)R"), "holds a call of torch.FloatStorage"));
  CHECK(is_line_with(made("ctorch\nFloatStorage\n)\x81"), "holds a call of torch.FloatStorage"));
  CHECK(is_line_with(made("}\x82\x01"), "holds pickle instruction 0x82"));
  CHECK(is_line_with(made("C\x01x"), "holds bytes"));
  CHECK(is_line_with(made("ccollections\nOrderedDict\n"), "holds collections.OrderedDict"));
  CHECK(is_line_with(made("("s + unicode("storage") + "ctorch\nFloatStorage\n" + unicode("0") +
                          unicode("cpu") + "K\x06tQ"),
                     "holds a bare torch.FloatStorage"));
}

TEST_CASE("torch_file: a pickle that makes no sense is refused, and the message says why") {
  const TemporaryFolder folder;
  struct Case {
    std::string body;
    const char* message;
  };
  const std::string key = unicode("a"), three = "K\x03\x85", two = "K\x02\x85", one = "K\x01\x85";
  const std::string numpy_type = "cnumpy\ndtype\n" + unicode("f4") + "\x85R";
  const std::string numpy_array = "cnumpy.core.multiarray\n_reconstruct\n)R";
  auto numpy_state = [&](int64_t size, const std::string& bytes) {
    return "(K\x01" + number(size) + "\x85" + numpy_type + "\x89" + bytes + "t";
  };
  const Case cases[] = {
      {"", "a value is missing"},
      {"(", "a value is missing"},
      {"0", "a value is missing"},
      {"u", "a mark is missing"},
      {"h\x05", "a value is recalled that was not stored"},
      {"\x80\x01", "protocol 1"},
      {"\x80\x06", "protocol 6"},
      {"X\xFF\xFF\xFF\xFF", "it is cut off"},
      {"\x8d\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", "it is cut off"},
      {"\x8a\x09"s + std::string(9, '\1'), "a whole number beyond 64 bits"},
      {"cno line end", "it is cut off"},
      {"}K\x01K\x02\x86K\x01s", "neither text nor a whole number"},
      {"}"s + key + "K\x01s" + key + "K\x01s", "a dictionary has the key 'a' twice"},
      {"}"s + ("("s + key) + "u", "a key without a value"},
      {")K\x01"s + "a"s, "an append to a tuple"},
      {"}K\x01"s + "a"s, "an append to something that is not a list"},
      {"]"s + key + "K\x01s", "an item set in something that is not a dictionary"},
      {"K\x01)R", "a call of what cannot be called"},
      {"ccollections\nOrderedDict\nK\x01R", "arguments that are no tuple"},
      {"ccollections\nOrderedDict\nK\x01\x85R", "an OrderedDict made from arguments"},
      {"]}b", "a state set on something that is not a dictionary"},
      {"}]b", "a state that is not a dictionary"},
      {"K\x01Q", "a reference that is not a tuple"},
      {")Q", "a reference that is not to a storage"},
      {"K\x01K\x01\x93", "a name that is not text"},
      {"ctorch._utils\n_rebuild_tensor_v2\n)R", "a tensor with other than 6 or 7 arguments"},
      {"ctorch._utils\n_rebuild_parameter\n)R", "a parameter with other than 1 to 3 arguments"},
      {"ccollections\nOrderedDict\n]K\x01"
       "a\x85R",
       "an OrderedDict made from arguments"},
      {"cnumpy\ndtype\n)R", "a NumPy type without a name"},
      {numpy_type + "(K\x03tb", "a NumPy type without its state"},
      {numpy_type + "(K\x03" + unicode("?") + "tb", "a NumPy type of no byte order"},
      {numpy_array + ")b", "an array with other than 5 parts"},
      {numpy_array +
           numpy_state(5,
                       "C\x04"
                       "abcd") +
           "b",
       "an array of shape [5] with 4 bytes"},
      {numpy_array +
           numpy_state(-1,
                       "C\x04"
                       "abcd") +
           "b",
       "a negative size"},
      {numpy_array +
           numpy_state(INT64_MAX,
                       "C\x04"
                       "abcd") +
           "b",
       "an array of shape"},
      {numpy_array + numpy_state(1, "N") + "b", "an array without its bytes"},
      {"c_codecs\nencode\n" + unicode("\xc4\x80") + unicode("latin1") + "\x86R",
       "bytes written as other than Latin-1 text"},
      {"c_codecs\nencode\n" + unicode("\xc2") + unicode("latin1") + "\x86R",
       "bytes written as other than Latin-1 text"},
      {"c_codecs\nencode\n" + unicode("a") + unicode("utf-8") + "\x86R",
       "bytes written as other than Latin-1 text"},
      {tensor(6, 0, two + "\x85", two), "a shape that holds other than whole numbers"},
      {tensor(6, 0, two, "K\x01K\x01\x86"), "a tensor with more sizes than strides"},
      {tensor(6, 4, three, one), "a tensor of shape [3] reaches beyond its storage of 6 elements"},
      {tensor(6, 0, three, three), "reaches beyond its storage"},
      {tensor(6, -1, three, one), "a tensor with a negative offset"},
      {tensor(6, 0, number(-3) + "\x85", one), "a tensor with a negative size or stride"},
      {tensor(6, 0, three, number(-1) + "\x85"), "a tensor with a negative size or stride"},
      {tensor(6, 0, three, number(INT64_MAX) + "\x85"), "reaches beyond its storage"},
      {tensor(6, INT64_MAX, three, one), "reaches beyond its storage"},
      {tensor(6, 0, number(INT64_MAX) + "\x85", "K"s + '\0' + "\x85"), "a tensor of shape"},
      {tensor(-6, 0, three, one), "a storage of negative size"},
      {tensor(INT64_MAX, 0, three, one), "'' is too large"},
      {tensor(7, 0, three, one), "'': a storage of 24 bytes where 28 were expected"},
      {tensor(6, 0, number(int64_t{1} << 40) + "\x85", "K"s + '\0' + "\x85"),
       "unpacks to more than 8 times its size"},
  };
  for (const Case& c : cases) {
    const std::string message = message_of(folder, pickle(c.body));
    CAPTURE(message);
    CAPTURE(c.message);
    CHECK(is_line_with(message, c.message));
  }
  CHECK(message_of(folder, pickle(tensor(6, 1, two, two))) == "");
  // A dimension of 1 has a stride without meaning.
  CHECK(message_of(folder, pickle(tensor(6, 0, "K\x02K\x01\x86",
                                         "K\x02"s + number(INT64_MAX) + "\x86"))) == "");
  CHECK(is_line_with(message_of(folder, pickle("}("s + unicode("a.b") + "K\x01" + key + "}" +
                                               unicode("b") + "K\x01su")),
                     "holds 'a.b' twice"));
}

TEST_CASE("torch_file: sharing cannot make a small file large, nor a circle an endless walk") {
  const TemporaryFolder folder;
  // Each of 40 lists holds the one before twice.
  std::string doubling = "K\x01q"s + '\0';
  for (int i = 0; i < 40; ++i) {
    doubling += "](h"s + static_cast<char>(i) + "h" + static_cast<char>(i) + "eq" +
                static_cast<char>(i + 1);
  }
  CHECK(is_line_with(message_of(folder, pickle(doubling)), "unpacks to more than 8 times"));
  CHECK(is_line_with(message_of(folder, pickle("]q\1h\1a"s)), "is nested beyond 64 levels"));
  CHECK(is_line_with(message_of(folder, pickle("}q\1"s + unicode("a") + "h\1s")),
                     "is nested beyond 64 levels"));
  std::string deep(100000, ']');
  CHECK(is_line_with(message_of(folder, pickle(deep + std::string(99999, 'a'))),
                     "is nested beyond 64 levels"));
  CHECK(is_line_with(message_of(folder, pickle(std::string(2'000'001, 'N'))),
                     "it holds too many values"));
}

TEST_CASE("torch_file: other archives and formats are refused") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "a.pth";
  auto message = [&](const std::filesystem::path& file) {
    return input_error([&] { read_torch_file(file); });
  };
  CHECK(is_line_with(message(folder.path() / "absent.pth"), "No such file"));
  CHECK(is_line_with(message(kData / "points_f4.npy"),
                     "not a file written by torch.save, or cut off"));
  CHECK(is_line_with(message(folder.write("empty.pth", "")), "not a file written by torch.save"));
  write_archive(path, {{"other", "x"}});
  CHECK(is_line_with(message(path), "it has no data.pkl"));
  const std::string good = pickle(tensor(6, 0, "K\x06\x85", "K\x01\x85"));
  write_archive(path, {{"data.pkl", good}});
  CHECK(is_line_with(message(path), "its entry data/0 is missing"));
  write_archive(path, {{"data.pkl", good}, {"data/0", std::string(24, '\0')}}, ZIP_CM_DEFLATE);
  CHECK(is_line_with(message(path), "its entry data.pkl is compressed"));
  write_archive(path, {{"byteorder", "big"}, {"data.pkl", good}});
  CHECK(is_line_with(message(path), "was written on a big-endian machine"));
}

TEST_CASE("torch_file: cut and damaged files are refused or read, and nothing else happens") {
  for (const char* name : {"views.pth", "old_format.pth", "arrays_protocol5.pkl"}) {
    CAPTURE(name);
    const std::string bytes = read_text(kData / name);
    CHECK(read_damaged(bytes, "a.pth", read_torch_file) > static_cast<int>(bytes.size()) / 2);
  }
}

TEST_CASE("torch_file: a cut or damaged pickle is refused or read, and nothing else happens") {
  const std::string content = pickle("}("s + unicode("a") + tensor(6, 1, "K\x02\x85", "K\x02\x85") +
                                     unicode("b") + "](K\x01K\x02\x86Neu");
  const TemporaryFolder folder;
  CHECK(message_of(folder, content) == "");
  for (size_t length = 0; length < content.size(); ++length)
    CHECK(message_of(folder, content.substr(0, length)) != "");
  RandomStream stream(2, Purpose::test);
  for (size_t i = 0; i < content.size(); ++i) {
    for (int change = 0; change < 8; ++change) {
      std::string damaged = content;
      damaged[i] = static_cast<char>(damaged[i] ^ static_cast<char>(1u << change));
      CHECK_NOTHROW(message_of(folder, damaged));
      damaged[stream.below(static_cast<uint32_t>(content.size()))] =
          static_cast<char>(stream.below(256));
      CHECK_NOTHROW(message_of(folder, damaged));
    }
  }
}

}  // namespace lanet::test
