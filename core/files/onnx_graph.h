// ONNX models, written as the Protocol Buffers of onnx.proto:
// https://onnx.ai/onnx/repo-docs/IR.html
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/files/protobuf_writer.h"

namespace lanet {

/// A graph under construction. Values are referred to by name; a node stands behind those that
/// make what it reads, and is named like its output.
class OnnxGraph {
 public:
  enum class Element { f32 = 1, u8 = 2 };  ///< numbers of TensorProto.DataType
  struct Attribute {
    const char* name;
    std::variant<int64_t, std::vector<int64_t>, std::string> value;
  };

  explicit OnnxGraph(std::string_view name);

  /// An input, and an output: [batch, row...] for any batch. Both return the name.
  std::string input(const std::string& name, Element element, const std::vector<int64_t>& row);
  std::string output(const std::string& name, Element element, const std::vector<int64_t>& row);
  /// An f32 initializer; returns its name.
  std::string constant(const std::string& name, const std::vector<int64_t>& shape,
                       const std::vector<double>& values);
  /// A node with one output; returns the output's name. An input "" is an optional one left out.
  std::string node(std::string_view op_type, const std::vector<std::string>& inputs,
                   const std::string& output, const std::vector<Attribute>& attributes = {});

  /// The bytes of a file: a model of this graph (IR version 8, operators of opset 13) and its
  /// metadata_props.
  std::string model(std::string_view producer_version,
                    const std::map<std::string, std::string>& metadata) const;

 private:
  ProtobufWriter graph_;
};

}  // namespace lanet
