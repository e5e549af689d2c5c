// Texts from outside: what is read as a document, how JSON is refused, how names are shown.
#include "core/files/document.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "core/files/json_text.h"
#include "core/printable.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

TEST_CASE("document: a text is read without its byte-order mark, anything else is called by name") {
  using namespace std::string_literals;
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& content) {
    const auto path = folder.write("a.txt", content);
    const std::string message = input_error([&] { read_document(path); });
    return message.empty() ? "" : message.substr(path.string().size() + 2);
  };
  CHECK(read_document(folder.write("a.txt", "\xEF\xBB\xBFh\xC3\xA9\n")) == "h\xC3\xA9\n");
  CHECK(read_document(folder.write("a.txt", "")).empty());
  CHECK(refusal("\xFF\xFE"
                "a\0"s) == "is text in UTF-16; expected UTF-8");
  CHECK(refusal("a\0b\0"s) == "is text in UTF-16; expected UTF-8");
  CHECK(refusal("\0a\0b"s) == "is text in UTF-16; expected UTF-8");
  CHECK(refusal("ab\0\1"s) == "is binary data; expected text");
  CHECK(refusal("PK\3\4"s).starts_with("is a ZIP archive"));
  CHECK(refusal("\x1F\x8B\x08"s).starts_with("is compressed by gzip"));
  CHECK(refusal(" <HTML>").starts_with("is a web page"));
  CHECK(refusal("<!DocType Html>").starts_with("is a web page"));
  CHECK(
      refusal("version https://git-lfs.github.com/spec/v1\n").starts_with("is a Git LFS pointer"));
  const auto path = folder.write("a.txt", "12345");
  CHECK(read_document(path, 5) == "12345");
  CHECK(is_line_with(input_error([&] { read_document(path, 4); }),
                     "a.txt: has 5 bytes; expected at most 4"));
}

TEST_CASE("json text: what is wrong is named with line and column, and nesting is bounded") {
  const auto refusal = [](const std::string& text, size_t deepest = 3) {
    return input_error([&] { parse_json("a.json", text, deepest); });
  };
  CHECK(parse_json("a.json", R"({"a": [1, {"b": 2}]})")["a"][1]["b"] == 2);
  CHECK(refusal("{\n \"a\": tru}") == "a.json: not JSON: line 2, column 10: unexpected '}'");
  CHECK(refusal("[1, 2") == "a.json: not JSON: line 1, column 6: the text ends too early");
  CHECK(refusal("[NaN]") ==
        "a.json: not JSON: line 1, column 2: unexpected 'N' (null stands for what is unknown)");
  CHECK(refusal(R"({"a": 1, "a": 2})") ==
        "a.json: 'a' occurs twice in one object; expected it once");
  CHECK(refusal("[[[1]]]").empty());
  CHECK(refusal("[[[[1]]]]") == "a.json: values are nested more than 3 deep");
  CHECK(refusal(std::string(1'000'000, '['), 32) == "a.json: values are nested more than 32 deep");
  CHECK(is_line_with(refusal("[1e999]"), "a.json: not JSON: "));
}

TEST_CASE("printable: what a terminal would obey or not show is escaped") {
  CHECK(escaped("plain \xC3\xA9 \xF0\x9F\x98\x80") == "plain \xC3\xA9 \xF0\x9F\x98\x80");
  CHECK(escaped("a\x1B[2J\n\x7F") == R"(a\x1B[2J\x0A\x7F)");
  CHECK(escaped("\xC2\x9B") == R"(\u009B)");  // the escape sequences of 8-bit terminals
  CHECK(escaped("a\xC2\xA0") == R"(a\u00A0)");
  CHECK(escaped("\xEF\xBB\xBF\xE2\x80\xAE") == R"(\uFEFF\u202E)");
  CHECK(escaped("caf\xE9 \xC3") == R"(caf\xE9 \xC3)");
  CHECK(printable(std::string(80, 'x')) == std::string(80, 'x'));
  CHECK(printable(std::string(81, 'x')) == std::string(80, 'x') + "...");
  CHECK(printable(std::string(79, 'x') + "\xC3\xA9") == std::string(79, 'x') + "...");
  for (const char* wrong : {"\xC0\xAF", "\xED\xA0\x80", "\xE0\x80\xAF", "\xF4\x90\x80\x80", "\xC3"})
    CHECK_FALSE(is_utf8(wrong));
  CHECK(is_utf8("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"));
}

}  // namespace lanet::test
