// Runs the tests of this folder as one rank of several, under mpirun. Every rank runs every test;
// rank 0 reports, and so does a rank that fails.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "tests/ranks/world.h"

namespace lanet::test {

Communicator& world() {
  static const std::unique_ptr<Communicator> communicator = start_mpi();
  return *communicator;
}

}  // namespace lanet::test

int main(int argc, char** argv) {
  doctest::Context tests(argc, argv);
  tests.setOption("no-version", true);
  if (lanet::test::world().rank() != 0) tests.setOption("minimal", true);
  const int result = tests.run();
  // A rank that failed may have left the others in a collective.
  if (result != 0) lanet::abort_mpi(result);
  lanet::end_mpi();
  return 0;
}
