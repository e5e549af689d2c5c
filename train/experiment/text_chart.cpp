#include "train/experiment/text_chart.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace lanet {

namespace {

constexpr std::string_view kMarks = "ox+*#@%&";

struct Range {
  double low, high;
  int place(double value, int last) const {
    return static_cast<int>(std::lround((value - low) / (high - low) * last));
  }
};

/// The ticks' ends of everything that `values` of each series holds.
std::vector<double> ticks_of(const Chart& chart, std::vector<double> Chart::Series::*values) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const Chart::Series& series : chart.series) {
    for (const double value : series.*values) {
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  return round_ticks(low, high);
}

/// y of a series at x, on the straight line between its neighbours; NaN outside.
double at(const Chart::Series& series, double x) {
  const auto after = std::lower_bound(series.x.begin(), series.x.end(), x);
  if (after == series.x.end()) return std::nan("");
  const auto i = static_cast<size_t>(after - series.x.begin());
  if (*after == x) return series.y[i];
  if (i == 0) return std::nan("");
  const double share = (x - series.x[i - 1]) / (series.x[i] - series.x[i - 1]);
  return series.y[i - 1] + share * (series.y[i] - series.y[i - 1]);
}

}  // namespace

std::string text_chart(const Chart& chart, int width, int height) {
  LANET_REQUIRE(!chart.series.empty() && width > 1 && height > 1, "{} series, {} x {}",
                chart.series.size(), width, height);
  const std::vector<double> ticks = ticks_of(chart, &Chart::Series::y);
  const Range y{ticks.front(), ticks.back()};
  // Unlike pictures, a frame of characters has no room to spare: x goes from end to end.
  Range x{chart.series[0].x.front(), chart.series[0].x.back()};
  for (const Chart::Series& series : chart.series)
    x = {std::min(x.low, series.x.front()), std::max(x.high, series.x.back())};
  std::vector<std::string> rows(height, std::string(width, ' '));
  for (size_t s = 0; s < chart.series.size(); ++s) {
    for (int column = 0; column < width; ++column) {
      const double value = at(chart.series[s], x.low + (x.high - x.low) * column / (width - 1));
      if (!std::isnan(value))
        rows[height - 1 - y.place(value, height - 1)][column] = kMarks[s % kMarks.size()];
    }
  }
  std::vector<std::string> labels(height);
  size_t widest = 0;
  for (const double tick : ticks) {
    std::string& label = labels[height - 1 - y.place(tick, height - 1)];
    label = fmt::format("{:g}", tick);
    widest = std::max(widest, label.size());
  }
  std::string text = fmt::format("{}\n{}\n", chart.title, chart.subtitle);
  for (int row = 0; row < height; ++row)
    text += fmt::format("{:>{}} {}{}\n", labels[row], widest, labels[row].empty() ? '|' : '+',
                        rows[row].substr(0, rows[row].find_last_not_of(' ') + 1));
  text += fmt::format("{:{}} +{}\n", "", widest, std::string(width, '-'));
  const std::string left = fmt::format("{:g}", x.low), right = fmt::format("{:g}", x.high);
  text += fmt::format("{:{}}  {}{:^{}}{}\n", "", widest, left, chart.x_label,
                      width - std::ssize(left) - std::ssize(right), right);
  for (size_t s = 0; s < chart.series.size(); ++s)
    text +=
        fmt::format("{:{}}  {} {}\n", "", widest, kMarks[s % kMarks.size()], chart.series[s].name);
  return text;
}

}  // namespace lanet
