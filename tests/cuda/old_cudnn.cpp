// Preloaded, it makes a program believe that it has loaded an old cuDNN.
#include <cstddef>

extern "C" size_t cudnnGetVersion() {
  return 90701;
}
