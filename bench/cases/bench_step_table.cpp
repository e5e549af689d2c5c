#include "bench/bench.h"
#include "kernels/augment.h"
#include "kernels/step_table.h"

namespace lanet::bench {

// What a step takes from its epoch's tables and leaves there.
static const Registration step_table_bench{
    {.axes = {"steps", "batch"},
     .sizes = {{{96, 128}}},
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const int64_t steps = s[0], batch = s[1];
       constexpr int64_t kParameterBytes = sizeof(AugmentParameters);
       OwnedTensor samples(context, {steps, batch}, DType::i32, numbers),
           sample_row(context, {batch}, DType::i32, numbers),
           parameters(context, {steps, batch, kParameterBytes}, DType::u8, numbers),
           parameter_row(context, {batch, kParameterBytes}, DType::u8, numbers),
           position(context, {1}, DType::i32, numbers);
       const StepTableArgs args{.tables = {{{samples, sample_row}, {parameters, parameter_row}}},
                                .position = position};
       measure([&] { step_table_load(context, args); });
       measure([&] { step_table_store(context, args); });
       measure([&] { step_advance(context, {.position = position, .steps = steps}); });
     }}};

}  // namespace lanet::bench
