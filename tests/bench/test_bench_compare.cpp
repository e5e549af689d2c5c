// bench compare: its verdict on files made up, and what it refuses.
#include <nlohmann/json.hpp>

#include "bench/compare.h"

#include "tests/input_error.h"
#include "tests/program.h"

namespace lanet::test {
namespace {

using bench::Comparison;
using nlohmann::json;

json spread(double p10, double median, double p90) {
  return {{"median", median}, {"p10", p10}, {"p90", p90}};
}

json result(const std::string& operation, const json& cold, const json& warm) {
  return {{"operation", operation},
          {"dtype", "f32"},
          {"sizes", "8x8"},
          {"cold_ms", cold},
          {"warm_ms", warm}};
}

json file_of(const std::vector<json>& results) {
  return {{"format", "lanet-bench-kernels/1"},
          {"device", "cpu"},
          {"device_name", "a processor"},
          {"threads", 2},
          {"tf32", false},
          {"results", results}};
}

json step_file(const json& step_ms) {
  json file = file_of({});
  file["format"] = "lanet-bench-step/1";
  for (const auto& [key, value] :
       {std::pair("backbone", json("resnet18")), std::pair("image", json(64)),
        std::pair("batch", json(16)), std::pair("dtype", json("f32"))})
    file[key] = value;
  file["step_ms"] = step_ms;
  return file;
}

Comparison compare(const json& a, const json& b) {
  return bench::compare(a, "a.json", b, "b.json");
}
std::string refusal(const json& a, const json& b) {
  return input_error([&] { compare(a, b); });
}

}  // namespace

TEST_CASE("bench compare: what lies apart moved, the largest factor first") {
  const json steady = spread(0.9, 1, 1.1);
  const Comparison found =
      compare(file_of({result("add", steady, steady), result("knn", spread(3.9, 4, 4.1), steady),
                       result("gone", steady, steady)}),
              file_of({result("add", spread(1.15, 1.2, 1.3), spread(1.05, 1.2, 1.4)),
                       result("knn", spread(0.9, 1, 1.2), steady), result("new", steady, steady)}));
  CHECK(found.compared == 4);
  REQUIRE(found.moved.size() == 2);
  CHECK(found.moved[0].name == "knn f32 8x8 cold");
  CHECK(found.moved[0].ratio() == 0.25);
  CHECK(found.moved[1].name == "add f32 8x8 cold");
  CHECK(found.moved[1].before == 1);
  CHECK(found.moved[1].after == 1.2);
  CHECK(found.only_before == std::vector<std::string>{"gone f32 8x8 cold", "gone f32 8x8 warm"});
  CHECK(found.only_after == std::vector<std::string>{"new f32 8x8 cold", "new f32 8x8 warm"});
}

TEST_CASE("bench compare: nothing moved between a file and itself; two steps are compared too") {
  const json file = file_of({result("add", spread(0.9, 1, 1.1), spread(0.1, 0.2, 0.3))});
  CHECK(compare(file, file).moved.empty());
  const Comparison steps = compare(step_file(spread(99, 100, 101)), step_file(spread(49, 50, 51)));
  REQUIRE(steps.moved.size() == 1);
  CHECK(steps.moved[0].name == "step resnet18 64 px batch 16 f32");
  CHECK(steps.moved[0].ratio() == 0.5);
  json on_two = step_file(spread(49, 50, 51));
  on_two["ranks"] = 2;
  CHECK(compare(step_file(spread(99, 100, 101)), on_two).only_after ==
        std::vector<std::string>{"step resnet18 64 px batch 16 f32 on 2 ranks"});
}

TEST_CASE("bench compare: files of another device, format or content are refused in one line") {
  const json good = file_of({result("add", spread(0.9, 1, 1.1), spread(0.1, 0.2, 0.3))});
  CHECK(refusal(good, good).empty());
  json other = good;
  other["device_name"] = "another";
  CHECK(refusal(good, other) ==
        "a.json: device_name: a processor, but b.json: device_name: another; expected the same");
  other = good;
  other["threads"] = 4;
  CHECK(is_line_with(refusal(good, other), "b.json: threads: 4"));
  CHECK(is_line_with(refusal(good, step_file(spread(1, 2, 3))), "lanet-bench-step/1"));
  CHECK(is_line_with(refusal(good, {{"format", "lanet-compare/1"}}),
                     "b.json: format: lanet-compare/1; expected lanet-bench-kernels/1"));
  CHECK(is_line_with(refusal(json::object(), good), "a.json: no field 'format'"));
  CHECK(is_line_with(refusal(json::array(), good), "a.json: no field 'format'"));
  other = good;
  other["results"][0]["cold_ms"]["p10"] = "fast";
  CHECK(refusal(good, other) == "b.json: results[0].cold_ms.p10: \"fast\"; expected a time in ms");
  other = good;
  other["results"] = json::array();
  CHECK(is_line_with(refusal(good, other), "b.json: results: expected a list of measurements"));
}

TEST_CASE("bench compare: the program says what moved, or that nothing did") {
  const TemporaryFolder folder;
  const json before = file_of({result("add", spread(0.9, 1, 1.1), spread(0.1, 0.2, 0.3))});
  const json after = file_of({result("add", spread(1.9, 2, 2.1), spread(0.1, 0.2, 0.3))});
  const std::string a = folder.write("a.json", before.dump()).string();
  const std::string b = folder.write("b.json", after.dump()).string();
  const Outcome moved = run("bench compare " + a + " " + b);
  CHECK(moved.code == 0);
  CHECK(moved.out.find("add f32 8x8 cold") != std::string::npos);
  CHECK(moved.out.find("2.000 slower") != std::string::npos);
  CHECK(moved.out.find("1 of 2 measurements moved") != std::string::npos);
  CHECK(run("bench compare " + a + " " + a).out ==
        "nothing moved: 2 measurements lie within noise\n");
  check_refused("bench compare " + a, "AFTER");
  check_refused("bench compare " + a + " /no/such.json", "/no/such.json");
  const std::string text = folder.write("c.json", "median 3").string();
  check_refused("bench compare " + a + " " + text, "c.json: not JSON: parse error at line 1");
}

}  // namespace lanet::test
