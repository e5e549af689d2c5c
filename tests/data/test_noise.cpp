#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "core/files/file.h"
#include "data/noise.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

constexpr int kClasses = kNumExpressions;

std::vector<int32_t> labels_of(int count) {
  std::vector<int32_t> labels;
  for (int i = 0; i < count; ++i) labels.push_back(i % kClasses);
  return labels;
}

std::vector<int32_t> symmetric(std::span<const int32_t> labels, double rate, uint64_t seed) {
  return add_label_noise(labels, kClasses, rate, NoiseKind::symmetric, seed);
}

}  // namespace

TEST_CASE("noise: symmetric noise changes the given share, to each other class alike") {
  constexpr int kCount = 42000;
  const auto labels = labels_of(kCount);
  const auto noisy = symmetric(labels, 0.3, 1);
  std::array<std::array<int, kClasses>, kClasses> counts{};
  for (size_t i = 0; i < labels.size(); ++i)
    ++counts[static_cast<size_t>(labels[i])][static_cast<size_t>(noisy[i])];
  // 6000 samples a class: five standard deviations of a binomial count.
  for (size_t from = 0; from < kClasses; ++from) {
    for (size_t to = 0; to < kClasses; ++to) {
      const double p = from == to ? 0.7 : 0.05;
      CAPTURE(from);
      CAPTURE(to);
      CHECK(std::abs(counts[from][to] - 6000 * p) < 5 * std::sqrt(6000 * p * (1 - p)));
    }
  }
}

TEST_CASE("noise: rate 0 changes nothing, and rate 1 every label") {
  const auto labels = labels_of(1000);
  CHECK(symmetric(labels, 0, 1) == labels);
  const auto noisy = symmetric(labels, 1, 1);
  for (size_t i = 0; i < labels.size(); ++i) CHECK(noisy[i] != labels[i]);
}

TEST_CASE("noise: class-dependent noise goes to the class that is mistaken for it") {
  const std::vector<int32_t> labels = {0, 1, 2, 3, 4, 5, 6};
  const auto noisy = add_label_noise(labels, kClasses, 1, NoiseKind::class_dependent, 1);
  std::vector<std::string> changes;
  for (size_t i = 0; i < labels.size(); ++i)
    changes.push_back(
        fmt::format("{}>{}", kExpressionNames[i], kExpressionNames[static_cast<size_t>(noisy[i])]));
  CHECK(changes == std::vector<std::string>{"anger>disgust", "disgust>anger", "fear>surprise",
                                            "happiness>neutral", "sadness>neutral",
                                            "surprise>anger", "neutral>sadness"});
}

TEST_CASE("noise: a label depends on seed, sample and rate, not on the other samples") {
  const auto labels = labels_of(2000);
  const auto noisy = symmetric(labels, 0.3, 5);
  CHECK(symmetric(labels, 0.3, 5) == noisy);
  CHECK(symmetric(labels, 0.3, 6) != noisy);
  const auto beginning = symmetric({labels.data(), 700}, 0.3, 5);
  CHECK(beginning == std::vector<int32_t>(noisy.begin(), noisy.begin() + 700));
  auto others = labels;
  for (size_t i = 0; i < others.size(); i += 2) others[i] = 3;
  const auto noisy_others = symmetric(others, 0.3, 5);
  for (size_t i = 1; i < others.size(); i += 2) CHECK(noisy_others[i] == noisy[i]);
  // What is changed at a low rate is changed alike at a higher one.
  const auto low = symmetric(labels, 0.1, 5);
  for (size_t i = 0; i < labels.size(); ++i) CHECK((low[i] == labels[i] || low[i] == noisy[i]));
}

TEST_CASE("noise: arguments without meaning are refused") {
  const std::vector<int32_t> labels = {0, 1}, wrong = {0, 7};
  CHECK_THROWS_AS(symmetric(labels, -0.1, 1), Error);
  CHECK_THROWS_AS(symmetric(labels, 1.1, 1), Error);
  CHECK_THROWS_AS(symmetric(labels, std::nan(""), 1), Error);
  CHECK_THROWS_WITH_AS(symmetric(wrong, 0.1, 1), doctest::Contains("label 7 of sample 1"), Error);
  CHECK_THROWS_WITH_AS(add_label_noise(labels, 5, 0.1, NoiseKind::class_dependent, 1),
                       doctest::Contains("class-dependent noise on 5 classes"), Error);
}

TEST_CASE("noise: noise.csv tells what was changed and gives the labels back") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "noise.csv";
  const std::vector<std::string> names = {"train_1.jpg", "train_2.jpg"};
  const std::vector<int32_t> labels = {0, 3}, given = {0, 6};
  write_noise_csv(path, names, labels, given, kExpressionNames);
  CHECK(read_text(path) ==
        "image,true_label,given_label,changed\n"
        "train_1.jpg,anger,anger,0\n"
        "train_2.jpg,happiness,neutral,1\n");
  CHECK(read_noise_csv(path, names, labels, kExpressionNames) == given);
}

TEST_CASE("noise: a noise.csv of other data is refused") {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {"train_1.jpg", "train_2.jpg"};
  const std::vector<int32_t> labels = {0, 3};
  const std::string header = "image,true_label,given_label,changed\n",
                    first = "train_1.jpg,anger,anger,0\n";
  struct Case {
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {"image,label\n", ":1: expected the header 'image,true_label,given_label,changed'"},
      {header + first, "noise.csv: 1 row; there are 2 training faces: the data have changed"},
      {header + first + "train_2.jpg,happiness,happines,1\n",
       ":3: given_label 'happines' is not a class; did you mean 'happiness'?"},
      {header + first + "train_3.jpg,happiness,fear,1\n",
       ":3: 'train_3.jpg,happiness,fear,1' where 'train_2.jpg,happiness,fear,1' is expected"},
      {header + first + "train_2.jpg,anger,fear,1\n", "the data have changed"},
      {header + first + "train_2.jpg,happiness,fear,0\n", "'train_2.jpg,happiness,fear,1' is"},
  };
  for (const Case& c : cases) {
    const auto path = folder.write("noise.csv", c.text);
    const auto message =
        input_error([&] { read_noise_csv(path, names, labels, kExpressionNames); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
  }
}

}  // namespace lanet::test
