#include "data/rafdb.h"

#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/files/document.h"
#include "core/printable.h"
#include "data/files_of_set.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

/// The file of a picture, or empty if it does not exist.
fs::path find_picture(const fs::path& folder, const std::string& name) {
  const std::string stem = fs::path(name).stem().string();
  for (const char* middle : {"_aligned", ""}) {
    for (const char* ending : {".jpg", ".jpeg", ".png", ".JPG", ".JPEG", ".PNG"})
      if (auto path = folder / (stem + middle + ending); is_file(path)) return path;
  }
  return {};
}

bool is_compound(const fs::path& labels) {
  return *labels.begin() == "compound";
}

/// Class of a label as the list has it; none if it is outside the labels.
std::optional<int32_t> class_of(const std::string& label, bool compound) {
  const size_t count = compound ? kCompoundNames.size() : kRafLabelToClass.size();
  for (size_t i = 0; i < count; ++i)
    if (label == std::to_string(i + 1))
      return compound ? static_cast<int32_t>(i) : kRafLabelToClass[i];
  return std::nullopt;
}

/// A list line by line.
class LabelList {
 public:
  /// `field` names the file in messages: data.labels.
  LabelList(const char* field, const fs::path& root, const fs::path& labels)
      : file_((root / labels).string()), compound_(is_compound(labels)) {
    if (!is_file(file_))
      throw InputError(fmt::format("{} {}: there is no such file", field, file_));
    lines_.str(read_document(file_));
  }

  struct Face {
    std::string name;
    int32_t label = 0;
    Split split = Split::train;
  };
  /// The next line that is not empty; none after the last.
  std::optional<Face> next() {
    for (std::string line; std::getline(lines_, line);) {
      ++number_;
      std::istringstream words(line);
      std::string name, label;
      words >> name >> label;
      if (name.empty()) continue;
      if (escaped(name) != name)
        fail(
            fmt::format("the name '{}' is not UTF-8, or has control characters or spaces that are "
                        "none; expected a name without them",
                        printable(name)));
      const bool is_train = name.starts_with("train_"), is_test = name.starts_with("test_");
      const bool is_file_name = name.find_first_of("/,") == std::string::npos;  // a comma: for CSV
      if ((!is_train && !is_test) || !is_file_name || label.empty())
        fail(fmt::format("'{}'; expected a picture and its label, as in 'train_00001.jpg 5'",
                         printable(line)));
      const std::optional<int32_t> number = class_of(label, compound_);
      if (!number)
        fail(fmt::format("label {} of {}; expected 1 to {}", printable(label), printable(name),
                         compound_ ? kCompoundNames.size() : kRafLabelToClass.size()));
      if (!seen_.insert(name).second) fail(fmt::format("{} occurs a second time", printable(name)));
      return Face{name, *number, is_train ? Split::train : Split::test};
    }
    return std::nullopt;
  }
  /// Throws for the line that next() gave last.
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}:{}: {}", file_, number_, what));
  }

 private:
  std::string file_;
  bool compound_;
  std::istringstream lines_;
  int number_ = 0;
  std::set<std::string> seen_;
};

/// The list that data.labels names; of a set of compound expressions alone, its own by default.
fs::path list_of(const DataSource& source) {
  const fs::path compound = "compound/EmoLabel/list_patition_label.txt";
  const bool only_compound = source.labels == kDefaultLabelList &&
                             !is_folder(source.root / "basic") && is_file(source.root / compound);
  return only_compound ? compound : fs::path(source.labels);
}

}  // namespace

std::string recognise_rafdb(const DataSource& source) {
  for (const char* folder : {"basic", "compound"})
    for (const char* inner : {"EmoLabel", "Image"})
      if (is_folder(source.root / folder / inner))
        return fmt::format("it has a folder {}/{}", folder, inner);
  return "";
}

FaceList read_rafdb(const DataSource& source, Split split) {
  if (!source.classes.empty())
    throw InputError(fmt::format("data.classes: '{}'; expected null: RAF-DB's classes are known",
                                 printable(source.classes)));
  return read_face_list(source.root, list_of(source), split, source.require_pictures);
}

FaceList read_face_list(const fs::path& root, const fs::path& labels, Split split,
                        bool require_pictures) {
  if (!is_folder(root))
    throw InputError(fmt::format("data.root {}: there is no such folder", root.string()));
  const bool compound = is_compound(labels);
  const fs::path inner = fs::path(compound ? "compound" : "basic") / "Image" / "aligned";
  const fs::path file = root / labels, folder = root / inner;
  LabelList list("data.labels", root, labels);
  if (!is_folder(folder))
    throw InputError(fmt::format("data.root {}: it has no folder {} with pictures", root.string(),
                                 inner.string()));

  FaceList faces;
  if (compound)
    faces.classes.assign(kCompoundNames.begin(), kCompoundNames.end());
  else
    faces.classes = expression_names();
  while (auto face = list.next()) {
    if (split != face->split) continue;
    fs::path path = find_picture(folder, face->name);
    if (path.empty()) {
      path = folder / (fs::path(face->name).stem().string() + "_aligned.jpg");
      if (require_pictures)
        list.fail(fmt::format(
            "picture {} does not exist (tried .jpg, .jpeg and .png, with and without _aligned)",
            path.string()));
    }
    faces.names.push_back(std::move(face->name));
    faces.labels.push_back(face->label);
    faces.paths.push_back(std::move(path));
  }
  if (faces.names.empty() && split != Split::validation)
    throw EmptySplit(fmt::format("data.labels {}: it has no line for the {} split ({}_….jpg LABEL)",
                                 file.string(), to_string(split), to_string(split)));
  return faces;
}

std::vector<int32_t> read_true_labels(const fs::path& root, const fs::path& list, Split split,
                                      std::span<const std::string> names) {
  const fs::path file = root / list;
  LabelList lines("data.true_labels", root, list);
  std::map<std::string, int32_t> label_of;
  while (const auto face = lines.next()) {
    if (split == face->split) label_of[face->name] = face->label;
  }
  if (split == Split::test && label_of.empty()) return {};
  std::vector<int32_t> labels;
  for (const std::string& name : names) {
    const auto found = label_of.find(name);
    if (found == label_of.end())
      throw InputError(fmt::format(
          "data.true_labels {}: it has no line for {}; expected one for each {} face of "
          "data.labels",
          file.string(), name, to_string(split)));
    labels.push_back(found->second);
  }
  return labels;
}

}  // namespace lanet
