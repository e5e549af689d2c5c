// Runs the tests of this folder as one rank of several, under mpirun. Every rank runs every test;
// rank 0 reports, and so does a rank that fails.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "tests/ranks/world.h"

namespace lanet::test {

Ranks& ranks() {
  static Ranks all;
  return all;
}

Communicator& world() {
  static Context context;
  static Communicator& joined = (ranks().join(context), context.communicator());
  return joined;
}

}  // namespace lanet::test

int main(int argc, char** argv) {
  doctest::Context tests(argc, argv);
  tests.setOption("no-version", true);
  if (lanet::test::world().rank() != 0) tests.setOption("minimal", true);
  const int result = tests.run();
  // A rank that failed may have left the others in a collective.
  if (result != 0) lanet::abort_mpi(result);
  lanet::test::ranks().end(0);
  return 0;
}
