#include "core/rng.h"

#include <doctest/doctest.h>

#include <cmath>

namespace lanet::test {

TEST_CASE("rng: Philox gives the published known answers") {
  // Known-answer vectors of Philox4x32-10 (Salmon et al., Random123).
  const auto zero = Philox4x32::block(0, 0, 0, 0, 0);
  CHECK(zero.word[0] == 0x6627E8D5u);
  CHECK(zero.word[1] == 0xE169C58Du);
  CHECK(zero.word[2] == 0xBC57AC4Cu);
  CHECK(zero.word[3] == 0x9B00DBD8u);
  const uint32_t f = 0xFFFFFFFFu;
  const auto ones = Philox4x32::block(~uint64_t{0}, f, f, f, f);
  CHECK(ones.word[0] == 0x408F276Du);
  CHECK(ones.word[1] == 0x41C83B0Eu);
  CHECK(ones.word[2] == 0xA20BC7C6u);
  CHECK(ones.word[3] == 0x6D5451FDu);
}

TEST_CASE("rng: streams of another purpose, epoch or position differ") {
  const uint32_t first = RandomStream(7, Purpose::augmentation, 1, 2).next();
  CHECK(first == RandomStream(7, Purpose::augmentation, 1, 2).next());
  CHECK(first != RandomStream(7, Purpose::sampler, 1, 2).next());
  CHECK(first != RandomStream(7, Purpose::augmentation, 2, 2).next());
  CHECK(first != RandomStream(7, Purpose::augmentation, 1, 3).next());
  CHECK(first != RandomStream(8, Purpose::augmentation, 1, 2).next());
}

TEST_CASE("rng: uniform and normal numbers have their moments") {
  RandomStream stream(1, Purpose::test);
  double sum = 0, squares = 0, uniform = 0;
  const int n = 20000;
  for (int i = 0; i < n; ++i) {
    const double x = normal(stream);
    sum += x;
    squares += x * x;
    const float u = stream.uniform();
    REQUIRE(u >= 0.0f);
    REQUIRE(u < 1.0f);
    uniform += static_cast<double>(u);
  }
  CHECK(std::abs(sum / n) < 0.03);
  CHECK(std::abs(squares / n - 1) < 0.04);
  CHECK(std::abs(uniform / n - 0.5) < 0.01);
}

}  // namespace lanet::test
