// Ranks that plan by rank 0's choices of engines, and what they tell each other for that.
#include <doctest/doctest.h>

#include "core/plan_table.h"
#include "tests/ranks/world.h"

namespace lanet::test {
namespace {

constexpr const char* kMachine = "cuDNN 9.19.0 on NVIDIA H200";

/// A context that plans by a table of its own.
struct Planning {
  explicit Planning(const std::string& machine = kMachine) : table(machine) {
    world();  // they have found each other
    context.set_plans(&table);
  }
  Context context;
  PlanTable table;
};

/// What planning together throws on every rank.
std::string failure(Planning& planning, const std::function<void()>& work) {
  try {
    ranks().plan(planning.context, work);
  } catch (const Disagreement& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("plans: rank 0 chooses, and the others plan by its table") {
  Planning planning;
  int calls = 0;
  ranks().plan(planning.context, [&] {
    ++calls;
    if (ranks().first()) {
      // As rank 0 finds them by timing. More than one block of text, and no multiple of a word.
      for (int i = 0; i < 70; ++i) planning.table.add(std::string(i, 'x') + "convolution", {});
      return;
    }
    CHECK(planning.table.choices().size() == 70);
    CHECK(planning.table.find("convolution"));
    CHECK(planning.table.seconds_left == 0);
  });
  CHECK(calls == 1);
  CHECK(planning.context.plans() == &planning.table);
  std::string first = planning.table.text();
  ranks().share(first);
  CHECK(planning.table.text() == first);
}

TEST_CASE("plans: what another rank has chosen by itself counts for nothing") {
  Planning planning;
  planning.table.add(ranks().first() ? "of rank 0" : "of another", {});
  ranks().plan(planning.context, [] {});
  CHECK(planning.table.choices().size() == 1);
  CHECK(planning.table.find("of rank 0"));
}

TEST_CASE("plans: without a table every rank plans") {
  Context context;
  int calls = 0;
  ranks().plan(context, [&] { ++calls; });
  CHECK(calls == 1);
}

TEST_CASE("plans: a failure of one rank is told on all") {
  Planning planning;
  int calls = 0;
  CHECK(failure(planning, [&] {
          ++calls;
          throw Error("no engine");
        }) == "no engine");
  CHECK(calls == (ranks().first() ? 1 : 0));  // nothing to plan by
  const std::string told = failure(planning, [&] {
    if (world().rank() == 1) throw Error("no memory");
  });
  CHECK(told.starts_with("rank 1 on "));
  CHECK(told.ends_with(": no memory"));
}

TEST_CASE("plans: all ranks need the same library and card") {
  Planning planning(world().rank() == 1 ? "cuDNN 9.19.0 on NVIDIA H100" : kMachine);
  const std::string told = failure(planning, [] { FAIL_CHECK("planned"); });
  CHECK(told.starts_with("rank 1 on "));
  CHECK(told.ends_with(
      ": its combination of cuDNN and GPU differs from rank 0's; all ranks need the same"));
}

TEST_CASE("plans: a text of any length is shared") {
  world();
  for (const int length : {0, 1, 3, 4, 5, 1000}) {
    std::string text(ranks().first() ? length : 7, ranks().first() ? 'a' : 'b');
    ranks().share(text);
    CHECK(text == std::string(length, 'a'));
  }
}

}  // namespace lanet::test
