#include "data/picture_facts.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>

#include "core/error.h"
#include "core/hash.h"

namespace lanet {

namespace {

PictureFacts facts_of(const PictureSource& picture, int64_t index) {
  PictureFacts facts;
  HostImage image;
  try {
    image = picture(index);
  } catch (const InputError& error) {
    facts.problem = error.what();
    return facts;
  }
  facts.width = image.width;
  facts.height = image.height;
  const std::string_view pixels(reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size());
  facts.content = fnv1a(pixels) ^ static_cast<uint64_t>(image.width);
  facts.hash = perceptual_hash(image);
  double sum = 0, sum_of_squares = 0;
  const double count = static_cast<double>(image.rgb.size()) / 3;
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    const double grey = 0.299 * image.rgb[i] + 0.587 * image.rgb[i + 1] + 0.114 * image.rgb[i + 2];
    sum += grey;
    sum_of_squares += grey * grey;
  }
  const double mean = sum / count;
  facts.deviation = std::sqrt(std::max(0.0, sum_of_squares / count - mean * mean));
  return facts;
}

}  // namespace

std::vector<PictureFacts> gather_facts(int64_t total, const PictureSource& picture, int threads,
                                       const DecodeProgress& progress) {
  std::vector<PictureFacts> facts(total);
  std::atomic<int64_t> done = 0;
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic) num_threads(threads)
  for (int64_t i = 0; i < total; ++i) {
    try {
      facts[i] = facts_of(picture, i);
    } catch (...) {  // must not leave the parallel loop
#pragma omp critical(lanet_gather_facts)
      failure = std::current_exception();
    }
    const int64_t now = ++done;
    if (progress && omp_get_thread_num() == 0) progress(now, total);
  }
  if (failure) std::rethrow_exception(failure);
  if (progress) progress(total, total);
  return facts;
}

std::vector<Duplicate> find_duplicates(std::span<const PictureFacts> facts,
                                       std::span<const int> groups, int threads,
                                       const DecodeProgress& progress) {
  LANET_REQUIRE(facts.size() == groups.size(), "{} faces in {} groups", facts.size(),
                groups.size());
  std::vector<int64_t> faces;     // those that can have duplicates
  std::vector<HashBits> upright;  // close together, as each is read for each later face
  for (size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i].readable() || facts[i].blank()) continue;
    faces.push_back(static_cast<int64_t>(i));
    upright.push_back(facts[i].hash.upright);
  }
  const auto total = static_cast<int64_t>(faces.size()), pairs = total * (total - 1) / 2;
  std::atomic<int64_t> compared = 0;
  std::vector<std::vector<Duplicate>> found(faces.size());
#pragma omp parallel for schedule(dynamic, 64) num_threads(threads)
  for (int64_t i = 0; i < total; ++i) {
    const int64_t second = faces[i];
    const PictureFacts& face = facts[second];
    for (int64_t k = 0; k < i; ++k) {
      const int straight = hash_distance(upright[k], face.hash.upright);
      const int mirrored = hash_distance(upright[k], face.hash.mirrored);
      const int bits = std::min(straight, mirrored);
      if (bits > kNearDuplicate) continue;
      const int64_t first = faces[k];
      const bool exact = straight == 0 && facts[first].content == face.content;
      const Duplicate pair{first, second, exact, mirrored < straight, bits};
      const auto best = std::find_if(found[i].begin(), found[i].end(), [&](const Duplicate& other) {
        return groups[other.first] == groups[first];
      });
      if (best == found[i].end())
        found[i].push_back(pair);
      else if (std::pair(!pair.exact, pair.bits) < std::pair(!best->exact, best->bits))
        *best = pair;
    }
    const int64_t now = compared += i;
    if (progress && omp_get_thread_num() == 0) progress(now, pairs);
  }
  if (progress) progress(pairs, pairs);
  std::vector<Duplicate> all;
  for (const auto& mine : found) all.insert(all.end(), mine.begin(), mine.end());
  return all;
}

}  // namespace lanet
