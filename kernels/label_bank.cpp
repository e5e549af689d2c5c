#include "kernels/label_bank.h"

#include "kernels/checks.h"
#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/label_bank_ref.h"

namespace lanet {

void label_bank_store(Context& context, const LabelBankStoreArgs& args) {
  LANET_REQUIRE(args.target && args.target.shape.rank() == 2 &&
                    (args.target.dtype == DType::f32 || args.target.dtype == DType::f64),
                "target is {} {}", args.target.dtype, args.target.shape);
  LANET_REQUIRE(args.bank && args.bank.shape.rank() == 2, "bank is {}", args.bank.shape);
  require_tensor(args.sample_indices, {args.target.shape[0]}, DType::i32, "sample_indices");
  require_tensor(args.bank, {args.bank.shape[0], args.target.shape[1]}, args.target.dtype, "bank");
  run_operation(
      context, "label_bank_store",
      {.bytes = bytes_of({args.sample_indices}) + 2 * bytes_of({args.target})},
      [&] { label_bank_store_cuda(context, args); },
      [&] {
        require_indices(args.sample_indices, args.bank.shape[0], "sample_indices");
        dispatch_wide(args.target.dtype, [&]<typename T>() { label_bank_store_ref<T>(args); });
      });
}

}  // namespace lanet
