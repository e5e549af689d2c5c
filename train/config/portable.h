// A configuration that others may see.
#pragma once

#include "train/config/config.h"

namespace lanet {

/// The configuration without what tells of a machine: of each file and folder its own name is left.
Config portable(Config config);

}  // namespace lanet
