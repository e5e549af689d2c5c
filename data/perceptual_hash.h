// A hash of what a picture shows: of a picture that was resized, compressed again or made brighter
// few bits differ, of another picture many.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "data/image.h"

namespace lanet {

/// Whether each of 16 x 16 places of the grey picture is darker than the one to its right.
using HashBits = std::array<uint64_t, 4>;

struct PerceptualHash {
  HashBits upright;
  HashBits mirrored;  ///< of the picture with left and right exchanged
};

/// The same bits on every machine.
PerceptualHash perceptual_hash(const HostImage& image);

/// How many of the 256 bits differ.
inline int hash_distance(const HashBits& a, const HashBits& b) {
  int distance = 0;
  for (size_t i = 0; i < a.size(); ++i) distance += std::popcount(a[i] ^ b[i]);
  return distance;
}

/// Up to this distance two pictures count as near duplicates. Among real faces different people
/// begin at about 33, and a face compressed to JPEG quality 50 is within 21 in 99 of 100 cases
/// (docs/pictures.md).
constexpr int kNearDuplicate = 32;

}  // namespace lanet
