#include "core/files/document.h"

#include <algorithm>

#include "core/error.h"
#include "core/files/file.h"

namespace lanet {
namespace {

/// Whether `text` begins with `beginning`, in lower case, in any case.
bool begins_with(std::string_view text, std::string_view beginning) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return text.size() >= beginning.size() &&
         std::ranges::equal(text.substr(0, beginning.size()), beginning, {}, lower);
}

/// What a file is that is not text; empty for text.
std::string_view not_text(std::string_view content) {
  constexpr size_t kLooked = 4096;
  const std::string_view begin = content.substr(0, kLooked);
  if (begin.starts_with("\xFF\xFE") || begin.starts_with("\xFE\xFF"))
    return "is text in UTF-16; expected UTF-8";
  if (begin.starts_with("PK\x03\x04")) return "is a ZIP archive; expected the text file in it";
  if (begin.starts_with("\x1F\x8B")) return "is compressed by gzip; expected the text file in it";
  if (begin.find('\0') == std::string_view::npos) return "";
  // Without a mark every second byte of letters is 0.
  for (const size_t first : {0, 1}) {
    bool wide = begin.size() >= 2;
    for (size_t i = 0; i < std::min<size_t>(begin.size(), 16); ++i)
      wide &= i % 2 == first ? begin[i] == '\0' : static_cast<unsigned char>(begin[i]) >= '\t';
    if (wide) return "is text in UTF-16; expected UTF-8";
  }
  return "is binary data; expected text";
}

}  // namespace

std::string_view mistaken_for_file(std::string_view content) {
  content.remove_prefix(std::min(content.find_first_not_of(" \t\r\n"), content.size()));
  if (content.starts_with("version https://git-lfs"))
    return "is a Git LFS pointer; expected the file that it stands for (git lfs pull)";
  for (const std::string_view page : {"<!doctype html", "<html"})
    if (begins_with(content, page))
      return "is a web page; expected the file that was to be downloaded";
  return "";
}

std::string read_document(const std::filesystem::path& path, size_t largest) {
  InputFile file(path);
  if (file.size() > largest)
    throw InputError(
        fmt::format("{}: has {} bytes; expected at most {}", path.string(), file.size(), largest));
  std::string text(file.size(), '\0');
  file.read(text.data(), text.size(), "the file");
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  for (const std::string_view problem : {mistaken_for_file(text), not_text(text)})
    if (!problem.empty()) throw InputError(fmt::format("{}: {}", path.string(), problem));
  return text;
}

}  // namespace lanet
