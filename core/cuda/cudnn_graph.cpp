#include "core/cuda/cudnn_graph.h"

#include <algorithm>

namespace lanet::cudnn {

cudnnDataType_t library_dtype(DType dtype) {
  return dtype == DType::f64    ? CUDNN_DATA_DOUBLE
         : dtype == DType::bf16 ? CUDNN_DATA_BFLOAT16
                                : CUDNN_DATA_FLOAT;
}

Descriptor::Descriptor(cudnnBackendDescriptorType_t type) {
  LANET_CUDNN_CHECK(cudnnBackendCreateDescriptor(type, &descriptor_));
}

Descriptor::~Descriptor() {
  if (descriptor_) cudnnBackendDestroyDescriptor(descriptor_);
}

void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendAttributeType_t type,
                     int64_t count, const void* values) {
  LANET_CUDNN_CHECK(cudnnBackendSetAttribute(descriptor_, name, type, count, values));
}
void Descriptor::set(cudnnBackendAttributeName_t name, int64_t value) {
  set(name, CUDNN_TYPE_INT64, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, float value) {
  set(name, CUDNN_TYPE_FLOAT, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnDataType_t value) {
  set(name, CUDNN_TYPE_DATA_TYPE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnConvolutionMode_t value) {
  set(name, CUDNN_TYPE_CONVOLUTION_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendHeurMode_t value) {
  set(name, CUDNN_TYPE_HEUR_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnHandle_t value) {
  set(name, CUDNN_TYPE_HANDLE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendKnobType_t value) {
  set(name, CUDNN_TYPE_KNOB_TYPE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnPointwiseMode_t value) {
  set(name, CUDNN_TYPE_POINTWISE_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendNormMode_t value) {
  set(name, CUDNN_TYPE_NORM_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnBackendNormFwdPhase_t value) {
  set(name, CUDNN_TYPE_NORM_FWD_PHASE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, cudnnGenStatsMode_t value) {
  set(name, CUDNN_TYPE_GENSTATS_MODE, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, bool value) {
  set(name, CUDNN_TYPE_BOOLEAN, 1, &value);
}
void Descriptor::set(cudnnBackendAttributeName_t name, const Descriptor& value) {
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, 1, &value.descriptor_);
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<Descriptor>& values) {
  std::vector<cudnnBackendDescriptor_t> descriptors;
  for (const Descriptor& value : values) descriptors.push_back(value.descriptor_);
  set(name, CUDNN_TYPE_BACKEND_DESCRIPTOR, static_cast<int64_t>(descriptors.size()),
      descriptors.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<int64_t>& values) {
  set(name, CUDNN_TYPE_INT64, static_cast<int64_t>(values.size()), values.data());
}
void Descriptor::set(cudnnBackendAttributeName_t name, const std::vector<void*>& values) {
  set(name, CUDNN_TYPE_VOID_PTR, static_cast<int64_t>(values.size()), values.data());
}
void Descriptor::set_pointer(cudnnBackendAttributeName_t name, void* value) {
  set(name, CUDNN_TYPE_VOID_PTR, 1, &value);
}
void Descriptor::set_text(cudnnBackendAttributeName_t name, const std::string& value) {
  set(name, CUDNN_TYPE_CHAR, static_cast<int64_t>(value.size()), value.data());
}

void Descriptor::finalize() {
  LANET_CUDNN_CHECK(cudnnBackendFinalize(descriptor_));
}
std::string Descriptor::try_finalize() {
  const cudnnStatus_t status = cudnnBackendFinalize(descriptor_);
  if (status == CUDNN_STATUS_SUCCESS) return "";
  char reason[1024] = "";
  cudnnGetLastErrorString(reason, sizeof reason);
  return fmt::format("{} {}", cudnnGetErrorString(status), reason);
}

int64_t Descriptor::get_integer(cudnnBackendAttributeName_t name) const {
  int64_t value = 0, count = 0;
  LANET_CUDNN_CHECK(
      cudnnBackendGetAttribute(descriptor_, name, CUDNN_TYPE_INT64, 1, &count, &value));
  return value;
}

namespace {

/// All but what is special about it, and not finalised.
Descriptor started_tensor(int64_t id, const Shape& shape, cudnnDataType_t dtype) {
  const int64_t height = shape[1], width = shape[2], channels = shape[3];
  Descriptor tensor(CUDNN_BACKEND_TENSOR_DESCRIPTOR);
  tensor.set(CUDNN_ATTR_TENSOR_UNIQUE_ID, id);
  tensor.set(CUDNN_ATTR_TENSOR_DATA_TYPE, dtype);
  tensor.set(CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, int64_t{16});
  tensor.set(CUDNN_ATTR_TENSOR_DIMENSIONS, {shape[0], channels, height, width});
  tensor.set(CUDNN_ATTR_TENSOR_STRIDES,
             {height * width * channels, int64_t{1}, width * channels, channels});
  return tensor;
}

}  // namespace

Descriptor tensor_descriptor(int64_t id, const Shape& shape, DType dtype) {
  Descriptor tensor = started_tensor(id, shape, library_dtype(dtype));
  tensor.finalize();
  return tensor;
}
Descriptor virtual_descriptor(int64_t id, const Shape& shape, DType dtype) {
  Descriptor tensor = started_tensor(id, shape, library_dtype(dtype));
  tensor.set(CUDNN_ATTR_TENSOR_IS_VIRTUAL, true);
  tensor.finalize();
  return tensor;
}
Descriptor mask_descriptor(int64_t id, const Shape& shape) {
  Descriptor tensor = started_tensor(id, shape, CUDNN_DATA_BOOLEAN);
  tensor.finalize();
  return tensor;
}
Descriptor scalar_descriptor(int64_t id) {
  Descriptor tensor = started_tensor(id, {1, 1, 1, 1}, CUDNN_DATA_FLOAT);
  tensor.set(CUDNN_ATTR_TENSOR_IS_BY_VALUE, true);
  tensor.finalize();
  return tensor;
}

Plan::Plan(const Target& target, Operations operations, TensorCores tensor_cores,
           const std::string& what, PlanTable* table)
    : operations_(std::move(operations)),
      graph_(make_graph(target, operations_.operations)),
      chosen_(choose(target, tensor_cores, what, table)) {}

std::string table_key(const std::string& what, TensorCores tensor_cores) {
  return what + (tensor_cores == TensorCores::first ? ", tensor cores" : "");
}

Candidate Plan::choose(const Target& target, TensorCores tensor_cores, const std::string& what,
                       PlanTable* table) const {
  const std::string key = table_key(what, tensor_cores);
  std::string reason;
  if (const PlanEngine* engine = table ? table->find(key) : nullptr) {
    try {
      if (auto candidate = candidate_of(target, configuration_of(target, graph_, *engine), reason))
        return std::move(*candidate);
    } catch (const Error& error) {  // the library knows no such engine
      reason = error.what();
    }
    throw Error(
        fmt::format("the engine that was chosen for {} does not run: {}; --resume "
                    "--retune chooses again",
                    what, reason));
  }
  std::vector<Descriptor> configurations = allowed_configurations(target, graph_, tensor_cores);
  std::stable_partition(configurations.begin(), configurations.end(), has_tensor_cores);
  std::string reasons;
  for (Descriptor& configuration : configurations) {
    auto candidate = candidate_of(target, std::move(configuration), reason);
    if (!candidate) {
      reasons += "\n  " + reason;
      continue;
    }
    if (table) table->add(key, {.chosen = engine_of(candidate->configuration)});
    return std::move(*candidate);
  }
  throw Error(fmt::format("cuDNN {} has no engine for {}{}", cudnnGetVersion(), what,
                          reasons.empty() ? ": none was proposed" : reasons));
}

Descriptor variant_pack(const std::vector<int64_t>& ids, const std::vector<void*>& pointers,
                        void* workspace) {
  Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
  pack.set(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
  pack.set(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers);
  pack.set_pointer(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
  pack.finalize();
  return pack;
}

void Plan::run(cudnnHandle_t handle, const std::vector<int64_t>& ids,
               const std::vector<void*>& pointers, void* workspace) const {
  const Descriptor pack = variant_pack(ids, pointers, workspace);
  LANET_CUDNN_CHECK(cudnnBackendExecute(handle, chosen_.plan.get(), pack.get()));
}

}  // namespace lanet::cudnn
