// The library's interface: answers, and what is refused. tests/project/test_library.cpp installs
// it.
#include "train/library/classifier.h"

#include <omp.h>

#include "core/files/file.h"
#include "data/image.h"
#include "tests/input_error.h"
#include "tests/train/trained_runs.h"

namespace lanet::test {
namespace {

using trained::runs;

constexpr int kFaces = 4;

std::vector<std::string> pictures() {
  std::vector<std::string> files;
  for (int i = 1; i <= kFaces; ++i) files.push_back(runs().picture(i));
  return files;
}

/// What predict says of them: the probabilities of the classes, in their order.
std::vector<std::vector<double>> predicted(const std::vector<std::string>& classes,
                                           const std::string& options = "") {
  std::string command = "predict " + runs().baseline() + " --json " + options;
  for (const std::string& file : pictures()) command += " " + file;
  std::vector<std::vector<double>> all;
  for (const auto& answer : json_of(command)) {
    all.emplace_back();
    for (const std::string& name : classes)
      all.back().push_back(answer.at("probabilities").at(name).get<double>());
  }
  return all;
}

void check_same(const std::vector<double>& found, const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t c = 0; c < found.size(); ++c)
    CHECK(found[c] == doctest::Approx(expected[c]).epsilon(1e-5));
}

}  // namespace

TEST_CASE("library: files and pixels have the probabilities of predict, whatever the batch") {
  const std::vector<std::string> files = pictures();
  const auto expected = predicted(FaceClassifier(runs().baseline()).classes());
  FaceClassifier::Options three;
  three.batch = 3;
  three.threads = 1;
  for (const FaceClassifier::Options& options : {FaceClassifier::Options(), three}) {
    FaceClassifier classifier(runs().baseline(), options);
    CHECK(classifier.classes().size() == 7);
    CHECK(classifier.picture_size() == 64);
    const std::vector<Classification> answers = classifier.classify_files(files);
    REQUIRE(answers.size() == files.size());
    for (size_t i = 0; i < files.size(); ++i) {
      CHECK(answers[i].problem.empty());
      const std::vector<double>& p = answers[i].probabilities;
      CHECK(answers[i].label == std::max_element(p.begin(), p.end()) - p.begin());
      check_same(p, expected[i]);
    }
    CHECK(std::abs(answers[0].probabilities[0] - answers[1].probabilities[0]) > 1e-4);

    // The same pixels, once as they are and once with gaps between the rows.
    const HostImage image = decode_image(files[0]);
    const size_t row = size_t{3} * image.width, stride = row + 5;
    std::vector<uint8_t> sparse(stride * image.height, 200);
    for (int y = 0; y < image.height; ++y)
      std::copy_n(image.rgb.begin() + static_cast<ptrdiff_t>(y * row), row,
                  sparse.begin() + static_cast<ptrdiff_t>(y * stride));
    const auto of_pixels =
        classifier.classify_pixels({{image.rgb.data(), image.width, image.height, 0},
                                    {sparse.data(), image.width, image.height, stride}});
    REQUIRE(of_pixels.size() == 2);
    for (const Classification& answer : of_pixels)
      check_same(answer.probabilities, answers[0].probabilities);
  }
}

TEST_CASE("library: a file that cannot be read says why, and the others are answered") {
  const std::string bad = runs().folder().write("no-picture.jpg", "no picture").string();
  FaceClassifier classifier(runs().baseline());
  const auto answers = classifier.classify_files({bad, runs().picture(1), "/none.png"});
  REQUIRE(answers.size() == 3);
  CHECK(answers[0].problem == bad + ": is not a JPEG, PNG or WebP picture");
  CHECK(answers[0].label == -1);
  CHECK(answers[0].probabilities.empty());
  CHECK(answers[1].problem.empty());
  check_same(answers[1].probabilities,
             classifier.classify_files({runs().picture(1)})[0].probabilities);
  CHECK(answers[2].problem == "/none.png: no such picture");
  CHECK(classifier.classify_files({bad})[0].label == -1);
  CHECK(classifier.classify_files({}).empty());
  CHECK(classifier.classify_pixels({}).empty());
}

TEST_CASE("library: the best checkpoint, and an object that was moved") {
  FaceClassifier::Options best;
  best.best = true;
  FaceClassifier first(runs().baseline(), best);
  FaceClassifier classifier = std::move(first);
  const auto answers = classifier.classify_files({runs().picture(1)});
  check_same(answers[0].probabilities, predicted(classifier.classes(), "--best")[0]);
}

TEST_CASE("library: OpenMP's number of threads stays the host program's") {
  const int before = omp_get_max_threads();
  constexpr int kHost = 3;
  omp_set_num_threads(kHost);
  FaceClassifier::Options one;
  one.threads = 1;
  FaceClassifier classifier(runs().baseline(), one);
  CHECK(omp_get_max_threads() == kHost);
  CHECK(classifier.classify_files({runs().picture(1)})[0].problem.empty());
  CHECK(omp_get_max_threads() == kHost);
  const std::vector<uint8_t> pixels(3 * 4 * 4);
  classifier.classify_pixels({{pixels.data(), 4, 4, 0}});
  CHECK(omp_get_max_threads() == kHost);
  CHECK_THROWS_AS(classifier.classify_pixels({{nullptr, 4, 4, 0}}), BadInput);
  CHECK_THROWS_AS(FaceClassifier("/no/run", one), BadInput);
  CHECK(omp_get_max_threads() == kHost);
  omp_set_num_threads(before);
}

TEST_CASE("library: bad input is named, and is a BadInput") {
  const std::string run = runs().baseline();
  const auto opened = [](const std::string& path, int threads, int batch) {
    return input_error<BadInput>([&] {
      FaceClassifier::Options options;
      options.threads = threads;
      options.batch = batch;
      FaceClassifier(path, options);
    });
  };
  CHECK(opened("/no/run", 0, 1).find("/no/run") != std::string::npos);
  CHECK(opened(run, -1, 1) == "threads: -1; expected 0 or more");
  CHECK(opened(run, 0, 0) == "batch: 0; expected 1 or more");
  const std::string checkpoint = read_text(run + "/last.safetensors");
  const std::string cut =
      runs().folder().write("cut.safetensors", checkpoint.substr(0, checkpoint.size() / 2));
  CHECK(opened(cut, 0, 1).starts_with(cut + ": "));

  FaceClassifier classifier(run);
  const std::vector<uint8_t> pixels(3 * 4 * 4);
  const auto refused = [&](const RgbPicture& picture) {
    const RgbPicture good{pixels.data(), 4, 4, 0};
    return input_error<BadInput>([&] { classifier.classify_pixels({good, picture}); });
  };
  CHECK(refused({nullptr, 4, 4, 0}) == "picture 1: no pixels");
  CHECK(refused({pixels.data(), 0, 4, 0}) == "picture 1: 0 x 4 pixels; expected 1 x 1 or more");
  CHECK(refused({pixels.data(), 4, -1, 0}) == "picture 1: 4 x -1 pixels; expected 1 x 1 or more");
  CHECK(refused({pixels.data(), 4, 4, 11}) ==
        "picture 1: rows of 11 bytes; expected 12 or more, or 0");
  CHECK_THROWS_AS(FaceClassifier("/no/run"), ClassifierError);
}

}  // namespace lanet::test
