#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "core/base64.h"
#include "core/error.h"
#include "core/xml_text.h"
#include "data/image.h"
#include "data/readers.h"
#include "train/faces.h"
#include "train/labels/suspects.h"
#include "train/report/charts.h"
#include "train/report/html.h"
#include "train/report/sections.h"

namespace lanet {

namespace {

constexpr size_t kFaces = 12;        // shown
constexpr size_t kProbable = 4;      // classes of each
constexpr int kPicture = 96;         // pixels, of the longer side
constexpr int kPictureQuality = 85;  // of JPEG

std::string data_address(const HostImage& picture) {
  const double scale =
      std::min(1.0, static_cast<double>(kPicture) / std::max(picture.width, picture.height));
  const auto side = [&](int pixels) {
    return std::max(1, static_cast<int>(std::lround(pixels * scale)));
  };
  const HostImage small = resize_image(picture, side(picture.width), side(picture.height));
  return "data:image/jpeg;base64," + base64(encode_jpeg(small, kPictureQuality));
}

/// The addresses of the pictures of some faces, by name. InputError if the data cannot be read or
/// do not have one of them.
std::map<std::string, std::string> pictures_of(const Config& config,
                                               const std::vector<std::string>& names) {
  const FaceList list =
      read_split(data_source(config.data), choose_format(config.data).format, Split::train);
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

std::string face_card(const RunFacts& run, size_t face, const std::string& address) {
  const LabelTable& labels = *run.labels;
  const size_t classes = labels.classes.size();
  const double* row = &labels.estimates[face * classes];
  const auto given = static_cast<size_t>(labels.given[face]);
  std::vector<size_t> order(classes);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return row[a] > row[b]; });
  const auto place = std::find(order.begin(), order.end(), given) - order.begin();
  order.resize(std::min(classes, kProbable));
  if (place >= static_cast<int64_t>(order.size())) order.back() = given;

  const std::string name = xml_text(labels.names[face]);
  std::string text = "<div class=\"face\">";
  if (!address.empty()) text += fmt::format("<img alt=\"{}\" src=\"{}\"/>", name, address);
  text += fmt::format("<div>{}<br/>labelled <b>{}</b>", name, xml_text(labels.classes[given]));
  if (!run.truth.empty())
    text += fmt::format(
        ", {} <b>{}</b>", run.truth[face] == labels.given[face] ? "rightly;" : "truly",
        run.truth[face] == labels.given[face] ? "estimated otherwise"
                                              : xml_text(labels.classes[run.truth[face]]));
  text += "<table>";
  for (const size_t c : order)
    text += fmt::format(
        "<tr{}><th scope=\"row\">{}</th><td><span class=\"bar\"><i style=\"width:{:.1f}%\"></i>"
        "</span></td><td>{:.2f}</td></tr>",
        c == given ? " class=\"given\"" : "", xml_text(labels.classes[c]), 100 * row[c], row[c]);
  return text + "</table></div></div>\n";
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
  for (const Suspect& suspect : suspects)
    text +=
        face_card(run, static_cast<size_t>(suspect.face), addresses[labels.names[suspect.face]]);
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
