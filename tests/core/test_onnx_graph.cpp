#include "core/files/onnx_graph.h"

#include "core/error.h"
#include "tests/onnx_interpreter.h"

namespace lanet::test {

using Strings = std::vector<std::string>;
using Integers = std::vector<int64_t>;

TEST_CASE("onnx graph: what is written is read back") {
  OnnxGraph graph("tiny");
  const std::string x = graph.input("x", OnnxGraph::Element::u8, {2});
  const std::string floats = graph.node("Cast", {x}, "floats", {{"to", int64_t{1}}});
  const std::string w = graph.constant("w", {3, 2}, {1, 2, 3, 4, 0.1, -6});
  const std::string b = graph.constant("b", {3}, {0, -100, 1e-30});
  const std::string y = graph.node("Gemm", {floats, w, b}, "y", {{"transB", int64_t{1}}});
  graph.output(y, OnnxGraph::Element::f32, {3});
  const OnnxModel model = read_onnx(graph.model("0.5", {{"a", "1"}, {"b", "zwei\nü"}, {"c", ""}}));

  check_topology(model);
  CHECK(model.name == "tiny");
  CHECK(model.ir_version == 8);
  CHECK(model.opset == 13);
  CHECK(model.producer_version == "0.5");
  CHECK(model.metadata ==
        std::map<std::string, std::string>{{"a", "1"}, {"b", "zwei\nü"}, {"c", ""}});
  REQUIRE(model.inputs.size() == 1);
  CHECK(model.inputs[0].name == "x");
  CHECK(model.inputs[0].element == 2);
  CHECK(model.inputs[0].shape == Strings{"batch", "2"});
  REQUIRE(model.outputs.size() == 1);
  CHECK(model.outputs[0].element == 1);
  CHECK(model.outputs[0].shape == Strings{"batch", "3"});
  REQUIRE(model.nodes.size() == 2);
  CHECK(model.nodes[1].op == "Gemm");
  CHECK(model.nodes[1].inputs == Strings{"floats", "w", "b"});
  CHECK(model.constants.at("w").shape == Integers{3, 2});
  CHECK(model.constants.at("w").values[4] == static_cast<double>(0.1f));

  const auto values = evaluate(model, {{1, 2}, {10, 1}});
  CHECK(values.at("y").values[0] == 12);
  CHECK(values.at("y").values[1] == -66);
}

TEST_CASE("onnx graph: an attribute is one number, a list of them or a text") {
  OnnxGraph graph("attributes");
  graph.node("Op", {}, "y",
             {{"axis", int64_t{-1}},
              {"sizes", Integers{3, -2, 0}},
              {"one", Integers{7}},
              {"mode", std::string("linear")}});
  const OnnxModel model = read_onnx(graph.model("", {}));
  REQUIRE(model.nodes.size() == 1);
  CHECK(model.nodes[0].attributes ==
        std::map<std::string, Integers>{{"axis", {-1}}, {"sizes", {3, -2, 0}}, {"one", {7}}});
  CHECK(model.nodes[0].texts == std::map<std::string, std::string>{{"mode", "linear"}});
}

TEST_CASE("onnx graph: an optional input that is left out has no name") {
  OnnxGraph graph("optional");
  const std::string x = graph.input("x", OnnxGraph::Element::f32, {1, 1, 2});
  const std::string scales = graph.constant("scales", {4}, {1, 1, 1, 2});
  const std::string y =
      graph.node("Resize", {x, "", scales}, "y", {{"mode", std::string("linear")}});
  graph.output(y, OnnxGraph::Element::f32, {1, 1, 4});
  const OnnxModel model = read_onnx(graph.model("", {}));
  check_topology(model);
  REQUIRE(model.nodes.size() == 1);
  CHECK(model.nodes[0].inputs == Strings{"x", "", "scales"});
  CHECK(evaluate(model, {{1, 1, 1, 2}, {0, 4}}).at("y").values == std::vector<double>{0, 1, 3, 4});
}

TEST_CASE("onnx graph: a constant needs as many values as its shape has elements") {
  OnnxGraph graph("wrong");
  CHECK_THROWS_AS(graph.constant("w", {2, 2}, {1, 2, 3}), Error);
  CHECK_THROWS_AS(graph.constant("w", {}, {}), Error);
  CHECK_NOTHROW(graph.constant("w", {}, {1}));
}

}  // namespace lanet::test
