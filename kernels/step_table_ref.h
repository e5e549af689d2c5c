// Definition of the operation; the contract is in step_table.h.
#pragma once

#include <cstring>

#include "kernels/step_table.h"

namespace lanet {

/// Where the row of this step lies in its table.
inline void* table_row_at(const TableRow& entry, int64_t position) {
  return static_cast<std::byte*>(entry.table.data) +
         position * static_cast<int64_t>(entry.row.bytes());
}

inline void step_table_load_ref(const StepTableArgs& args) {
  const int64_t position = *args.position.as<int32_t>();
  for (const TableRow& entry : args.tables)
    if (entry.table) std::memcpy(entry.row.data, table_row_at(entry, position), entry.row.bytes());
}

inline void step_table_store_ref(const StepTableArgs& args) {
  const int64_t position = *args.position.as<int32_t>();
  for (const TableRow& entry : args.tables)
    if (entry.table) std::memcpy(table_row_at(entry, position), entry.row.data, entry.row.bytes());
}

inline void step_advance_ref(const StepAdvanceArgs& args) {
  int32_t& position = *args.position.as<int32_t>();
  position = static_cast<int32_t>((position + 1) % args.steps);
}

}  // namespace lanet
