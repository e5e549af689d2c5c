// What tests of golden numbers share: the files under tests/golden, and tensors filled by formula.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "core/golden_fill.h"
#include "tests/files.h"
#include "tests/op_test.h"

namespace lanet::test {

/// The golden file tests/golden/<name>.
inline nlohmann::json golden_file(const std::string& name) {
  std::ifstream file(tests_folder() / "golden" / name);
  REQUIRE_MESSAGE(file, "tests/golden/" << name << " cannot be read");
  return nlohmann::json::parse(file);
}

/// fill(name, shape, lo, hi) of the golden files' description, rounded to `dtype`.
inline OwnedTensor golden_tensor(std::string_view name, const Shape& shape, DType dtype, double lo,
                                 double hi) {
  OwnedTensor tensor(shape, dtype);
  golden_fill(name, tensor, lo, hi);
  return tensor;
}

/// The numbers of a JSON array of any depth, in order, as a tensor of `shape`.
inline OwnedTensor golden_array(const nlohmann::json& array, const Shape& shape,
                                DType dtype = DType::f64) {
  std::vector<double> values;
  auto gather = [&](const nlohmann::json& node, auto& self) -> void {
    if (node.is_number())
      values.push_back(node.get<double>());
    else
      for (const auto& child : node) self(child, self);
  };
  gather(array, gather);
  REQUIRE(static_cast<int64_t>(values.size()) == shape.elements());
  OwnedTensor tensor(shape, dtype);
  tensor.fill([&](int64_t i) { return values[i]; });
  return tensor;
}

}  // namespace lanet::test
