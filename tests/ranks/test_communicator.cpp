// Collectives between the ranks that mpirun started: what each has, and what all have then.
#include <doctest/doctest.h>

#include <array>
#include <numeric>

#include "core/parameter_io.h"
#include "tests/ranks/world.h"

namespace lanet::test {
namespace {

/// A tensor on the CPU with its memory.
struct Owned {
  Owned(Context& context, const Shape& shape, DType dtype, double first, double step = 1)
      : memory(context.allocate(shape.elements() * size_of(dtype))),
        tensor(memory.tensor(shape, dtype)) {
    std::vector<double> values(shape.elements());
    for (size_t i = 0; i < values.size(); ++i) values[i] = first + step * static_cast<double>(i);
    write_tensor(context, tensor, values);
  }
  Buffer memory;
  Tensor tensor;
};

/// Σ over ranks of their number plus one.
double sum_of_ranks() {
  return world().size() * (world().size() + 1) / 2.0;
}

}  // namespace

TEST_CASE("communicator: an all-reduce sums tensors of several types in one collective") {
  Context context;
  const double mine = world().rank() + 1;
  const Owned a(context, {3}, DType::f64, mine), b(context, {2, 2}, DType::f64, 10 * mine);
  const Owned c(context, {5}, DType::f32, mine), d(context, {7}, DType::bf16, mine);
  const Owned e(context, {1}, DType::i32, mine);
  std::vector<Collective> log;
  world().set_log(&log);
  world().all_reduce(context, std::array{a.tensor, b.tensor, c.tensor, d.tensor, e.tensor},
                     Reduction::sum);
  world().set_log(nullptr);
  REQUIRE(log.size() == 1);
  CHECK(log[0].kind == Collective::Kind::all_reduce);
  CHECK(log[0].bytes == 3 * 8 + 4 * 8 + 5 * 4 + 7 * 2 + 4);
  const double n = world().size();
  for (const Owned* o : {&a, &c, &d, &e}) {
    const std::vector<double> values = read_tensor(context, o->tensor);
    for (size_t i = 0; i < values.size(); ++i)
      CHECK(values[i] == sum_of_ranks() + n * static_cast<double>(i));
  }
  CHECK(read_tensor(context, b.tensor)[3] == 10 * sum_of_ranks() + 3 * n);
}

TEST_CASE("communicator: a mean is the sum over the number of ranks") {
  Context context;
  const Owned a(context, {4}, DType::f32, world().rank() + 1);
  world().all_reduce(context, std::array{a.tensor}, Reduction::mean);
  for (int i = 0; i < 4; ++i)
    CHECK(read_tensor(context, a.tensor)[i] ==
          doctest::Approx(sum_of_ranks() / world().size() + i).epsilon(1e-6));
  const Owned flag(context, {1}, DType::i32, 1);
  CHECK_THROWS_AS(world().all_reduce(context, std::array{flag.tensor}, Reduction::mean), Error);
}

TEST_CASE("communicator: an all-gather has the rows of the ranks in their order") {
  Context context;
  const int n = world().size(), rank = world().rank();
  const Owned mine(context, {2, 3}, DType::f32, 100 * rank);
  const Owned all(context, {2 * n, 3}, DType::f32, -1, 0);
  // In its place: this rank's row of what is gathered.
  const Owned rows(context, {n, 2}, DType::f64, 0, 0);
  write_tensor(context, world().shard().of(rows.tensor), {rank + 0.5, -1.0 * rank});
  world().all_gather(context, std::array{Exchange{mine.tensor, all.tensor},
                                         Exchange{world().shard().of(rows.tensor), rows.tensor}});
  const std::vector<double> gathered = read_tensor(context, all.tensor);
  const std::vector<double> in_place = read_tensor(context, rows.tensor);
  for (int r = 0; r < n; ++r) {
    for (int i = 0; i < 6; ++i) CHECK(gathered[6 * r + i] == 100 * r + i);
    CHECK(in_place[2 * r] == r + 0.5);
    CHECK(in_place[2 * r + 1] == -r);
  }
  CHECK_THROWS_AS(world().all_gather(context, std::array{Exchange{all.tensor, all.tensor}}), Error);
}

TEST_CASE("communicator: a reduce-scatter gives each rank the sum of its rows") {
  Context context;
  const int n = world().size(), rank = world().rank();
  const Owned all(context, {2 * n, 3}, DType::f64, 1000 * (rank + 1));
  const Owned more(context, {n}, DType::f64, rank + 1, 0);
  const Owned mine(context, {2, 3}, DType::f64, -1), one(context, {1}, DType::f64, -1);
  world().reduce_scatter(
      context, std::array{Exchange{mine.tensor, all.tensor}, Exchange{one.tensor, more.tensor}});
  const std::vector<double> values = read_tensor(context, mine.tensor);
  for (int i = 0; i < 6; ++i) CHECK(values[i] == 1000 * sum_of_ranks() + n * (6 * rank + i));
  CHECK(read_tensor(context, one.tensor)[0] == sum_of_ranks());
  const Owned narrow(context, {1}, DType::bf16, 0), wide(context, {n}, DType::bf16, 0);
  CHECK_THROWS_AS(world().reduce_scatter(context, std::array{Exchange{narrow.tensor, wide.tensor}}),
                  Error);
}

TEST_CASE("communicator: a broadcast gives all what rank 0 has") {
  Context context;
  for (const DType dtype : {DType::f64, DType::bf16, DType::i32, DType::u8}) {
    const Owned a(context, {9}, dtype, world().rank() * 5);
    world().broadcast(context, a.tensor);
    for (int i = 0; i < 9; ++i) CHECK(read_tensor(context, a.tensor)[i] == i);
  }
}

TEST_CASE("communicator: means that were begun go on beside other collectives") {
  Context context;
  std::vector<Owned> buckets;
  for (int b = 0; b < 5; ++b)
    buckets.emplace_back(context, Shape{1000 + 7777 * b}, DType::f32, world().rank() + b, 0);
  const Owned small(context, {2}, DType::f64, world().rank() + 1, 0);
  for (const Owned& bucket : buckets) {
    world().start_mean(context, bucket.tensor);
    write_tensor(context, small.tensor, {world().rank() + 1.0, 0});
    world().all_reduce(context, std::array{small.tensor}, Reduction::sum);
    CHECK(read_tensor(context, small.tensor)[0] == sum_of_ranks());
    world().progress();
  }
  world().finish(context);
  for (int b = 0; b < 5; ++b)
    CHECK(read_tensor(context, buckets[b].tensor).back() ==
          doctest::Approx(sum_of_ranks() / world().size() - 1 + b).epsilon(1e-6));
  world().finish(context);  // nothing was begun
}

TEST_CASE("communicator: texts of several lengths, empty ones too") {
  Context context;
  const int rank = world().rank();
  const std::vector<std::string> texts =
      world().gather_text(context, std::string(rank * 3, static_cast<char>('a' + rank)));
  REQUIRE(static_cast<int>(texts.size()) == world().size());
  for (int r = 0; r < world().size(); ++r)
    CHECK(texts[r] == std::string(r * 3, static_cast<char>('a' + r)));
  context.freeze();
  CHECK(world().gather_text(context, "")[0].empty());
  CHECK(context.frozen());
}

}  // namespace lanet::test
