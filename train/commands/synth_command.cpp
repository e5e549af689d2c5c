// synth: draws the built-in data set.
#include <fmt/format.h>

#include "data/synth/synth.h"
#include "train/commands/commands.h"
#include "train/progress.h"

namespace lanet {

int run_synth(const SynthOptions& options) {
  Progress progress("faces", options.train + options.test);
  write_synth({.out = options.out,
               .train = static_cast<int>(options.train),
               .test = static_cast<int>(options.test),
               .size = static_cast<int>(options.size),
               .seed = static_cast<uint64_t>(options.seed)},
              [&](int done, int) { progress.update(done, "drawing"); });
  progress.message(
      fmt::format("{}: {} training and {} test faces", options.out, options.train, options.test));
  return 0;
}

}  // namespace lanet
