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

/// The classes that `has` has and `lacks` has not, where `lacks` has any; empty if there is none.
std::string classes_without(const char* what, const std::vector<std::string>& classes,
                            const std::vector<bool>& has, const std::vector<bool>& lacks) {
  constexpr size_t kNamed = 10;
  std::vector<std::string> both, names;
  for (size_t c = 0; c < classes.size(); ++c)
    if (has[c] && lacks[c]) both.push_back(classes[c]);
  for (size_t c = 0; c < classes.size(); ++c) {
    if (!has[c] || lacks[c]) continue;
    const std::string nearest = nearest_choice(classes[c], both);
    names.push_back(nearest.empty() ? classes[c]
                                    : fmt::format("{} (did you mean '{}'?)", classes[c], nearest));
  }
  if (names.empty()) return "";
  const size_t more = names.size() - std::min(names.size(), kNamed);
  names.resize(names.size() - more);
  return fmt::format("classes without {} faces: {}{}", what, fmt::join(names, ", "),
                     more > 0 ? fmt::format(" and {} more", more) : "");
}

}  // namespace

std::vector<std::string> one_sided_classes(const std::vector<std::string>& classes,
                                           std::span<const int32_t> train,
                                           std::span<const int32_t> test) {
  if (train.empty() || test.empty()) return {};
  std::vector<bool> trained(classes.size()), tested(classes.size());
  for (const int32_t label : train) trained[label] = true;
  for (const int32_t label : test) tested[label] = true;
  std::vector<std::string> lines;
  for (std::string line : {classes_without("test", classes, trained, tested),
                           classes_without("training", classes, tested, trained)})
    if (!line.empty()) lines.push_back(std::move(line));
  return lines;
}

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
