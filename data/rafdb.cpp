#include "data/rafdb.h"

#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/files/file.h"

namespace lanet {
namespace {

namespace fs = std::filesystem;

/// A picture's file name, or empty if it is not there.
fs::path find_picture(const fs::path& folder, const std::string& name) {
  const std::string stem = fs::path(name).stem().string();
  for (const char* ending : {"_aligned.jpg", "_aligned.png"}) {
    if (auto path = folder / (stem + ending); fs::is_regular_file(path)) return path;
  }
  return {};
}

/// A list line by line.
class LabelList {
 public:
  /// `field` names the file in messages: data.labels.
  LabelList(const char* field, const fs::path& file) : file_(file.string()) {
    if (!fs::is_regular_file(file))
      throw InputError(fmt::format("{} {}: there is no such file", field, file_));
    lines_.str(read_text(file));
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
      std::string name, label, rest;
      words >> name >> label >> rest;
      if (name.empty()) continue;
      const bool is_train = name.starts_with("train_"), is_test = name.starts_with("test_");
      const bool is_file_name = name.find_first_of("/,") == std::string::npos;  // a comma: for CSV
      if ((!is_train && !is_test) || !is_file_name || label.empty() || !rest.empty())
        fail(fmt::format("'{}'; expected a picture and its label, as in 'train_00001.jpg 5'",
                         printable(line)));
      if (label.size() != 1 || label[0] < '1' || label[0] > '7')
        fail(fmt::format("label {} of {}; expected 1 to 7", printable(label), printable(name)));
      if (!seen_.insert(name).second) fail(fmt::format("{} occurs a second time", printable(name)));
      return Face{name, kRafLabelToClass[static_cast<size_t>(label[0] - '1')],
                  is_train ? Split::train : Split::test};
    }
    return std::nullopt;
  }
  /// Throws for the line that next() gave last.
  [[noreturn]] void fail(const std::string& what) const {
    throw InputError(fmt::format("{}:{}: {}", file_, number_, what));
  }

 private:
  std::string file_;
  std::istringstream lines_;
  int number_ = 0;
  std::set<std::string> seen_;
};

}  // namespace

FaceList read_face_list(const fs::path& root, const fs::path& labels, Split split) {
  if (!fs::is_directory(root))
    throw InputError(fmt::format("data.root {}: there is no such folder", root.string()));
  const fs::path file = root / labels, folder = root / "basic" / "Image" / "aligned";
  LabelList list("data.labels", file);
  if (!fs::is_directory(folder))
    throw InputError(fmt::format("data.root {}: it has no folder basic/Image/aligned with pictures",
                                 root.string()));

  FaceList faces;
  faces.classes = expression_names();
  while (auto face = list.next()) {
    if (split != face->split) continue;
    fs::path path = find_picture(folder, face->name);
    if (path.empty())
      list.fail(
          fmt::format("the picture {} is not there (nor a .png)",
                      (folder / (fs::path(face->name).stem().string() + "_aligned.jpg")).string()));
    faces.names.push_back(std::move(face->name));
    faces.labels.push_back(face->label);
    faces.paths.push_back(std::move(path));
  }
  if (faces.names.empty())
    throw InputError(fmt::format("data.labels {}: it has no line for the {} split ({}_….jpg LABEL)",
                                 file.string(), to_string(split), to_string(split)));
  return faces;
}

std::vector<int32_t> read_true_labels(const fs::path& root, const fs::path& list, Split split,
                                      std::span<const std::string> names) {
  const fs::path file = root / list;
  LabelList lines("data.true_labels", file);
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
