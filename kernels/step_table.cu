// Rows of tables on CUDA: all tables in one launch, in words of 4 bytes where sizes and places
// allow.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/step_table.h"

namespace lanet {

namespace {
constexpr unsigned kThreadsPerBlock = 256;
}

/// Each table's rows are `words` words long.
template <typename Word>
struct StepTableKernelArgs {
  struct Entry {
    Word* table;
    Word* row;
    int64_t words;
  } entry[kMaxTables];
  const int32_t* position;
  TableDirection direction;
};

/// Grid: parts of a row, tables.
template <typename Word>
__global__ void step_table_kernel(StepTableKernelArgs<Word> args) {
  const auto& entry = args.entry[blockIdx.y];
  const int64_t i = int64_t{blockIdx.x} * kThreadsPerBlock + threadIdx.x;
  if (i >= entry.words) return;
  Word* in_table = entry.table + *args.position * entry.words + i;
  if (args.direction == TableDirection::load)
    entry.row[i] = *in_table;
  else
    *in_table = entry.row[i];
}

__global__ void step_advance_kernel(int32_t* position, int64_t steps) {
  *position = static_cast<int32_t>((*position + 1) % steps);
}

void step_table_cuda(Context& context, const StepTableArgs& args, TableDirection direction) {
  auto run = [&]<typename Word>() {
    StepTableKernelArgs<Word> kernel_args{
        .entry = {}, .position = args.position.as<int32_t>(), .direction = direction};
    unsigned tables = 0;
    int64_t longest = 0;
    for (const TableRow& entry : args.tables) {
      if (!entry.table) continue;
      const int64_t words = static_cast<int64_t>(entry.row.bytes() / sizeof(Word));
      kernel_args.entry[tables++] = {static_cast<Word*>(entry.table.data),
                                     static_cast<Word*>(entry.row.data), words};
      longest = std::max(longest, words);
    }
    cuda::launch(step_table_kernel<Word>, dim3(cuda::blocks_for(longest, kThreadsPerBlock), tables),
                 dim3(kThreadsPerBlock), 0, cuda::stream(context), kernel_args);
  };
  bool in_words = true;
  for (const TableRow& entry : args.tables) {
    if (!entry.table) continue;
    for (const uintptr_t place :
         {reinterpret_cast<uintptr_t>(entry.table.data),
          reinterpret_cast<uintptr_t>(entry.row.data), static_cast<uintptr_t>(entry.row.bytes())})
      in_words = in_words && place % sizeof(uint32_t) == 0;
  }
  if (in_words)
    run.template operator()<uint32_t>();
  else
    run.template operator()<uint8_t>();
}

void step_advance_cuda(Context& context, const StepAdvanceArgs& args) {
  cuda::launch(step_advance_kernel, dim3(1), dim3(1), 0, cuda::stream(context),
               args.position.as<int32_t>(), args.steps);
}

}  // namespace lanet
