#include "kernels/memory_bank.h"

#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/memory_bank_ref.h"

namespace lanet {

void memory_bank_enqueue(Context& context, const EnqueueArgs& args) {
  LANET_REQUIRE(args.keys_expression && args.keys_expression.shape.rank() == 2,
                "keys_expression is {}", args.keys_expression.shape);
  LANET_REQUIRE(args.bank_labels && args.bank_labels.shape.rank() == 1, "bank_labels is {}",
                args.bank_labels.shape);
  const int64_t batch = args.keys_expression.shape[0], width = args.keys_expression.shape[1];
  const int64_t bank_rows = args.bank_labels.shape[0];
  const DType dtype = args.keys_expression.dtype, bank_dtype = args.bank_expression.dtype;
  LANET_REQUIRE(batch <= bank_rows, "{} keys for a bank of {} rows", batch, bank_rows);
  LANET_REQUIRE(bank_dtype == dtype || bank_dtype == DType::bf16, "{} keys for a {} bank", dtype,
                bank_dtype);
  require_tensor(args.keys_landmark, {batch, width}, dtype, "keys_landmark");
  require_tensor(args.labels, {batch}, DType::i32, "labels");
  require_tensor(args.bank_expression, {bank_rows, width}, bank_dtype, "bank_expression");
  require_tensor(args.bank_landmark, {bank_rows, width}, bank_dtype, "bank_landmark");
  require_tensor(args.bank_labels, {bank_rows}, DType::i32, "bank_labels");
  require_tensor(args.pointer, {1}, DType::i32, "pointer");
  run_operation(
      context, "memory_bank_enqueue",
      {.launches = 2,
       .bytes =
           (1 + static_cast<double>(size_of(bank_dtype)) / static_cast<double>(size_of(dtype))) *
               bytes_of({args.keys_expression, args.keys_landmark}) +
           2 * bytes_of({args.labels})},
      [&] { memory_bank_enqueue_cuda(context, args); },
      [&] {
        const int32_t pointer = *args.pointer.as<int32_t>();
        LANET_REQUIRE(pointer >= 0 && pointer < bank_rows, "the pointer is {} in a bank of {} rows",
                      pointer, bank_rows);
        dispatch_float(dtype, [&]<typename T>() {
          if (bank_dtype == dtype)
            memory_bank_enqueue_ref<T, T>(args);
          else
            memory_bank_enqueue_ref<T, bfloat16>(args);
        });
      });
}

}  // namespace lanet
