#include "train/experiment/svg_chart.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/xml_text.h"

namespace lanet {

namespace {

/// How a chart is drawn: where the frame is in which the lines lie, and the attributes of what is
/// drawn.
struct Look {
  double left, top, width, height;
  const char *grid, *axis, *label;
  bool in_page;  // classes in place of colours

  double right() const { return left + width; }
  double bottom() const { return top + height; }
};
constexpr Look kFile = {
    60, 64, 480, 280, "stroke=\"#dddddd\"", "stroke=\"#777777\"", "fill=\"#222222\"", false};
constexpr Look kPage = {42,  10, 328, 190, "class=\"grid\"", "class=\"axis\"", "class=\"label\"",
                        true};

// Of a file: what stands around the frame.
constexpr double kLegend = 24, kEntry = 20, kSample = 28, kMargin = 24;
constexpr double kLetter = 7.2;    // no letter of the legend is wider on average, at 12 px
constexpr size_t kFewPoints = 12;  // up to so many are marked

constexpr std::array<const char*, kChartColours> kColours = {
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#222222"};

const char* colour_of(const Chart::Series& series) {
  return kColours[series.colour % kColours.size()];
}

/// An axis from its first tick to its last.
struct Axis {
  std::vector<double> ticks;
  double from, to;  // in the picture

  double place(double value) const {
    return from + (to - from) * (value - ticks.front()) / (ticks.back() - ticks.front());
  }
  std::string label(double tick) const {
    const double step = ticks[1] - ticks[0];
    const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
    return fmt::format("{:.{}f}", std::abs(tick) < step / 2 ? 0 : tick, decimals);
  }
};

std::string grid(const Look& look, const Axis& x, const Axis& y, const std::string& x_label) {
  const double left = look.left, right = look.right(), bottom = look.bottom();
  std::string lines, labels;
  for (const double tick : x.ticks) {
    lines += fmt::format("<path d=\"M{:.1f} {}V{}\"/>", x.place(tick), look.top, bottom);
    labels += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                          x.place(tick), bottom + 18, x.label(tick));
  }
  for (const double tick : y.ticks) {
    lines += fmt::format("<path d=\"M{} {:.1f}H{}\"/>", left, y.place(tick), right);
    labels += fmt::format("<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>", left - 8,
                          y.place(tick) + 4, y.label(tick));
  }
  return fmt::format(
      "  <g {}>{}</g>\n  <path d=\"M{} {}V{}H{}\" fill=\"none\" {}/>\n  <g {}>{}<text x=\"{}\" "
      "y=\"{}\" text-anchor=\"middle\">{}</text></g>\n",
      look.grid, lines, left, look.top, bottom, right, look.axis, look.label, labels,
      (left + right) / 2, bottom + 40, xml_text(x_label));
}

std::string fill(const Look& look, const Chart::Series& series, const char* what) {
  return look.in_page ? fmt::format("class=\"{} c{}\"", what, series.colour % kChartColours)
                      : fmt::format("fill=\"{}\"", colour_of(series));
}

std::string band(const Look& look, const Chart::Series& series, const Axis& x, const Axis& y) {
  std::string path;
  for (size_t i = 0; i < series.low.size(); ++i)
    path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", x.place(series.x[i]),
                        y.place(series.high[i]));
  for (size_t i = series.low.size(); i-- > 0;)
    path += fmt::format("L{:.1f} {:.1f}", x.place(series.x[i]), y.place(series.low[i]));
  return path.empty() ? ""
                      : fmt::format("  <path d=\"{}Z\" {} fill-opacity=\"0.15\"/>\n", path,
                                    fill(look, series, "band"));
}

std::string stroke(const Look& look, const Chart::Series& series) {
  if (look.in_page) return chart_line_attribute(series.colour);
  return fmt::format("fill=\"none\" stroke=\"{}\" stroke-width=\"2\" stroke-linejoin=\"round\"{}",
                     colour_of(series),
                     series.colour < kColours.size() ? "" : " stroke-dasharray=\"6 3\"");
}

std::string line(const Look& look, const Chart::Series& series, const Axis& x, const Axis& y) {
  std::string path, marks;
  for (size_t i = 0; i < series.x.size(); ++i) {
    const double px = x.place(series.x[i]), py = y.place(series.y[i]);
    path += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", px, py);
    marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>", px, py);
  }
  std::string text = fmt::format("  <path d=\"{}\" {}/>\n", path, stroke(look, series));
  if (series.x.size() <= kFewPoints)
    text += fmt::format("  <g {}>{}</g>\n", fill(look, series, "mark"), marks);
  return text;
}

std::string legend(const Look& look, const std::vector<Chart::Series>& all) {
  std::string text;
  const double x = look.right() + kLegend;
  double y = look.top + 8;
  for (const Chart::Series& series : all) {
    text += fmt::format(
        "  <path d=\"M{} {}h{}\" {}/><text x=\"{}\" y=\"{}\" fill=\"#222222\">{}</text>\n", x, y,
        kSample, stroke(look, series), x + kSample + 8, y + 4, xml_text(series.name));
    y += kEntry;
  }
  return text;
}

double width_of(const std::string& text) {
  return kLetter * static_cast<double>(text.size());
}

/// The frame, its axes and the lines in it.
std::string plot(const Look& look, const Chart& chart) {
  std::vector<double> xs, ys;
  for (const Chart::Series& series : chart.series) {
    LANET_REQUIRE(series.x.size() == series.y.size() && series.low.size() == series.high.size() &&
                      (series.low.empty() || series.low.size() == series.x.size()),
                  "{}: {} x, {} y, {} and {} of the band", series.name, series.x.size(),
                  series.y.size(), series.low.size(), series.high.size());
    xs.insert(xs.end(), series.x.begin(), series.x.end());
    for (const auto* values : {&series.y, &series.low, &series.high})
      ys.insert(ys.end(), values->begin(), values->end());
  }
  LANET_REQUIRE(!xs.empty(), "{}: no points", chart.title);
  const auto [x_low, x_high] = std::minmax_element(xs.begin(), xs.end());
  const auto [y_low, y_high] = std::minmax_element(ys.begin(), ys.end());
  const Axis x{round_ticks(*x_low, *x_high), look.left, look.right()};
  const Axis y{round_ticks(*y_low, *y_high), look.bottom(), look.top};
  std::string svg = grid(look, x, y, chart.x_label);
  for (const Chart::Series& series : chart.series) svg += band(look, series, x, y);
  for (const Chart::Series& series : chart.series) svg += line(look, series, x, y);
  return svg;
}

/// A chart as a file has it, from its upper left corner.
struct Panel {
  double width, height;
  std::string content;
};

Panel panel_of(const Chart& chart) {
  double widest = 0;
  for (const Chart::Series& series : chart.series) widest = std::max(widest, width_of(series.name));
  const Look& look = kFile;
  // The title's letters are larger by a quarter.
  const double width = std::ceil(
      std::max({look.right() + kLegend + kSample + 8 + widest,
                look.left + 1.25 * width_of(chart.title), look.left + width_of(chart.subtitle)}) +
      kMargin);
  const double height = std::max(
      look.bottom() + 56, look.top + kEntry * static_cast<double>(chart.series.size()) + kMargin);
  return {width, height,
          fmt::format("  <text x=\"{0}\" y=\"24\" font-size=\"15\" fill=\"#222222\">{1}</text>\n"
                      "  <text x=\"{0}\" y=\"44\" fill=\"#555555\">{2}</text>\n",
                      look.left, xml_text(chart.title), xml_text(chart.subtitle)) +
              plot(look, chart) + legend(look, chart.series)};
}

}  // namespace

std::vector<double> round_ticks(double low, double high) {
  LANET_REQUIRE(std::isfinite(low) && std::isfinite(high) && low <= high, "from {} to {}", low,
                high);
  if (low == high) {
    const double room = low == 0 ? 1 : std::abs(low) / 10;
    low -= room;
    high += room;
  }
  const double raw = (high - low) / 5, power = std::pow(10.0, std::floor(std::log10(raw)));
  double step = 10 * power;
  for (const double factor : {5.0, 2.0, 1.0})
    if (raw <= factor * power * (1 + 1e-9)) step = factor * power;
  std::vector<double> ticks;
  const auto first = static_cast<int64_t>(std::floor(low / step + 1e-9));
  const auto last = static_cast<int64_t>(std::ceil(high / step - 1e-9));
  for (int64_t i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::string svg_chart(const Chart& chart) {
  return svg_charts({&chart, 1});
}

std::string svg_charts(std::span<const Chart> charts) {
  LANET_REQUIRE(!charts.empty(), "a file of no charts");
  double width = 0, height = 0;
  std::string content;
  for (const Chart& chart : charts) {
    const Panel panel = panel_of(chart);
    content += height == 0 ? panel.content
                           : fmt::format("  <g transform=\"translate(0 {})\">\n{}  </g>\n", height,
                                         panel.content);
    width = std::max(width, panel.width);
    height += panel.height;
  }
  return fmt::format(
             "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
             "height=\"{1}\" font-family=\"sans-serif\" font-size=\"12\">\n"
             "  <rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
             width, height) +
         content + "</svg>\n";
}

std::string svg_chart_in_page(const Chart& chart) {
  return fmt::format("<svg class=\"chart\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">\n",
                     kPage.right() + 14, kPage.bottom() + 48, xml_text(chart.title)) +
         plot(kPage, chart) + "</svg>\n";
}

std::string chart_line_attribute(size_t colour) {
  return fmt::format("class=\"line c{} d{}\"", colour % kChartColours,
                     (colour + colour / kChartColours) % kChartColours);
}

}  // namespace lanet
