#include "data/csv_faces.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/files/file.h"
#include "data/csv.h"
#include "data/expressions.h"
#include "data/files_of_set.h"
#include "data/found_faces.h"
#include "data/landmark_files.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

constexpr const char* kPathColumns[] = {"path", "image", "filename"};

int path_column(const CsvTable& table) {
  for (const char* name : kPathColumns)
    if (const int column = table.find_column(name); column >= 0) return column;
  return -1;
}

/// The table to read.
fs::path table_of(const DataSource& source) {
  if (source.labels != kDefaultLabelList) {
    const fs::path file = source.root / source.labels;
    if (!is_file(file))
      throw InputError(fmt::format("data.labels {}: there is no such file", file.string()));
    return file;
  }
  const std::vector<fs::path> tables = face_tables(source.root);
  if (tables.empty())
    throw InputError(
        fmt::format("data.root {}: no table (.csv, .tsv) with columns 'path' and 'label' in it",
                    source.root.string()));
  if (tables.size() > 1)
    throw InputError(fmt::format(
        "data.root {}: {} and {} are both tables of faces; expected "
        "data.labels to name one",
        source.root.string(), tables[0].filename().string(), tables[1].filename().string()));
  return tables[0];
}

/// The places of these columns: all of them, or none of them. InputError for only some.
std::vector<size_t> columns_of(const CsvTable& table, const std::vector<std::string>& names) {
  std::vector<size_t> columns;
  std::string missing;
  for (const std::string& name : names) {
    if (const int column = table.find_column(name); column >= 0)
      columns.push_back(static_cast<size_t>(column));
    else if (missing.empty())
      missing = name;
  }
  if (columns.empty() || missing.empty()) return columns;
  throw InputError(fmt::format("{}:1: column '{}' without '{}'; expected all of {}, or none",
                               table.file, table.header[columns[0]], missing,
                               fmt::join(names, ", ")));
}

/// A finite number below 1e6, `least` or more.
double number(const CsvTable& table, size_t row, size_t column, double least, const char* what) {
  const std::string& text = table.rows[row][column];
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || !(std::abs(value) < 1e6) ||
      value < least)
    throw InputError(fmt::format("{}: {} is '{}'; expected {}", table.place(row),
                                 table.header[column], printable(text), what));
  return value;
}

class FaceTable {
 public:
  FaceTable(const CsvTable& table, const DataSource& source)
      : table_(table),
        source_(source),
        path_(static_cast<size_t>(require_path_column())),
        label_(static_cast<size_t>(table.column("label"))),
        split_(table.find_column("split")),
        box_(columns_of(table, {"box_x", "box_y", "box_width", "box_height"})),
        landmarks_(table) {}

  FoundFace face(size_t row) const {
    const auto& fields = table_.rows[row];
    FoundFace face{.name = fs::path(fields[path_]).lexically_normal().generic_string(),
                   .label = fields[label_],
                   .place = table_.place(row),
                   .path = source_.root / fields[path_]};
    if (fields[path_].empty())
      throw InputError(
          fmt::format("{}: {} is empty; expected a picture", face.place, table_.header[path_]));
    if (split_ >= 0) face.split = split_of(row);
    read_box(row, face);
    read_landmarks(row, face);
    return face;
  }

  /// Reads the columns that are named after classes, if there are any.
  void read_votes(std::vector<FoundFace>& faces, const std::vector<std::string>& classes) const {
    const std::vector<size_t> columns = vote_columns(classes);
    if (columns.empty()) return;
    for (size_t row = 0; row < faces.size(); ++row) {
      double sum = 0;
      for (const size_t column : columns) {
        faces[row].votes.push_back(number(table_, row, column, 0, "a number of votes"));
        sum += faces[row].votes.back();
      }
      if (sum == 0)
        throw InputError(
            fmt::format("{}: no votes; expected at least one for a class", table_.place(row)));
      for (double& votes : faces[row].votes) votes /= sum;
    }
  }

 private:
  int require_path_column() const {
    const int column = path_column(table_);
    if (column < 0 && table_.header.size() == 1) return table_.column("path");  // says why
    if (column < 0)
      throw InputError(
          fmt::format("{}:1: its header has no column 'path' (or 'image' or "
                      "'filename'){}",
                      table_.file, suggestion("path", table_.header)));
    return column;
  }

  std::optional<Split> split_of(size_t row) const {
    const std::string& word = table_.rows[row][static_cast<size_t>(split_)];
    if (word.empty()) return std::nullopt;
    const std::optional<Split> split = known_split(word);
    if (!split)
      throw InputError(fmt::format("{}: split {}", table_.place(row), unknown_split(word)));
    return split;
  }

  void read_box(size_t row, FoundFace& face) const {
    if (box_.empty()) return;
    const auto at = [&](size_t i) {
      return number(table_, row, box_[i], -1e6, "a position in pixels");
    };
    const auto side = [&](size_t i, const char* what) {
      return number(table_, row, box_[i], 1, what);
    };
    face.box = FaceBox{at(0), at(1), side(2, "a width of 1 pixel or more"),
                       side(3, "a height of 1 pixel or more")};
  }

  void read_landmarks(size_t row, FoundFace& face) const {
    if (landmarks_.points() == 0) return;
    const CsvPoints::Face read = landmarks_.read(row);
    face.landmarks_found = read.found;
    if (!face.box) {
      face.landmarks = read.points;
      return;
    }
    for (size_t i = 0; i < read.points.size(); i += 2)
      face.add_point(static_cast<double>(read.points[i]), static_cast<double>(read.points[i + 1]));
  }

  /// The column of each class, whose name may be a synonym; none if no column is a class.
  std::vector<size_t> vote_columns(const std::vector<std::string>& classes) const {
    std::vector<size_t> columns;
    std::string missing;
    for (const std::string& name : classes) {
      const auto is_of_class = [&](const std::string& column) {
        return column == name || known_expression(column) == name;
      };
      const auto& header = table_.header;
      const auto found = std::find_if(header.begin(), header.end(), is_of_class);
      if (found == header.end()) {
        if (missing.empty()) missing = name;
        continue;
      }
      if (const auto second = std::find_if(found + 1, header.end(), is_of_class);
          second != header.end())
        throw InputError(fmt::format("{}:1: '{}' and '{}' are both columns of votes for '{}'",
                                     table_.file, printable(*found), printable(*second), name));
      columns.push_back(static_cast<size_t>(found - header.begin()));
    }
    if (columns.empty() || missing.empty()) return columns;
    throw InputError(
        fmt::format("{}:1: a column of votes for '{}' without one for '{}'; expected "
                    "one for each class or none",
                    table_.file, table_.header[columns[0]], missing));
  }

  const CsvTable& table_;
  const DataSource& source_;
  size_t path_, label_;
  int split_;
  std::vector<size_t> box_;
  CsvPoints landmarks_;
};

}  // namespace

bool is_table(const fs::path& file) {
  const std::string ending = lower_extension(file);
  return ending == ".csv" || ending == ".tsv";
}

std::vector<fs::path> face_tables(const fs::path& folder) {
  std::vector<fs::path> tables;
  for (const fs::directory_entry& entry : entries_of(folder)) {
    if (!is_table(entry.path()) || !is_file(entry.path())) continue;
    CsvTable header;
    try {
      header = read_csv_header(entry.path());
    } catch (const InputError&) {
      continue;  // no table, whatever its name
    }
    if (path_column(header) >= 0 && header.find_column("label") >= 0)
      tables.push_back(entry.path());
  }
  return tables;
}

std::string recognise_csv_faces(const DataSource& source) {
  const std::vector<fs::path> tables = face_tables(source.root);
  return tables.empty()
             ? ""
             : fmt::format("its {} has pictures and labels", tables[0].filename().string());
}

SplitReader open_csv_faces(const DataSource& source) {
  const CsvTable table = read_csv(table_of(source));
  const FaceTable reader(table, source);
  std::vector<FoundFace> faces;
  for (size_t row = 0; row < table.rows.size(); ++row) faces.push_back(reader.face(row));
  auto classes = name_labels(faces, source);
  reader.read_votes(faces, classes);
  return [source, faces = std::move(faces), classes = std::move(classes)](Split split) {
    return make_face_list(faces, classes, source, split);
  };
}

}  // namespace lanet
