// Line charts as SVG.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace lanet {

struct Chart {
  /// A line, with a band around it where `low` and `high` are not empty. All of the same length,
  /// and finite; x ascends.
  struct Series {
    std::string name;
    size_t colour = 0;  ///< number of the colour, so that a name has the same colour in each chart
    std::vector<double> x, y, low, high;
  };
  std::string title;
  std::string subtitle;  ///< what the numbers are, below the title
  std::string x_label;
  std::vector<Series> series;  ///< in the order of the legend
};

/// The text of an SVG file, dark on white, so that it is readable on light and dark pages. The
/// colours are distinguishable for the colour-blind (Okabe and Ito), dashed from the eighth on; the
/// legend is beside the frame and covers nothing. At least one series with at least one point.
std::string svg_chart(const Chart& chart);
/// The same of several charts, one below the other; at least one.
std::string svg_charts(std::span<const Chart> charts);

// The same in an HTML page that has its own title and legend around it, in colours of the page.

/// An svg element without title, subtitle and legend. The page's style sheet has the classes of the
/// element, `chart`; of the axes: `grid`, `axis`, `label`; of what is drawn: `line`, `mark`,
/// `band`, together with one of the colours `c0` to `c6` and for a line one of the dashes `d0` to
/// `d6`.
std::string svg_chart_in_page(const Chart& chart);
/// The attribute of a line of this colour, for the page's legend; no two of the first 49 colours
/// have the same look.
std::string chart_line_attribute(size_t colour);
inline constexpr size_t kChartColours = 7;

/// Round numbers, 1, 2 or 5 times a power of ten apart, of which the first is at most `low` and the
/// last at least `high`; about six.
std::vector<double> round_ticks(double low, double high);

}  // namespace lanet
