// Reads an ONNX model, as far as those of onnx_graph.h go, by the field numbers of onnx.proto.
// Whatever it does not know fails the test.
#pragma once

#include <doctest/doctest.h>

#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/protobuf_reader.h"

namespace lanet::test {

struct OnnxTensor {
  std::vector<int64_t> shape;
  std::vector<double> values;  ///< row-major
};

struct OnnxNode {
  std::string op, name, output;
  std::vector<std::string> inputs;
  std::map<std::string, std::vector<int64_t>> attributes;  ///< one element: a single number
  std::map<std::string, std::string> texts;                ///< attributes that are strings
};

/// An input or an output.
struct OnnxValue {
  std::string name;
  int64_t element = 0;             ///< 1: f32, 2: u8
  std::vector<std::string> shape;  ///< the numbers, and the names of what may vary
};

struct OnnxModel {
  int64_t ir_version = 0, opset = 0;
  std::string producer, producer_version, name;
  std::map<std::string, std::string> metadata;
  std::vector<OnnxNode> nodes;
  std::map<std::string, OnnxTensor> constants;
  std::vector<OnnxValue> inputs, outputs;
};

namespace onnx {

/// Calls `known[number](field)` for each field.
template <typename Known>
void read_fields(std::string_view message, const Known& known) {
  for (const ProtobufField& field : read_protobuf(message)) {
    CAPTURE(field.number);
    const auto found = known.find(field.number);
    REQUIRE(found != known.end());
    found->second(field);
  }
}
using Fields = std::map<uint64_t, std::function<void(const ProtobufField&)>>;

inline auto into(std::string& place) {
  return [&place](const ProtobufField& field) { place = field.text(); };
}
inline auto into(int64_t& place) {
  return [&place](const ProtobufField& field) { place = field.integer(); };
}

inline void read_attribute(std::string_view message, OnnxNode& node) {
  std::string name, text;
  std::vector<int64_t> values;
  int64_t type = 0;
  bool list = false;
  read_fields(message, Fields{{1, into(name)},
                              {3, [&](const auto& field) { values = {field.integer()}; }},
                              {4, into(text)},
                              {8,
                               [&](const auto& field) {
                                 values.push_back(field.integer());
                                 list = true;
                               }},
                              {20, into(type)}});
  if (!text.empty()) {
    CHECK(type == 3);  // STRING
    CHECK(node.texts.emplace(name, text).second);
    return;
  }
  CHECK(type == (list ? 7 : 2));  // INTS, INT
  CHECK(node.attributes.emplace(name, values).second);
}

inline OnnxNode read_node(std::string_view message) {
  OnnxNode node;
  read_fields(message,
              Fields{{1, [&](const auto& field) { node.inputs.emplace_back(field.text()); }},
                     {2,
                      [&](const auto& field) {
                        CHECK(node.output.empty());
                        node.output = field.text();
                      }},
                     {3, into(node.name)},
                     {4, into(node.op)},
                     {5, [&](const auto& field) { read_attribute(field.text(), node); }}});
  return node;
}

inline void read_constant(std::string_view message, OnnxModel& model) {
  std::string name, bytes;
  int64_t type = 0;
  OnnxTensor tensor;
  read_fields(message,
              Fields{{1, [&](const auto& field) { tensor.shape.push_back(field.integer()); }},
                     {2, into(type)},
                     {8, into(name)},
                     {9, into(bytes)}});
  CAPTURE(name);
  CHECK(type == 1);  // FLOAT
  size_t elements = 1;
  for (const int64_t size : tensor.shape) elements *= static_cast<size_t>(size);
  REQUIRE(bytes.size() == elements * sizeof(float));
  std::vector<float> values(elements);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  tensor.values.assign(values.begin(), values.end());
  CHECK(model.constants.emplace(name, std::move(tensor)).second);
}

inline OnnxValue read_value(std::string_view message) {
  OnnxValue value;
  auto dim = [&](const ProtobufField& field) {
    std::string size;
    read_fields(
        field.text(),
        Fields{{1, [&](const auto& f) { size = std::to_string(f.integer()); }}, {2, into(size)}});
    value.shape.push_back(size);
  };
  auto shape = [&](const ProtobufField& field) { read_fields(field.text(), Fields{{1, dim}}); };
  auto tensor = [&](const ProtobufField& field) {
    read_fields(field.text(), Fields{{1, into(value.element)}, {2, shape}});
  };
  auto type = [&](const ProtobufField& field) { read_fields(field.text(), Fields{{1, tensor}}); };
  read_fields(message, Fields{{1, into(value.name)}, {2, type}});
  return value;
}

}  // namespace onnx

inline OnnxModel read_onnx(std::string_view file) {
  using onnx::Fields;
  using onnx::into;
  OnnxModel model;
  auto metadata = [&](const ProtobufField& field) {
    std::string key, value;
    onnx::read_fields(field.text(), Fields{{1, into(key)}, {2, into(value)}});
    CHECK(model.metadata.emplace(key, value).second);
  };
  auto graph = [&](const ProtobufField& field) {
    onnx::read_fields(
        field.text(),
        Fields{{1, [&](const auto& f) { model.nodes.push_back(onnx::read_node(f.text())); }},
               {2, into(model.name)},
               {5, [&](const auto& f) { onnx::read_constant(f.text(), model); }},
               {11, [&](const auto& f) { model.inputs.push_back(onnx::read_value(f.text())); }},
               {12, [&](const auto& f) { model.outputs.push_back(onnx::read_value(f.text())); }}});
  };
  onnx::read_fields(file, Fields{{1, into(model.ir_version)},
                                 {2, into(model.producer)},
                                 {3, into(model.producer_version)},
                                 {7, graph},
                                 {8,
                                  [&](const auto& field) {
                                    onnx::read_fields(field.text(), Fields{{2, into(model.opset)}});
                                  }},
                                 {14, metadata}});
  return model;
}

/// What onnx.checker asks of a graph: every name is made once, and before it is read; the outputs
/// are made. And nothing is made that nobody reads.
inline void check_topology(const OnnxModel& model) {
  std::set<std::string> made, read;
  for (const OnnxValue& input : model.inputs) CHECK(made.insert(input.name).second);
  for (const auto& [name, tensor] : model.constants) CHECK(made.insert(name).second);
  std::set<std::string> names;
  for (const OnnxNode& node : model.nodes) {
    CAPTURE(node.name);
    CHECK(names.insert(node.name).second);
    for (const std::string& input : node.inputs) {
      CAPTURE(input);
      if (input.empty()) continue;  // an optional one that is left out
      CHECK(made.contains(input));
      read.insert(input);
    }
    CHECK(made.insert(node.output).second);
  }
  for (const OnnxValue& output : model.outputs) {
    CHECK(made.contains(output.name));
    read.insert(output.name);
  }
  CHECK(made == read);
}

}  // namespace lanet::test
