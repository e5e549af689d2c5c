// Captured steps on a device; the SIMT harness captures nothing.
#include "tests/device_test.h"
#include "tests/train/small_training.h"

namespace lanet::test {

TEST_CASE("cuda: a step that is captured leaves the bits of one that is not") {
  if (skip_without_device()) return;
  for (const auto& [method, dtype] : {std::pair{"lanet", "f32"},
                                      {"lanet", "bf16"},
                                      {"robust", "f32"},
                                      {"robust", "bf16"},
                                      {"elr", "f32"}}) {
    CAPTURE(method);
    CAPTURE(dtype);
    Config config = small_config(method);
    config.train.dtype = choice_from<DTypeSetting>(dtype);
    NamedArrays after[2];
    for (const bool capture : {false, true}) {
      Session session(config, 0, Device::cuda, capture);
      session.trainer->run_epoch();
      CHECK(session.trainer->captured() == capture);
      after[capture] = read_tensors(session.trainer->checkpoint(/*with_state=*/true));
    }
    CHECK(after[0].arrays == after[1].arrays);
  }
}

}  // namespace lanet::test
