// The report on a data set as text.
#include <fmt/format.h>

#include <algorithm>

#include "train/data_report.h"

namespace lanet {

using nlohmann::ordered_json;

namespace {

constexpr size_t kExamples = 5;

std::string text_of(const ordered_json& value) {
  return value.get<std::string>();
}

std::string face_text(const ordered_json& face) {
  return fmt::format("{} ({}, {})", text_of(face["face"]), text_of(face["split"]),
                     text_of(face["label"]));
}

/// "what: 12", and the first few of them, each as `line` puts it.
template <typename Line>
std::string finding(const std::string& what, const ordered_json& list, Line line) {
  std::string text = fmt::format("{}: {}\n", what, list.size());
  for (size_t i = 0; i < std::min(list.size(), kExamples); ++i)
    text += fmt::format("  {}\n", line(list[i]));
  if (list.size() > kExamples) text += fmt::format("  and {} more\n", list.size() - kExamples);
  return text;
}

std::string split_text(const ordered_json& split, int64_t most) {
  constexpr int64_t kBar = 40;
  std::string text =
      fmt::format("{}: {} faces\n", text_of(split["split"]), split["faces"].get<int64_t>());
  for (const auto& [name, value] : split["classes"].items()) {
    const auto count = value.get<int64_t>();
    const int64_t length = (count * kBar + most - 1) / most;  // a class with any face has a mark
    text += fmt::format("  {:<12} {:<{}} {}\n", name, std::string(length, '#'), kBar, count);
  }
  const ordered_json& sizes = split["sizes"];
  for (size_t i = 0; i < std::min(sizes.size(), kExamples); ++i)
    text += fmt::format("  {} x {} pixels: {} faces\n", sizes[i]["width"].get<int>(),
                        sizes[i]["height"].get<int>(), sizes[i]["faces"].get<int64_t>());
  if (sizes.size() > kExamples)
    text += fmt::format("  and {} more sizes\n", sizes.size() - kExamples);
  return text;
}

std::string duplicate_text(const ordered_json& pair) {
  return fmt::format("{} and {}: {}{}{}", face_text(pair["a"]), face_text(pair["b"]),
                     pair["exact"].get<bool>()
                         ? "the same pixels"
                         : fmt::format("{} of 256 bits differ", pair["bits"].get<int>()),
                     pair["mirrored"].get<bool>() ? ", mirrored" : "",
                     pair["a"]["label"] == pair["b"]["label"] ? "" : ", different labels");
}

}  // namespace

std::string to_text(const ordered_json& report) {
  std::string text = text_of(report["format"]) + "\n";
  for (const auto& note : report["notes"]) text += text_of(note) + "\n";
  for (const auto& problem : report["problems"])
    text += fmt::format("problem: {}\n", text_of(problem));
  int64_t most = 1;
  for (const auto& split : report["splits"])
    for (const auto& count : split["classes"]) most = std::max(most, count.get<int64_t>());
  for (const auto& split : report["splits"]) text += split_text(split, most);

  text += finding("unreadable pictures", report["unreadable"], [](const ordered_json& face) {
    return fmt::format("{}: {}", face_text(face), text_of(face["problem"]));
  });
  text += finding("pictures of one colour", report["blank"], face_text);
  text += finding("labels that disagree with the folder's name", report["folder_disagrees"],
                  [](const ordered_json& face) {
                    return fmt::format("{}: folder {}", face_text(face), text_of(face["folder"]));
                  });
  ordered_json across = ordered_json::array(), within = across;
  for (const auto& pair : report["duplicates"])
    (pair["a"]["split"] == pair["b"]["split"] ? within : across).push_back(pair);
  text += finding("faces with a duplicate in another split", across, duplicate_text);
  text += finding("faces with a duplicate in their split", within, duplicate_text);

  const ordered_json& landmarks = report["landmarks"];
  if (landmarks.is_null()) return text + "landmarks: none\n";
  text += fmt::format("landmarks of {} faces\n", landmarks["faces"].get<int64_t>());
  for (const auto& [key, what] :
       {std::pair{"missing", "without landmarks"},
        {"outside", "with a landmark outside the picture"},
        {"mirrored", "with left and right exchanged"},
        {"identical", "with the landmarks of an earlier face"},
        {"spread", "with landmarks much closer together or further apart than usual"}})
    text += finding(what, landmarks[key], text_of);
  return text;
}

}  // namespace lanet
