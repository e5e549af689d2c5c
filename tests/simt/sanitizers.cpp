// The sanitizers name the line; these add which thread it was.
#include <cstdio>

#include "tests/simt/checker.h"
#include "tests/simt/scheduler.h"

namespace {

void name_thread() {
  using namespace lanet::simt;
  if (!current_launch()) return;
  checker::watch(false);
  std::fprintf(stderr, "simt: in %s\n", current_place().c_str());
}

}  // namespace

extern "C" {
void __asan_on_error() {
  name_thread();
}
void __ubsan_on_report() {
  name_thread();
}
}
