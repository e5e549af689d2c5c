#include "core/files/pickle.h"

#include <bit>
#include <unordered_map>

#include "core/files/pickle_calls.h"
#include "core/files/pickle_opcode.h"

namespace lanet {
namespace {

using enum Opcode;

/// A state_dict has some 20 values a tensor: this is a hundred thousand tensors.
constexpr size_t kMaxValues = 2'000'000;

class Machine {
 public:
  Machine(const std::string& file, std::string_view bytes, std::deque<PickleValue>& values)
      : file_(file), bytes_(bytes), values_(values) {}

  const PickleValue* run() {
    try {
      while (true) {
        const auto opcode = static_cast<Opcode>(unsigned_number(1));
        if (opcode == kStop) return pop();
        step(opcode);
      }
    } catch (const PickleFault& fault) {
      throw InputError(fmt::format("{}: the pickle is not valid: {}, before byte {}", file_,
                                   fault.what(), position_));
    }
  }
  size_t position() const { return position_; }

 private:
  using List = PickleValue::List;
  using Dict = PickleValue::Dict;
  using Bytes = PickleValue::Bytes;
  using Foreign = PickleValue::Foreign;

  void step(Opcode opcode);
  bool step_number_or_text(Opcode opcode);
  bool step_container(Opcode opcode);
  bool step_call(Opcode opcode);

  std::string_view take(uint64_t count) {
    require_sense(count <= bytes_.size() - position_, "it is cut off");
    const auto piece = bytes_.substr(position_, count);
    position_ += count;
    return piece;
  }
  std::string line() {
    const size_t end = bytes_.find('\n', position_);
    require_sense(end != std::string_view::npos, "it is cut off");
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
  std::string sized_text(int width) { return std::string(take(unsigned_number(width))); }
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
  void push(T value) {
    require_sense(values_.size() < kMaxValues, "it holds too many values");
    stack_.push_back(&values_.emplace_back(PickleValue{std::move(value)}));
  }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  PickleValue* top() const {
    require_sense(stack_.size() > floor(), "a value is missing");
    return stack_.back();
  }
  PickleValue* pop() {
    PickleValue* value = top();
    stack_.pop_back();
    return value;
  }
  /// Everything above the last mark; the mark goes too.
  std::vector<const PickleValue*> pop_to_mark() {
    require_sense(!marks_.empty(), "a mark is missing");
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
    if (foreign_name(*top())) return;
    auto* list = std::get_if<List>(&top()->is);
    require_sense(list != nullptr, "an append to something that is not a list");
    require_sense(!list->tuple, "an append to a tuple");
    list->items.insert(list->items.end(), values.begin(), values.end());
  }
  void set_items(const std::vector<const PickleValue*>& values) {
    if (foreign_name(*top())) return;
    auto* dict = std::get_if<Dict>(&top()->is);
    require_sense(dict != nullptr, "an item set in something that is not a dictionary");
    add_items(*dict, values);
  }
  /// Replaces a callable and its tuple of arguments by what the call makes.
  void call() {
    const PickleValue* arguments = pop();
    const PickleValue* callable = pop();
    push(call_result(*callable, pickle_as<List>(*arguments, "arguments that are no tuple")));
  }
  std::string name_of_global() {
    const std::string module = line();
    return module + "." + line();
  }
  void get(uint64_t index) {
    const auto found = memo_.find(index);
    require_sense(found != memo_.end(), "a value is recalled that was not stored");
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
  if (step_number_or_text(opcode) || step_container(opcode) || step_call(opcode)) return;
  switch (opcode) {
    case kProtocol: {
      const uint64_t protocol = unsigned_number(1);
      require_sense(protocol >= 2 && protocol <= 5, fmt::format("protocol {}", protocol));
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
    default:
      refuse_content(file_, fmt::format("pickle instruction 0x{:02X} at byte {}",
                                        static_cast<int>(opcode), position_ - 1));
  }
}

/// The instructions that push a plain value; false if this is none of them.
bool Machine::step_number_or_text(Opcode opcode) {
  switch (opcode) {
    case kNone:
      push(std::monostate());
      return true;
    case kNewTrue:
      push(true);
      return true;
    case kNewFalse:
      push(false);
      return true;
    case kBinInt:
      push(signed_number(4));
      return true;
    case kBinInt1:
      push(static_cast<int64_t>(unsigned_number(1)));
      return true;
    case kBinInt2:
      push(static_cast<int64_t>(unsigned_number(2)));
      return true;
    case kLong1: {
      const int width = static_cast<int>(unsigned_number(1));
      require_sense(width <= 8, "a whole number beyond 64 bits");
      push(signed_number(width));
      return true;
    }
    case kBinFloat:
      push(big_endian_double());
      return true;
    case kShortBinUnicode:
    case kShortBinString:  // of Python 2, as is the next
      push(sized_text(1));
      return true;
    case kBinUnicode:
    case kBinString:
      push(sized_text(4));
      return true;
    case kBinUnicode8:
      push(sized_text(8));
      return true;
    case kShortBinBytes:
      push(Bytes{sized_text(1)});
      return true;
    case kBinBytes:
      push(Bytes{sized_text(4)});
      return true;
    case kBinBytes8:
    case kByteArray8:
      push(Bytes{sized_text(8)});
      return true;
    default:
      return false;
  }
}

/// Those that make or fill a tuple, list, dictionary or set; false if this is none of them.
bool Machine::step_container(Opcode opcode) {
  switch (opcode) {
    case kEmptyTuple:
      push_tuple(0);
      return true;
    case kTuple1:
    case kTuple2:
    case kTuple3:
      push_tuple(static_cast<size_t>(opcode) - static_cast<size_t>(kTuple1) + 1);
      return true;
    case kTuple:
      push(List{pop_to_mark(), /*tuple=*/true});
      return true;
    case kEmptyList:
      push(List{});
      return true;
    case kAppend:
      append({pop()});
      return true;
    case kAppends:
      append(pop_to_mark());
      return true;
    case kEmptyDict:
      push(Dict{});
      return true;
    case kSetItem: {
      const PickleValue* value = pop();
      const PickleValue* key = pop();
      set_items({key, value});
      return true;
    }
    case kSetItems:
      set_items(pop_to_mark());
      return true;
    case kEmptySet:
      push(Foreign{"set"});
      return true;
    case kAddItems:
      pop_to_mark();
      require_sense(foreign_name(*top()) != nullptr, "items added to something that is not a set");
      return true;
    case kFrozenSet:
      pop_to_mark();
      push(Foreign{"frozenset"});
      return true;
    default:
      return false;
  }
}

/// Those that name classes and functions and call them; false if this is none of them.
bool Machine::step_call(Opcode opcode) {
  switch (opcode) {
    case kGlobal:
      push(global_value(name_of_global()));
      return true;
    case kStackGlobal: {
      const auto& name = pickle_as<std::string>(*pop(), "a name that is not text");
      const auto& module = pickle_as<std::string>(*pop(), "a module that is not text");
      push(global_value(module + "." + name));
      return true;
    }
    case kReduce:
    case kNewObj:
      call();
      return true;
    case kNewObjEx:
      pickle_as<Dict>(*pop(), "named arguments that are no dictionary");
      call();
      return true;
    case kInst: {
      std::string name = name_of_global();
      const List arguments{pop_to_mark(), /*tuple=*/true};
      push(call_result(PickleValue{global_value(name)}, arguments));
      return true;
    }
    case kObj: {
      List arguments{pop_to_mark(), /*tuple=*/true};
      require_sense(!arguments.items.empty(), "an object of no class");
      const PickleValue* callable = arguments.items[0];
      arguments.items.erase(arguments.items.begin());
      push(call_result(*callable, arguments));
      return true;
    }
    case kBuild: {
      const PickleValue* state = pop();
      set_state(*top(), *state);
      return true;
    }
    case kBinPersistentId:
      push(referred_storage(pickle_as<List>(*pop(), "a reference that is not a tuple")));
      return true;
    default:
      return false;
  }
}

}  // namespace

Pickle::Pickle(const std::string& file, std::string_view bytes) {
  Machine machine(file, bytes, values_);
  root_ = machine.run();
  bytes_ = machine.position();
}

std::map<std::string, size_t> Pickle::element_bytes() const {
  std::map<std::string, size_t> sizes;
  for (const PickleValue& value : values_) {
    const auto* storage = std::get_if<PickleStorage>(&value.is);
    if (storage) sizes[storage->key] = storage->type->stored_bytes;
  }
  return sizes;
}

void refuse_content(const std::string& file, std::string_view name) {
  throw InputError(
      fmt::format("{}: holds {}: only tensors and dictionaries are read", file, printable(name)));
}

}  // namespace lanet
