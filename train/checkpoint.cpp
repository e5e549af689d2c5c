#include "train/checkpoint.h"

#include <algorithm>
#include <charconv>
#include <cmath>
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

/// The first element of the tensor `name` that is NaN or infinite, in words; "" if all are numbers.
/// In the model's own state infinity is a value: the logarithm of a probability of 0.
std::string not_finite(const std::string& name, const HostArray& array) {
  const bool infinity_allowed = name.starts_with(kState);
  auto search = [&]<typename T>() -> std::string {
    const T* begin = reinterpret_cast<const T*>(array.bytes.data());
    const T* end = begin + array.elements();
    const T* bad = std::find_if(begin, end, [&](T element) {
      const auto value = static_cast<double>(element);
      return infinity_allowed ? std::isnan(value) : !std::isfinite(value);
    });
    return bad == end ? ""
                      : fmt::format("element {} is {}", bad - begin, static_cast<double>(*bad));
  };
  switch (array.dtype) {
    case HostDType::f32:
      return search.operator()<float>();
    case HostDType::bf16:
      return search.operator()<bfloat16>();
    case HostDType::f64:
      return search.operator()<double>();
    default:
      return "";
  }
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

/// Adds a tensor that `read` gives, with its elements in file order.
void add_source(TensorSources& checkpoint, const CheckpointInfo& info, const std::string& name,
                const std::vector<int64_t>& shape, DType dtype, std::function<HostArray()> read) {
  const int epoch = info.epoch + (info.epoch_steps > 0 ? 1 : 0);  // that the last step is of
  auto checked = [=, read = std::move(read), steps = info.steps] {
    HostArray array = read();
    if (const std::string bad = not_finite(name, array); !bad.empty())
      throw Error(
          fmt::format("{}: {} after step {}, in epoch {}; expected numbers: training cannot "
                      "continue, and its last checkpoint is kept",
                      name, bad, steps, epoch));
    return array;
  };
  checkpoint.arrays[name] = {shape, host_dtype(dtype), std::move(checked)};
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

/// Whether a terminal obeys nothing in a class name of a file.
bool is_harmless(const std::string& name) {
  for (size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    const bool second_control_set =  // U+0080 to U+009F
        byte == 0xC2 && static_cast<unsigned char>(name[i + 1]) < 0xA0;
    if (byte < 0x20 || byte == 0x7F || second_control_set) return false;
  }
  return !name.empty() && is_utf8(name);
}

std::vector<std::string> classes_of(const NamedArrays& checkpoint, const std::string& path) {
  const auto found = checkpoint.metadata.find("classes");
  if (found == checkpoint.metadata.end()) return expression_names();
  const auto names = nlohmann::json::parse(found->second, nullptr, /*allow_exceptions=*/false);
  const bool good = names.is_array() && names.size() >= 2 &&
                    std::all_of(names.begin(), names.end(), [](const nlohmann::json& name) {
                      return name.is_string() && is_harmless(name.get<std::string>());
                    });
  if (!good)
    throw InputError(fmt::format("{}: metadata 'classes' is '{}'; expected a list of names", path,
                                 printable(found->second)));
  return names.get<std::vector<std::string>>();
}

}  // namespace

std::string to_string(const CheckpointInfo& info) {
  if (info.epoch_steps == 0) return fmt::format("epoch {}", info.epoch);
  return fmt::format("step {} of epoch {}", info.epoch_steps, info.epoch + 1);
}

TensorSources save_parameters(Context& context, const ParameterStore& store,
                              const CheckpointInfo& info) {
  TensorSources checkpoint;
  checkpoint.metadata = {{"format", kFormat},
                         {"config", to_json(info.config).dump()},
                         {"classes", nlohmann::json(info.classes).dump()},
                         {"epoch", std::to_string(info.epoch)},
                         {"steps", std::to_string(info.steps)}};
  if (info.epoch_steps > 0) checkpoint.metadata["epoch_steps"] = std::to_string(info.epoch_steps);
  for (const Parameter& p : store.parameters())
    add_source(checkpoint, info, p.name, p.file_shape(), store.master_dtype(),
               [&context, &store, &p] { return to_file_order(context, p, store.master(p)); });
  return checkpoint;
}

void add_training_state(Context& context, const Model& model, const CheckpointInfo& info,
                        TensorSources& checkpoint) {
  const ParameterStore& store = model.store();
  for (const Parameter& p : store.parameters()) {
    if (!p.trained) continue;
    for (const auto& [prefix, tensor] : state_views(store, p))
      add_source(checkpoint, info, prefix + p.name, p.file_shape(), tensor.dtype,
                 [&context, &p, tensor = tensor] { return to_file_order(context, p, tensor); });
  }
  for (const NamedState& state : model.state())
    add_source(checkpoint, info, kState + state.name, dims(state.tensor.shape), state.tensor.dtype,
               [&context, tensor = state.tensor] { return read_array(context, tensor); });
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

namespace {

NamedArrays read_finite(const std::string& path,
                        const std::function<bool(const std::string&)>& wanted) {
  NamedArrays file = read_safetensors(path, wanted);
  if (!is_checkpoint(file))
    throw InputError(fmt::format(
        "{}: not a checkpoint of this program (its metadata has no format {})", path, kFormat));
  for (const auto& [name, array] : file.arrays)
    if (const std::string bad = not_finite(name, array); !bad.empty())
      throw InputError(fmt::format("{}: {}: {}; expected numbers: the training diverged", path,
                                   printable(name), bad));
  return file;
}

}  // namespace

NamedArrays read_checkpoint(const std::string& path) {
  return read_finite(path, {});
}

NamedArrays read_trained_weights(const std::string& path) {
  return read_finite(path, [](const std::string& name) {
    const auto begins = [&](const char* prefix) { return name.starts_with(prefix); };
    return !begins(kFirstMoment) && !begins(kSecondMoment) && !begins(kMomentum) && !begins(kState);
  });
}

CheckpointInfo checkpoint_info(const NamedArrays& checkpoint, const std::string& path) {
  auto text = [&](const char* key) {
    const auto found = checkpoint.metadata.find(key);
    if (found == checkpoint.metadata.end())
      throw InputError(fmt::format("{}: metadata '{}' is missing", path, key));
    return found->second;
  };
  auto number = [&](const char* key) {
    const std::string digits = text(key);
    int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || end != digits.data() + digits.size() || value < 0)
      throw InputError(fmt::format("{}: metadata '{}' is '{}'; expected a whole number", path, key,
                                   printable(digits)));
    return value;
  };
  return {.config = parse_config(text("config"), path),
          .classes = classes_of(checkpoint, path),
          .epoch = static_cast<int>(number("epoch")),
          .steps = number("steps"),
          .epoch_steps = checkpoint.metadata.contains("epoch_steps") ? number("epoch_steps") : 0};
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
