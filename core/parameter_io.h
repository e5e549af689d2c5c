// Parameters in the order of files: numbers as PyTorch's state_dict has them (OIHW weights).
#pragma once

#include <vector>

#include "core/files/host_array.h"
#include "core/parameters.h"

namespace lanet {

/// The elements of `tensor` (a view of parameter p: its weights, gradient, a moment, …) in file
/// order: an array of p.file_shape() and the tensor's dtype.
HostArray to_file_order(Context& context, const Parameter& p, const Tensor& tensor);

/// The other way: writes `values`, in file order, into `tensor`.
void from_file_order(Context& context, const Parameter& p, const Tensor& tensor,
                     const std::vector<double>& values);

/// The dimensions of `shape`, as an array's.
std::vector<int64_t> dims(const Shape& shape);

/// A tensor of the context's device as an array of its shape and dtype.
HostArray read_array(Context& context, const Tensor& tensor);

/// A tensor of the context's device as doubles, and back. i32 and u8 tensors too.
std::vector<double> read_tensor(Context& context, const Tensor& tensor);
void write_tensor(Context& context, const Tensor& tensor, const std::vector<double>& values);

}  // namespace lanet
