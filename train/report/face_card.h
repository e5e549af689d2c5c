// A face of the report: its picture, what is said of it, and a bar for each probable class.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/image.h"

namespace lanet {

struct FaceCard {
  std::string name;
  std::string about;    ///< HTML
  std::string address;  ///< of the picture; empty: without
  std::span<const double> probabilities;
  size_t marked = 0;  ///< the class whose bar is marked, and shown even if it is not probable
};

/// HTML; the cards stand in an element of the class "faces".
std::string face_card(const FaceCard& card, const std::vector<std::string>& classes);

/// The picture, with `side` pixels at most on either side, as an address that holds it.
std::string data_address(const HostImage& picture, int side = 96);

}  // namespace lanet
