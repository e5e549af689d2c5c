#include "data/corrections.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/error.h"
#include "data/csv.h"
#include "data/files_of_set.h"

namespace lanet {

namespace {

int32_t class_of(const CsvTable& table, size_t row, int column,
                 std::span<const std::string_view> class_names) {
  const std::string& label = table.rows[row][column];
  const auto found = std::find(class_names.begin(), class_names.end(), label);
  if (found == class_names.end())
    throw InputError(fmt::format("{}: {} '{}' is not a class{}", table.place(row),
                                 table.header[column], printable(label),
                                 suggestion(label, class_names)));
  return static_cast<int32_t>(found - class_names.begin());
}

}  // namespace

int64_t apply_corrections(const std::filesystem::path& path, std::span<const std::string> names,
                          std::span<const std::string_view> class_names,
                          std::span<int32_t> labels) {
  LANET_REQUIRE(names.size() == labels.size(), "{} names and {} labels", names.size(),
                labels.size());
  if (!is_file(path))
    throw InputError(fmt::format("data.corrections {}: there is no such file", path.string()));
  const CsvTable table = read_csv(path);
  const int image = table.column("image"), label = table.column("label"),
            given = table.find_column("given");
  std::unordered_map<std::string_view, size_t> faces;
  for (size_t i = 0; i < names.size(); ++i) faces.emplace(names[i], i);
  std::unordered_set<size_t> seen;
  int64_t changed = 0;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const std::string& name = table.rows[row][image];
    const auto face = faces.find(name);
    if (face == faces.end())
      throw InputError(fmt::format("{}: image '{}' is not one of the {} training faces{}",
                                   table.place(row), printable(name), names.size(),
                                   suggestion(name, names)));
    if (!seen.insert(face->second).second)
      throw InputError(fmt::format("{}: a second row of {}", table.place(row), name));
    int32_t& now = labels[face->second];
    if (given >= 0 && class_of(table, row, given, class_names) != now)
      throw InputError(
          fmt::format("{}: {} was labelled {} when it was corrected; its label is now {}: the data "
                      "have changed",
                      table.place(row), name, table.rows[row][given], class_names[now]));
    const int32_t right = class_of(table, row, label, class_names);
    changed += right != now;
    now = right;
  }
  return changed;
}

}  // namespace lanet
