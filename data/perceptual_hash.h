// A hash of what a picture shows: few of its bits differ after the picture is resized, compressed
// again or made brighter; many differ between two pictures.
#pragma once

#include <array>
#include <bit>
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

/// Up to this distance two pictures count as near duplicates. Among real faces different people
/// begin at about 33, and a face compressed to JPEG quality 50 is within 21 in 99 of 100 cases
/// (docs/pictures.md).
constexpr int kNearDuplicate = 32;

/// How many of the 256 bits differ, if they are at most kNearDuplicate; else a number above it.
/// Most pairs of faces already differ by more in half of the bits, and the other half is not
/// counted then.
inline int hash_distance(const HashBits& a, const HashBits& b) {
  const int half = std::popcount(a[0] ^ b[0]) + std::popcount(a[1] ^ b[1]);
  if (half > kNearDuplicate) return half;
  return half + std::popcount(a[2] ^ b[2]) + std::popcount(a[3] ^ b[3]);
}

}  // namespace lanet
