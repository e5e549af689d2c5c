#include "train/checkpoint.h"

#include <nlohmann/json.hpp>

#include "core/parameter_io.h"
#include "core/printable.h"
#include "data/expressions.h"

namespace lanet {

namespace {

constexpr const char* kFormat = "lanet-checkpoint/1";
constexpr const char* kFirstMoment = "adam.first.";
constexpr const char* kSecondMoment = "adam.second.";
constexpr const char* kMomentum = "momentum.";
constexpr const char* kState = "state.";

HostArray to_array(const std::vector<int64_t>& shape, DType dtype,
                   const std::vector<double>& values) {
  HostArray array(shape, host_dtype(dtype));
  auto fill = [&]<typename T>() {
    T* to = reinterpret_cast<T*>(array.bytes.data());
    for (size_t i = 0; i < values.size(); ++i) to[i] = static_cast<T>(values[i]);
  };
  if (dtype == DType::i32)
    fill.operator()<int32_t>();
  else
    dispatch_float(dtype, fill);
  return array;
}

std::vector<int64_t> dims(const Shape& shape) {
  std::vector<int64_t> list;
  for (int i = 0; i < shape.rank(); ++i) list.push_back(shape[i]);
  return list;
}

/// The array `name`, of this shape.
const HostArray& array_of(const NamedArrays& file, const std::string& path, const std::string& name,
                          const std::vector<int64_t>& shape) {
  const auto found = file.arrays.find(name);
  if (found == file.arrays.end())
    throw InputError(
        fmt::format("{}: {} is missing; the model needs it as {}", path, name, to_string(shape)));
  if (found->second.shape != shape)
    throw InputError(fmt::format("{}: {} is {}; the model's is {}: another architecture", path,
                                 name, to_string(found->second.shape), to_string(shape)));
  return found->second;
}

/// Views of a trained parameter that a checkpoint keeps beside its value.
struct StateView {
  const char* prefix;
  Tensor tensor;
};
std::vector<StateView> state_views(const ParameterStore& store, const Parameter& p) {
  std::vector<StateView> views = {{kFirstMoment, store.first_moment(p)},
                                  {kSecondMoment, store.second_moment(p)}};
  if (p.momentum_copy) views.push_back({kMomentum, store.momentum(p)});
  return views;
}

std::vector<std::string> classes_of(const NamedArrays& checkpoint, const std::string& path) {
  const auto found = checkpoint.metadata.find("classes");
  if (found == checkpoint.metadata.end()) return expression_names();
  const auto names = nlohmann::json::parse(found->second, nullptr, /*allow_exceptions=*/false);
  const bool good = names.is_array() && names.size() >= 2 &&
                    std::all_of(names.begin(), names.end(), [](const nlohmann::json& name) {
                      return name.is_string() && escaped(name.get<std::string>()) == name;
                    });
  if (!good)
    throw InputError(fmt::format("{}: metadata 'classes' is '{}'; expected a list of names", path,
                                 printable(found->second)));
  return names.get<std::vector<std::string>>();
}

}  // namespace

NamedArrays save_parameters(Context& context, const ParameterStore& store,
                            const CheckpointInfo& info) {
  NamedArrays checkpoint;
  checkpoint.metadata = {{"format", kFormat},
                         {"config", to_json(info.config).dump()},
                         {"classes", nlohmann::json(info.classes).dump()},
                         {"epoch", std::to_string(info.epoch)},
                         {"steps", std::to_string(info.steps)}};
  for (const Parameter& p : store.parameters())
    checkpoint.arrays[p.name] =
        to_array(p.file_shape(), store.master_dtype(), to_file_order(context, p, store.master(p)));
  return checkpoint;
}

void add_training_state(Context& context, const Model& model, NamedArrays& checkpoint) {
  const ParameterStore& store = model.store();
  for (const Parameter& p : store.parameters()) {
    if (!p.trained) continue;
    for (const auto& [prefix, tensor] : state_views(store, p))
      checkpoint.arrays[prefix + p.name] =
          to_array(p.file_shape(), tensor.dtype, to_file_order(context, p, tensor));
  }
  for (const NamedState& state : model.state())
    checkpoint.arrays[kState + state.name] =
        to_array(dims(state.tensor.shape), state.tensor.dtype, read_tensor(context, state.tensor));
}

bool is_checkpoint(const NamedArrays& file) {
  const auto format = file.metadata.find("format");
  return format != file.metadata.end() && format->second == kFormat;
}

int64_t landmarks_of(const NamedArrays& checkpoint) {
  const auto head = checkpoint.arrays.find("f_q.lm_fc.weight");
  return head == checkpoint.arrays.end() ? 0 : head->second.shape.at(0);
}

void require_same_classes(const CheckpointInfo& info, const std::string& path,
                          const std::vector<std::string>& classes) {
  if (info.classes != classes)
    throw InputError(fmt::format("{}: a network of the classes {}; the data have {}", path,
                                 fmt::join(info.classes, ", "), fmt::join(classes, ", ")));
}

NamedArrays read_checkpoint(const std::string& path) {
  NamedArrays file = read_safetensors(path);
  if (!is_checkpoint(file))
    throw InputError(fmt::format(
        "{}: not a checkpoint of this program (its metadata has no format {})", path, kFormat));
  return file;
}

CheckpointInfo checkpoint_info(const NamedArrays& checkpoint, const std::string& path) {
  auto text = [&](const char* key) {
    const auto found = checkpoint.metadata.find(key);
    if (found == checkpoint.metadata.end())
      throw InputError(fmt::format("{}: metadata '{}' is missing", path, key));
    return found->second;
  };
  try {
    return {.config = parse_config(text("config"), path),
            .classes = classes_of(checkpoint, path),
            .epoch = std::stoi(text("epoch")),
            .steps = std::stoll(text("steps"))};
  } catch (const std::logic_error&) {
    throw InputError(fmt::format("{}: metadata epoch '{}' or steps '{}' is no number", path,
                                 text("epoch"), text("steps")));
  }
}

void load_parameters(Context& context, const NamedArrays& checkpoint, const std::string& path,
                     ParameterStore& store) {
  for (const Parameter& p : store.parameters()) {
    const HostArray& array = array_of(checkpoint, path, p.name, p.file_shape());
    from_file_order(context, p, store.master(p), array.to<double>());
  }
  store.reset_momentum_copies(context);
  refresh_shadows(context, store);
}

void load_training_state(Context& context, const NamedArrays& checkpoint, const std::string& path,
                         Model& model) {
  const ParameterStore& store = model.store();
  for (const Parameter& p : store.parameters()) {
    if (!p.trained) continue;
    for (const auto& [prefix, tensor] : state_views(store, p))
      from_file_order(context, p, tensor,
                      array_of(checkpoint, path, prefix + p.name, p.file_shape()).to<double>());
  }
  for (const NamedState& state : model.state())
    write_tensor(
        context, state.tensor,
        array_of(checkpoint, path, kState + state.name, dims(state.tensor.shape)).to<double>());
  refresh_shadows(context, store);
}

}  // namespace lanet
