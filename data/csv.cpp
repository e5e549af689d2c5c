#include "data/csv.h"

#include <algorithm>

#include "core/error.h"
#include "core/files/document.h"
#include "core/files/file.h"

namespace lanet {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

/// The first delimiter outside quotes in the first row; a comma if there is none.
char delimiter_of(std::string_view text) {
  bool quoted = false;
  for (const char c : text) {
    quoted ^= c == '"';
    if (quoted) continue;
    if (c == ',' || c == ';' || c == '\t') return c;
    if (c == '\n') break;
  }
  return ',';
}

/// Takes a text apart, row by row.
class CsvReader {
 public:
  CsvReader(std::string file, std::string_view text)
      : file_(std::move(file)), rest_(text), delimiter_(delimiter_of(text)) {}

  bool at_end() const { return rest_.empty(); }
  int line() const { return line_; }

  /// The fields of the next row.
  std::vector<std::string> row() {
    std::vector<std::string> fields;
    do {
      fields.push_back(field());
    } while (accept(delimiter_));
    accept('\r');
    if (!at_end() && !accept('\n'))
      fail(fmt::format("'{}' after a quoted field; expected {} or the end of the line",
                       printable(until_delimiter()),
                       delimiter_ == '\t' ? "a tab" : fmt::format("'{}'", delimiter_)));
    ++line_;
    return fields;
  }

 private:
  std::string field() {
    const size_t spaces = rest_.find_first_not_of(delimiter_ == '\t' ? " " : " \t");
    if (spaces != std::string_view::npos && rest_[spaces] == '"') {
      rest_.remove_prefix(spaces + 1);
      return quoted_field();
    }
    const std::string_view text = until_delimiter();
    rest_.remove_prefix(text.size());
    return std::string(trim(text));
  }

  /// What is left up to the next delimiter or the end of the line.
  std::string_view until_delimiter() const {
    const char ends[] = {delimiter_, '\n'};
    return rest_.substr(0, rest_.find_first_of({ends, 2}));
  }

  std::string quoted_field() {
    std::string text;
    const int first = line_;
    while (true) {
      const size_t quote = rest_.find('"');
      if (quote == std::string_view::npos) {
        line_ = first;
        fail("a quoted field is not closed; expected a closing '\"'");
      }
      text += rest_.substr(0, quote);
      line_ += static_cast<int>(std::count(rest_.begin(), rest_.begin() + quote, '\n'));
      rest_.remove_prefix(quote + 1);
      if (!accept('"')) break;
      text += '"';
    }
    rest_.remove_prefix(
        std::min(rest_.find_first_not_of(delimiter_ == '\t' ? " " : " \t"), rest_.size()));
    return text;
  }

  bool accept(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}:{}: {}", file_, line_, what));
  }

  std::string file_;
  std::string_view rest_;
  char delimiter_;
  int line_ = 1;
};

}  // namespace

int CsvTable::find_column(std::string_view name) const {
  auto found = std::find(header.begin(), header.end(), name);
  if (found == header.end())
    found = std::find_if(header.begin(), header.end(), [&](const std::string& column) {
      return same_but_for_case(column, name);
    });
  if (found == header.end()) return -1;
  if (std::find(found + 1, header.end(), *found) != header.end())
    throw InputError(
        fmt::format("{}:1: column '{}' occurs twice; expected it once", file, printable(*found)));
  return static_cast<int>(found - header.begin());
}

int CsvTable::column(const std::string& name) const {
  const int found = find_column(name);
  if (found >= 0) return found;
  throw InputError(
      fmt::format("{}: its header has no column '{}'{}{}", file, name,
                  header.size() == 1 ? fmt::format(", but only '{}'", printable(header[0])) : "",
                  suggestion(name, header)));
}

std::string CsvTable::place(size_t row) const {
  return fmt::format("{}:{}", file, lines[row]);
}

CsvTable read_csv_header(const std::filesystem::path& path) {
  constexpr uint64_t kLongest = 1 << 20;  // bytes
  InputFile file(path);
  std::string text(std::min(file.size(), kLongest), '\0');
  file.read(text.data(), text.size(), "the header");
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  bool quoted = false;  // a line break between quotes belongs to a field
  const auto end = std::find_if(text.begin(), text.end(), [&](char c) {
    quoted ^= c == '"';
    return c == '\n' && !quoted;
  });
  text.erase(end, text.end());
  CsvTable table;
  table.file = path.string();
  table.header = CsvReader(table.file, text).row();
  return table;
}

CsvTable read_csv(const std::filesystem::path& path) {
  CsvTable table;
  table.file = path.string();
  const std::string content = read_document(path);
  std::string_view text = content;
  text = text.substr(0, text.find_last_not_of(" \r\n") + 1);
  if (text.empty()) throw InputError(fmt::format("{}: it is empty; expected a header", table.file));
  CsvReader reader(table.file, text);
  table.header = reader.row();
  if (const auto& header = table.header;
      header.size() == 1 && header[0].find_first_of(",;\t") != std::string::npos)
    throw InputError(fmt::format(
        "{}:1: its header is one field in quotes, '{}'; expected a field for each column",
        table.file, printable(header[0])));
  while (!reader.at_end()) {
    const int line = reader.line();
    auto fields = reader.row();
    if (fields.size() != table.header.size())
      throw InputError(fmt::format("{}:{}: {} field{}; the header has {}", table.file, line,
                                   fields.size(), fields.size() == 1 ? "" : "s",
                                   table.header.size()));
    table.rows.push_back(std::move(fields));
    table.lines.push_back(line);
  }
  return table;
}

std::string csv_field(const std::string& text) {
  const bool plain = text.find_first_of(",;\t\"\r\n") == std::string::npos && trim(text) == text;
  if (plain) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace lanet
