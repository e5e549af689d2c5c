// Kernels that check-coverage must complain of.
#include "tests/simt/planted/planted.h"

namespace lanet::planted {

template <typename T>
__global__ void fill_kernel(T* compared, T* ignored) {
  compared[threadIdx.x] = 1;
  ignored[threadIdx.x] = 1;
}

/// Writes both arrays on the device. Only float is ever asked for.
void fill(Context& context, void* compared, void* ignored, DType dtype) {
  auto run = [&]<typename T>() {
    cuda::launch(fill_kernel<T>, 1, 32, 0, cuda::stream(context), static_cast<T*>(compared),
                 static_cast<T*>(ignored));
  };
  if (dtype == DType::f64)
    run.template operator()<double>();
  else
    run.template operator()<float>();
}

}  // namespace lanet::planted
