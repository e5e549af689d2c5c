// A link between ranks, and what it takes to move bytes over it by the usual algorithms.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/context.h"

namespace lanet::bench {

struct Link {
  double latency_seconds = 0;   ///< of one message
  double bytes_per_second = 0;  ///< out of a rank, and at once into it
};

/// Of `bytes`, which are all ranks' rows, by recursive doubling: in log2(ranks) rounds a rank gets
/// what the others have. A reduce-scatter takes as long. 0 for one rank, as below.
double all_gather_seconds(double bytes, int ranks, const Link& link);
/// Of `bytes` on every rank: a reduce-scatter and an all-gather. A pipelined tree takes about as
/// long, a ring moves as much in more messages.
double all_reduce_seconds(double bytes, int ranks, const Link& link);

/// The all-reduces by which a link is measured.
inline constexpr int64_t kSmallMessage = 4, kLargeMessage = int64_t{16} << 20;  // bytes
/// The link over which several ranks take so long for all-reduces of these.
Link fit_link(int ranks, double small_seconds, double large_seconds);
/// Times both among the context's ranks, of which there are several; all of them call it.
/// Allocates.
Link measure_link(Context& context);

/// {"latency_us": …, "bytes_per_second": …}
nlohmann::ordered_json to_json(const Link& link);
/// "12.3 us, 4.56 GB/s"
std::string describe(const Link& link);

}  // namespace lanet::bench
