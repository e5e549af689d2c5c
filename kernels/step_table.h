// What changes from step to step, in memory: tables with a row a step, and the number of the step.
// So a step reads nothing from the host and no kernel has an argument that changes, and the step
// can be captured (docs: CUDA graphs).
#pragma once

#include <array>

#include "core/context.h"

namespace lanet {

/// table: [steps, ...] of any dtype; row: as many elements as one row of it, of its dtype.
struct TableRow {
  Tensor table;
  Tensor row;
};
inline constexpr int kMaxTables = 8;

/// position: i32 [1], in [0, steps) of each table. On CUDA nobody checks it. Absent tables (no
/// data) are passed over.
struct StepTableArgs {
  std::array<TableRow, kMaxTables> tables;
  Tensor position;
};
/// row ← table[position], for each table.
void step_table_load(Context& context, const StepTableArgs& args);
/// table[position] ← row, for each table.
void step_table_store(Context& context, const StepTableArgs& args);

/// position ← (position + 1) mod steps: behind the last step comes the first.
struct StepAdvanceArgs {
  Tensor position;  // i32 [1]
  int64_t steps;
};
void step_advance(Context& context, const StepAdvanceArgs& args);

}  // namespace lanet
