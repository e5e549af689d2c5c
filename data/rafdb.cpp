#include "data/rafdb.h"

#include <set>
#include <sstream>

#include "core/error.h"
#include "core/file.h"

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

}  // namespace

FaceList read_face_list(const fs::path& root, const fs::path& labels, Split split) {
  if (!fs::is_directory(root))
    throw InputError(fmt::format("data.root {}: there is no such folder", root.string()));
  const fs::path list = root / labels, folder = root / "basic" / "Image" / "aligned";
  if (!fs::is_regular_file(list))
    throw InputError(fmt::format("data.labels {}: there is no such file", list.string()));
  if (!fs::is_directory(folder))
    throw InputError(fmt::format("data.root {}: it has no folder basic/Image/aligned with pictures",
                                 root.string()));

  FaceList faces;
  std::set<std::string> seen;
  std::istringstream lines(read_text(list));
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    auto fail = [&](const std::string& what) {
      throw InputError(fmt::format("{}:{}: {}", list.string(), number, what));
    };
    std::istringstream words(line);
    std::string name, label_text, rest;
    words >> name >> label_text >> rest;
    if (name.empty()) continue;
    const bool is_train = name.starts_with("train_"), is_test = name.starts_with("test_");
    const bool is_file_name = name.find_first_of("/,") == std::string::npos;  // a comma: for CSV
    if ((!is_train && !is_test) || !is_file_name || label_text.empty() || !rest.empty())
      fail(fmt::format("'{}'; expected a picture and its label, as in 'train_00001.jpg 5'",
                       printable(line)));
    if (label_text.size() != 1 || label_text[0] < '1' || label_text[0] > '7')
      fail(fmt::format("label {} of {}; expected 1 to 7", printable(label_text), printable(name)));
    if (!seen.insert(name).second) fail(fmt::format("{} occurs a second time", printable(name)));
    if (split != (is_train ? Split::train : Split::test)) continue;

    fs::path path = find_picture(folder, name);
    if (path.empty())
      fail(fmt::format("the picture {} is not there (nor a .png)",
                       (folder / (fs::path(name).stem().string() + "_aligned.jpg")).string()));
    faces.names.push_back(name);
    faces.labels.push_back(kRafLabelToClass[static_cast<size_t>(label_text[0] - '1')]);
    faces.paths.push_back(std::move(path));
  }
  if (faces.names.empty())
    throw InputError(fmt::format("data.labels {}: it has no line for the {} split ({}_….jpg LABEL)",
                                 list.string(), to_string(split), to_string(split)));
  return faces;
}

}  // namespace lanet
