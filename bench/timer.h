// Time on a context's device.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "core/context.h"

namespace lanet::bench {

/// Moments in the work of a context's device: on the CPU by the steady clock, on CUDA events on the
/// stream, which the device passes between the work given to it before and after.
class Moments {
 public:
  explicit Moments(Context& context);
  ~Moments();

  void mark();
  /// Waits for the device; the seconds from the first moment to each. Forgets the moments.
  std::vector<double> seconds();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Of many readings, in seconds.
struct Spread {
  double median = 0, p10 = 0, p90 = 0, least = 0;
};
/// `seconds` is not empty.
Spread spread_of(std::vector<double> seconds);
/// {"median": …, "p10": …, "p90": …}
nlohmann::ordered_json milliseconds(const Spread& seconds);

/// Where the data of a run are when it starts: in memory, or where the run before left them.
enum class Cache { cold, warm };

/// Times single runs.
class Timer {
 public:
  explicit Timer(Context& context);

  /// At least 5 runs and about 0.15 s of them. Cold: before each, the caches are filled with a
  /// buffer twice as large as the last level. Warm: the run itself comes before each, untimed. On
  /// CUDA the buffer comes first in both cases: the host starts the run meanwhile.
  Spread time(const std::function<void()>& run, Cache cache);
  size_t buffer_bytes() const { return buffer_.bytes(); }

 private:
  void fill_caches();

  Context& context_;
  Buffer buffer_, statistics_;
  Moments moments_;
};

}  // namespace lanet::bench
