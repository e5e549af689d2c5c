#include "data/found_faces.h"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "core/error.h"
#include "core/printable.h"
#include "data/expressions.h"
#include "data/files_of_set.h"
#include "data/landmark_files.h"
#include "data/validation.h"

namespace lanet {
namespace {

constexpr std::pair<std::string_view, Split> kSplits[] = {{"train", Split::train},
                                                          {"training", Split::train},
                                                          {"test", Split::test},
                                                          {"privatetest", Split::test},
                                                          {"val", Split::validation},
                                                          {"valid", Split::validation},
                                                          {"validation", Split::validation},
                                                          {"publictest", Split::validation}};

/// Draws the test faces of a set without splits: not the configuration's seed, so that runs with
/// different seeds are tested on the same faces.
constexpr uint64_t kTestSeed = 0x7465737400000000;

/// More labels than any set of expressions has.
constexpr size_t kMostLabels = 1000;

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

[[noreturn]] void fail(const FoundFace& face, const std::string& what) {
  throw InputError(fmt::format("{}: {}", escaped(face.place), what));
}

/// Requires that a name or label can be written to tables and JSON. `what`: which it is.
void require_text(const FoundFace& face, const char* what, const std::string& text) {
  if (text.empty()) fail(face, fmt::format("the {} is empty", what));
  if (!is_utf8(text))
    fail(face, fmt::format("the {0} '{1}' is not UTF-8; expected a {0} in that encoding", what,
                           printable(text)));
  if (std::any_of(text.begin(), text.end(), is_control))
    fail(face, fmt::format("the {0} '{1}' has control characters; expected a {0} without them",
                           what, printable(text)));
}

std::string canonical(const std::string& label) {
  return std::string(known_expression(label).value_or(label));
}

/// The names that data.classes lists; none where it is not given.
std::vector<std::string> listed_classes(const DataSource& source) {
  std::vector<std::string> names;
  std::string_view rest = source.classes;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    std::string_view word = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    while (word.starts_with(' ')) word.remove_prefix(1);
    while (word.ends_with(' ')) word.remove_suffix(1);
    const std::string name = canonical(std::string(word));
    if (name.empty() || is_class_number(name) ||
        std::any_of(name.begin(), name.end(), is_control) ||
        std::find(names.begin(), names.end(), name) != names.end())
      throw InputError(
          fmt::format("data.classes: '{}'; expected different names, separated by commas",
                      printable(source.classes)));
    names.push_back(name);
  }
  return names;
}

/// Turns numbers into the listed names.
void name_numbers(std::vector<FoundFace>& faces, const std::vector<std::string>& listed) {
  if (listed.empty())
    fail(faces[0], fmt::format("label {}; expected data.classes to name the numbers, as in "
                               "data.classes=anger,disgust,fear,happiness,sadness,surprise,neutral",
                               printable(faces[0].label)));
  const auto number = [](const FoundFace& face) {
    return face.label.size() > 6 ? size_t{1000000} : std::stoul(face.label);
  };
  const auto [least, most] = std::minmax_element(
      faces.begin(), faces.end(),
      [&](const FoundFace& a, const FoundFace& b) { return number(a) < number(b); });
  const size_t first = number(*least) == 0 ? 0 : 1;
  if (number(*most) >= first + listed.size())
    fail(*most,
         fmt::format("label {}; expected {} to {}, for the {} names of data.classes",
                     printable(most->label), first, first + listed.size() - 1, listed.size()));
  if (first == 1 && number(*most) < listed.size())
    throw InputError(
        fmt::format("data.classes: {} names for labels from {} to {}; it is not clear whether they "
                    "count from 0 "
                    "or from 1",
                    listed.size(), number(*least), number(*most)));
  for (FoundFace& face : faces) face.label = listed[number(face) - first];
}

/// Gives each face of a set without splits its split.
void divide(std::vector<FoundFace>& faces, const std::vector<int32_t>& labels, int num_classes,
            const DataSource& source) {
  if (source.validation == 0)
    throw InputError(fmt::format(
        "data.validation: 0; expected a share above 0: {} has no splits, so that share of each "
        "class is kept for testing, and as much of the rest for validation",
        source.root.string()));
  for (FoundFace& face : faces) face.split = Split::train;
  for (const int32_t i : draw_validation(labels, num_classes, source.validation, kTestSeed))
    faces[static_cast<size_t>(i)].split = Split::test;
}

bool has_split(const std::vector<FoundFace>& faces, Split split) {
  return std::any_of(faces.begin(), faces.end(),
                     [&](const FoundFace& face) { return face.split == split; });
}

/// Orders faces by name. Each name occurs once, can be written to a table and is below data.root.
void order_by_name(std::vector<FoundFace>& faces) {
  for (const FoundFace& face : faces) {
    require_text(face, "name", face.name);
    const auto path = std::filesystem::path(face.name).lexically_normal();
    if (path.is_absolute() || *path.begin() == "..")
      fail(face, fmt::format("picture '{}' is {}; expected a path below data.root, relative to it",
                             printable(face.name),
                             path.is_absolute() ? "absolute" : "outside data.root"));
  }
  std::stable_sort(faces.begin(), faces.end(),
                   [](const FoundFace& a, const FoundFace& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(faces.begin(), faces.end(),
                         [](const FoundFace& a, const FoundFace& b) { return a.name == b.name; });
  if (twice != faces.end())
    fail(twice[1], fmt::format("{} occurs a second time; expected each picture once (the first is "
                               "at {})",
                               printable(twice->name), twice->place));
}

void require_picture(const FoundFace& face) {
  std::error_code error;
  const auto type = std::filesystem::status(face.path, error).type();
  if (type == std::filesystem::file_type::regular) return;
  if (type == std::filesystem::file_type::not_found)
    fail(face, fmt::format("picture {} does not exist", face.path.string()));
  fail(face, fmt::format("picture {}: {}", face.path.string(),
                         error ? error.message() : "it is not a file"));
}

/// Adds a face to the list of its split. InputError if its picture is required and not a file.
void add(FaceList& list, FoundFace face, int32_t label, bool require_pictures) {
  if (require_pictures && !face.path.empty()) require_picture(face);
  list.names.push_back(std::move(face.name));
  list.labels.push_back(label);
  if (face.path.empty())
    list.pictures.push_back(std::move(face.picture));
  else
    list.paths.push_back(std::move(face.path));
  if (face.box) list.boxes.push_back(*face.box);
  list.votes.insert(list.votes.end(), face.votes.begin(), face.votes.end());
}

/// The landmarks of the faces that have a split; none if the data set has none.
void add_landmarks(FaceList& list, const std::vector<FoundFace>& faces, Split split) {
  std::optional<LandmarkRows> rows;
  for (const FoundFace& face : faces) {
    if (face.split != split || face.landmarks.empty()) continue;
    if (!rows) rows.emplace(face.place, std::ssize(face.landmarks) / 2);
    rows->add(face.landmarks, face.landmarks_found);
    list.landmark_shares = face.landmark_shares;
  }
  if (rows) list.landmarks = std::move(*rows).take();
}

}  // namespace

void FoundFace::add_point(double x, double y) {
  landmark_shares = true;
  landmarks.push_back(static_cast<float>((x - box->x) / box->width));
  landmarks.push_back(static_cast<float>((y - box->y) / box->height));
}

std::optional<Split> known_split(std::string_view word) {
  std::string lower(word);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  for (const auto& [name, split] : kSplits)
    if (lower == name) return split;
  return std::nullopt;
}

std::string unknown_split(const std::string& word) {
  std::vector<std::string> names;
  for (const auto& [name, split] : kSplits) names.emplace_back(name);
  return fmt::format("'{}' is not a split; expected one of {}{}", printable(word),
                     fmt::join(names, ", "), suggestion(word, names));
}

std::string left_out_note(std::string_view data_set, Split split,
                          std::initializer_list<LeftOut> groups) {
  std::string note;
  for (const auto& [count, which] : groups)
    if (count > 0)
      note += fmt::format("{}{} face{} {}", note.empty() ? "" : ", ", count, count == 1 ? "" : "s",
                          which);
  return note.empty()
             ? ""
             : fmt::format("left out of the {} split of {}: {}", to_string(split), data_set, note);
}

bool is_class_number(std::string_view label) {
  return !label.empty() && label.find_first_not_of("0123456789") == std::string_view::npos;
}

std::vector<std::string> name_labels(std::vector<FoundFace>& faces, const DataSource& source) {
  const std::vector<std::string> listed = listed_classes(source);
  const bool numbers = !faces.empty() && is_class_number(faces[0].label);
  for (const FoundFace& face : faces) {
    if (face.label.empty() || is_class_number(face.label) != numbers)
      fail(face, fmt::format("label '{}'; expected {}, as the others have", printable(face.label),
                             numbers ? "a number" : "a name"));
    require_text(face, "label", face.label);
  }
  if (numbers) name_numbers(faces, listed);
  std::vector<std::string> names = listed;
  std::unordered_set<std::string> known(listed.begin(), listed.end());
  for (FoundFace& face : faces) {
    face.label = canonical(face.label);
    if (!known.insert(face.label).second) continue;
    if (!listed.empty())
      fail(face,
           fmt::format("label '{}'; expected one of {} (data.classes){}", printable(face.label),
                       fmt::join(listed, ", "), suggestion(face.label, listed)));
    if (names.size() == kMostLabels)
      fail(face, fmt::format("label '{}': more than {} different labels; expected classes",
                             printable(face.label), kMostLabels));
    names.push_back(face.label);
  }
  return in_class_order(names);
}

FaceList make_face_list(std::vector<FoundFace> faces, std::vector<std::string> classes,
                        const DataSource& source, Split split) {
  if (classes.size() < 2)
    throw InputError(fmt::format("data.root {}: {} class{}; expected two or more",
                                 source.root.string(), classes.size(),
                                 classes.empty() ? "es" : " (" + printable(classes[0]) + ")"));
  order_by_name(faces);
  std::map<std::string_view, int32_t> place;
  for (const std::string& name : classes) place.emplace(name, static_cast<int32_t>(place.size()));
  std::vector<int32_t> labels;
  for (const FoundFace& face : faces) labels.push_back(place.at(face.label));
  const auto without =
      std::find_if(faces.begin(), faces.end(), [](const FoundFace& f) { return !f.split; });
  const bool none =
      !faces.empty() && std::none_of(faces.begin(), faces.end(),
                                     [](const FoundFace& f) { return f.split.has_value(); });
  if (none)
    divide(faces, labels, static_cast<int>(classes.size()), source);
  else if (without != faces.end())
    fail(*without, "no split; expected one, as other faces have");
  if (!has_split(faces, Split::test))
    for (FoundFace& face : faces)
      if (face.split == Split::validation) face.split = Split::test;

  FaceList list;
  list.classes = std::move(classes);
  add_landmarks(list, faces, split);
  for (size_t i = 0; i < faces.size(); ++i)
    if (faces[i].split == split) add(list, std::move(faces[i]), labels[i], source.require_pictures);
  if (list.size() == 0 && split != Split::validation)
    throw EmptySplit(fmt::format("data.root {}: it has no face of the {} split",
                                 source.root.string(), to_string(split)));
  return list;
}

}  // namespace lanet
