#include "bench/bench.h"
#include "kernels/adam.h"
#include "kernels/adam_cases.h"

namespace lanet::bench {

static const Registration adam_bench{
    {.axes = {"parameters", "followed"},
     .sizes = bench_sizes(kAdamCases,
                          [](const AdamCase& c) {
                            return std::vector<int64_t>{c.parameters, c.followed};
                          }),
     .last_may_be_zero = true,
     .run = [](Context& context, const Sizes& s, DType, const Measure& measure) {
       const Shape n{s[0]}, k{s[1]};
       OwnedTensor master(context, n, DType::f32, numbers),
           gradient(context, n, DType::f32, numbers), first(context, n, DType::f32, numbers),
           second(context, n, DType::f32, [](int64_t) { return 0; }),
           copy(context, k, DType::f32, numbers);
       OwnedTensor shadow(context, n, DType::bf16, numbers),
           copy_shadow(context, k, DType::bf16, numbers);
       constexpr double kStep[] = {1e-3, 0.1, 0.001};
       OwnedTensor step_values(context, {3}, DType::f64, [&](int64_t i) { return kStep[i]; });
       measure([&] {
         adam(context, {.master = master,
                        .gradient = gradient,
                        .first_moment = first,
                        .second_moment = second,
                        .momentum_copy = copy,
                        .shadow = shadow,
                        .momentum_shadow = copy_shadow,
                        .step_values = step_values,
                        .beta1 = 0.9,
                        .beta2 = 0.999,
                        .epsilon = 1e-8,
                        .key_momentum = 0.999});
       });
     }}};

}  // namespace lanet::bench
