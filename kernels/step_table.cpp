#include "kernels/step_table.h"

#include "kernels/cuda_operations.h"
#include "kernels/dispatch.h"
#include "kernels/step_table_ref.h"

namespace lanet {

namespace {

void require_tables(const StepTableArgs& args) {
  require_tensor(args.position, {1}, DType::i32, "position");
  for (const TableRow& entry : args.tables) {
    if (!entry.table) continue;
    LANET_REQUIRE(entry.row && entry.row.dtype == entry.table.dtype &&
                      entry.table.shape.rank() > 0 &&
                      entry.table.elements() == entry.table.shape[0] * entry.row.elements(),
                  "a table of {} {} with rows of {} {}", entry.table.dtype, entry.table.shape,
                  entry.row.dtype, entry.row.shape);
  }
}

double row_bytes(const StepTableArgs& args) {
  double bytes = 0;
  for (const TableRow& entry : args.tables)
    if (entry.table) bytes += bytes_of({entry.row});
  return bytes;
}

void require_position(const StepTableArgs& args) {
  const int32_t position = *args.position.as<int32_t>();
  for (const TableRow& entry : args.tables)
    LANET_REQUIRE(!entry.table || (position >= 0 && position < entry.table.shape[0]),
                  "position {} in a table of {}", position, entry.table.shape);
}

void move_rows(Context& context, const char* name, const StepTableArgs& args,
               TableDirection direction) {
  require_tables(args);
  run_operation(
      context, name, {.bytes = 2 * row_bytes(args)},
      [&] { step_table_cuda(context, args, direction); },
      [&] {
        require_position(args);
        direction == TableDirection::load ? step_table_load_ref(args) : step_table_store_ref(args);
      });
}

}  // namespace

void step_table_load(Context& context, const StepTableArgs& args) {
  move_rows(context, "step_table_load", args, TableDirection::load);
}

void step_table_store(Context& context, const StepTableArgs& args) {
  move_rows(context, "step_table_store", args, TableDirection::store);
}

void step_advance(Context& context, const StepAdvanceArgs& args) {
  require_tensor(args.position, {1}, DType::i32, "position");
  LANET_REQUIRE(args.steps > 0, "{} steps", args.steps);
  run_operation(
      context, "step_advance", {.bytes = 2 * bytes_of({args.position})},
      [&] { step_advance_cuda(context, args); }, [&] { step_advance_ref(args); });
}

}  // namespace lanet
