#include "data/csv.h"

#include <algorithm>
#include <string_view>

#include "core/error.h"
#include "core/files/file.h"

namespace lanet {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::vector<std::string> split(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    const size_t comma = line.find(',');
    fields.emplace_back(trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace

int CsvTable::find_column(const std::string& name) const {
  const auto found = std::find(header.begin(), header.end(), name);
  return found == header.end() ? -1 : static_cast<int>(found - header.begin());
}

int CsvTable::column(const std::string& name) const {
  const int found = find_column(name);
  if (found < 0)
    throw InputError(
        fmt::format("{}: its header has no column '{}'{}", file, name, suggestion(name, header)));
  return found;
}

std::string CsvTable::place(size_t row) const {
  return fmt::format("{}:{}", file, row + 2);
}

CsvTable read_csv(const std::filesystem::path& path) {
  CsvTable table;
  table.file = path.string();
  const std::string content = read_text(path);
  std::string_view text = content;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  if (text.empty()) throw InputError(fmt::format("{}: it is empty; expected a header", table.file));
  while (true) {
    const size_t end = text.find('\n');
    auto fields = split(text.substr(0, end));
    if (table.header.empty()) {
      table.header = std::move(fields);
    } else {
      if (fields.size() != table.header.size())
        throw InputError(fmt::format("{}: {} fields; the header has {}",
                                     table.place(table.rows.size()), fields.size(),
                                     table.header.size()));
      table.rows.push_back(std::move(fields));
    }
    if (end == std::string_view::npos) return table;
    text.remove_prefix(end + 1);
  }
}

}  // namespace lanet
