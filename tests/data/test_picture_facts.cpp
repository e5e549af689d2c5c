#include "data/picture_facts.h"

#include "core/rng.h"
#include "tests/data/mirrored.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

/// Soft blobs, different for each seed, on 60 x 50 pixels.
HostImage blobs(uint32_t seed) {
  HostImage image{60, 50, std::vector<uint8_t>(size_t{3} * 60 * 50)};
  RandomStream stream(seed, Purpose::test);
  std::vector<std::array<double, 4>> spots(12);
  for (auto& spot : spots)
    spot = {stream.uniform() * 60, stream.uniform() * 50, 4 + stream.uniform() * 9,
            stream.uniform() * 2 - 1};
  for (int i = 0; i < 60 * 50; ++i) {
    double level = 128;
    for (const auto& [x, y, radius, height] : spots) {
      const double dx = i % 60 - x, dy = i / 60 - y;
      level += 90 * height * std::exp(-(dx * dx + dy * dy) / (2 * radius * radius));
    }
    for (int c = 0; c < 3; ++c)
      image.rgb[3 * i + c] = static_cast<uint8_t>(std::clamp(level + 10 * c, 0.0, 255.0));
  }
  return image;
}

HostImage brighter(HostImage image) {
  for (uint8_t& level : image.rgb) level = static_cast<uint8_t>(20 + level * 0.8);
  return image;
}

/// A folder of pictures, in the order in which they were added.
class Pictures {
 public:
  void png(const HostImage& image) { write_png(next(".png"), image); }
  void jpeg(const HostImage& image, int quality) { write_jpeg(next(".jpg"), image, quality); }
  void file(const std::string& content) {
    folder_.write(std::filesystem::path(next(".png")).filename().string(), content);
  }
  const std::string& path(size_t i) const { return paths_[i]; }
  std::vector<PictureFacts> facts(int threads = 1, const DecodeProgress& progress = {}) const {
    return gather_facts(
        std::ssize(paths_), [&](int64_t i) { return decode_image(paths_[i]); }, threads, progress);
  }

 private:
  std::string next(const char* ending) {
    paths_.push_back((folder_.path() / (std::to_string(paths_.size()) + ending)).string());
    return paths_.back();
  }

  TemporaryFolder folder_;
  std::vector<std::string> paths_;
};

int distance(const HostImage& a, const HostImage& b) {
  const HashBits one = perceptual_hash(a).upright, other = perceptual_hash(b).upright;
  int distance = 0;
  for (size_t i = 0; i < one.size(); ++i) distance += std::popcount(one[i] ^ other[i]);
  return distance;
}

/// A hash whose words have so many bits set.
HashBits bits_set(const std::array<int, 4>& counts) {
  HashBits bits{};
  for (size_t i = 0; i < 4; ++i) bits[i] = (uint64_t{1} << counts[i]) - 1;
  return bits;
}

}  // namespace

TEST_CASE("perceptual hash: size, brightness and compression change few bits, content many") {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const HostImage image = blobs(seed);
    CHECK(distance(image, image) == 0);
    CHECK(distance(image, resize_image(image, 150, 100)) <= 12);
    CHECK(distance(image, brighter(image)) <= 12);
    CHECK(distance(image, mirrored(image)) > kNearDuplicate);
    CHECK(distance(image, blobs(seed + 100)) > 2 * kNearDuplicate);
    CHECK(perceptual_hash(image).mirrored == perceptual_hash(mirrored(image)).upright);
  }
}

TEST_CASE("picture facts: sizes, blank and unreadable pictures, on any number of threads") {
  Pictures pictures;
  pictures.png(blobs(1));
  pictures.file("GIF89a");
  HostImage grey{8, 6, std::vector<uint8_t>(size_t{3} * 8 * 6, 77)};
  grey.rgb[5] = 79;
  pictures.png(grey);
  for (const int threads : {1, 3}) {
    int64_t last = 0;
    const auto facts = pictures.facts(threads, [&](int64_t done, int64_t total) {
      CHECK(total == 3);
      last = done;
    });
    CHECK(last == 3);
    REQUIRE(facts.size() == 3);
    CHECK(facts[0].readable());
    CHECK(facts[0].width == 60);
    CHECK(facts[0].height == 50);
    CHECK_FALSE(facts[0].blank());
    CHECK(facts[1].problem.starts_with(pictures.path(1) + ": is a GIF picture"));
    CHECK_FALSE(facts[1].blank());
    CHECK(facts[2].blank());
    CHECK(facts[2].width == 8);
  }
}

TEST_CASE("duplicates: exact, compressed, resized and mirrored ones, the best of each split") {
  Pictures pictures;
  pictures.png(blobs(1));                                  // 0: split 0
  pictures.png(blobs(2));                                  // 1
  pictures.jpeg(blobs(1), 80);                             // 2: as 0
  pictures.png(blobs(1));                                  // 3: split 1; is 0, and like 2
  pictures.png(resize_image(mirrored(blobs(2)), 90, 75));  // 4: as 1
  pictures.png(blobs(5));                                  // 5: none
  pictures.png(brighter(blobs(5)));                        // 6: as 5, in its split
  const std::vector<int> groups = {0, 0, 0, 1, 1, 1, 1};
  const auto facts = pictures.facts();
  for (const int threads : {1, 3}) {
    const std::vector<Duplicate> found = find_duplicates(facts, groups, threads);
    REQUIRE(found.size() == 4);
    auto is = [&](size_t i, int64_t first, int64_t second, bool exact, bool mirror) {
      return found[i].first == first && found[i].second == second && found[i].exact == exact &&
             found[i].mirrored == mirror && found[i].bits <= kNearDuplicate;
    };
    CHECK(is(0, 0, 2, false, false));
    CHECK(is(1, 0, 3, true, false));
    CHECK(found[1].bits == 0);
    CHECK(is(2, 1, 4, false, true));
    CHECK(is(3, 5, 6, false, false));
  }
}

TEST_CASE("duplicates: up to 32 of 256 bits may differ, wherever they are") {
  struct Case {
    std::array<int, 4> counts;
    int distance;
    bool near;
  };
  const Case cases[] = {{{0, 0, 0, 0}, 0, true},     {{32, 0, 0, 0}, 32, true},
                        {{0, 0, 0, 32}, 32, true},   {{8, 8, 8, 8}, 32, true},
                        {{16, 16, 0, 1}, 33, false}, {{0, 0, 33, 0}, 33, false},
                        {{33, 0, 0, 0}, 33, false},  {{20, 20, 20, 20}, 80, false}};
  for (const Case& c : cases) {
    for (const bool mirror : {false, true}) {
      CAPTURE(c.distance);
      CAPTURE(mirror);
      const HashBits far = bits_set({63, 63, 63, 63});
      PictureFacts first{.hash = {.upright = {}, .mirrored = far}, .deviation = 50};
      PictureFacts second = first;
      (mirror ? second.hash.mirrored : second.hash.upright) = bits_set(c.counts);
      if (mirror) second.hash.upright = far;
      const auto found = find_duplicates(std::vector{first, second}, std::vector{0, 0}, 1);
      REQUIRE(found.size() == (c.near ? 1 : 0));
      if (!c.near) continue;
      CHECK(found[0].bits == c.distance);
      CHECK(found[0].mirrored == mirror);
    }
  }
}

TEST_CASE("duplicates: progress counts the pairs that are compared, up to all of them") {
  Pictures pictures;
  for (uint32_t seed = 1; seed <= 5; ++seed) pictures.png(blobs(seed));
  const auto facts = pictures.facts();
  for (const int threads : {1, 3}) {
    std::vector<int64_t> done;
    find_duplicates(facts, std::vector(5, 0), threads, [&](int64_t now, int64_t total) {
      CHECK(total == 10);
      done.push_back(now);
    });
    CHECK(std::is_sorted(done.begin(), done.end()));
    REQUIRE_FALSE(done.empty());
    CHECK(done.back() == 10);
  }
}

TEST_CASE("duplicates: blank and unreadable pictures have none") {
  Pictures pictures;
  const HostImage blank{9, 9, std::vector<uint8_t>(size_t{3} * 81, 5)};
  for (int i = 0; i < 2; ++i) pictures.png(blank);
  for (int i = 0; i < 2; ++i) pictures.file("damaged");
  CHECK(find_duplicates(pictures.facts(), std::vector{0, 0, 1, 1}, 1).empty());
}

}  // namespace lanet::test
