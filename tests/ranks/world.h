// The ranks that a test of this folder runs on.
#pragma once

#include "train/ranks/ranks.h"

namespace lanet::test {

/// All of them, as a command has them.
Ranks& ranks();
/// Their collectives.
Communicator& world();

}  // namespace lanet::test
