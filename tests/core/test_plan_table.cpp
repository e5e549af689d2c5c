#include "core/plan_table.h"

#include <doctest/doctest.h>

#include "core/files/file.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

TEST_CASE("plan table: what is written is read, and nothing else is found") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "plans.json";
  PlanTable table("cuDNN 9.19.0 on NVIDIA H200");
  const PlanEngine engine{.engine = 47, .knobs = {{2, 1}, {36, 0}}, .milliseconds = 0.125};
  const PlanChoice choice{.chosen = engine, .timed = {engine, {.engine = 3, .milliseconds = 0.5}}};
  table.add("convolution forward: x bf16 [1, 2]", choice);
  table.add("convolution backward_data: x bf16 [1, 2]", {.chosen = {.engine = 3}});
  table.write(file);
  const PlanTable read = PlanTable::read(file, "cuDNN 9.19.0 on NVIDIA H200");
  CHECK(read.choices() == table.choices());
  REQUIRE(read.find("convolution forward: x bf16 [1, 2]"));
  CHECK(*read.find("convolution forward: x bf16 [1, 2]") == engine);
  CHECK_FALSE(read.find("convolution forward: x bf16 [1, 3]"));
}

TEST_CASE("plan table: one of another card or library is refused, and so is another file") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "plans.json";
  PlanTable("cuDNN 9.19.0 on NVIDIA H100").write(file);
  CHECK(input_error([&] { PlanTable::read(file, "cuDNN 9.19.0 on NVIDIA H200"); }) ==
        file.string() +
            ": its engines were chosen with cuDNN 9.19.0 on NVIDIA H100, and this is cuDNN 9.19.0 "
            "on NVIDIA H200; a run without --plans chooses its own; --resume --retune chooses "
            "again");
  for (const char* text : {"", "[1]", "{\"format\": 1}", "{\"format\": \"lanet-plans/1\"}"}) {
    write_text(file, text);
    CHECK(input_error([&] { PlanTable::read(file, "cuDNN"); }) ==
          file.string() +
              ": expected a table of plans, \"format\": \"lanet-plans/2\"; a run without --plans "
              "chooses its own; --resume --retune chooses again");
  }
  write_text(file, R"({"format": "lanet-plans/2", "machine": "cuDNN", "plans": {"a": {}}})");
  CHECK(is_line_with(input_error([&] { PlanTable::read(file, "cuDNN"); }), "engine"));
  write_text(file, R"({"format": "lanet-plans/2", "machine": "cuDNN",
                       "plans": {"a": {"engine": 1, "ms": 0, "knobs": {"1x": 2}, "timed": []}}})");
  CHECK(input_error([&] { PlanTable::read(file, "cuDNN"); }) ==
        file.string() + ": a: knob '1x': expected a number");
  write_text(file, R"({"format": "lanet-plans/2", "machine": "cuDNN",
                       "plans": {"a": {"engine": 1, "ms": 0, "knobs": {}, "timed": [
                         {"engine": 1, "ms": 0, "knobs": {"y": 2}}]}}})");
  CHECK(input_error([&] { PlanTable::read(file, "cuDNN"); }) ==
        file.string() + ": a: timed: knob 'y': expected a number");
  write_text(file, R"({"format": "lanet-plans/2", "machine": "cuDNN",
                       "plans": {"a": {"engine": 1, "ms": 0, "knobs": {}}}})");
  CHECK(is_line_with(input_error([&] { PlanTable::read(file, "cuDNN"); }), "timed"));
}

namespace {

/// Races of two engines that take a second each, and a third that is compiled for four, by a clock
/// of their own.
struct InventedRaces {
  double now = 100;
  std::vector<std::string> held;

  PlanTable::Race race(const std::string& name) {
    return [this, name](bool compiled, const std::function<bool()>& out_of_time,
                        std::vector<PlanEngine>& timed) {
      held.push_back(name + (compiled ? ", compiled" : ""));
      if (compiled) {
        now += 4;
        timed.insert(timed.begin(), {.engine = 3, .milliseconds = 0.25});
        return;
      }
      for (const int64_t engine : {1, 2}) {
        if (out_of_time()) break;
        now += 1;
        timed.push_back({.engine = engine, .milliseconds = 0.5});
      }
    };
  }
  void tune(PlanTable& table) {
    table.tune([this] { return now; });
  }
};

}  // namespace

TEST_CASE("plan table: the most floor time is tuned first, and equal requests are one") {
  InventedRaces races;
  PlanTable table("cuDNN");
  table.request("small, often", 0.25, races.race("small, often"));
  table.request("large", 0.5, races.race("large"));
  table.request("known", 9, races.race("known"));
  table.request("small, often", 0.25, races.race("small, often"));
  table.request("small, often", 0.25, races.race("small, often"));
  table.request("least", 0.125, races.race("least"));
  table.add("known", {.chosen = {.engine = 8}});
  races.tune(table);
  CHECK(races.held == std::vector<std::string>{"small, often", "large", "least",
                                               "small, often, compiled", "large, compiled",
                                               "least, compiled"});
  CHECK(table.seconds_left == 12);
  CHECK(table.not_tuned() == 0);
  CHECK(table.choices().size() == 4);
  CHECK(table.find("known")->engine == 8);
  const PlanEngine first{.engine = 3, .milliseconds = 0.25};
  CHECK(table.choices().at("large") == PlanChoice{.chosen = first,
                                                  .timed = {first,
                                                            {.engine = 1, .milliseconds = 0.5},
                                                            {.engine = 2, .milliseconds = 0.5}}});
  races.tune(table);  // nothing is asked for any more
  CHECK(races.held.size() == 6);
}

TEST_CASE("plan table: when the seconds are spent, the rest is not tuned") {
  InventedRaces races;
  PlanTable table("cuDNN");
  table.seconds_left = 3;
  for (const char* name : {"a", "b", "c"}) table.request(name, 1, races.race(name));
  races.tune(table);
  CHECK(races.held == std::vector<std::string>{"a", "b"});
  CHECK(table.choices().at("a").timed.size() == 2);
  CHECK(table.choices().at("b").timed.size() == 1);
  CHECK_FALSE(table.find("c"));
  CHECK(table.not_tuned() == 1);
  CHECK(table.seconds_left == 0);
  table.request("d", 1, races.race("d"));
  races.tune(table);
  CHECK(races.held.size() == 2);
  CHECK(table.not_tuned() == 2);
}

TEST_CASE("plan table: compiled engines wait until all others were timed everywhere") {
  InventedRaces races;
  PlanTable table("cuDNN");
  table.seconds_left = 5;
  for (const char* name : {"a", "b"}) table.request(name, 1, races.race(name));
  races.tune(table);
  CHECK(races.held == std::vector<std::string>{"a", "b", "a, compiled"});
  CHECK(table.find("a")->engine == 3);
  CHECK(table.find("b")->engine == 1);
  CHECK(table.not_tuned() == 0);
}

TEST_CASE("plan table: a race in which no engine finished chooses nothing") {
  PlanTable table("cuDNN");
  table.request("a", 1, [](bool, const std::function<bool()>&, std::vector<PlanEngine>&) {});
  table.tune();
  CHECK(table.not_tuned() == 1);
  CHECK(table.choices().empty());
}

}  // namespace lanet::test
