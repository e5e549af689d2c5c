#include "data/votes.h"

#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "data/csv.h"

namespace lanet {

namespace {

double parse_votes(const CsvTable& table, size_t row, int column) {
  const std::string& text = table.rows[row][static_cast<size_t>(column)];
  char* end = nullptr;
  const double votes = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(votes) || votes < 0)
    throw InputError(fmt::format("{}: {} is '{}'; expected a number of votes", table.place(row),
                                 table.header[static_cast<size_t>(column)], printable(text)));
  return votes;
}

}  // namespace

std::vector<double> read_votes(const std::filesystem::path& path,
                               std::span<const std::string> names,
                               std::span<const std::string_view> classes) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(fmt::format("data.votes {}: there is no such file", path.string()));
  const CsvTable table = read_csv(path);
  const auto image = static_cast<size_t>(table.column("image"));
  std::vector<int> columns;
  for (const std::string_view name : classes) columns.push_back(table.column(std::string(name)));
  std::unordered_map<std::string_view, size_t> row_of;
  for (size_t row = 0; row < table.rows.size(); ++row) row_of[table.rows[row][image]] = row;
  std::vector<double> shares;
  shares.reserve(names.size() * classes.size());
  for (const std::string& name : names) {
    const auto found = row_of.find(name);
    if (found == row_of.end()) throw InputError(fmt::format("{}: no row for {}", table.file, name));
    double sum = 0;
    for (const int column : columns) sum += parse_votes(table, found->second, column);
    if (sum == 0)
      throw InputError(fmt::format("{}: no votes; expected one for a class at least",
                                   table.place(found->second)));
    for (const int column : columns)
      shares.push_back(parse_votes(table, found->second, column) / sum);
  }
  return shares;
}

}  // namespace lanet
