#include "core/plan_table.h"

#include <doctest/doctest.h>

#include "core/file.h"
#include "tests/input_error.h"
#include "tests/temporary_folder.h"

namespace lanet::test {

TEST_CASE("plan table: what is written is read, and nothing else is found") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "plans.json";
  PlanTable table("cuDNN 9.19.0 on NVIDIA H200");
  const PlanChoice choice{.engine = 47, .knobs = {{2, 1}, {36, 0}}, .milliseconds = 0.125};
  table.add("convolution forward: x bf16 [1, 2]", choice);
  table.add("convolution backward_data: x bf16 [1, 2]", {.engine = 3});
  table.write(file);
  const PlanTable read = PlanTable::read(file, "cuDNN 9.19.0 on NVIDIA H200");
  CHECK(read.choices().size() == 2);
  REQUIRE(read.find("convolution forward: x bf16 [1, 2]"));
  CHECK(*read.find("convolution forward: x bf16 [1, 2]") == choice);
  CHECK_FALSE(read.find("convolution forward: x bf16 [1, 3]"));
}

TEST_CASE("plan table: one of another card or library is refused, and so is another file") {
  const TemporaryFolder folder;
  const auto file = folder.path() / "plans.json";
  PlanTable("cuDNN 9.19.0 on NVIDIA H100").write(file);
  CHECK(input_error([&] { PlanTable::read(file, "cuDNN 9.19.0 on NVIDIA H200"); }) ==
        file.string() +
            ": its engines were chosen with cuDNN 9.19.0 on NVIDIA H100, and this is cuDNN 9.19.0 "
            "on NVIDIA H200; without --plans a run chooses its own, and --resume --retune chooses "
            "anew");
  for (const char* text : {"", "[1]", "{\"format\": 1}", "{\"format\": \"lanet-plans/2\"}"}) {
    write_text(file, text);
    CHECK(input_error([&] { PlanTable::read(file, "cuDNN"); }) ==
          file.string() + ": expected a table of plans, \"format\": \"lanet-plans/1\"");
  }
  write_text(file, R"({"format": "lanet-plans/1", "machine": "cuDNN", "plans": {"a": {}}})");
  CHECK(is_line_with(input_error([&] { PlanTable::read(file, "cuDNN"); }), "engine"));
  write_text(file, R"({"format": "lanet-plans/1", "machine": "cuDNN",
                       "plans": {"a": {"engine": 1, "ms": 0, "knobs": {"1x": 2}}}})");
  CHECK(input_error([&] { PlanTable::read(file, "cuDNN"); }) ==
        file.string() + ": a: knob '1x': expected a number");
}

}  // namespace lanet::test
