// Line charts in characters, for a terminal.
#pragma once

#include "train/experiment/svg_chart.h"

namespace lanet {

/// Lines of text, each ended: title, subtitle, a frame of `height` rows with ticks on the left, the
/// x axis, and a legend. A series is drawn with a letter of its own, a later one over an earlier;
/// bands are left out. At least one series with at least one point.
std::string text_chart(const Chart& chart, int width = 60, int height = 14);

}  // namespace lanet
