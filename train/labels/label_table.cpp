#include "train/labels/label_table.h"

#include <algorithm>
#include <cstdlib>

#include "core/error.h"
#include "data/csv.h"

namespace lanet {

namespace {

constexpr size_t kFirstClass = 2;  // behind image,given_label

double probability(const std::string& text, const std::string& place) {
  char* end = nullptr;
  const double p = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(p >= 0 && p <= 1))
    throw InputError(
        fmt::format("{}: '{}'; expected a probability from 0 to 1", place, printable(text)));
  return p;
}

}  // namespace

std::string LabelTable::place(size_t face) const {
  return fmt::format("{}:{}", file, lines[face]);
}

void LabelTable::require(std::span<const std::string> faces, std::span<const int32_t> labels,
                         std::span<const std::string> expected) const {
  if (!std::equal(classes.begin(), classes.end(), expected.begin(), expected.end()))
    throw InputError(fmt::format("{}: classes {}; expected {}: the data have changed since the run",
                                 file, fmt::join(classes, ", "), fmt::join(expected, ", ")));
  if (names.size() != faces.size())
    throw InputError(
        fmt::format("{}: {} rows; the data of the run have {} such faces: they have changed", file,
                    names.size(), faces.size()));
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] != faces[i] || given[i] != labels[i])
      throw InputError(
          fmt::format("{}: {} labelled {}; expected {} labelled {}: the data have changed since "
                      "the run",
                      place(i), printable(names[i]), classes[given[i]], printable(faces[i]),
                      classes[labels[i]]));
}

std::string label_table_csv(std::span<const std::string> names, std::span<const int32_t> given,
                            std::span<const std::string> classes,
                            std::span<const double> estimates) {
  std::string text = "image,given_label";
  for (const std::string& name : classes) text += fmt::format(",{}", csv_field(name));
  text += "\n";
  for (size_t i = 0; i < names.size(); ++i) {
    text += csv_field(names[i]) + "," + csv_field(classes[given[i]]);
    for (size_t c = 0; c < classes.size(); ++c)
      text += fmt::format(",{:.7g}", estimates[i * classes.size() + c]);
    text += "\n";
  }
  return text;
}

LabelTable read_label_table(const std::filesystem::path& path) {
  CsvTable table = read_csv(path);
  if (table.header.size() <= kFirstClass || table.header[0] != "image" ||
      table.header[1] != "given_label" || table.rows.empty())
    throw InputError(
        fmt::format("{}: expected the header image,given_label and the classes, and a row for each "
                    "training face",
                    table.file));
  LabelTable labels{.file = table.file,
                    .classes = {table.header.begin() + kFirstClass, table.header.end()},
                    .lines = std::move(table.lines)};
  for (const std::vector<std::string>& row : table.rows) {
    const std::string place = labels.place(labels.names.size());
    labels.names.push_back(row[0]);
    const auto given = std::find(labels.classes.begin(), labels.classes.end(), row[1]);
    if (given == labels.classes.end())
      throw InputError(fmt::format("{}: given_label '{}'; expected one of {}", place,
                                   printable(row[1]), fmt::join(labels.classes, ", ")));
    labels.given.push_back(static_cast<int32_t>(given - labels.classes.begin()));
    for (size_t c = kFirstClass; c < row.size(); ++c)
      labels.estimates.push_back(probability(row[c], place));
  }
  return labels;
}

}  // namespace lanet
