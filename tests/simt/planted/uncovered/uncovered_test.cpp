// A test that runs one kernel of two and compares one output of two.
#include <doctest/doctest.h>

#include "tests/simt/planted/planted.h"

namespace lanet::planted {

void fill(Context& context, void* compared, void* ignored, DType dtype);

TEST_CASE("half of it is tested") {
  Context context(Device::cuda);
  const DeviceArray<float> compared(context, std::vector<float>(32)),
      ignored(context, std::vector<float>(32));
  fill(context, compared.data(), ignored.data(), DType::f32);
  CHECK(compared.download() == std::vector<float>(32, 1));
}

}  // namespace lanet::planted
