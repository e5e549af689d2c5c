#include "data/face_list.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace lanet {
namespace {

/// How many times as wide or high as its picture a box may be. More is a mistake in the table,
/// which must not take all of the memory.
constexpr int kLargestBox = 4;

/// The part of a picture in the box, which may extend beyond it; black outside. `file`: for the
/// message.
HostImage cropped(const HostImage& image, const FaceBox& box, const std::string& file) {
  const auto left = std::lround(box.x), top = std::lround(box.y),
             width = std::max(1L, std::lround(box.width)),
             height = std::max(1L, std::lround(box.height));
  const auto begin = std::max(0L, left), end = std::min<long>(image.width, left + width);
  const auto first = std::max(0L, top), last = std::min<long>(image.height, top + height);
  const bool too_large = width > kLargestBox * image.width || height > kLargestBox * image.height;
  if (begin >= end || first >= last || too_large)
    throw InputError(fmt::format(
        "{}: a face of {} x {} pixels at ({}, {}), in a picture of {} x {}; expected a box that "
        "overlaps it{}",
        file, width, height, left, top, image.width, image.height,
        too_large ? fmt::format(" and is at most {} times as wide and high", kLargestBox) : ""));
  HostImage part{.width = static_cast<int>(width), .height = static_cast<int>(height), .rgb = {}};
  part.rgb.resize(static_cast<size_t>(3 * width * height));
  for (long y = first; y < last; ++y)
    std::copy_n(image.rgb.begin() + (y * image.width + begin) * 3, (end - begin) * 3,
                part.rgb.begin() + ((y - top) * width + begin - left) * 3);
  return part;
}

}  // namespace

void append(FaceList& list, FaceList more) {
  const auto join = [](auto& items, auto& added) {
    std::move(added.begin(), added.end(), std::back_inserter(items));
  };
  join(list.names, more.names);
  join(list.labels, more.labels);
  join(list.paths, more.paths);
  join(list.pictures, more.pictures);
  join(list.boxes, more.boxes);
  join(list.votes, more.votes);
  join(list.landmarks.points, more.landmarks.points);
  join(list.landmarks.states, more.landmarks.states);
}

HostImage face_picture(const FaceList& list, size_t i) {
  if (!list.pictures.empty()) return list.pictures[i];
  HostImage image = decode_image(list.paths[i].string());
  return list.boxes.empty() ? image : cropped(image, list.boxes[i], list.paths[i].string());
}

}  // namespace lanet
