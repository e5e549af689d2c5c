#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "data/csv.h"
#include "data/landmark_files.h"
#include "data/picture_index.h"

namespace lanet {
namespace {

float parse_coordinate(const std::string& text) {
  float value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  return error == std::errc() && stop == end ? value : NAN;
}

/// The first of these columns that the table has, or -1.
int find_any_column(const CsvTable& table, std::span<const std::string_view> names) {
  for (const std::string_view name : names)
    if (const int found = table.find_column(std::string(name)); found >= 0) return found;
  return -1;
}

/// The columns of x and y of each point in turn, if the table has any of these points that is not
/// one of `others` too.
template <typename Names, typename Others>
std::vector<int> find_named_points(const CsvTable& table, const Names& names,
                                   const Others& others) {
  const bool any = std::any_of(names.begin(), names.end(), [&](const auto name) {
    return std::find(others.begin(), others.end(), name) == others.end() &&
           (table.find_column(fmt::format("{}_x", name)) >= 0 ||
            table.find_column(fmt::format("{}_y", name)) >= 0);
  });
  std::vector<int> columns;
  if (!any) return columns;
  for (const auto name : names) {
    columns.push_back(table.column(fmt::format("{}_x", name)));
    columns.push_back(table.column(fmt::format("{}_y", name)));
  }
  return columns;
}

/// The number of the point whose column has this name, x_N or y_N; -1 for any other name.
int point_number(std::string_view name) {
  if (!name.starts_with("x_") && !name.starts_with("y_")) return -1;
  int number = -1;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data() + 2, end, number);
  return error == std::errc() && stop == end ? number : -1;
}

/// x_0, y_0, x_1 and so on up to the last point that the header names. Without x_0 and y_0 none:
/// a table of faces may call the corners of a box x_1 and x_2.
std::vector<int> find_numbered_points(const CsvTable& table) {
  std::vector<int> columns;
  if (table.find_column("x_0") < 0 && table.find_column("y_0") < 0) return columns;
  for (int point = 0;; ++point) {
    const std::string x = fmt::format("x_{}", point);
    const bool more = std::any_of(table.header.begin(), table.header.end(),
                                  [&](const auto& name) { return point_number(name) >= point; });
    if (!more && table.find_column(x) < 0) return columns;
    columns.push_back(table.column(x));
    columns.push_back(table.column(fmt::format("y_{}", point)));
  }
}

/// None: empty.
std::vector<int> find_points(const CsvTable& table) {
  for (auto columns : {find_named_points(table, kLandmarkNames, kFewLandmarkNames),
                       find_named_points(table, kFewLandmarkNames, kLandmarkNames)})
    if (!columns.empty()) return columns;
  return find_numbered_points(table);
}

constexpr std::array<std::string_view, 4> kImageColumns = {"image", "filename", "path", "name"};
constexpr std::array<std::string_view, 2> kOkColumns = {"ok", "success"};

bool is_blank(const std::string& text) {
  return text.empty() || text == "nan" || text == "NaN";
}

}  // namespace

CsvPoints::CsvPoints(const CsvTable& table)
    : table_(table), ok_column_(find_any_column(table, kOkColumns)), columns_(find_points(table)) {}

CsvPoints::Face CsvPoints::read(size_t row) const {
  const auto& fields = table_.rows[row];
  const std::string ok = ok_column_ < 0 ? "1" : fields[static_cast<size_t>(ok_column_)];
  if (ok != "0" && ok != "1")
    throw InputError(fmt::format("{}: {} is '{}'; expected 0 or 1", table_.place(row),
                                 table_.header[static_cast<size_t>(ok_column_)], printable(ok)));
  Face face{.points = {}, .found = ok == "1"};
  int first_bad = -1;
  bool any_number = false;
  for (const int column : columns_) {
    const float value = parse_coordinate(fields[static_cast<size_t>(column)]);
    const bool good = is_coordinate(static_cast<double>(value));
    if (!good && first_bad < 0) first_bad = column;
    any_number |= good || !is_blank(fields[static_cast<size_t>(column)]);
    face.points.push_back(good ? value : 0);
  }
  if (first_bad >= 0 && face.found && any_number)
    throw InputError(fmt::format("{}: {} is '{}'; expected a coordinate", table_.place(row),
                                 table_.header[static_cast<size_t>(first_bad)],
                                 printable(fields[static_cast<size_t>(first_bad)])));
  return face;
}

Landmarks read_csv_landmarks(const std::filesystem::path& path,
                             std::span<const std::string> names) {
  const CsvTable table = read_csv(path);
  int image_column = find_any_column(table, kImageColumns);
  if (image_column < 0) image_column = table.column("image");  // says what is missing
  const CsvPoints points(table);
  if (points.points() == 0)
    throw InputError(fmt::format(
        "{}: its header has no landmarks; expected columns {}_x, {}_y, … or {}_x, {}_y, … "
        "or x_0, y_0, …",
        table.file, kLandmarkNames[0], kLandmarkNames[0], kFewLandmarkNames[0],
        kFewLandmarkNames[0]));
  PictureIndex index(names);
  for (size_t row = 0; row < table.rows.size(); ++row)
    index.add(table.rows[row][static_cast<size_t>(image_column)], row);
  LandmarkRows rows(table.file, points.points());
  for (const std::string& name : names) {
    const std::vector<size_t> found = index.find(name);
    if (found.size() == 1) {
      const CsvPoints::Face face = points.read(found[0]);
      rows.add(face.points, face.found);
    } else {
      rows.add(found.empty() ? LandmarkState::no_row : LandmarkState::several);
    }
  }
  return std::move(rows).take();
}

}  // namespace lanet
