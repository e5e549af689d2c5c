// In place of onednn.cpp and conv2d/conv2d_onednn.cpp where oneDNN is not built in: it serves
// nothing, and the definitions run instead.
#include "kernels/conv2d/conv2d_onednn.h"
#include "kernels/cpu_features.h"
#include "kernels/cpu_operations.h"

namespace lanet {

namespace {

[[noreturn]] void refuse() {
  throw Error("a convolution by oneDNN, which is not built in");
}

}  // namespace

bool onednn_has_bf16() {
  return false;
}

OnednnInfo onednn_info() {
  return {};
}

bool gemm_onednn(const GemmArgs&) {
  return false;
}

bool OnednnConv2d::serves(DType) {
  return false;
}

// clang-format off
struct OnednnConv2d::Impl {};
OnednnConv2d::OnednnConv2d(const Conv2dShape&, bool, bool) { refuse(); }
OnednnConv2d::~OnednnConv2d() = default;
size_t OnednnConv2d::workspace_bytes() const { refuse(); }
std::string OnednnConv2d::description() const { refuse(); }
void OnednnConv2d::forward(Context&, const Conv2dArgs&) { refuse(); }
void OnednnConv2d::backward_data(Context&, const Conv2dBackwardDataArgs&) { refuse(); }
void OnednnConv2d::backward_weight(Context&, const Conv2dBackwardWeightArgs&) { refuse(); }
void OnednnConv2d::primitive_only(Context&, Conv2dPass, const Conv2dPrimitiveArgs&) { refuse(); }
// clang-format on

}  // namespace lanet
