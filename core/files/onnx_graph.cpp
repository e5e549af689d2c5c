#include "core/files/onnx_graph.h"

#include "core/error.h"

namespace lanet {

namespace {

// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto: the numbers of the fields that are
// written, message by message, and of the types of attributes.
enum Field {
  kModelIrVersion = 1,
  kModelProducerName = 2,
  kModelProducerVersion = 3,
  kModelGraph = 7,
  kModelOpsetImport = 8,
  kModelMetadataProps = 14,

  kOpsetVersion = 2,

  kEntryKey = 1,
  kEntryValue = 2,

  kGraphNode = 1,
  kGraphName = 2,
  kGraphInitializer = 5,
  kGraphInput = 11,
  kGraphOutput = 12,

  kNodeInput = 1,
  kNodeOutput = 2,
  kNodeName = 3,
  kNodeOpType = 4,
  kNodeAttribute = 5,

  kAttributeName = 1,
  kAttributeInt = 3,
  kAttributeString = 4,
  kAttributeInts = 8,
  kAttributeType = 20,

  kTensorDims = 1,
  kTensorDataType = 2,
  kTensorName = 8,
  kTensorRawData = 9,

  kValueName = 1,
  kValueType = 2,
  kTypeTensor = 1,
  kTensorTypeElement = 1,
  kTensorTypeShape = 2,
  kShapeDim = 1,
  kDimValue = 1,
  kDimParam = 2,
};
constexpr int64_t kIrVersion = 8, kOpset = 13;
constexpr int64_t kIntAttribute = 2, kStringAttribute = 3, kIntsAttribute = 7;

/// A ValueInfoProto.
ProtobufWriter tensor_value(const std::string& name, OnnxGraph::Element element,
                            const std::vector<int64_t>& row) {
  ProtobufWriter batch, shape, tensor, type, value;
  batch.text(kDimParam, "batch");
  shape.message(kShapeDim, batch);
  for (const int64_t size : row) {
    ProtobufWriter dim;
    dim.integer(kDimValue, size);
    shape.message(kShapeDim, dim);
  }
  tensor.integer(kTensorTypeElement, static_cast<int64_t>(element));
  tensor.message(kTensorTypeShape, shape);
  type.message(kTypeTensor, tensor);
  value.text(kValueName, name);
  value.message(kValueType, type);
  return value;
}

ProtobufWriter attribute_message(const OnnxGraph::Attribute& attribute) {
  ProtobufWriter message;
  message.text(kAttributeName, attribute.name);
  if (const auto* list = std::get_if<std::vector<int64_t>>(&attribute.value)) {
    for (const int64_t value : *list) message.integer(kAttributeInts, value);
    message.integer(kAttributeType, kIntsAttribute);
  } else if (const auto* text = std::get_if<std::string>(&attribute.value)) {
    message.text(kAttributeString, *text);
    message.integer(kAttributeType, kStringAttribute);
  } else {
    message.integer(kAttributeInt, std::get<int64_t>(attribute.value));
    message.integer(kAttributeType, kIntAttribute);
  }
  return message;
}

}  // namespace

OnnxGraph::OnnxGraph(std::string_view name) {
  graph_.text(kGraphName, name);
}

std::string OnnxGraph::input(const std::string& name, Element element,
                             const std::vector<int64_t>& row) {
  graph_.message(kGraphInput, tensor_value(name, element, row));
  return name;
}

std::string OnnxGraph::output(const std::string& name, Element element,
                              const std::vector<int64_t>& row) {
  graph_.message(kGraphOutput, tensor_value(name, element, row));
  return name;
}

std::string OnnxGraph::constant(const std::string& name, const std::vector<int64_t>& shape,
                                const std::vector<double>& values) {
  const std::vector<float> rounded(values.begin(), values.end());
  int64_t elements = 1;
  for (const int64_t size : shape) elements *= size;
  LANET_REQUIRE(elements == std::ssize(values), "{}: {} values for {} elements", name,
                values.size(), elements);
  ProtobufWriter tensor;
  for (const int64_t size : shape) tensor.integer(kTensorDims, size);
  tensor.integer(kTensorDataType, static_cast<int64_t>(Element::f32));
  tensor.text(kTensorName, name);
  // Little-endian, as all machines that the program is built for.
  tensor.text(kTensorRawData,
              {reinterpret_cast<const char*>(rounded.data()), rounded.size() * sizeof(float)});
  graph_.message(kGraphInitializer, tensor);
  return name;
}

std::string OnnxGraph::node(std::string_view op_type, const std::vector<std::string>& inputs,
                            const std::string& output, const std::vector<Attribute>& attributes) {
  ProtobufWriter node;
  for (const std::string& input : inputs) node.text(kNodeInput, input);
  node.text(kNodeOutput, output);
  node.text(kNodeName, output);
  node.text(kNodeOpType, op_type);
  for (const Attribute& attribute : attributes)
    node.message(kNodeAttribute, attribute_message(attribute));
  graph_.message(kGraphNode, node);
  return output;
}

std::string OnnxGraph::model(std::string_view producer_version,
                             const std::map<std::string, std::string>& metadata) const {
  ProtobufWriter opset, model;
  opset.integer(kOpsetVersion, kOpset);
  model.integer(kModelIrVersion, kIrVersion);
  model.text(kModelProducerName, "lanet-cuda");
  model.text(kModelProducerVersion, producer_version);
  model.message(kModelOpsetImport, opset);
  for (const auto& [key, value] : metadata) {
    ProtobufWriter entry;
    entry.text(kEntryKey, key);
    entry.text(kEntryValue, value);
    model.message(kModelMetadataProps, entry);
  }
  model.message(kModelGraph, graph_);
  return model.bytes();
}

}  // namespace lanet
