#include "data/class_folders.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "core/error.h"
#include "data/csv.h"
#include "data/csv_faces.h"
#include "data/found_faces.h"
#include "data/picture_index.h"
#include "data/rafdb.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

bool is_picture(const fs::path& path) {
  static const std::set<std::string> kEndings = {".jpg", ".jpeg", ".jpe", ".png", ".webp",
                                                 ".bmp", ".gif",  ".tif", ".tiff"};
  std::string ending = path.extension().string();
  for (char& c : ending)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return kEndings.contains(ending);
}

/// What is in a folder, by name; hidden files are left out.
std::vector<fs::path> entries(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  if (!fs::is_directory(folder)) return found;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    if (folders ? entry.is_directory() : entry.is_regular_file() && is_picture(entry.path()))
      found.push_back(entry.path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool has_pictures(const fs::path& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder))
    if (entry.is_regular_file() && is_picture(entry.path())) return true;
  return false;
}

/// The folders of classes in a folder.
std::vector<fs::path> class_folders(const fs::path& folder) {
  std::vector<fs::path> found = entries(folder, /*folders=*/true);
  std::erase_if(found, [](const fs::path& f) {
    return known_split(f.filename().string()) || !has_pictures(f);
  });
  return found;
}

struct Layout {
  fs::path folder;               // that holds the splits or classes
  std::vector<fs::path> splits;  // empty: the classes are in `folder`
};

/// The folders of splits in a folder: those with folders of classes.
std::vector<fs::path> split_folders(const fs::path& folder) {
  std::vector<fs::path> splits = entries(folder, /*folders=*/true);
  std::erase_if(splits, [](const fs::path& f) {
    return !known_split(f.filename().string()) || class_folders(f).empty();
  });
  return splits;
}

std::optional<Layout> find_layout(const fs::path& root) {
  if (!fs::is_directory(root)) return std::nullopt;
  std::vector<fs::path> candidates = {root};
  if (const auto inner = entries(root, /*folders=*/true); inner.size() == 1)
    candidates.push_back(inner[0]);
  for (const fs::path& folder : candidates) {
    if (auto splits = split_folders(folder); !splits.empty())
      return Layout{folder, std::move(splits)};
    if (class_folders(folder).size() >= 2) return Layout{folder, {}};
  }
  return std::nullopt;
}

/// A folder beside those of splits that has a class folder like theirs is a misspelt split.
void require_known_splits(const Layout& layout) {
  if (layout.splits.empty()) return;
  std::set<std::string> classes;
  for (const fs::path& split : layout.splits)
    for (const fs::path& folder : class_folders(split)) classes.insert(folder.filename().string());
  for (const fs::path& folder : entries(layout.folder, /*folders=*/true)) {
    if (known_split(folder.filename().string())) continue;
    for (const fs::path& inner : class_folders(folder))
      if (classes.contains(inner.filename().string()))
        throw InputError(
            fmt::format("{}: {}", folder.string(), unknown_split(folder.filename().string())));
  }
}

void add_pictures(std::vector<FoundFace>& faces, const fs::path& folder,
                  std::optional<Split> split) {
  for (const fs::path& inner : class_folders(folder))
    for (const fs::path& path : entries(inner, /*folders=*/false))
      faces.push_back({.label = inner.filename().string(),
                       .place = path.string(),
                       .path = path,
                       .split = split});
}

/// Names faces by their files or, where two have one bare name, by their paths below root, so that
/// a table of the same tree has its rows (data/picture_index.h).
void name_faces(std::vector<FoundFace>& faces, const fs::path& root) {
  std::set<std::string> names;
  bool unique = true;
  for (const FoundFace& face : faces) unique &= names.insert(bare_name(face.path.string())).second;
  for (FoundFace& face : faces)
    face.name = unique ? face.path.filename().string()
                       : face.path.lexically_relative(root).generic_string();
}

/// The tables beside the folders, in one.
struct LabelTables {
  struct Row {
    std::string label, place;
  };
  std::unordered_map<std::string, Row> row_of;  // by file name

  LabelTables(const fs::path& root, const Layout& layout) {
    std::vector<std::string> files = {"labels.csv"};
    for (const fs::path& split : layout.splits)
      files.push_back(split.filename().string() + "_labels.csv");
    for (const fs::path& folder : std::set<fs::path>{root, layout.folder})
      for (const std::string& file : files)
        if (fs::is_regular_file(folder / file)) add(read_csv(folder / file));
  }

 private:
  void add(const CsvTable& table) {
    const auto image = static_cast<size_t>(table.column("image"));
    const auto label = static_cast<size_t>(table.column("label"));
    for (size_t i = 0; i < table.rows.size(); ++i) {
      const std::string name = fs::path(table.rows[i][image]).filename().string();
      if (!row_of.emplace(name, Row{table.rows[i][label], table.place(i)}).second)
        throw InputError(
            fmt::format("{}: {} occurs a second time", table.place(i), printable(name)));
    }
  }
};

/// RAF-DB's classes where a table has its numbers for pictures that are called as RAF-DB's.
std::optional<std::string> rafdb_class(const std::string& file, const std::string& label) {
  if (!file.starts_with("train_") && !file.starts_with("test_")) return std::nullopt;
  if (label.size() != 1 || label[0] < '1' || label[0] > '7') return std::nullopt;
  return std::string(
      kExpressionNames[static_cast<size_t>(kRafLabelToClass[static_cast<size_t>(label[0] - '1')])]);
}

/// Gives numbered folders the names of the tables beside them, and checks each picture's row.
void apply_tables(std::vector<FoundFace>& faces, const DataSource& source, const Layout& layout) {
  LabelTables tables(source.root, layout);
  if (tables.row_of.empty()) return;
  std::map<std::string, std::string> name_of;  // of a folder
  for (FoundFace& face : faces) {
    const std::string file = face.path.filename().string();
    const auto row = tables.row_of.find(file);
    if (row == tables.row_of.end())
      throw InputError(
          fmt::format("{}: it has no row in the tables of labels beside the folders; expected one "
                      "for each picture",
                      face.place));
    const auto& [label, place] = row->second;
    std::string name = label;
    if (is_class_number(label)) {
      if (label != face.label)
        throw InputError(fmt::format("{}: label {} of {}; expected {}, the folder that it is in",
                                     place, label, printable(file), face.label));
      if (source.classes.empty()) name = rafdb_class(file, label).value_or(label);
    }
    const auto& known = name_of.emplace(face.label, name).first->second;
    if (known != name)
      throw InputError(
          fmt::format("{}: label '{}' of {}; expected {}, as other pictures of folder "
                      "{} have",
                      place, printable(name), printable(file), printable(known), face.label));
    face.label = name;
    tables.row_of.erase(row);
  }
  if (!tables.row_of.empty()) {
    const auto& [file, row] = *std::min_element(
        tables.row_of.begin(), tables.row_of.end(),
        [](const auto& a, const auto& b) { return a.second.place < b.second.place; });
    throw InputError(
        fmt::format("{}: the picture {} is not in the folders", row.place, printable(file)));
  }
}

}  // namespace

std::string recognise_class_folders(const DataSource& source) {
  const std::optional<Layout> layout = find_layout(source.root);
  if (!layout) return "";
  if (!layout->splits.empty())
    return fmt::format("it has folders of classes in {}",
                       layout->splits[0].lexically_relative(source.root).string());
  if (!face_tables(source.root).empty()) return "";  // the folders need not be classes
  return fmt::format("it has folders of pictures, such as {}",
                     class_folders(layout->folder)[0].lexically_relative(source.root).string());
}

FaceList read_class_folders(const DataSource& source, Split split) {
  const std::optional<Layout> layout = find_layout(source.root);
  if (!layout)
    throw InputError(
        fmt::format("data.root {}: no pictures in folders of classes; expected "
                    "train/happiness/picture.jpg and the like",
                    source.root.string()));
  require_known_splits(*layout);
  std::vector<FoundFace> faces;
  for (const fs::path& folder : layout->splits)
    add_pictures(faces, folder, known_split(folder.filename().string()));
  if (layout->splits.empty()) add_pictures(faces, layout->folder, std::nullopt);
  name_faces(faces, source.root);
  // Classes that are no known expressions are in the order of their names, whatever the splits.
  std::stable_sort(faces.begin(), faces.end(),
                   [](const FoundFace& a, const FoundFace& b) { return a.label < b.label; });
  const bool numbers = std::all_of(faces.begin(), faces.end(), [](const FoundFace& face) {
    return is_class_number(face.label);
  });
  if (numbers) apply_tables(faces, source, *layout);
  auto classes = name_labels(faces, source);
  return make_face_list(std::move(faces), std::move(classes), source, split);
}

}  // namespace lanet
