// Random numbers by counter (Philox4x32-10, Salmon et al. 2011): what is drawn depends on the key
// and the counter alone, so on neither threads, batches, ranks nor device. Compiles as CUDA device
// code.
#pragma once

#include <cstdint>

#ifdef __CUDACC__
#define LANET_HOST_DEVICE __host__ __device__
#else
#define LANET_HOST_DEVICE
#endif

namespace lanet {

/// What a stream of random numbers is for. Part of the counter: streams of two purposes never meet.
enum class Purpose : uint32_t {
  initialise = 1,
  label_noise = 2,
  sampler = 3,
  augmentation = 4,
  memory_bank = 5,
  synth = 6,
  test = 7,
  benchmark = 8,
  validation = 9,
  dropout = 10,
};

struct Philox4x32 {
  uint32_t word[4];

  /// One block of four 32-bit words.
  LANET_HOST_DEVICE static Philox4x32 block(uint64_t key, uint32_t c0, uint32_t c1, uint32_t c2,
                                            uint32_t c3) {
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; ++round) {
      const uint64_t p0 = uint64_t{0xD2511F53u} * c0;
      const uint64_t p1 = uint64_t{0xCD9E8D57u} * c2;
      c0 = static_cast<uint32_t>(p1 >> 32) ^ c1 ^ k0;
      c1 = static_cast<uint32_t>(p1);
      c2 = static_cast<uint32_t>(p0 >> 32) ^ c3 ^ k1;
      c3 = static_cast<uint32_t>(p0);
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    return {{c0, c1, c2, c3}};
  }
};

/// A stream of random numbers keyed by (seed, purpose, a, b): for augmentation a is the epoch and b
/// the position in the epoch's global order; for label noise a is 0 and b the sample; for dropout a
/// is the step and b the layer.
class RandomStream {
 public:
  LANET_HOST_DEVICE RandomStream(uint64_t seed, Purpose purpose, uint32_t a = 0, uint32_t b = 0)
      : seed_(seed), purpose_(static_cast<uint32_t>(purpose)), a_(a), b_(b) {}

  /// Uniform over all 32-bit integers.
  LANET_HOST_DEVICE uint32_t next() {
    if (used_ == 4) {
      block_ = Philox4x32::block(seed_, index_++, b_, a_, purpose_);
      used_ = 0;
    }
    return block_.word[used_++];
  }
  /// Uniform in [0, 1), a multiple of 2^-24, exact in float.
  LANET_HOST_DEVICE float uniform() { return static_cast<float>(next() >> 8) * 0x1p-24f; }
  LANET_HOST_DEVICE float uniform(float lo, float hi) { return lo + (hi - lo) * uniform(); }
  /// Uniform in [0, n); n > 0. By multiplication: the bias is below n / 2^32.
  LANET_HOST_DEVICE uint32_t below(uint32_t n) {
    return static_cast<uint32_t>((uint64_t{next()} * n) >> 32);
  }

 private:
  uint64_t seed_;
  uint32_t purpose_, a_, b_;
  uint32_t index_ = 0;
  int used_ = 4;
  Philox4x32 block_{};
};

/// A standard normal number from two uniform ones (Box-Muller).
double normal(RandomStream& stream);

}  // namespace lanet
