// Several processes by mpirun, where there is one.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <string>

#include "core/ranks/communicator.h"

namespace lanet::test {

inline const std::string kMpirun =
    "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 mpirun -q --oversubscribe "
    "--bind-to none ";

/// True, and says so, where several processes cannot be tried.
inline bool skipped() {
  if (!mpi_version().loaded.empty() && std::system("command -v mpirun >/dev/null") == 0)
    return false;
  MESSAGE("SKIPPED: no MPI");
  return true;
}

}  // namespace lanet::test
