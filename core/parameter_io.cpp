#include "core/parameter_io.h"

namespace lanet {

namespace {

/// For each element in file order, its place in memory.
template <typename F>
void for_each_in_file_order(const Parameter& p, F&& visit) {
  if (p.layout != FileLayout::ohwi) {
    for (int64_t i = 0; i < p.logical.elements(); ++i) visit(i, p.place(i));
    return;
  }
  const int64_t out = p.logical[0], taps = p.logical[1] * p.logical[2], in = p.logical[3];
  int64_t file = 0;
  for (int64_t o = 0; o < out; ++o)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t t = 0; t < taps; ++t) visit(file++, p.place((o * taps + t) * in + i));
}

}  // namespace

std::vector<double> read_tensor(Context& context, const Tensor& tensor) {
  std::vector<std::byte> bytes(tensor.bytes());
  const Tensor host{bytes.data(), tensor.shape, tensor.dtype, Device::cpu};
  context.copy(host, tensor);
  context.synchronize();
  std::vector<double> values(tensor.elements());
  dispatch_any(tensor.dtype, [&]<typename T>() {
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(host.as<T>()[i]);
  });
  return values;
}

void write_tensor(Context& context, const Tensor& tensor, const std::vector<double>& values) {
  LANET_REQUIRE(static_cast<int64_t>(values.size()) == tensor.elements(), "{} values for {}",
                values.size(), tensor.shape);
  std::vector<std::byte> bytes(tensor.bytes());
  const Tensor host{bytes.data(), tensor.shape, tensor.dtype, Device::cpu};
  dispatch_any(tensor.dtype, [&]<typename T>() {
    for (size_t i = 0; i < values.size(); ++i) host.as<T>()[i] = static_cast<T>(values[i]);
  });
  context.copy(tensor, host);
  context.synchronize();
}

std::vector<double> to_file_order(Context& context, const Parameter& p, const Tensor& tensor) {
  const std::vector<double> memory = read_tensor(context, tensor);
  std::vector<double> file(p.logical.elements());
  for_each_in_file_order(p, [&](int64_t f, int64_t m) { file[f] = memory[m]; });
  return file;
}

void from_file_order(Context& context, const Parameter& p, const Tensor& tensor,
                     const std::vector<double>& values) {
  LANET_REQUIRE(static_cast<int64_t>(values.size()) == p.logical.elements(), "{} values for {} {}",
                values.size(), p.name, p.logical);
  std::vector<double> memory(tensor.elements());  // 0 where there is padding
  for_each_in_file_order(p, [&](int64_t f, int64_t m) { memory[m] = values[f]; });
  write_tensor(context, tensor, memory);
}

}  // namespace lanet
