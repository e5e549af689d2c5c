// Golden files with one value edited: each is refused in one line or judged, and nothing crashes.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "core/context.h"
#include "core/error.h"
#include "tests/golden.h"
#include "tests/input_error.h"
#include "train/golden/check.h"
#include "train/golden/contents.h"
#include "train/golden/step.h"

namespace lanet::test {
namespace {

using nlohmann::json;

/// Pointers to all values; of a list, and of an object with a member per parameter, to the first,
/// second and last alone.
void collect_places(const json& value, const json::json_pointer& path,
                    std::vector<json::json_pointer>& places) {
  places.push_back(path);
  const size_t size = value.size();
  const size_t beginning = value.is_array() || size > 50 ? 2 : size;
  size_t i = 0;
  for (const auto& [key, member] : value.items()) {
    if (value.is_structured() && (i < beginning || i + 1 == size))
      collect_places(member, value.is_array() ? path / i : path / key, places);
    ++i;
  }
}

const std::vector<json>& edits() {
  static const std::vector<json> values = {nullptr,
                                           true,
                                           -1,
                                           0,
                                           1,
                                           7,
                                           1000000,
                                           int64_t{1} << 40,
                                           INT64_MIN,
                                           UINT64_MAX,
                                           0.5,
                                           1e300,
                                           "x",
                                           json::array(),
                                           json::array({json::array()}),
                                           json::object()};
  return values;
}

/// Calls `judge` with each single edit of `golden`. It may throw InputError in one line, or throw a
/// json exception where a value is only compared (verify makes a line of it). Returns how many
/// edits were judged.
template <typename Judge>
int judge_edits(const json& golden, const std::vector<json::json_pointer>& places, Judge&& judge) {
  int judged = 0;
  const auto attempt = [&](const json& edited) {
    try {
      judge(edited);
      ++judged;
    } catch (const InputError& error) {
      CHECK(std::string(error.what()).find('\n') == std::string::npos);
    } catch (const json::exception&) {
    } catch (const std::exception& error) {
      FAIL_CHECK(std::string(error.what()));
    }
  };
  json edited = golden;
  for (const auto& place : places) {
    if (place.empty()) continue;
    CAPTURE(place.to_string());
    for (const json& value : edits()) {
      CAPTURE(value.dump());
      edited[place] = value;
      attempt(edited);
    }
    json& parent = edited[place.parent_pointer()];
    parent = golden[place.parent_pointer()];
    if (parent.is_object())
      parent.erase(place.back());
    else
      parent.erase(std::stoul(place.back()));
    attempt(edited);
    parent = golden[place.parent_pointer()];
  }
  return judged;
}

std::vector<json::json_pointer> places_of(const json& golden) {
  std::vector<json::json_pointer> places;
  collect_places(golden, json::json_pointer(), places);
  return places;
}

}  // namespace

TEST_CASE("golden files: an edited value of the components is refused or judged") {
  const json golden = golden_file("components.json");
  Context context;
  context.set_exact_products(true);
  const json ours = run_golden_components(context, golden, "x.json", DType::f64);
  // What the modules read; the other values are only compared.
  const std::set<std::string> inputs = {
      "salt",       "shape",   "grid",           "point_xy",     "batch",      "classes",
      "neighbours", "samples", "dim_expression", "dim_landmark", "indices",    "queries",
      "dim",        "bank",    "temperature",    "labels",       "bank_labels"};
  std::vector<json::json_pointer> read, compared;
  for (const auto& place : places_of(golden)) {
    const std::string last = place.empty() ? "" : place.back();
    const json::json_pointer parent = place.parent_pointer();
    const std::string owner = parent.empty() ? "" : parent.back();
    (inputs.count(last) || inputs.count(owner) ? read : compared).push_back(place);
  }
  CHECK(judge_edits(golden, compared, [&](const json& edited) {
          require_golden_components(edited, "x.json");
          check_components_file(edited, ours, DType::f64, nullptr);
        }) > 100);
  CHECK(judge_edits(golden, read, [&](const json& edited) {
          require_golden_components(edited, "x.json");
          check_components_file(edited,
                                run_golden_components(context, edited, "x.json", DType::f64),
                                DType::f64, nullptr);
        }) > 10);
}

TEST_CASE("golden files: an edited value of a step is refused or judged") {
  json golden = golden_file("step_resnet18.json");
  golden["steps"].erase(1);  // one is enough
  golden["steps"].erase(1);
  Context context;
  const json ours = run_golden_step(context, golden, "x.json", DType::f32);
  std::vector<json::json_pointer> places;
  collect_places(golden["config"], json::json_pointer("/config"), places);
  collect_places(golden["steps"], json::json_pointer("/steps"), places);
  CHECK(judge_edits(golden, places, [&](const json& edited) {
          require_golden_step(edited, "x.json");
          check_step_file(edited, ours, DType::f32);
        }) > 100);
}

TEST_CASE("golden files: a value that the kernels could not bear is named with its place") {
  const auto refused_step = [](const char* place, const json& value) {
    json golden = golden_file("step_resnet18.json");
    golden[json::json_pointer(place)] = value;
    return input_error([&] { require_golden_step(golden, "x.json"); });
  };
  CHECK(refused_step("/config/labels/3", 7) ==
        "x.json: /config/labels/3 is 7; expected a whole number from 0 to 6");
  CHECK(refused_step("/config/labels/3", -1) ==
        "x.json: /config/labels/3 is -1; expected a whole number from 0 to 6");
  CHECK(refused_step("/config/labels", json::array()) ==
        "x.json: /config/labels has 0 values; expected 40");
  CHECK(refused_step("/config/neighbours", 16) ==
        "x.json: /config/neighbours is 16; expected a whole number from 1 to 15");
  CHECK(refused_step("/config/landmarks", 0) ==
        "x.json: /config/landmarks is 0; expected a whole number from 1 to 500");
  CHECK(refused_step("/config/bank", 15) ==
        "x.json: /config/bank is 15; expected a whole number from 16 to 1048576");
  CHECK(refused_step("/config/arch", "resnet19") ==
        "x.json: /config/arch is 'resnet19'; expected one of resnet18, resnet34, resnet50");
  CHECK(refused_step("/steps/0/indices/2", 40) ==
        "x.json: /steps/0/indices/2 is 40; expected a whole number from 0 to 39");
  CHECK(refused_step("/steps", 3) == "x.json: /steps is 3; expected a list");

  json golden = golden_file("components.json");
  golden["heatmap"]["grid"] = 1 << 20;
  CHECK(input_error([&] { require_golden_components(golden, "x.json"); }) ==
        "x.json: /heatmap/grid is 1048576; expected a whole number from 1 to 1024");
  golden["heatmap"].erase("grid");
  CHECK(input_error([&] { require_golden_components(golden, "x.json"); }) ==
        "x.json: /heatmap/grid is missing");
}

}  // namespace lanet::test
