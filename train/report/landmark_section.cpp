#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/xml_text.h"
#include "train/report/face_card.h"
#include "train/report/html.h"
#include "train/report/sections.h"

namespace lanet {

namespace {

constexpr int kSide = 160;                              // pixels
constexpr std::array<double, 3> kHeat = {0, 220, 255};  // a colour that skin does not have
constexpr double kOpacity = 0.8;                        // of a landmark that is certain

/// A grid of heat between the middles of its cells, at a place from 0 to 1 in each direction.
double heat_at(const std::vector<double>& heat, int side, double x, double y) {
  const auto cell = [&](double share) { return std::clamp(share * side - 0.5, 0.0, side - 1.0); };
  const double column = cell(x), row = cell(y);
  const int left = static_cast<int>(column), top = static_cast<int>(row);
  const int right = std::min(left + 1, side - 1), bottom = std::min(top + 1, side - 1);
  const double across = column - left, down = row - top;
  return (1 - down) * ((1 - across) * heat[top * side + left] + across * heat[top * side + right]) +
         down * ((1 - across) * heat[bottom * side + left] + across * heat[bottom * side + right]);
}

/// The picture under a layer of colour, as dense as its heat.
HostImage heated(const LandmarkFace& face) {
  const int side = static_cast<int>(std::lround(std::sqrt(static_cast<double>(face.heat.size()))));
  LANET_REQUIRE(side > 0 && side * side == std::ssize(face.heat), "{} values of heat",
                face.heat.size());
  HostImage image = resize_image(face.picture, kSide);
  for (int y = 0; y < kSide; ++y)
    for (int x = 0; x < kSide; ++x) {
      const double heat = heat_at(face.heat, side, (x + 0.5) / kSide, (y + 0.5) / kSide);
      const double opacity = kOpacity * std::clamp(heat, 0.0, 1.0);
      for (size_t c = 0; c < kHeat.size(); ++c) {
        uint8_t& value = image.rgb[3 * (y * kSide + x) + c];
        value = static_cast<uint8_t>(std::lround((1 - opacity) * value + opacity * kHeat[c]));
      }
    }
  return image;
}

}  // namespace

std::string landmark_section(const RunFacts& run, const ReportContent& content) {
  if (content.landmark_faces.empty() || !content.faces) return "";
  std::string cards;
  for (const LandmarkFace& face : content.landmark_faces) {
    const std::string name = xml_text(face.name);
    cards += fmt::format(
        "<div class=\"face heat\"><img alt=\"{}\" src=\"{}\"/><div>{}<br/>truly "
        "<b>{}</b></div></div>\n",
        name, data_address(heated(face), kSide), name, xml_text(run.classes.at(face.truth)));
  }
  return html_section(
      "Landmarks",
      html_paragraph("Where the network sees landmarks in a face of the test set of each class, of "
                     "the first twelve at most, after the last epoch: the densest colour is where "
                     "a heatmap is 1 or more.") +
          fmt::format("<div class=\"faces\">\n{}</div>\n", cards));
}

}  // namespace lanet
