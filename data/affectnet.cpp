#include "data/affectnet.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/files/file.h"
#include "core/files/npy.h"
#include "data/csv.h"
#include "data/expressions.h"
#include "data/files_of_set.h"
#include "data/found_faces.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

constexpr auto kClasses = std::to_array<std::string_view>(
    {"neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt"});
constexpr int kLastLabel = 10;  // none, uncertain, no face
constexpr size_t kCoordinates = size_t{2} * 68;
constexpr double kLaterSide = 224;  // of the later release's pictures, in pixels
constexpr const char* kColumns[] = {
    "subDirectory_filePath", "face_x",     "face_y",  "face_width", "face_height",
    "facial_landmarks",      "expression", "valence", "arousal"};
enum Column { kPath, kX, kY, kWidth, kHeight, kLandmarks, kExpression };

double number(std::string_view text, const std::string& place, const char* what) {
  double value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || stop != text.data() + text.size() || !(std::abs(value) < 1e6))
    throw InputError(
        fmt::format("{}: {} is '{}'; expected a number", place, what, printable(text)));
  return value;
}

/// Faces, without those that are left out.
class Collector {
 public:
  Collector(const DataSource& source, Split split) : source_(source), split_(split) {
    if (!source.classes.empty() && source.classes != "7" && source.classes != "8")
      throw InputError(fmt::format("data.classes: '{}'; expected 7 or 8 with data.format affectnet",
                                   printable(source.classes)));
    classes_ = expression_names();
    if (source.classes != "7") classes_.emplace_back(kContempt);
  }

  const DataSource& source() const { return source_; }

  /// Sets the label of a face; false if the face is left out.
  bool label(FoundFace& face, double expression) {
    if (expression < 0 || expression > kLastLabel || expression != std::floor(expression))
      throw InputError(fmt::format("{}: expression {}; expected a whole number from 0 to {}",
                                   face.place, expression, kLastLabel));
    const auto number = static_cast<size_t>(expression);
    if (number >= kClasses.size() ||
        std::find(classes_.begin(), classes_.end(), kClasses[number]) == classes_.end()) {
      ++(number < kClasses.size() ? contemptuous_ : without_expression_);
      return false;
    }
    face.label = kClasses[number];
    return true;
  }
  void add(FoundFace face) {
    face.split = split_;
    faces_.push_back(std::move(face));
  }

  FaceList finish() {
    if (split_ == Split::validation) return {.classes = std::move(classes_)};
    FaceList list = make_face_list(std::move(faces_), std::move(classes_), source_, split_);
    list.note = left_out_note("AffectNet", split_,
                              {{without_expression_, "labelled none, uncertain or no face"},
                               {contemptuous_, "of contempt (data.classes is 7)"}});
    return list;
  }

 private:
  const DataSource& source_;
  Split split_;
  std::vector<std::string> classes_;
  std::vector<FoundFace> faces_;
  size_t without_expression_ = 0, contemptuous_ = 0;  // left out
};

// The release of 2017.

fs::path table_of(const fs::path& root, const char* name) {
  for (const char* folder : {"", "Manually_Annotated_file_lists"})
    if (is_file(root / folder / name)) return root / folder / name;
  return {};
}

fs::path picture_folder(const fs::path& root, const std::string& first) {
  for (const char* folder :
       {"Manually_Annotated_Images", "Manually_Annotated/Manually_Annotated_Images"})
    if (is_file(root / folder / first)) return root / folder;
  return root;
}

/// A table of faces; that of the validation faces may lack the header.
CsvTable read_table(const fs::path& file) {
  CsvTable table = read_csv(file);
  if (table.header[0].find('/') != std::string::npos) {
    table.rows.insert(table.rows.begin(), table.header);
    table.lines.insert(table.lines.begin(), 1);
    table.header = {std::begin(kColumns), std::end(kColumns)};
    if (table.rows[0].size() != table.header.size())
      throw InputError(fmt::format("{}:1: {} fields; expected {}", table.file, table.rows[0].size(),
                                   table.header.size()));
  }
  return table;
}

void read_points(FoundFace& face, std::string_view text) {
  std::vector<double> points;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    points.push_back(number(text.substr(0, end), face.place, "a coordinate of facial_landmarks"));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  if (points.size() != kCoordinates)
    throw InputError(fmt::format("{}: facial_landmarks has {} numbers; expected {}", face.place,
                                 points.size(), kCoordinates));
  for (size_t i = 0; i < points.size(); i += 2) face.add_point(points[i], points[i + 1]);
}

/// The pictures of a table, and where it has them.
std::map<std::string, std::string> pictures_of(const fs::path& file) {
  const CsvTable table = read_table(file);
  const auto path = static_cast<size_t>(table.column(kColumns[kPath]));
  std::map<std::string, std::string> places;
  for (size_t row = 0; row < table.rows.size(); ++row)
    places.emplace(table.rows[row][path], table.place(row));
  return places;
}

/// others: the pictures of another split, none of which may be here.
void read_release_of_2017(Collector& to, const fs::path& file,
                          const std::map<std::string, std::string>& others) {
  const CsvTable table = read_table(file);
  std::vector<size_t> columns;
  for (size_t i = 0; i <= kExpression; ++i)
    columns.push_back(static_cast<size_t>(table.column(kColumns[i])));
  fs::path folder;
  for (size_t row = 0; row < table.rows.size(); ++row) {
    const auto text = [&](Column column) -> const std::string& {
      return table.rows[row][columns[column]];
    };
    if (row == 0) folder = picture_folder(to.source().root, text(kPath));
    FoundFace face{.name = text(kPath), .place = table.place(row), .path = folder / text(kPath)};
    if (const auto other = others.find(face.name); other != others.end())
      throw InputError(
          fmt::format("{}: {} is also at {}; expected each picture in one of the tables",
                      face.place, printable(face.name), other->second));
    if (!to.label(face, number(text(kExpression), face.place, "expression"))) continue;
    double box[4];
    for (int i = 0; i < 4; ++i)
      box[i] = number(text(static_cast<Column>(kX + i)), face.place, kColumns[kX + i]);
    if (box[2] < 1 || box[3] < 1)
      throw InputError(fmt::format("{}: a face of {} x {} pixels; expected one or more", face.place,
                                   box[2], box[3]));
    const double dx = kAffectNetMargin * box[2], dy = kAffectNetMargin * box[3];
    face.box = FaceBox{box[0] - dx, box[1] - dy, box[2] + 2 * dx, box[3] + 2 * dy};
    read_points(face, text(kLandmarks));
    to.add(std::move(face));
  }
}

// The later release.

/// A number in an .npy file, which may be a text (NumPy's '<U').
double scalar_of(const fs::path& file) {
  const std::string content = read_text(file);
  const size_t header = std::min(content.find('\n'), content.size());
  if (content.substr(0, header).find("'<U") == std::string::npos) {
    const HostArray array = parse_npy(file.string(), content);
    if (array.elements() != 1)
      throw InputError(
          fmt::format("{}: {} numbers; expected one", file.string(), array.elements()));
    return array.to<double>()[0];
  }
  std::string text;  // each character takes four bytes
  for (size_t i = header + 1; i < content.size(); i += 4)
    if (content[i] != '\0') text += content[i];
  return number(text, file.string(), "the text");
}

void read_annotation(FoundFace& face, const fs::path& stem) {
  const fs::path file = stem.string() + "_lnd.npy";
  const HostArray array = read_npy(file);
  if (array.elements() != static_cast<int64_t>(kCoordinates))
    throw InputError(
        fmt::format("{}: {} numbers; expected {}", file.string(), array.elements(), kCoordinates));
  face.landmark_shares = true;
  for (const double at : array.to<double>()) {
    if (!(std::abs(at) < 1e6))
      throw InputError(fmt::format("{}: {}; expected a coordinate in pixels", file.string(), at));
    face.landmarks.push_back(static_cast<float>(at / kLaterSide));
  }
}

void read_later_release(Collector& to, const fs::path& folder) {
  for (const fs::directory_entry& entry : entries_of(folder / "annotations")) {
    const fs::path& file = entry.path();
    const std::string name = file.filename().string();
    if (!name.ends_with("_exp.npy")) continue;
    const std::string stem = name.substr(0, name.size() - std::string("_exp.npy").size());
    // One number may name a picture of each set.
    FoundFace face{.name = folder.filename().string() + "/" + stem + ".jpg",
                   .place = file.string(),
                   .path = folder / "images" / (stem + ".jpg")};
    if (!to.label(face, scalar_of(file))) continue;
    read_annotation(face, folder / "annotations" / stem);
    to.add(std::move(face));
  }
}

}  // namespace

std::string recognise_affectnet(const DataSource& source) {
  if (is_folder(source.root / "train_set" / "annotations"))
    return "it has a folder train_set/annotations";
  const fs::path table = table_of(source.root, "training.csv");
  if (table.empty() || read_csv_header(table).find_column(kColumns[kPath]) < 0) return "";
  return fmt::format("its {} has a column {}", table.lexically_relative(source.root).string(),
                     kColumns[kPath]);
}

FaceList read_affectnet(const DataSource& source, Split split) {
  Collector faces(source, split);
  const fs::path training = table_of(source.root, "training.csv");
  const fs::path validation = table_of(source.root, "validation.csv");
  if (training.empty() != validation.empty() && !is_folder(source.root / "train_set"))
    throw InputError(fmt::format("data.root {}: {} without {}; expected both", source.root.string(),
                                 training.empty() ? "validation.csv" : "training.csv",
                                 training.empty() ? "training.csv" : "validation.csv"));
  if (!training.empty() && !validation.empty()) {
    if (split == Split::train) read_release_of_2017(faces, training, pictures_of(validation));
    if (split == Split::test) read_release_of_2017(faces, validation, {});
    return faces.finish();
  }
  for (const char* name : {"train_set", "val_set"})
    for (const char* inner : {"images", "annotations"})
      if (!is_folder(source.root / name / inner))
        throw InputError(
            fmt::format("data.root {}: no {}/{} in it; expected AffectNet's "
                        "training.csv and validation.csv, or train_set and val_set",
                        source.root.string(), name, inner));
  if (split != Split::validation)
    read_later_release(faces, source.root / (split == Split::train ? "train_set" : "val_set"));
  return faces.finish();
}

}  // namespace lanet
