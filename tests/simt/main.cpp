// The program that runs the tests of CUDA kernels on the CPU.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>

#include "tests/simt/symbols.h"

int main(int argc, char** argv) {
  if (std::getenv("LANET_SIMT_LIST")) {
    for (const std::string& kernel : lanet::simt::all_kernels()) std::puts(kernel.c_str());
    return 0;
  }
  return doctest::Context(argc, argv).run();
}
