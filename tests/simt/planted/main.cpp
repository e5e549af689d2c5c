// simt-planted-<build> <bug>: runs one planted bug and says what the harness made of it.
#include <cstdio>

#include "tests/simt/planted/planted.h"

int main(int argc, char** argv) {
  using lanet::planted::bugs;
  const auto bug = argc == 2 ? bugs().find(argv[1]) : bugs().end();
  if (bug == bugs().end()) {
    std::fputs("usage: simt-planted-<build> <bug>, one of:\n", stderr);
    for (const auto& [name, run] : bugs()) std::fprintf(stderr, "  %s\n", name.c_str());
    return 2;
  }
  try {
    lanet::Context context(lanet::Device::cuda);
    bug->second(context);
    std::puts("nothing found");
    return 0;
  } catch (const lanet::Error& error) {
    std::printf("found: %s\n", error.what());
    return 1;
  }
}
