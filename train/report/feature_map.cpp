#include "train/report/feature_map.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/xml_text.h"
#include "train/experiment/svg_chart.h"

namespace lanet {

namespace {

constexpr double kSide = 400, kLeastHeight = 160, kMargin = 8;  // of the drawing
constexpr size_t kMany = 300;                                   // points

// A circle, a square, a triangle and a diamond of about the same area around 0, as relative paths.
constexpr std::array<const char*, 4> kShapes = {"m-3.2 0a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0z",
                                                "m-2.8-2.8h5.6v5.6h-5.6z", "m0-4.2l3.9 6.8h-7.8z",
                                                "m0-4.1l4.1 4.1l-4.1 4.1l-4.1-4.1z"};

const char* shape_of(size_t number) {
  return kShapes[number % kShapes.size()];
}

size_t colour_of(size_t number) {
  return number % kChartColours;
}

/// The drawing, and from coordinates of the map to its own, at the same scale for both.
class Frame {
 public:
  explicit Frame(const std::vector<double>& points) {
    std::array<double, 2> low = {points[0], points[1]}, high = low;
    for (size_t i = 0; i < points.size(); ++i) {
      low[i % 2] = std::min(low[i % 2], points[i]);
      high[i % 2] = std::max(high[i % 2], points[i]);
    }
    // Of many points each is drawn smaller: the page shows every drawing in the same width.
    width_ = points.size() / 2 > kMany ? 1.4 * kSide : kSide;
    const double extent = std::max(high[0] - low[0], high[1] - low[1]);
    scale_ = extent > 0 ? (width_ - 2 * kMargin) / extent : 0;
    height_ = std::max(kLeastHeight, scale_ * (high[1] - low[1]) + 2 * kMargin);
    for (size_t k = 0; k < 2; ++k) middle_[k] = (low[k] + high[k]) / 2;
  }
  double width() const { return width_; }
  double height() const { return height_; }
  double x(double value) const { return width_ / 2 + scale_ * (value - middle_[0]); }
  double y(double value) const { return height_ / 2 + scale_ * (value - middle_[1]); }

 private:
  double width_, height_, scale_;
  std::array<double, 2> middle_ = {};
};

}  // namespace

std::string feature_map(const FeatureMap& map, const std::vector<std::string>& classes) {
  const size_t count = map.classes.size();
  LANET_REQUIRE(count > 0 && map.points.size() == 2 * count && map.predicted.size() == count,
                "{} coordinates of {} faces with {} predictions", map.points.size(), count,
                map.predicted.size());
  const Frame frame(map.points);
  std::vector<std::string> right(classes.size()), wrong(classes.size());
  for (size_t i = 0; i < count; ++i) {
    const int32_t c = map.classes[i];
    (map.predicted[i] == c ? right : wrong).at(c) +=
        fmt::format("M{:.1f} {:.1f}{}", frame.x(map.points[2 * i]), frame.y(map.points[2 * i + 1]),
                    shape_of(c));
  }
  std::string marks, legend;
  for (const auto& [style, paths] : {std::pair("point", &right), std::pair("hollow", &wrong)})
    for (size_t c = 0; c < classes.size(); ++c)
      if (!(*paths)[c].empty())
        marks +=
            fmt::format("<path class=\"{} c{}\" d=\"{}\"/>\n", style, colour_of(c), (*paths)[c]);
  for (size_t c = 0; c < classes.size(); ++c)
    legend += fmt::format(
        "<li><svg class=\"dot\" viewBox=\"-6 -6 12 12\"><path class=\"point c{}\" d=\"M0 "
        "0{}\"/></svg>{}</li>",
        colour_of(c), shape_of(c), xml_text(classes[c]));
  const std::string of = count == static_cast<size_t>(map.test_faces)
                             ? fmt::format("{}", count)
                             : fmt::format("{} of {}", count, map.test_faces);
  return fmt::format(
      "<figure class=\"map\"><figcaption>Features of test faces <span>{0} faces by class; hollow: "
      "another class is predicted</span></figcaption>\n"
      "<svg class=\"chart\" viewBox=\"0 0 {1:.0f} {2:.0f}\" role=\"img\" "
      "aria-label=\"Map of the features of test faces\">\n"
      "<rect class=\"grid\" fill=\"none\" width=\"{1:.0f}\" height=\"{2:.0f}\"/>\n"
      "{3}</svg>\n<ul class=\"legend\">{4}</ul></figure>\n",
      of, frame.width(), frame.height(), marks, legend);
}

}  // namespace lanet
