// What the sources say of docs/design.md is there, and what the documents say of the sources.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/files/file.h"
#include "tests/files.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const fs::path kRoot = tests_folder().parent_path();
const char* const kFolders[] = {"core", "kernels", "layers", "models",
                                "data", "train",   "bench",  "tests"};

std::vector<fs::path> source_files() {
  std::vector<fs::path> files;
  for (const char* folder : kFolders)
    for (const auto& entry : fs::recursive_directory_iterator(kRoot / folder)) {
      const std::string extension = entry.path().extension().string();
      if (extension == ".h" || extension == ".cpp" || extension == ".cu" || extension == ".cuh")
        files.push_back(entry.path());
    }
  return files;
}

Words document_names() {
  Words names = {"README.md", "CONTRIBUTING.md", "CHANGELOG.md", "core/cuda/README.md",
                 "third_party/README.md"};
  for (const auto& entry : fs::directory_iterator(kRoot / "docs"))
    if (entry.path().extension() == ".md")
      names.push_back("docs/" + entry.path().filename().string());
  return names;
}

/// The headings of a Markdown text, outside code blocks.
std::set<std::string> headings(const std::string& markdown) {
  std::set<std::string> found;
  bool code = false;
  std::istringstream in(markdown);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("```")) code = !code;
    const size_t text = line.find_first_not_of('#');
    if (!code && line.starts_with("#") && text != std::string::npos && line[text] == ' ')
      found.insert(line.substr(text + 1));
  }
  return found;
}

/// A source text in which a comment of several lines is one.
std::string joined_comments(const std::string& source) {
  std::string joined;
  std::istringstream in(source);
  for (std::string line; std::getline(in, line);) {
    const size_t slashes = line.find_first_not_of(' ');
    const bool comment = slashes != std::string::npos && line.compare(slashes, 2, "//") == 0;
    const size_t text = comment ? line.find_first_not_of("/ ", slashes) : std::string::npos;
    joined += comment && text != std::string::npos ? ' ' + line.substr(text) : '\n' + line;
  }
  return joined;
}

/// Of a source text: each heading of docs/design.md that it points at, docs/design.md, "Heading",
/// "Another"; an empty one where no heading follows the name.
Words targets(const std::string& source) {
  const std::string document = "docs/design.md", text = joined_comments(source);
  Words found;
  for (size_t at = text.find(document); at != std::string::npos; at = text.find(document, at)) {
    at += document.size();
    if (text.compare(at, 3, ", \"") != 0) found.emplace_back();
    while (text.compare(at, 3, ", \"") == 0) {
      const size_t end = text.find('"', at + 3);
      if (end == std::string::npos) break;
      found.push_back(text.substr(at + 3, end - at - 3));
      at = end + 1;
    }
  }
  return found;
}

/// What stands in single backticks in a Markdown text, outside code blocks.
Words quoted(const std::string& markdown) {
  Words found;
  bool code = false;
  std::istringstream in(markdown);
  for (std::string line; std::getline(in, line);) {
    const bool fence = line.find("```") != std::string::npos;
    if (fence) code = !code;
    if (fence || code) continue;
    for (size_t at = line.find('`'); at != std::string::npos;) {
      const size_t end = line.find('`', at + 1);
      if (end == std::string::npos) break;
      found.push_back(line.substr(at + 1, end - at - 1));
      at = line.find('`', end + 1);
    }
  }
  return found;
}

/// Whether a quoted text names a file or folder of the repository: it begins with one of its
/// folders, and nothing in it stands for something else.
bool is_path(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos || text.find_first_of(" <*{,") != std::string::npos) return false;
  const std::string folder = text.substr(0, slash);
  return folder == "scripts" || folder == "configs" || folder == "docs" ||
         folder == "third_party" ||
         std::any_of(std::begin(kFolders), std::end(kFolders),
                     [&](const char* known) { return folder == known; });
}

/// The relative targets of a Markdown text's links, without the part after #.
Words links(const std::string& markdown) {
  Words found;
  for (size_t at = markdown.find("]("); at != std::string::npos; at = markdown.find("](", at + 2)) {
    const std::string target = markdown.substr(at + 2, markdown.find(')', at) - at - 2);
    if (target.find("://") == std::string::npos && !target.starts_with("#"))
      found.push_back(target.substr(0, target.find('#')));
  }
  return found;
}

}  // namespace

TEST_CASE("docs: every heading of docs/design.md that a source points at exists") {
  const std::set<std::string> known = headings(read_text(kRoot / "docs/design.md"));
  int count = 0;
  for (const fs::path& file : source_files()) {
    if (file.filename() == "test_docs.cpp") continue;  // its examples are planted
    const std::string source = read_text(file);
    CAPTURE(file.string());
    CHECK(source.find("design: ") == std::string::npos);  // how comments used to point there
    for (const std::string& heading : targets(source)) {
      CAPTURE(heading);
      CHECK(known.contains(heading));
      ++count;
    }
  }
  CHECK(count >= 40);
}

TEST_CASE("docs: a heading is found across lines of a comment, and its absence noticed") {
  CHECK(targets("int a;  // docs/design.md, \"One\"\n") == Words{"One"});
  CHECK(targets("// (docs/design.md, \"Label\n// distribution\", \"Two\").\nint b;\n") ==
        Words{"Label distribution", "Two"});
  CHECK(targets("  /// form of docs/design.md,\n  /// \"Three\"\n") == Words{"Three"});
  CHECK(targets("// see docs/design.md.\n") == Words{""});
  CHECK(headings("# One\n```sh\n# no\n```\n## Two words\n#no\n") ==
        std::set<std::string>{"One", "Two words"});
}

TEST_CASE("docs: every file that a document names exists") {
  int count = 0;
  for (const std::string& document : document_names()) {
    CAPTURE(document);
    const std::string text = read_text(kRoot / document);
    for (const std::string& path : quoted(text)) {
      if (!is_path(path)) continue;
      CAPTURE(path);
      CHECK(fs::exists(kRoot / path));
      ++count;
    }
    for (const std::string& target : links(text)) {
      CAPTURE(target);
      CHECK(fs::exists((kRoot / document).parent_path() / target));
      ++count;
    }
  }
  CHECK(count >= 100);
  CHECK(quoted("a `core/x.h` and\n```\n`no`\n```\n`b c`") == Words{"core/x.h", "b c"});
  CHECK(is_path("core/tensor.h"));
  CHECK_FALSE(is_path("kernels/<op>.h"));
  CHECK_FALSE(is_path("runs/first"));
  CHECK(links("[a](docs/b.md#c) [d](https://e) ![f](g.svg) [h](#i)") ==
        Words{"docs/b.md", "g.svg"});
}

TEST_CASE("docs: README.md stays short") {
  const std::string readme = read_text(kRoot / "README.md");
  CHECK(std::count(readme.begin(), readme.end(), '\n') <= 130);
}

}  // namespace lanet::test
