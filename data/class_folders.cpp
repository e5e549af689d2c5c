#include "data/class_folders.h"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <unordered_map>

#include "core/error.h"
#include "core/files/file.h"
#include "data/csv.h"
#include "data/csv_faces.h"
#include "data/files_of_set.h"
#include "data/found_faces.h"
#include "data/picture_index.h"
#include "data/rafdb.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

bool is_picture_file(const fs::directory_entry& entry) {
  std::error_code error;
  return is_picture_name(entry.path()) && entry.is_regular_file(error);
}

/// The folders or the pictures in a folder, by name; hidden ones are left out.
std::vector<fs::path> visible(const fs::path& folder, bool folders) {
  std::vector<fs::path> found;
  for (const fs::directory_entry& entry : entries_of(folder)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    std::error_code error;
    if (folders ? entry.is_directory(error) : is_picture_file(entry)) found.push_back(entry.path());
  }
  return found;
}

bool has_pictures(const fs::path& folder) {
  const auto all = entries_of(folder);
  return std::any_of(all.begin(), all.end(), is_picture_file);
}

/// The folders of classes in a folder.
std::vector<fs::path> class_folders(const fs::path& folder) {
  std::vector<fs::path> found = visible(folder, /*folders=*/true);
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
  std::vector<fs::path> splits = visible(folder, /*folders=*/true);
  std::erase_if(splits, [](const fs::path& f) {
    return !known_split(f.filename().string()) || class_folders(f).empty();
  });
  return splits;
}

std::optional<Layout> find_layout(const fs::path& root) {
  std::vector<fs::path> candidates = {root};
  if (const auto inner = visible(root, /*folders=*/true); inner.size() == 1)
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
  for (const fs::path& folder : visible(layout.folder, /*folders=*/true)) {
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
    for (const fs::path& path : visible(inner, /*folders=*/false))
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
class LabelTables {
 public:
  struct Row {
    std::string image, label, place;
    bool used = false;
  };

  LabelTables(const fs::path& root, const Layout& layout) {
    std::vector<std::string> files = {"labels.csv"};
    for (const fs::path& split : layout.splits)
      files.push_back(split.filename().string() + "_labels.csv");
    for (const fs::path& folder : std::set<fs::path>{root, layout.folder})
      for (const std::string& file : files)
        if (is_file(folder / file)) add(read_csv(folder / file));
  }

  /// The row of a picture below root: one that names the end of its path, or else the only one with
  /// its file name. None if there is no such row.
  Row* find(const fs::path& picture) {
    std::string end = picture.generic_string();
    while (!end.empty()) {
      if (const auto named = by_path_.find(end); named != by_path_.end())
        return &rows_[named->second];
      end.erase(0, std::min(end.find('/'), end.size() - 1) + 1);
    }
    const auto named = by_file_.find(picture.filename().string());
    return named != by_file_.end() && named->second.size() == 1 ? &rows_[named->second[0]]
                                                                : nullptr;
  }
  std::span<const Row> rows() const { return rows_; }

 private:
  void add(const CsvTable& table) {
    const auto image = static_cast<size_t>(table.column("image"));
    const auto label = static_cast<size_t>(table.column("label"));
    for (size_t i = 0; i < table.rows.size(); ++i) {
      const fs::path path = fs::path(table.rows[i][image]).lexically_normal();
      if (!by_path_.emplace(path.generic_string(), rows_.size()).second)
        throw InputError(fmt::format("{}: {} occurs a second time", table.place(i),
                                     printable(path.generic_string())));
      by_file_[path.filename().string()].push_back(rows_.size());
      rows_.push_back({path.generic_string(), table.rows[i][label], table.place(i)});
    }
  }

  std::vector<Row> rows_;
  std::unordered_map<std::string, size_t> by_path_;               // as the tables name it
  std::unordered_map<std::string, std::vector<size_t>> by_file_;  // without its folders
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
  if (tables.rows().empty()) return;
  std::map<std::string, std::string> name_of;  // of a folder
  for (FoundFace& face : faces) {
    const std::string file = face.path.filename().string();
    LabelTables::Row* row = tables.find(face.path.lexically_relative(source.root));
    if (!row)
      throw InputError(
          fmt::format("{}: it has no row in the tables of labels beside the folders; expected one "
                      "for each picture",
                      face.place));
    const auto& [image, label, place, used] = *row;
    if (used)
      throw InputError(
          fmt::format("{}: the row of two pictures, of which {} is the second; expected a row with "
                      "its path for each",
                      place, face.place));
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
    row->used = true;
  }
  for (const LabelTables::Row& row : tables.rows())
    if (!row.used)
      throw InputError(
          fmt::format("{}: picture {} is not in the folders", row.place, printable(row.image)));
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

SplitReader open_class_folders(const DataSource& source) {
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
  // Classes that are not known expressions are in the order of their names, whatever the splits.
  std::stable_sort(faces.begin(), faces.end(),
                   [](const FoundFace& a, const FoundFace& b) { return a.label < b.label; });
  const bool numbers = std::all_of(faces.begin(), faces.end(), [](const FoundFace& face) {
    return is_class_number(face.label);
  });
  if (numbers) apply_tables(faces, source, *layout);
  auto classes = name_labels(faces, source);
  return [source, faces = std::move(faces), classes = std::move(classes)](Split split) {
    return make_face_list(faces, classes, source, split);
  };
}

}  // namespace lanet
