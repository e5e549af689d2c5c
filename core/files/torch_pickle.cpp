#include "core/files/torch_pickle.h"

#include <bit>
#include <unordered_map>

#include "core/files/pickle_opcode.h"

namespace lanet {
namespace {

using enum Opcode;

constexpr TorchStorageType kStorageTypes[] = {
    {"torch.FloatStorage", 4, HostDType::f32},      {"torch.DoubleStorage", 8, HostDType::f64},
    {"torch.HalfStorage", 2, HostDType::f32, true}, {"torch.BFloat16Storage", 2, HostDType::bf16},
    {"torch.LongStorage", 8, HostDType::i64},       {"torch.IntStorage", 4, HostDType::i32},
    {"torch.ByteStorage", 1, HostDType::u8},        {"torch.BoolStorage", 1, HostDType::u8},
};
constexpr std::string_view kOrderedDict = "collections.OrderedDict";
constexpr std::string_view kRebuildTensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view kRebuildParameter = "torch._utils._rebuild_parameter";

/// A state_dict has some 20 values a tensor: this is a hundred thousand tensors.
constexpr size_t kMaxValues = 2'000'000;

const TorchStorageType* find_storage_type(std::string_view name) {
  for (const auto& type : kStorageTypes) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

class Machine {
 public:
  Machine(const std::string& file, std::string_view bytes, std::deque<PickleValue>& values)
      : file_(file), bytes_(bytes), values_(values) {}

  const PickleValue* run() {
    while (true) {
      const auto opcode = static_cast<Opcode>(unsigned_number(1));
      if (opcode == kStop) return pop();
      step(opcode);
    }
  }

 private:
  using List = PickleValue::List;
  using Dict = PickleValue::Dict;
  using Global = PickleValue::Global;

  void step(Opcode opcode);
  void reduce();
  void build();
  void persistent_id();
  void global(const std::string& name);
  PickleValue* rebuild_tensor(const List& arguments);

  [[noreturn]] void fail(std::string_view what) const {
    throw InputError(
        fmt::format("{}: the pickle is not valid: {}, before byte {}", file_, what, position_));
  }
  void require(bool condition, std::string_view what) const {
    if (!condition) fail(what);
  }

  std::string_view take(uint64_t count) {
    require(count <= bytes_.size() - position_, "it is cut off");
    const auto piece = bytes_.substr(position_, count);
    position_ += count;
    return piece;
  }
  std::string line() {
    const size_t end = bytes_.find('\n', position_);
    require(end != std::string_view::npos, "it is cut off");
    const std::string text(take(end - position_));
    ++position_;
    return text;
  }
  uint64_t unsigned_number(int width) {
    uint64_t value = 0;
    const auto piece = take(static_cast<uint64_t>(width));
    for (int i = 0; i < width; ++i)
      value |= uint64_t{static_cast<uint8_t>(piece[static_cast<size_t>(i)])} << (8 * i);
    return value;
  }
  /// Two's complement, little-endian, of 0 to 8 bytes.
  int64_t signed_number(int width) {
    if (width == 0) return 0;
    const uint64_t value = unsigned_number(width);
    const int unused = 64 - 8 * width;
    return static_cast<int64_t>(value << unused) >> unused;
  }
  double big_endian_double() {
    const auto piece = take(8);
    uint64_t bits = 0;
    for (const char c : piece) bits = bits << 8 | static_cast<uint8_t>(c);
    return std::bit_cast<double>(bits);
  }

  template <typename T>
  PickleValue* make(T value) {
    require(values_.size() < kMaxValues, "it holds too many values");
    return &values_.emplace_back(PickleValue{std::move(value)});
  }
  template <typename T>
  void push(T value) {
    stack_.push_back(make(std::move(value)));
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue* top() const {
    require(stack_.size() > floor(), "a value is missing");
    return stack_.back();
  }
  PickleValue* pop() {
    PickleValue* value = top();
    stack_.pop_back();
    return value;
  }
  /// The value as T, constant where the value is.
  template <typename T, typename Value>
  auto& as(Value* value, std::string_view what) const {
    auto* found = std::get_if<T>(&value->is);
    require(found != nullptr, what);
    return *found;
  }
  /// Everything above the last mark; the mark goes too.
  std::vector<const PickleValue*> pop_to_mark() {
    require(!marks_.empty(), "a mark is missing");
    const auto begin = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    std::vector<const PickleValue*> values(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    marks_.pop_back();
    return values;
  }
  void push_tuple(size_t count) {
    List tuple{std::vector<const PickleValue*>(count), /*tuple=*/true};
    for (size_t i = count; i-- > 0;) tuple.items[i] = pop();
    push(std::move(tuple));
  }
  void append(const std::vector<const PickleValue*>& values) {
    auto& list = as<List>(top(), "an append to what is no list");
    require(!list.tuple, "an append to a tuple");
    list.items.insert(list.items.end(), values.begin(), values.end());
  }
  void set_items(const std::vector<const PickleValue*>& values) {
    auto& dict = as<Dict>(top(), "an item set in what is no dictionary");
    require(values.size() % 2 == 0, "a key without a value");
    for (size_t i = 0; i < values.size(); i += 2) {
      const auto* text = std::get_if<std::string>(&values[i]->is);
      const auto* number = std::get_if<int64_t>(&values[i]->is);
      require(text || number, "a dictionary's key is neither text nor a whole number");
      const std::string key = text ? *text : std::to_string(*number);
      if (!dict.items.emplace(key, values[i + 1]).second)
        fail(fmt::format("a dictionary has the key '{}' twice", printable(key)));
    }
  }
  void get(uint64_t index) {
    const auto found = memo_.find(index);
    require(found != memo_.end(), "a value is recalled that was not stored");
    stack_.push_back(found->second);
  }

  const std::string& file_;
  std::string_view bytes_;
  size_t position_ = 0;
  std::deque<PickleValue>& values_;
  std::vector<PickleValue*> stack_;
  std::vector<size_t> marks_;  ///< sizes of the stack
  std::unordered_map<uint64_t, PickleValue*> memo_;
};

void Machine::step(Opcode opcode) {
  switch (opcode) {
    case kProtocol: {
      const uint64_t protocol = unsigned_number(1);
      require(protocol >= 2 && protocol <= 5, fmt::format("protocol {}", protocol));
      break;
    }
    case kFrame:
      take(8);
      break;
    case kMark:
      marks_.push_back(stack_.size());
      break;
    case kPop:
      pop();
      break;
    case kPopMark:
      pop_to_mark();
      break;

    case kNone:
      push(std::monostate());
      break;
    case kNewTrue:
      push(true);
      break;
    case kNewFalse:
      push(false);
      break;
    case kBinInt:
      push(signed_number(4));
      break;
    case kBinInt1:
      push(static_cast<int64_t>(unsigned_number(1)));
      break;
    case kBinInt2:
      push(static_cast<int64_t>(unsigned_number(2)));
      break;
    case kLong1: {
      const int width = static_cast<int>(unsigned_number(1));
      require(width <= 8, "a whole number beyond 64 bits");
      push(signed_number(width));
      break;
    }
    case kBinFloat:
      push(big_endian_double());
      break;
    case kShortBinUnicode:
      push(std::string(take(unsigned_number(1))));
      break;
    case kBinUnicode:
      push(std::string(take(unsigned_number(4))));
      break;
    case kBinUnicode8:
      push(std::string(take(unsigned_number(8))));
      break;

    case kEmptyTuple:
      push_tuple(0);
      break;
    case kTuple1:
    case kTuple2:
    case kTuple3:
      push_tuple(static_cast<size_t>(opcode) - static_cast<size_t>(kTuple1) + 1);
      break;
    case kTuple:
      push(List{pop_to_mark(), /*tuple=*/true});
      break;
    case kEmptyList:
      push(List{});
      break;
    case kAppend:
      append({pop()});
      break;
    case kAppends:
      append(pop_to_mark());
      break;
    case kEmptyDict:
      push(Dict{});
      break;
    case kSetItem: {
      const PickleValue* value = pop();
      const PickleValue* key = pop();
      set_items({key, value});
      break;
    }
    case kSetItems:
      set_items(pop_to_mark());
      break;

    case kBinPut:
    case kLongBinPut:
      memo_[unsigned_number(opcode == kBinPut ? 1 : 4)] = top();
      break;
    case kMemoize:
      memo_[memo_.size()] = top();
      break;
    case kBinGet:
    case kLongBinGet:
      get(unsigned_number(opcode == kBinGet ? 1 : 4));
      break;

    case kGlobal:
    case kInst: {
      const std::string module = line();
      const std::string name = module + "." + line();
      if (opcode == kInst) refuse_content(file_, name);
      global(name);
      break;
    }
    case kStackGlobal: {
      const auto name = as<std::string>(pop(), "a name that is not text");
      const auto module = as<std::string>(pop(), "a module that is not text");
      global(module + "." + name);
      break;
    }
    case kReduce:
      reduce();
      break;
    case kBuild:
      build();
      break;
    case kBinPersistentId:
      persistent_id();
      break;
    default:
      refuse_content(file_, fmt::format("pickle instruction 0x{:02X} at byte {}",
                                        static_cast<int>(opcode), position_ - 1));
  }
}

void Machine::global(const std::string& name) {
  if (name != kOrderedDict && name != kRebuildTensor && name != kRebuildParameter &&
      !find_storage_type(name))
    refuse_content(file_, name);
  push(Global{name});
}

/// A call: of the three callables of the closed list, and done here instead.
void Machine::reduce() {
  const auto& arguments = as<List>(pop(), "arguments that are no tuple");
  const auto& callable = as<Global>(pop(), "a call of what cannot be called");
  if (callable.name == kOrderedDict) {
    require(arguments.items.empty(), "an OrderedDict made from arguments");
    push(Dict{});
  } else if (callable.name == kRebuildTensor) {
    stack_.push_back(rebuild_tensor(arguments));
  } else if (callable.name == kRebuildParameter) {
    require(arguments.items.size() == 3, "a parameter with other than 3 arguments");
    push(TorchTensor(as<TorchTensor>(arguments.items[0], "a parameter that is no tensor")));
  } else {
    refuse_content(file_, fmt::format("a call of {}", callable.name));
  }
}

/// (storage, offset, shape, strides, requires_grad, hooks, and metadata in newer files)
PickleValue* Machine::rebuild_tensor(const List& arguments) {
  require(arguments.items.size() == 6 || arguments.items.size() == 7,
          "a tensor with other than 6 or 7 arguments");
  auto sizes = [&](const PickleValue* value) {
    std::vector<int64_t> numbers;
    for (const PickleValue* item : as<List>(value, "a shape that is no tuple").items) {
      const int64_t number = as<int64_t>(item, "a shape that holds other than whole numbers");
      require(number >= 0, "a tensor with a negative size or stride");
      numbers.push_back(number);
    }
    return numbers;
  };
  TorchTensor tensor;
  tensor.storage = &as<TorchStorage>(arguments.items[0], "a tensor without a storage");
  tensor.offset = as<int64_t>(arguments.items[1], "an offset that is no whole number");
  tensor.shape = sizes(arguments.items[2]);
  tensor.strides = sizes(arguments.items[3]);
  require(tensor.offset >= 0, "a tensor with a negative offset");
  require(tensor.shape.size() == tensor.strides.size(), "a tensor with more sizes than strides");
  int64_t bytes = 0;
  require(bytes_of(tensor.shape, size_of(tensor.storage->type->kept), bytes),
          fmt::format("a tensor of shape {}", to_string(tensor.shape)));
  int64_t last = tensor.offset;
  bool fits = true;
  for (size_t i = 0; i < tensor.shape.size() && bytes > 0; ++i) {
    int64_t reach = 0;
    fits = fits && !__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach) &&
           !__builtin_add_overflow(last, reach, &last);
  }
  require(bytes == 0 || (fits && last < tensor.storage->elements),
          fmt::format("a tensor of shape {} reaches beyond its storage of {} elements",
                      to_string(tensor.shape), tensor.storage->elements));
  return make(std::move(tensor));
}

/// State for an object: a state_dict carries its modules' versions that way; they are not needed.
void Machine::build() {
  as<Dict>(pop(), "a state that is no dictionary");
  as<Dict>(top(), "a state set on what is no dictionary");
}

/// ('storage', type, key, place, elements)
void Machine::persistent_id() {
  const auto& id = as<List>(pop(), "a reference that is no tuple");
  require(id.items.size() == 5, "a reference that is not to a storage");
  require(as<std::string>(id.items[0], "a reference that is not to a storage") == "storage",
          "a reference that is not to a storage");
  TorchStorage storage;
  const auto& type = as<Global>(id.items[1], "a storage of no type").name;
  storage.type = find_storage_type(type);
  require(storage.type != nullptr, fmt::format("a storage of type {}", type));
  storage.key = as<std::string>(id.items[2], "a storage whose key is not text");
  storage.elements = as<int64_t>(id.items[4], "a storage of no size");
  require(storage.elements >= 0, "a storage of negative size");
  push(std::move(storage));
}

}  // namespace

TorchPickle::TorchPickle(const std::string& file, std::string_view bytes) {
  root_ = Machine(file, bytes, values_).run();
}

void refuse_content(const std::string& file, std::string_view name) {
  throw InputError(
      fmt::format("{}: holds {}: only tensors and dictionaries are read", file, printable(name)));
}

}  // namespace lanet
