#include "data/face_list.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace lanet {
namespace {

/// The part of a picture in the box, which may reach beyond it; black outside.
HostImage cropped(const HostImage& image, const FaceBox& box) {
  const int left = static_cast<int>(std::lround(box.x)), top = static_cast<int>(std::lround(box.y));
  HostImage part{.width = std::max(1, static_cast<int>(std::lround(box.width))),
                 .height = std::max(1, static_cast<int>(std::lround(box.height))),
                 .rgb = {}};
  part.rgb.resize(size_t{3} * part.width * part.height);
  const int begin = std::max(0, left), end = std::min(image.width, left + part.width);
  for (int y = std::max(0, top); y < std::min(image.height, top + part.height) && begin < end; ++y)
    std::copy_n(image.rgb.begin() + (int64_t{y} * image.width + begin) * 3, (end - begin) * 3,
                part.rgb.begin() + (int64_t{y - top} * part.width + begin - left) * 3);
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
  return list.boxes.empty() ? image : cropped(image, list.boxes[i]);
}

}  // namespace lanet
