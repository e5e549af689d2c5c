// Label noise that a file describes: what is read, what is planted, what is refused.
#include "data/noise_rates.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>

#include "data/noise.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {
namespace {

constexpr std::array<std::string_view, 3> kThree = {"anger", "happiness", "bored"};

NoiseRates read(const std::string& text) {
  const TemporaryFolder folder;
  return read_noise_rates(folder.write("rates.csv", text), kThree);
}

std::vector<int32_t> planted(std::span<const int32_t> labels, const NoiseRates& rates,
                             uint64_t seed = 1) {
  return add_label_noise(labels, static_cast<int>(kThree.size()), rates, seed);
}

std::vector<int32_t> labels_of(int count) {
  std::vector<int32_t> labels;
  for (int i = 0; i < count; ++i) labels.push_back(i % static_cast<int>(kThree.size()));
  return labels;
}

}  // namespace

TEST_CASE("noise rates: pairs of classes say what changes, and the rest stays") {
  CHECK(read("from,to,rate\nanger,bored,0.25\nanger,happiness,0.5\nbored,anger,1\n") ==
        NoiseRates{0.25, 0.5, 0.25, 0, 1, 0, 1, 0, 0});
  // Synonyms, any order of columns, another delimiter, further columns.
  CHECK(read("Rate;why;To;From\n0.25;x;HAPPY;angry\n") ==
        NoiseRates{0.75, 0.25, 0, 0, 1, 0, 0, 0, 1});
  // What is rounded to a sum of 1 leaves nothing, not less.
  CHECK(read("from,to,rate\nanger,bored,0.9\nanger,happiness,0.1\n")[0] ==
        doctest::Approx(0).epsilon(1e-12));
}

TEST_CASE("noise rates: a whole matrix has its classes in any order") {
  CHECK(read("true,bored,happy,anger\nhappiness,0.25,0.5,0.25\nangry,0,0,1\nbored,1,0,0\n") ==
        NoiseRates{1, 0, 0, 0.25, 0.5, 0.25, 0, 0, 1});
  CHECK_NOTHROW(
      read(",anger,happiness,bored\n"
           "anger,0.3333333,0.3333333,0.3333333\nhappiness,0,1,0\nbored,0,0,1\n"));
}

TEST_CASE("noise rates: each class gets its shares of each other class") {
  constexpr int kCount = 60000;
  const NoiseRates rates = {0.7, 0.1, 0.2, 0, 1, 0, 0.6, 0.4, 0};
  const auto labels = labels_of(kCount);
  const auto noisy = planted(labels, rates);
  std::array<int, 9> counts{};
  for (size_t i = 0; i < labels.size(); ++i)
    ++counts[static_cast<size_t>(3 * labels[i] + noisy[i])];
  // 20000 samples a class: five standard deviations of a binomial count.
  for (size_t k = 0; k < counts.size(); ++k) {
    CAPTURE(k);
    CHECK(std::abs(counts[k] - 20000 * rates[k]) <=
          5 * std::sqrt(20000 * rates[k] * (1 - rates[k])));
  }
}

TEST_CASE("noise rates: a label depends on seed, sample and its row, not on the other samples") {
  const auto labels = labels_of(3000);
  const NoiseRates high = {0.2, 0.2, 0.6, 0.4, 0.4, 0.2, 0.4, 0.4, 0.2},
                   low = {0.6, 0.1, 0.3, 0.2, 0.7, 0.1, 0.2, 0.2, 0.6};
  const auto noisy = planted(labels, high, 5);
  CHECK(planted(labels, high, 5) == noisy);
  CHECK(planted(labels, high, 6) != noisy);
  const auto beginning = planted({labels.data(), 700}, high, 5);
  CHECK(beginning == std::vector<int32_t>(noisy.begin(), noisy.begin() + 700));
  // What is changed at a low rate is changed alike at a higher one.
  const auto few = planted(labels, low, 5);
  CHECK(few != labels);
  CHECK(few != noisy);
  for (size_t i = 0; i < labels.size(); ++i) CHECK((few[i] == labels[i] || few[i] == noisy[i]));
  // The same faces become wrong as with symmetric noise of that rate.
  const NoiseRates even = {0.5, 0.25, 0.25, 0.25, 0.5, 0.25, 0.25, 0.25, 0.5};
  const auto by_file = planted(labels, even, 5),
             by_rate = add_label_noise(labels, 3, 0.5, NoiseKind::symmetric, 5);
  for (size_t i = 0; i < labels.size(); ++i)
    CHECK((by_file[i] == labels[i]) == (by_rate[i] == labels[i]));
}

TEST_CASE("noise rates: arguments without meaning are refused") {
  const std::vector<int32_t> wrong = {0, 3};
  CHECK_THROWS_WITH_AS(planted(wrong, {1, 0, 0, 0, 1, 0, 0, 0, 1}),
                       doctest::Contains("label 3 of sample 1"), Error);
  CHECK_THROWS_WITH_AS(planted({}, {1, 0}), doctest::Contains("2 rates of 3 classes"), Error);
}

TEST_CASE("noise rates: what is wrong with a table is one line with file and line") {
  struct Case {
    const char* text;
    const char* message;
  };
  constexpr Case kCases[] = {
      {"from,to,rate\nanger,happines,0.1\n",
       "rates.csv:2: 'happines' is not a class; expected one of anger, happiness, bored; did you "
       "mean "
       "'happiness'?"},
      {"from,to,rate\nsad,anger,0.1\n", "rates.csv:2: 'sad' is not a class"},
      {"from,to,rate\nanger,bored,30\n",
       "rates.csv:2: rate is '30'; expected a number from 0 to 1"},
      {"from,to,rate\nanger,bored,nan\n", "rates.csv:2: rate is 'nan'"},
      {"from,to,rate\nanger,bored,-0.1\n", "rates.csv:2: rate is '-0.1'"},
      {"from,to,rate\nanger,bored,\n", "rates.csv:2: rate is ''"},
      {"from,to,rate\nanger,bored,0.1x\n", "rates.csv:2: rate is '0.1x'"},
      {"from,to,rate\nbored,anger,0.6\nanger,bored,0.6\nbored,happy,0.5\n",
       "rates.csv:4: the rates from bored add up to 1.1; expected at most 1"},
      {"from,to,rate\nanger,angry,0.1\n", "rates.csv:2: from anger to anger; expected two classes"},
      {"from,to,rate\nanger,bored,0.1\nangry,bored,0.1\n",
       "rates.csv:3: from anger to bored occurs a second time; expected one rate"},
      {"from,to\nanger,bored\n",
       "rates.csv:1: 'to' is not a class; expected the columns from, to and rate, or true and then "
       "each of anger, happiness, bored"},
      {"true,anger,happines,bored\n", "; did you mean 'happiness'?"},
      {"true,anger,happy,happiness\n", "rates.csv:1: happiness has a second column; expected"},
      {"true,anger,bored\n", "rates.csv:1: no column for happiness; expected"},
      {"true,anger,happy,bored\nanger,1,0,0\nbored,0,0,1\n",
       "rates.csv: no row for happiness; expected one for each of anger, happiness, bored"},
      {"true,anger,happy,bored\nanger,1,0,0\nanger,1,0,0\n",
       "rates.csv:3: anger occurs a second time; expected one row"},
      {"true,anger,happy,bored\nangr,1,0,0\n",
       "rates.csv:2: 'angr' is not a class; expected one of"},
      {"true,anger,happy,bored\nanger,0.5,0.4,0.0999\n",
       "rates.csv:2: the rates from anger add up to 0.9999; expected 1"},
      {"true,anger,happy,bored\nanger,0.5,0.5\n", "rates.csv:2: 3 fields; the header has 4"},
      {"true,anger,happy,bored\nanger,0.5,0.5,x\n", "rates.csv:2: bored is 'x'; expected a number"},
  };
  for (const Case& c : kCases) {
    const auto message = input_error([&] { read(c.text); });
    CAPTURE(message);
    CHECK(is_line_with(message, c.message));
  }
  CHECK(is_line_with(input_error([&] { read_noise_rates("none.csv", kThree); }),
                     "data.noise.rates none.csv: there is no such file"));
}

}  // namespace lanet::test
