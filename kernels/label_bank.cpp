#include "kernels/label_bank.h"

#include "core/operation.h"
#include "kernels/checks.h"
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
  const Operation operation(
      context, "label_bank_store",
      {.bytes = bytes_of({args.sample_indices}) + 2 * bytes_of({args.target})});
  if (!operation.runs()) return;
  LANET_RUN_CUDA(context, label_bank_store_cuda(context, args));
  require_indices(args.sample_indices, args.bank.shape[0], "sample_indices");
  if (args.target.dtype == DType::f64)
    label_bank_store_ref<double>(args);
  else
    label_bank_store_ref<float>(args);
}

}  // namespace lanet
