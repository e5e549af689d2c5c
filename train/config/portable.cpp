#include "train/config/portable.h"

#include <filesystem>

namespace lanet {

Config portable(Config config) {
  for (std::string* path :
       {&config.data.root, &config.data.cache, &config.data.corrections, &config.data.noise.rates,
        &config.data.noise.file, &config.model.pretrained}) {
    const std::filesystem::path whole(*path);
    *path = (whole.has_filename() ? whole : whole.parent_path()).filename().string();
  }
  return config;
}

}  // namespace lanet
