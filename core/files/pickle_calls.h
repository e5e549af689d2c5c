// The closed list of names in a pickle, and what calling them makes. Nothing is run: each call is
// done here, by code of this program.
#pragma once

#include <stdexcept>

#include "core/files/pickle.h"

namespace lanet {

/// What makes no sense in a pickle. The machine adds the file and the place.
struct PickleFault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline void require_sense(bool condition, std::string_view what) {
  if (!condition) throw PickleFault(std::string(what));
}

/// The value as T; PickleFault with `what` if it is something else.
template <typename T>
const T& pickle_as(const PickleValue& value, std::string_view what) {
  const T* found = std::get_if<T>(&value.is);
  require_sense(found != nullptr, what);
  return *found;
}

/// The name a Foreign stands for; null if the value is none.
const std::string* foreign_name(const PickleValue& value);

/// `name` as a value: a Global if it is of the list, else a Foreign.
PickleValue::Is global_value(const std::string& name);

/// What calling `callable`, a Global or a Foreign, makes of the arguments.
PickleValue::Is call_result(const PickleValue& callable, const PickleValue::List& arguments);

/// Gives `object` its state, as the instruction BUILD does.
void set_state(PickleValue& object, const PickleValue& state);

/// The storage that a persistent ID of PyTorch refers to: ('storage', type, key, place, elements)
/// or, before PyTorch 1.6, with a view of it (key, first, elements) or None behind.
PickleValue::Is referred_storage(const PickleValue::List& id);

/// Adds keys and values in turn. A key is text or a whole number; an item with a foreign key is
/// skipped.
void add_items(PickleValue::Dict& dict, const std::vector<const PickleValue*>& items);

}  // namespace lanet
