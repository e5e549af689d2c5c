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
  // One division per output channel and tap: of the inner dimensions only the last is ever padded.
  const int64_t out = p.logical[0], taps = p.logical[1] * p.logical[2], in = p.logical[3];
  for (int64_t o = 0; o < out; ++o)
    for (int64_t t = 0; t < taps; ++t) {
      const int64_t memory = p.place((o * taps + t) * in), file = o * in * taps + t;
      for (int64_t i = 0; i < in; ++i) visit(file + i * taps, memory + i);
    }
}

}  // namespace

std::vector<int64_t> dims(const Shape& shape) {
  std::vector<int64_t> list;
  for (int i = 0; i < shape.rank(); ++i) list.push_back(shape[i]);
  return list;
}

HostArray read_array(Context& context, const Tensor& tensor) {
  HostArray array(dims(tensor.shape), host_dtype(tensor.dtype));
  context.copy(Tensor{array.bytes.data(), tensor.shape, tensor.dtype, Device::cpu}, tensor);
  context.synchronize();
  return array;
}

std::vector<double> read_tensor(Context& context, const Tensor& tensor) {
  return read_array(context, tensor).to<double>();
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

HostArray to_file_order(Context& context, const Parameter& p, const Tensor& tensor) {
  const HostArray memory = read_array(context, tensor);
  HostArray file(p.file_shape(), memory.dtype);
  dispatch_any(tensor.dtype, [&]<typename T>() {
    const T* from = reinterpret_cast<const T*>(memory.bytes.data());
    T* to = reinterpret_cast<T*>(file.bytes.data());
    for_each_in_file_order(p, [&](int64_t f, int64_t m) { to[f] = from[m]; });
  });
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
