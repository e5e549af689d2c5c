#include <algorithm>
#include <map>
#include <span>

#include "core/error.h"
#include "core/xml_text.h"
#include "data/readers.h"
#include "train/faces.h"
#include "train/labels/suspects.h"
#include "train/report/charts.h"
#include "train/report/face_card.h"
#include "train/report/html.h"
#include "train/report/sections.h"

namespace lanet {

namespace {

constexpr size_t kFaces = 12;  // shown

/// The addresses of the pictures of some faces, by name. InputError if the data cannot be read or
/// do not have one of them.
std::map<std::string, std::string> pictures_of(const Config& config,
                                               const std::vector<std::string>& names) {
  const FaceList list = open_data_set(config.data).read(Split::train);
  std::map<std::string, std::string> addresses;
  for (const std::string& name : names) {
    const auto found = std::find(list.names.begin(), list.names.end(), name);
    if (found == list.names.end())
      throw InputError(
          fmt::format("{}: there is no training face {} any more", config.data.root, name));
    addresses[name] = data_address(face_picture(list, found - list.names.begin()));
  }
  return addresses;
}

/// What is known of a face's label.
std::string about_label(const RunFacts& run, size_t face) {
  const LabelTable& labels = *run.labels;
  const int32_t given = labels.given[face];
  const std::string text = fmt::format("labelled <b>{}</b>", xml_text(labels.classes[given]));
  if (run.truth.empty()) return text;
  if (run.truth[face] == given) return text + ", rightly";
  return text + fmt::format(", truly <b>{}</b>", xml_text(labels.classes[run.truth[face]]));
}

std::string doubtful_faces(const RunFacts& run, bool with_faces) {
  const LabelTable& labels = *run.labels;
  std::vector<Suspect> suspects = rank_suspects(labels.estimates, labels.given);
  const auto doubted = std::count_if(suspects.begin(), suspects.end(), [](const Suspect& suspect) {
    return suspect.score >= kSuspicious;
  });
  suspects.resize(std::min(suspects.size(), kFaces));
  std::vector<std::string> names;
  for (const Suspect& suspect : suspects) names.push_back(labels.names[suspect.face]);
  std::string text = html_paragraph(fmt::format(
      "{} of the {} labels are more probably wrong than right by the run's estimates. The {} most "
      "doubtful, with the estimated probability of their labels (in bold) and of other classes:",
      doubted, labels.names.size(), suspects.size()));
  std::map<std::string, std::string> addresses;
  try {
    if (with_faces) addresses = pictures_of(run.config, names);
  } catch (const InputError& error) {
    text += html_paragraph(
        fmt::format("There are no pictures: the data cannot be read ({}).", xml_text(error.what())),
        "dim");
  }
  text += "<div class=\"faces\">\n";
  const size_t classes = labels.classes.size();
  for (const Suspect& suspect : suspects) {
    const auto face = static_cast<size_t>(suspect.face);
    text +=
        face_card({.name = labels.names[face],
                   .about = about_label(run, face),
                   .address = addresses[labels.names[face]],
                   .probabilities = std::span(labels.estimates).subspan(face * classes, classes),
                   .marked = static_cast<size_t>(suspect.given)},
                  labels.classes);
  }
  return text + "</div>\n";
}

}  // namespace

std::string label_section(const std::vector<RunGroup>& groups, bool with_faces) {
  std::string figures;
  for (const RunGroup& group : groups)
    for (const RunFacts* run : group.runs) {
      if (!run->labels) continue;
      Chart chart = confidence_histogram(*run);
      if (groups.size() > 1 || group.runs.size() > 1)
        chart.title = fmt::format("{}: {}", run->name, chart.title);
      figures += html_figure(chart);
    }
  if (figures.empty()) return "";
  std::string text = fmt::format("<div class=\"figures\">\n{}</div>\n", figures);
  if (groups.size() == 1 && groups[0].runs.size() == 1)
    text += doubtful_faces(*groups[0].runs[0], with_faces);
  return html_section("Labels", text);
}

}  // namespace lanet
