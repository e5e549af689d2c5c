// Where the pictures are changes no bit of what is trained.
#include <doctest/doctest.h>

#include "core/parameter_io.h"
#include "tests/input_error.h"
#include "tests/train/small_training.h"

namespace lanet::test {
namespace {

namespace fs = std::filesystem;

/// The checkpoint after two epochs and the accuracy on the test faces.
std::pair<NamedArrays, double> train(Config config) {
  Session session(config, /*threads=*/2);
  for (int epoch = 0; epoch < 2; ++epoch) session.trainer->run_epoch();
  return {read_tensors(session.trainer->checkpoint(/*with_state=*/true)),
          session.trainer->evaluate().accuracy()};
}

bool same_arrays(const NamedArrays& a, const NamedArrays& b) {
  return std::equal(a.arrays.begin(), a.arrays.end(), b.arrays.begin(), b.arrays.end(),
                    [](const auto& x, const auto& y) {
                      return x.first == y.first && x.second.bytes == y.second.bytes;
                    });
}

size_t packs_in(const fs::path& folder) {
  return static_cast<size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("residency: the same bits in memory, out of a packed file and mapped") {
  const TemporaryFolder folder;
  for (const char* method : {"lanet", "robust"}) {
    CAPTURE(method);
    Config config = small_config(method);
    config.data.validation = 0.2;
    const auto [expected, accuracy] = train(config);
    config.data.cache = (folder.path() / "cache").string();
    for (const Residency residency : {Residency::automatic, Residency::host, Residency::disk}) {
      CAPTURE(name_of(residency));
      config.data.residency = residency;
      const auto [found, found_accuracy] = train(config);
      CHECK(same_arrays(found, expected));
      CHECK(found_accuracy == accuracy);
      CHECK(packs_in(config.data.cache) == 2);
    }
  }
}

TEST_CASE("residency: other pictures, sizes and boxes have other packed files") {
  const TemporaryFolder folder;
  Config config = small_config("baseline");
  config.data.cache = (folder.path() / "cache").string();
  Context context;
  const auto load = [&] {
    load_faces(context, config, Split::test, false, [](const std::string&) {}, {});
    return packs_in(config.data.cache);
  };
  CHECK(load() == 1);
  CHECK(load() == 1);
  config.data.image_size = 32;
  CHECK(load() == 2);
  const fs::path picture = drawn_faces() / "basic/Image/aligned/test_00001_aligned.jpg";
  fs::last_write_time(picture, fs::last_write_time(picture) + std::chrono::seconds(1));
  CHECK(load() == 3);
}

TEST_CASE(
    "residency: auto takes the first place with room, and says which unless it is the device") {
  constexpr size_t kGiga = 1'000'000'000;
  const auto choose = [](size_t bytes, std::optional<size_t> device, size_t host, bool cache) {
    const ChosenResidency chosen = choose_residency(bytes, {.device = device, .host = host}, cache);
    return fmt::format("{} {}", name_of(chosen.residency), chosen.reason);
  };
  CHECK(choose(4 * kGiga, 10 * kGiga, kGiga, false) == "device ");
  CHECK(choose(4 * kGiga, 7 * kGiga, 10 * kGiga, true) ==
        "host the host (7.0 GB of the device's and 10.0 GB of the host's memory are free)");
  CHECK(choose(4 * kGiga, 7 * kGiga, 7 * kGiga, true) ==
        "disk disk (7.0 GB of the device's and 7.0 GB of the host's memory are free)");
  CHECK(choose(4 * kGiga, {}, 10 * kGiga, true) == "device ");
  CHECK(choose(4 * kGiga, {}, 6 * kGiga, false) == "device ");
  CHECK(choose(4 * kGiga, {}, 6 * kGiga, true) ==
        "disk disk (6.0 GB of the host's memory are free)");
  CHECK(
      is_line_with(input_error([&] { choose(4 * kGiga, {}, 4 * kGiga, false); }),
                   "data.cache: null; expected a folder for a packed file, or data.residency=host "
                   "to try nevertheless: the pictures take 4.0 GB, and 4.0 GB of the host's "
                   "memory are free"));
}

TEST_CASE("residency: a mapped set without a folder for it is refused") {
  Config config = small_config("baseline");
  config.data.residency = Residency::disk;
  CHECK(is_line_with(input_error([&] { train(config); }),
                     "data.cache: null; expected a folder for the packed file in which "
                     "data.residency disk keeps the pictures"));
}

}  // namespace lanet::test
