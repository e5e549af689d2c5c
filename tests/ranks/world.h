// The ranks that a test of this folder runs on.
#pragma once

#include "core/communicator.h"

namespace lanet::test {

/// All of them.
Communicator& world();

}  // namespace lanet::test
