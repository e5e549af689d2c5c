// In place of mpi_communicator.cpp in a build without MPI.
#include <cstdlib>

#include "core/ranks/communicator.h"

namespace lanet {

MpiVersion mpi_version() {
  return {};
}

std::unique_ptr<Communicator> start_mpi() {
  throw InputError(
      "this program was built without MPI: several processes need the CMake option "
      "LANET_MPI=ON, or GPUs (--gpus)");
}

void end_mpi() {}

void abort_mpi(int exit_code) {
  std::_Exit(exit_code);
}

}  // namespace lanet
