// noise: wrong labels as a file, so that other programs and other seeds can train on the same ones.
#include <fmt/format.h>

#include <functional>
#include <numeric>

#include "core/error.h"
#include "core/files/file.h"
#include "data/noise.h"
#include "train/commands/commands.h"
#include "train/faces.h"
#include "train/progress.h"

namespace lanet {

int run_noise(const NoiseOptions& options) {
  const Config config = load_config(options.config, options.overrides);
  const NoiseConfig& noise = config.data.noise;
  if (noise.rate == 0 && noise.rates.empty())
    throw InputError(
        "noise: data.noise.rate is 0; expected a share of the labels, such as --rate 0.3, or a "
        "file of --rates");
  const std::filesystem::path out = options.out;
  if (std::filesystem::exists(out))
    throw InputError(fmt::format("--out {}: exists; expected a new file", options.out));
  const FaceList list = open_data_set(config.data).read(Split::train);
  const std::vector<int32_t> given = noisy_labels(config, list);
  if (out.has_parent_path()) create_folder(out.parent_path());
  write_noise_csv(out, list.names, list.labels, given, list.class_names());
  const auto changed = std::inner_product(given.begin(), given.end(), list.labels.begin(),
                                          int64_t{0}, std::plus<>(), std::not_equal_to<>());
  say(fmt::format("{}: {} of {} training labels are wrong{}", options.out, changed, list.size(),
                  config.data.validation > 0
                      ? "; of these faces, training leaves the validation faces their labels"
                      : ""));
  return 0;
}

}  // namespace lanet
