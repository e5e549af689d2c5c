// What can be said of each picture of a data set without a network.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/image_set.h"
#include "data/perceptual_hash.h"

namespace lanet {

struct PictureFacts {
  std::string problem;  ///< why it cannot be read, in one line; empty: the rest is known
  int width = 0, height = 0;
  uint64_t content = 0;  ///< the same for equal pixels, however the file holds them
  PerceptualHash hash{};
  double deviation = 0;  ///< standard deviation of the grey levels, 0..127.5

  bool readable() const { return problem.empty(); }
  /// Of one colour, apart from compression noise.
  bool blank() const { return readable() && deviation < 2; }
};

/// Decodes `count` pictures on so many threads; the result does not depend on them. progress may be
/// empty.
std::vector<PictureFacts> gather_facts(int64_t count, const PictureSource& picture, int threads,
                                       const DecodeProgress& progress = {});

/// Two faces that are one picture. `first` < `second`: positions among all faces.
struct Duplicate {
  int64_t first, second;
  bool exact;     ///< the same pixels
  bool mirrored;  ///< one is the other with left and right exchanged
  int bits;       ///< of the 256 of their hashes that differ, at most kNearDuplicate
};

/// For each face, and for each group (a split) of earlier faces, that of them which is most like
/// it, if the two are duplicates. `groups`: the group of each face. Blank and unreadable pictures
/// have no duplicates. In ascending order of `second`. Compares every two faces; progress counts
/// these pairs and may be empty.
std::vector<Duplicate> find_duplicates(std::span<const PictureFacts> facts,
                                       std::span<const int> groups, int threads,
                                       const DecodeProgress& progress = {});

}  // namespace lanet
