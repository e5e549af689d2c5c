#include "bench/scaling_plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace lanet::bench {

namespace {

// Of the frame in which the curves lie.
constexpr double kLeft = 90, kRight = 690, kTop = 50, kBottom = 370;
constexpr const char* kWeakColour = "#2f6fb7";
constexpr const char* kStrongColour = "#c2691c";

/// Powers of ten that hold all curves.
struct Decades {
  int first, last;
};

double x_of(int ranks) {
  return kLeft + (kRight - kLeft) * std::log2(ranks) / std::log2(kMostRanks);
}

double y_of(double rate, Decades decades) {
  return kBottom -
         (kBottom - kTop) * (std::log10(rate) - decades.first) / (decades.last - decades.first);
}

std::string grid(Decades decades) {
  std::string lines, labels;
  for (int ranks = 1; ranks <= kMostRanks; ranks *= 2) {
    lines += fmt::format("<path d=\"M{:.1f} {}V{}\"/>", x_of(ranks), kTop, kBottom);
    labels += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                          x_of(ranks), kBottom + 18, ranks);
  }
  for (int power = decades.first; power <= decades.last; ++power) {
    const double y = y_of(std::pow(10.0, power), decades);
    lines += fmt::format("<path d=\"M{} {:.1f}H{}\"/>", kLeft, y, kRight);
    labels += fmt::format(
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">10<tspan dy=\"-5\" font-size=\"9\">{}"
        "</tspan></text>",
        kLeft - 8, y + 4, power);
  }
  return fmt::format("  <g stroke=\"#dddddd\">{}</g>\n  <g fill=\"#222\">{}</g>\n", lines, labels);
}

std::string line(const std::vector<ScalingPoint>& points, Decades decades, const char* colour) {
  std::string path, marks;
  for (const ScalingPoint& point : points) {
    const double x = x_of(point.ranks), y = y_of(point.images_per_second(), decades);
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", x, y);
    marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>", x, y);
  }
  return fmt::format(
      "  <path d=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2\"/>\n"
      "  <g fill=\"{}\">{}</g>\n",
      path, colour, colour, marks);
}

/// An entry of the legend, which stands in the corner that growing curves leave free.
std::string entry(int place, const std::string& stroke, const std::string& text) {
  const double y = kTop + 22 + 20 * place;
  return fmt::format(
      "  <path d=\"M{} {}h30\" {}/><text x=\"{}\" y=\"{}\" fill=\"#222\">{}</text>\n", kLeft + 16,
      y, stroke, kLeft + 54, y + 4, text);
}

}  // namespace

std::string scaling_plot(const std::string& title, const std::vector<ScalingPoint>& weak,
                         const std::vector<ScalingPoint>& strong) {
  const double one = weak.front().images_per_second(), ideal = kMostRanks * one;
  double least = one;
  for (const ScalingPoint& point : strong) least = std::min(least, point.images_per_second());
  const Decades decades{static_cast<int>(std::floor(std::log10(least))),
                        static_cast<int>(std::ceil(std::log10(ideal)))};
  const std::string dashes = "stroke=\"#777\" stroke-width=\"1.5\" stroke-dasharray=\"6 4\"";
  auto solid = [](const char* colour) {
    return fmt::format("stroke=\"{}\" stroke-width=\"2\"", colour);
  };
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 720 430\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "  <rect width=\"720\" height=\"430\" fill=\"#ffffff\"/>\n"
      "  <text x=\"{}\" y=\"28\" font-size=\"14\" fill=\"#222\">{}</text>\n",
      kLeft, title);
  svg += grid(decades);
  svg += fmt::format("  <path d=\"M{} {:.1f}L{} {:.1f}\" {}/>\n", kLeft, y_of(one, decades), kRight,
                     y_of(ideal, decades), dashes);
  svg += line(strong, decades, kStrongColour) + line(weak, decades, kWeakColour);
  svg += fmt::format("  <rect x=\"{}\" y=\"{}\" width=\"215\" height=\"72\" fill=\"#ffffff\"/>\n",
                     kLeft + 8, kTop + 6);
  svg += entry(0, dashes, "ideal");
  svg += entry(1, solid(kWeakColour), fmt::format("weak: {} images per rank", weak.front().batch));
  svg +=
      entry(2, solid(kStrongColour), fmt::format("strong: {} images in all", strong.front().batch));
  svg += fmt::format(
      "  <g fill=\"#222\" text-anchor=\"middle\"><text x=\"{}\" y=\"{}\">ranks</text>"
      "<text x=\"28\" y=\"{}\" transform=\"rotate(-90 28 {})\">images per second</text></g>\n"
      "</svg>\n",
      (kLeft + kRight) / 2, kBottom + 42, (kTop + kBottom) / 2, (kTop + kBottom) / 2);
  return svg;
}

}  // namespace lanet::bench
