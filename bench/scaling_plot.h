// Predicted scaling as a picture.
#pragma once

#include <string>

#include "bench/scaling.h"

namespace lanet::bench {

/// Images a second over ranks, both in logarithms, beside what perfect scaling would give; an SVG
/// file's text. Both lists begin with one rank.
std::string scaling_plot(const std::string& title, const std::vector<ScalingPoint>& weak,
                         const std::vector<ScalingPoint>& strong);

}  // namespace lanet::bench
