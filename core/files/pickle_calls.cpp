#include "core/files/pickle_calls.h"

namespace lanet {
namespace {

using List = PickleValue::List;
using Dict = PickleValue::Dict;
using Bytes = PickleValue::Bytes;
using Foreign = PickleValue::Foreign;
using NumpyType = PickleValue::NumpyType;
using NumpyArray = PickleValue::NumpyArray;

constexpr StorageType kStorageTypes[] = {
    {"torch.FloatStorage", "f4", 4, HostDType::f32},
    {"torch.DoubleStorage", "f8", 8, HostDType::f64},
    {"torch.HalfStorage", "f2", 2, HostDType::f32, true},
    {"torch.BFloat16Storage", "", 2, HostDType::bf16},
    {"torch.LongStorage", "i8", 8, HostDType::i64},
    {"torch.IntStorage", "i4", 4, HostDType::i32},
    {"torch.ByteStorage", "u1", 1, HostDType::u8},
    {"torch.BoolStorage", "b1", 1, HostDType::u8},
};

const StorageType* find_storage_type(std::string_view torch_name) {
  for (const auto& type : kStorageTypes) {
    if (type.torch_name == torch_name) return &type;
  }
  return nullptr;
}

/// The type that NumPy calls by a byte order and, for example, f4; null if it is not read.
const StorageType* find_numpy_type(std::string_view name) {
  for (const auto& type : kStorageTypes) {
    if (!type.numpy_name.empty() && name.substr(1) == type.numpy_name)
      return name[0] == '>' && type.stored_bytes > 1 ? nullptr : &type;
  }
  return nullptr;
}

/// Whole numbers of a tuple or list, none negative.
std::vector<int64_t> sizes(const PickleValue& value) {
  std::vector<int64_t> numbers;
  for (const PickleValue* item : pickle_as<List>(value, "a shape that is not a tuple").items) {
    const int64_t number = pickle_as<int64_t>(*item, "a shape that holds other than whole numbers");
    require_sense(number >= 0, "a tensor with a negative size or stride");
    numbers.push_back(number);
  }
  return numbers;
}

/// Checks that the tensor lies inside its storage.
PickleTensor checked(PickleTensor tensor) {
  require_sense(tensor.offset >= 0, "a tensor with a negative offset");
  require_sense(tensor.shape.size() == tensor.strides.size(),
                "a tensor with more sizes than strides");
  int64_t bytes = 0;
  require_sense(bytes_of(tensor.shape, size_of(tensor.storage.type->kept), bytes),
                fmt::format("a tensor of shape {}", to_string(tensor.shape)));
  int64_t last = tensor.offset;
  bool fits = true;
  for (size_t i = 0; i < tensor.shape.size() && bytes > 0; ++i) {
    int64_t reach = 0;
    fits = fits && !__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach) &&
           !__builtin_add_overflow(last, reach, &last);
  }
  require_sense(bytes == 0 || (fits && last < tensor.storage.elements),
                fmt::format("a tensor of shape {} reaches beyond its storage of {} elements",
                            to_string(tensor.shape), tensor.storage.elements));
  return tensor;
}

/// (storage, offset, shape, strides), and what does not concern its values: requires_grad, hooks,
/// metadata.
PickleValue::Is rebuild_tensor(const List& arguments) {
  const size_t count = arguments.items.size();
  require_sense(count == 4 || count == 6 || count == 7,
                "a tensor with other than 6 or 7 arguments");
  if (const std::string* type = foreign_name(*arguments.items[0])) return Foreign{*type};
  return checked(
      {.storage = pickle_as<PickleStorage>(*arguments.items[0], "a tensor without a storage"),
       .offset = pickle_as<int64_t>(*arguments.items[1], "an offset that is not a whole number"),
       .shape = sizes(*arguments.items[2]),
       .strides = sizes(*arguments.items[3])});
}

/// (tensor, requires_grad, hooks), or (tensor) before PyTorch 0.4.
PickleValue::Is rebuild_parameter(const List& arguments) {
  require_sense(arguments.items.size() >= 1 && arguments.items.size() <= 3,
                "a parameter with other than 1 to 3 arguments");
  if (const std::string* type = foreign_name(*arguments.items[0])) return Foreign{*type};
  return PickleTensor(
      pickle_as<PickleTensor>(*arguments.items[0], "a parameter that is not a tensor"));
}

/// () or, by Python 2, ([[key, value], …])
PickleValue::Is ordered_dict(const List& arguments) {
  Dict dict;
  if (arguments.items.empty()) return dict;
  constexpr std::string_view what = "an OrderedDict made from arguments";
  require_sense(arguments.items.size() == 1, what);
  for (const PickleValue* item : pickle_as<List>(*arguments.items[0], what).items) {
    const List& pair = pickle_as<List>(*item, what);
    require_sense(pair.items.size() == 2, what);
    add_items(dict, pair.items);
  }
  return dict;
}

/// The array of NumPy with these bytes; Foreign if its elements are of a type that is not read.
PickleValue::Is numpy_array(const std::string& type_name, const std::vector<int64_t>& shape,
                            bool fortran, std::string_view data) {
  const StorageType* type = find_numpy_type(type_name);
  if (!type) return Foreign{"numpy.ndarray of " + type_name};
  int64_t bytes = 0;
  require_sense(
      bytes_of(shape, type->stored_bytes, bytes) && static_cast<uint64_t>(bytes) == data.size(),
      fmt::format("an array of shape {} with {} bytes", to_string(shape), data.size()));
  std::vector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t d = fortran ? i : shape.size() - 1 - i;
    strides[d] = stride;
    if (bytes > 0) stride *= shape[d];
  }
  PickleTensor tensor;
  tensor.storage.type = type;
  tensor.storage.elements = bytes / static_cast<int64_t>(type->stored_bytes);
  tensor.storage.block_elements = tensor.storage.elements;
  tensor.storage.inside = data;
  tensor.shape = shape;
  tensor.strides = std::move(strides);
  return checked(std::move(tensor));
}

/// What the value holds as bytes. Python 2 has text there, which for it is the same.
std::string_view bytes_of_value(const PickleValue& value) {
  if (const auto* text = std::get_if<std::string>(&value.is)) return *text;
  return pickle_as<Bytes>(value, "an array without its bytes").data;
}

/// (dtype, bytes)
PickleValue::Is numpy_scalar(const List& arguments) {
  require_sense(arguments.items.size() == 2, "a NumPy number with other than 2 arguments");
  if (const std::string* type = foreign_name(*arguments.items[0])) return Foreign{*type};
  const auto& type = pickle_as<NumpyType>(*arguments.items[0], "a NumPy number of no type");
  if (!find_numpy_type(type.name)) return Foreign{"numpy." + type.name};
  return numpy_array(type.name, {}, false, bytes_of_value(*arguments.items[1]));
}

/// (bytes, dtype, shape, order), as protocol 5 has it
PickleValue::Is numpy_from_buffer(const List& arguments) {
  require_sense(arguments.items.size() == 4, "a NumPy array with other than 4 arguments");
  if (foreign_name(*arguments.items[0])) return Foreign{"numpy.ndarray"};
  const auto& type = pickle_as<NumpyType>(*arguments.items[1], "an array of no type");
  const auto& order = pickle_as<std::string>(*arguments.items[3], "an array of no order");
  return numpy_array(type.name, sizes(*arguments.items[2]), order == "F",
                     bytes_of_value(*arguments.items[0]));
}

/// (name, align, copy): "f4", whose byte order follows as state
PickleValue::Is numpy_type(const List& arguments) {
  require_sense(!arguments.items.empty(), "a NumPy type without a name");
  return NumpyType{"|" +
                   pickle_as<std::string>(*arguments.items[0], "a NumPy type without a name")};
}

/// (text, "latin1"): how protocol 2 writes bytes: one character for each, in UTF-8
PickleValue::Is encoded_bytes(const List& arguments) {
  constexpr std::string_view what = "bytes written as other than Latin-1 text";
  require_sense(arguments.items.size() == 2, what);
  const auto& encoding = pickle_as<std::string>(*arguments.items[1], what);
  require_sense(encoding == "latin1" || encoding == "latin-1", what);
  const auto& text = pickle_as<std::string>(*arguments.items[0], what);
  Bytes bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if (byte < 0x80) {
      bytes.data += text[i];
      continue;
    }
    require_sense((byte == 0xC2 || byte == 0xC3) && i + 1 < text.size(), what);
    const auto next = static_cast<uint8_t>(text[++i]);
    require_sense(next >= 0x80 && next < 0xC0, what);
    bytes.data += static_cast<char>((byte & 3) << 6 | (next & 0x3F));
  }
  return bytes;
}

/// (): how protocol 2 writes no bytes
PickleValue::Is no_bytes(const List& arguments) {
  if (arguments.items.empty()) return Bytes{};
  return Foreign{"bytes"};
}

struct Callable {
  std::string_view name;
  PickleValue::Is (*call)(const List& arguments);
};
PickleValue::Is new_array(const List&) {
  return NumpyArray{};
}
constexpr Callable kCallables[] = {
    {"collections.OrderedDict", ordered_dict},
    {"torch._utils._rebuild_tensor", rebuild_tensor},  // before PyTorch 0.4
    {"torch._utils._rebuild_tensor_v2", rebuild_tensor},
    {"torch._utils._rebuild_parameter", rebuild_parameter},
    {"torch.nn.parameter.Parameter", rebuild_parameter},  // before PyTorch 0.4
    {"numpy.core.multiarray._reconstruct", new_array},
    {"numpy._core.multiarray._reconstruct", new_array},
    {"numpy.core.multiarray.scalar", numpy_scalar},
    {"numpy._core.multiarray.scalar", numpy_scalar},
    {"numpy.core.numeric._frombuffer", numpy_from_buffer},
    {"numpy._core.numeric._frombuffer", numpy_from_buffer},
    {"numpy.dtype", numpy_type},
    {"_codecs.encode", encoded_bytes},
    {"__builtin__.bytes", no_bytes},
};
constexpr std::string_view kNumpyClass = "numpy.ndarray";  // an argument of _reconstruct

const Callable* find_callable(std::string_view name) {
  for (const auto& callable : kCallables) {
    if (callable.name == name) return &callable;
  }
  return nullptr;
}

}  // namespace

const std::string* foreign_name(const PickleValue& value) {
  const auto* foreign = std::get_if<Foreign>(&value.is);
  return foreign ? &foreign->name : nullptr;
}

PickleValue::Is global_value(const std::string& name) {
  if (name == kNumpyClass || find_callable(name) || find_storage_type(name))
    return PickleValue::Global{name};
  return Foreign{name};
}

PickleValue::Is call_result(const PickleValue& callable, const List& arguments) {
  if (const std::string* name = foreign_name(callable)) return Foreign{*name};
  const auto& name =
      pickle_as<PickleValue::Global>(callable, "a call of what cannot be called").name;
  const Callable* known = find_callable(name);
  return known ? known->call(arguments) : Foreign{"a call of " + name};
}

void set_state(PickleValue& object, const PickleValue& state) {
  // A parameter's state says whether it is trained; that of a tensor which was skipped is skipped.
  if (foreign_name(object) || std::holds_alternative<PickleTensor>(object.is)) return;
  if (auto* type = std::get_if<NumpyType>(&object.is)) {
    // (version, byte order, …)
    const List& parts = pickle_as<List>(state, "a NumPy type without its state");
    require_sense(parts.items.size() >= 2, "a NumPy type without its state");
    const auto& order = pickle_as<std::string>(*parts.items[1], "a NumPy type of no byte order");
    require_sense(order.size() == 1 && std::string_view("<>|=").find(order) != std::string::npos,
                  "a NumPy type of no byte order");
    type->name = order + type->name.substr(1);
  } else if (std::holds_alternative<NumpyArray>(object.is)) {
    // (version, shape, dtype, whether in Fortran order, bytes); of objects: a list in their place
    const List& parts = pickle_as<List>(state, "an array without its state");
    require_sense(parts.items.size() == 5, "an array with other than 5 parts");
    if (std::holds_alternative<List>(parts.items[4]->is) || foreign_name(*parts.items[2])) {
      object.is = Foreign{"numpy.ndarray of objects"};
      return;
    }
    object.is = numpy_array(
        pickle_as<NumpyType>(*parts.items[2], "an array of no type").name, sizes(*parts.items[1]),
        pickle_as<bool>(*parts.items[3], "an array of no order"), bytes_of_value(*parts.items[4]));
  } else {
    // A state_dict carries its modules' versions that way; they are not needed.
    require_sense(foreign_name(state) || std::holds_alternative<Dict>(state.is),
                  "a state that is not a dictionary");
    pickle_as<Dict>(object, "a state set on something that is not a dictionary");
  }
}

PickleValue::Is referred_storage(const List& id) {
  constexpr std::string_view what = "a reference that is not to a storage";
  require_sense(!id.items.empty(), what);
  const auto& kind = pickle_as<std::string>(*id.items[0], what);
  if (kind == "module" && id.items.size() == 4) {  // a class, with its source
    if (const std::string* name = foreign_name(*id.items[1])) return Foreign{*name};
  }
  require_sense(kind == "storage" && (id.items.size() == 5 || id.items.size() == 6), what);
  if (const std::string* name = foreign_name(*id.items[1])) return Foreign{*name};
  const auto& type = pickle_as<PickleValue::Global>(*id.items[1], "a storage of no type").name;
  PickleStorage storage{.type = find_storage_type(type)};
  require_sense(storage.type != nullptr, fmt::format("a storage of type {}", printable(type)));
  storage.key = pickle_as<std::string>(*id.items[2], "a storage whose key is not text");
  storage.block_elements = pickle_as<int64_t>(*id.items[4], "a storage of no size");
  require_sense(storage.block_elements >= 0, "a storage of negative size");
  storage.elements = storage.block_elements;
  if (id.items.size() == 6 && !std::holds_alternative<std::monostate>(id.items[5]->is)) {
    constexpr std::string_view part = "a part of a storage that lies outside of it";
    const List& view = pickle_as<List>(*id.items[5], part);
    require_sense(view.items.size() == 3, part);
    storage.first = pickle_as<int64_t>(*view.items[1], part);
    storage.elements = pickle_as<int64_t>(*view.items[2], part);
    require_sense(storage.first >= 0 && storage.elements >= 0 &&
                      storage.first <= storage.block_elements &&
                      storage.elements <= storage.block_elements - storage.first,
                  part);
  }
  return storage;
}

void add_items(Dict& dict, const std::vector<const PickleValue*>& items) {
  require_sense(items.size() % 2 == 0, "a key without a value");
  for (size_t i = 0; i < items.size(); i += 2) {
    if (const std::string* name = foreign_name(*items[i])) {
      dict.skipped.emplace(fmt::format("<{}>", *name), *name);
      continue;
    }
    const auto* text = std::get_if<std::string>(&items[i]->is);
    const auto* number = std::get_if<int64_t>(&items[i]->is);
    require_sense(text || number, "a dictionary's key is neither text nor a whole number");
    const std::string key = text ? *text : std::to_string(*number);
    require_sense(dict.items.emplace(key, items[i + 1]).second,
                  fmt::format("a dictionary has the key '{}' twice", printable(key)));
  }
}

}  // namespace lanet
