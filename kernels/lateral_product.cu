// Products with the four laterals on CUDA, one launch for all four. They are too small to fill the
// device with outputs, so that threads share the sum of one as well: its order is fixed.
#include "core/cuda/device.cuh"
#include "core/cuda/launch.h"
#include "kernels/cuda_operations.h"
#include "kernels/lateral_product.h"

namespace lanet {

namespace {

constexpr int kLaterals = 4;
constexpr int kColumns = 32;  // of a block's tile, one warp wide
constexpr int kRows = 8;      // of a block's tile; each thread keeps a sum for each
constexpr int kSlices = 16;   // warps that share a sum
constexpr int kWarps = 8;     // of a block, where a warp has a sum to itself

}  // namespace

/// y_i [rows, columns_i] = op(a)·b_i, b_i [depth, columns_i]. Element (r, k) of op(a) is
/// a[r·row_stride + k·depth_stride].
template <typename A, typename B, typename T>
struct LateralProducts {
  const A* a;
  int64_t row_stride, depth_stride, rows, depth;
  const B* b[kLaterals] = {};
  T* y[kLaterals] = {};
  int64_t columns[kLaterals] = {};
  int tiles[kLaterals] = {};
  bool add[kLaterals] = {};
};

/// A block has kColumns columns of one y_i and kRows of its rows; each of its warps sums over every
/// kSlices-th k.
template <typename A, typename B, typename T>
__global__ void __launch_bounds__(kColumns* kSlices)
    lateral_product_kernel(LateralProducts<A, B, T> p) {
  __shared__ A partial[kSlices][kRows][kColumns];
  int i = 0, tile = blockIdx.x;
  for (; tile >= p.tiles[i]; ++i) tile -= p.tiles[i];
  const int64_t columns = p.columns[i], column = int64_t{tile} * kColumns + threadIdx.x;
  const int64_t first_row = int64_t{blockIdx.y} * kRows;
  const A* a = p.a + first_row * p.row_stride;
  A sum[kRows] = {};
  if (column < columns) {
    for (int64_t k = threadIdx.y; k < p.depth; k += kSlices) {
      const A b = cuda::load(p.b[i] + k * columns + column);
#pragma unroll
      for (int r = 0; r < kRows; ++r)
        if (first_row + r < p.rows) sum[r] += a[r * p.row_stride + k * p.depth_stride] * b;
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) partial[threadIdx.y][r][threadIdx.x] = sum[r];
  __syncthreads();
  const int64_t row = first_row + threadIdx.y;
  if (threadIdx.y >= kRows || row >= p.rows || column >= columns) return;
  A all = 0;
  for (int slice = 0; slice < kSlices; ++slice) all += partial[slice][threadIdx.y][threadIdx.x];
  T* y = p.y[i] + row * columns + column;
  cuda::store(y, p.add[i] ? cuda::load(y) + all : all);
}

template <typename A, typename B>
struct LateralContraction {
  const B* x[kLaterals] = {};
  const A* lateral[kLaterals] = {};
  int64_t columns[kLaterals] = {};
  A* sum;
  int64_t rows, depth;
  bool add;
};

/// A warp has one column d of the sum and kRows of its rows: it reads along the rows of the
/// factors.
template <typename A, typename B>
__global__ void __launch_bounds__(32 * kWarps) lateral_contract_kernel(LateralContraction<A, B> p) {
  const int64_t d = int64_t{blockIdx.x} * kWarps + threadIdx.y;
  const int64_t first_row = int64_t{blockIdx.y} * kRows;
  if (d >= p.depth) return;  // a whole warp
  A sum[kRows] = {};
  for (int i = 0; i < kLaterals; ++i) {
    const int64_t columns = p.columns[i];
    const B* x = p.x[i] + first_row * columns;
    const A* lateral = p.lateral[i] + d * columns;
    for (int64_t c = threadIdx.x; c < columns; c += 32) {
      const A b = lateral[c];
#pragma unroll
      for (int r = 0; r < kRows; ++r)
        if (first_row + r < p.rows) sum[r] += cuda::load(x + r * columns + c) * b;
    }
  }
#pragma unroll
  for (int r = 0; r < kRows; ++r) {
    const A all = cuda::warp_sum(sum[r]);
    if (threadIdx.x != 0 || first_row + r >= p.rows) continue;
    A* place = p.sum + (first_row + r) * p.depth + d;
    *place = p.add ? *place + all : all;
  }
}

namespace {

/// rows, depth: of op(a), which is a or, `transposed`, aᵀ.
template <typename B, typename T>
void launch_products(Context& context, const Tensor& a, bool transposed, const LateralTensors& b,
                     const LateralGradients& y) {
  using A = accumulate_t<T>;
  const int64_t rows = a.shape[0], width = a.shape[1];
  LateralProducts<A, B, T> p{.a = static_cast<const A*>(a.data),
                             .row_stride = transposed ? 1 : width,
                             .depth_stride = transposed ? width : 1,
                             .rows = transposed ? width : rows,
                             .depth = transposed ? rows : width};
  unsigned tiles = 0;
  for (int i = 0; i < kLaterals; ++i) {
    p.b[i] = static_cast<const B*>(b[i].data);
    p.y[i] = static_cast<T*>(y[i].tensor.data);
    p.columns[i] = b[i].shape[1];
    p.tiles[i] = static_cast<int>(cuda::blocks_for(p.columns[i], kColumns));
    p.add[i] = y[i].add;
    tiles += p.tiles[i];
  }
  cuda::launch(lateral_product_kernel<A, B, T>, dim3(tiles, cuda::blocks_for(p.rows, kRows)),
               dim3(kColumns, kSlices), 0, cuda::stream(context), p);
}

}  // namespace

void lateral_expand_cuda(Context& context, const LateralExpandArgs& args) {
  dispatch_float(args.y[0].tensor.dtype, [&]<typename Host>() {
    launch_products<accumulate_t<Host>, cuda::device_t<Host>>(context, args.a, /*transposed=*/false,
                                                              args.lateral, args.y);
  });
}

void lateral_contract_cuda(Context& context, const LateralContractArgs& args) {
  const Tensor& sum = args.sum.tensor;
  dispatch_float(args.x[0].dtype, [&]<typename Host>() {
    using A = accumulate_t<Host>;
    using B = cuda::device_t<Host>;
    LateralContraction<A, B> p{.sum = static_cast<A*>(sum.data),
                               .rows = sum.shape[0],
                               .depth = sum.shape[1],
                               .add = args.sum.add};
    for (int i = 0; i < kLaterals; ++i) {
      p.x[i] = static_cast<const B*>(args.x[i].data);
      p.lateral[i] = static_cast<const A*>(args.lateral[i].data);
      p.columns[i] = args.x[i].shape[1];
    }
    cuda::launch(lateral_contract_kernel<A, B>,
                 dim3(cuda::blocks_for(p.depth, kWarps), cuda::blocks_for(p.rows, kRows)),
                 dim3(32, kWarps), 0, cuda::stream(context), p);
  });
}

void lateral_gradient_cuda(Context& context, const LateralGradientArgs& args) {
  dispatch_float(args.dy[0].dtype, [&]<typename Host>() {
    launch_products<cuda::device_t<Host>, accumulate_t<Host>>(context, args.a, /*transposed=*/true,
                                                              args.dy, args.dlateral);
  });
}

}  // namespace lanet
