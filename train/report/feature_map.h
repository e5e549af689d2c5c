// The map of features in the report.
#pragma once

#include <string>
#include <vector>

#include "train/report/report.h"

namespace lanet {

/// A figure with a point for each face, in the colour and shape of its class, hollow where another
/// class is predicted, and a legend. No two of the first 28 classes have the same look.
std::string feature_map(const FeatureMap& map, const std::vector<std::string>& classes);

}  // namespace lanet
