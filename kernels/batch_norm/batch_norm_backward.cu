// Batch normalisation on CUDA, backward: the sums in two launches, as the statistics in
// batch_norm.cu, and the gradients of the images in one.
#include "kernels/batch_norm/batch_norm_cuda.cuh"
#include "kernels/cuda_operations.h"

namespace lanet {

namespace {
/// Rows that a thread reads before it works on them.
template <int N>
constexpr int kRowsAtOnce = N == 8 ? 2 : 4;
constexpr int kApplyRows = 8;  // rows a thread writes
}  // namespace

/// What a backward pass reads of the images.
template <typename T>
struct BatchNormBackwardImages {
  BatchNormImage<T> first, second;
  const T *dy, *y;  // y: null unless the ReLU is undone from it
  bool relu;

  bool in_packs(int64_t channels) const {
    return first.in_packs(channels) && second.in_packs(channels) &&
           cuda::channels_in_packs<T>(channels, {dy, y});
  }
};

/// How a pass finds where the ReLU cut off: of the given y (or nowhere), or of y found anew from
/// the first image or from both.
enum class BatchNormForm { given, found, second };

/// N channels of one thread: what finds y anew, and what is read of a row.
template <typename T, int N, BatchNormForm kForm>
struct BatchNormBackwardThread {
  BatchNormAffine<T, N> first, second;

  struct Row {
    cuda::Pack<T, N> x, second_x, dy, y;
  };

  __device__ void load(const BatchNormBackwardImages<T>& images, int64_t channel) {
    if (kForm != BatchNormForm::given) first.load(images.first, channel);
    if (kForm == BatchNormForm::second) second.load(images.second, channel);
  }
  __device__ void read(const BatchNormBackwardImages<T>& images, int64_t at, Row& row) const {
    row.x = cuda::load_pack<N>(images.first.x + at);
    if (kForm == BatchNormForm::second) row.second_x = cuda::load_pack<N>(images.second.x + at);
    row.dy = cuda::load_pack<N>(images.dy + at);
    if (kForm == BatchNormForm::given && images.y) row.y = cuda::load_pack<N>(images.y + at);
  }
  /// dy where the ReLU let y through, else 0.
  __device__ accumulate_t<T> g(const BatchNormBackwardImages<T>& images, const Row& row,
                               int e) const {
    const accumulate_t<T> dy = cuda::load(&row.dy.value[e]);
    if (kForm == BatchNormForm::given)
      return images.y && !(cuda::load(&row.y.value[e]) > 0) ? 0 : dy;
    if (!images.relu) return dy;
    accumulate_t<T> value = first.at(row.x, e);
    if (kForm == BatchNormForm::second) value += second.at(row.second_x, e);
    T rounded;
    cuda::store(&rounded, value);
    return cuda::load(&rounded) > 0 ? dy : 0;
  }
};

namespace {

template <typename T, typename Args>
BatchNormBackwardImages<T> backward_images(const Args& args) {
  const bool given = args.relu && !batch_norm_finds_y(args);
  return {.first = BatchNormImage<T>(args),
          .second = BatchNormImage<T>(args.second),
          .dy = static_cast<const T*>(args.dy.data),
          .y = given ? static_cast<const T*>(args.y.data) : nullptr,
          .relu = args.relu};
}

/// Calls f.template operator()<form>() for the form of the group.
template <typename Args, typename F>
void with_form(std::span<const Args> group, F&& f) {
  if (group[0].second.x)
    f.template operator()<BatchNormForm::second>();
  else if (batch_norm_finds_y(group[0]))
    f.template operator()<BatchNormForm::found>();
  else
    f.template operator()<BatchNormForm::given>();
}

}  // namespace

/// The sums of the first or the second image, and the gradients of its parameters, which are null
/// if they are not wanted.
template <typename A>
struct BatchNormSums {
  const A* inv_std;
  A *sum_dy_xhat, *dweight, *dbias;
  bool add_to_dweight, add_to_dbias;

  BatchNormSums() = default;
  template <typename Image>
  explicit BatchNormSums(const Image& image)
      : inv_std(static_cast<const A*>(image.inv_std.data)),
        sum_dy_xhat(static_cast<A*>(image.sum_dy_xhat.data)),
        dweight(static_cast<A*>(image.dweight.tensor.data)),
        dbias(static_cast<A*>(image.dbias.tensor.data)),
        add_to_dweight(image.dweight.add),
        add_to_dbias(image.dbias.add) {}
  __device__ void write(int channel, double sum, double product, A its_inv_std) const {
    const A its_dbias = A(sum), its_dweight = A(product * double(its_inv_std));
    sum_dy_xhat[channel] = its_dweight;
    if (dweight) dweight[channel] = add_to_dweight ? dweight[channel] + its_dweight : its_dweight;
    if (dbias) dbias[channel] = add_to_dbias ? dbias[channel] + its_dbias : its_dbias;
  }
};

template <typename T>
struct BatchNormReduceMember {
  BatchNormBackwardImages<T> images;
  StripSums<accumulate_t<T>> strip_sums;
  accumulate_t<T>* sum_dy;
  BatchNormSums<accumulate_t<T>> first, second;
};

/// Leaves Σ g and Σ g·(x − mean), the latter for both images, by strip and channel.
template <typename T, int N, BatchNormForm kForm>
__global__ void __launch_bounds__(kTileThreads) batch_norm_strip_gradients_kernel(
    const __grid_constant__ BatchNormGroup<BatchNormReduceMember<T>> group, Strips strips) {
  using A = accumulate_t<T>;
  constexpr bool kSecond = kForm == BatchNormForm::second;
  constexpr int kSums = kSecond ? 3 : 2;
  __shared__ A lane_sums[kSums][kTileThreads * N];
  const BatchNormReduceMember<T>& my = group.mine();
  const TilePlace place = tile_place(strips.channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  const int64_t rows = strips.rows_of(place.strip), step = blockDim.y;
  const int64_t start = strips.first_row(place.strip) * strips.channels + channel;
  cuda::Values<N, T> sums[kSums] = {};
  if (channel < strips.channels) {
    BatchNormBackwardThread<T, N, kForm> thread;
    thread.load(my.images, channel);
    const auto center = cuda::load_values<N>(my.images.first.mean + channel);
    cuda::Values<N, T> second_center = {};
    if (kSecond) second_center = cuda::load_values<N>(my.images.second.mean + channel);
    auto take_rows = [&]<int kRows>(int64_t row) {
      typename BatchNormBackwardThread<T, N, kForm>::Row read[kRows];
#pragma unroll
      for (int r = 0; r < kRows; ++r)
        thread.read(my.images, start + (row + r * step) * strips.channels, read[r]);
#pragma unroll
      for (int r = 0; r < kRows; ++r) {
#pragma unroll
        for (int e = 0; e < N; ++e) {
          const A g = thread.g(my.images, read[r], e);
          sums[0].value[e] += g;
          sums[1].value[e] += g * (cuda::load(&read[r].x.value[e]) - center.value[e]);
          if (kSecond)
            sums[kSums - 1].value[e] +=
                g * (cuda::load(&read[r].second_x.value[e]) - second_center.value[e]);
        }
      }
    };
    int64_t row = threadIdx.y;
    for (; row + (kRowsAtOnce<N> - 1) * step < rows; row += kRowsAtOnce<N> * step)
      take_rows.template operator()<kRowsAtOnce<N>>(row);
    for (; row < rows; row += step) take_rows.template operator()<1>(row);
  }
  const unsigned width = blockDim.x * N;
#pragma unroll
  for (int s = 0; s < kSums; ++s)
    cuda::store_values<N>(lane_sums[s] + threadIdx.y * width + threadIdx.x * N, sums[s]);
  __syncthreads();
  const unsigned mine = threadIdx.y * blockDim.x + threadIdx.x;
  if (mine < width && place.first_channel + mine < strips.channels) {
    A total[kSums] = {};
    for (unsigned lane = 0; lane < blockDim.y; ++lane) {
#pragma unroll
      for (int s = 0; s < kSums; ++s) total[s] += lane_sums[s][lane * width + mine];
    }
    const int64_t at = place.strip * strips.channels + place.first_channel + mine;
    my.strip_sums.first[at] = total[0];
    my.strip_sums.second[at] = total[1];
    if (kSecond) my.strip_sums.third[at] = total[kSums - 1];
  }
}

/// Joins the strips.
template <typename T>
__global__ void __launch_bounds__(kMaxJoinThreads) batch_norm_backward_reduce_kernel(
    const __grid_constant__ BatchNormGroup<BatchNormReduceMember<T>> group, Strips strips) {
  using A = accumulate_t<T>;
  __shared__ JoinScratch<3> scratch;
  const BatchNormReduceMember<T>& my = group.mine();
  const bool has_second = my.images.second.x != nullptr;
  const A* const arrays[] = {my.strip_sums.first, my.strip_sums.second,
                             has_second ? my.strip_sums.third : nullptr};
  const JoinThread thread(strips);
  A inv_std = 0, second_inv_std = 0;  // read before the sums are known, so that nothing waits later
  if (thread.writes()) {
    inv_std = my.first.inv_std[thread.channel];
    if (has_second) second_inv_std = my.second.inv_std[thread.channel];
  }
  double sums[3];
  join_strips(thread, arrays, scratch, sums);
  if (thread.writes()) {
    my.sum_dy[thread.channel] = A(sums[0]);
    my.first.write(thread.channel, sums[0], sums[1], inv_std);
    if (has_second) my.second.write(thread.channel, sums[0], sums[2], second_inv_std);
  }
}

/// dx of the first or the second image, null if it is not wanted.
template <typename T>
struct BatchNormDx {
  const accumulate_t<T>* sum_dy_xhat;
  T* dx;
  bool add;

  BatchNormDx() = default;
  template <typename Image>
  explicit BatchNormDx(const Image& image)
      : sum_dy_xhat(static_cast<const accumulate_t<T>*>(image.sum_dy_xhat.data)),
        dx(static_cast<T*>(image.dx.tensor.data)),
        add(image.dx.add) {}
};

template <typename T>
struct BatchNormBackwardApplyMember {
  BatchNormBackwardImages<T> images;
  const accumulate_t<T>* sum_dy;
  BatchNormDx<T> first, second;
  T* dresidual;  // null if it is not wanted
  bool add_to_dresidual;
};

/// dx = scale·(g − offset) + slope·(x − mean) of N channels: exactly 0 where there is one row.
template <typename T, int N>
struct BatchNormDxThread {
  cuda::Values<N, T> mean, scale, offset, slope;

  __device__ void load(const BatchNormImage<T>& image, const accumulate_t<T>* sum_dy,
                       const accumulate_t<T>* sum_dy_xhat, int64_t rows, int64_t channel) {
    using A = accumulate_t<T>;
    mean = cuda::load_values<N>(image.mean + channel);
    scale = cuda::load_values<N>(image.weight + channel);
    offset = cuda::load_values<N>(sum_dy + channel);
    slope = cuda::load_values<N>(sum_dy_xhat + channel);
    const auto inv_std = cuda::load_values<N>(image.inv_std + channel);
#pragma unroll
    for (int e = 0; e < N; ++e) {
      scale.value[e] *= inv_std.value[e];
      offset.value[e] /= A(rows);
      slope.value[e] = -scale.value[e] * inv_std.value[e] * (slope.value[e] / A(rows));
    }
  }
  __device__ cuda::Values<N, T> at(const cuda::Values<N, T>& g, const cuda::Pack<T, N>& x) const {
    cuda::Values<N, T> dx;
#pragma unroll
    for (int e = 0; e < N; ++e)
      dx.value[e] = scale.value[e] * (g.value[e] - offset.value[e]) +
                    slope.value[e] * (cuda::load(&x.value[e]) - mean.value[e]);
    return dx;
  }
};

template <typename T, int N, BatchNormForm kForm>
__global__ void __launch_bounds__(kTileThreads) batch_norm_backward_apply_kernel(
    const __grid_constant__ BatchNormGroup<BatchNormBackwardApplyMember<T>> group, int64_t rows,
    int64_t channels) {
  constexpr int kRows = kRowsAtOnce<N>;
  constexpr bool kSecond = kForm == BatchNormForm::second;
  const BatchNormBackwardApplyMember<T>& my = group.mine();
  const TilePlace place = tile_place(channels);
  const int64_t channel = place.first_channel + threadIdx.x * N;
  if (channel >= channels) return;
  BatchNormBackwardThread<T, N, kForm> thread;
  thread.load(my.images, channel);
  BatchNormDxThread<T, N> first, second;
  first.load(my.images.first, my.sum_dy, my.first.sum_dy_xhat, rows, channel);
  if (kSecond) second.load(my.images.second, my.sum_dy, my.second.sum_dy_xhat, rows, channel);
  int64_t row = place.strip * kApplyRows * blockDim.y + threadIdx.y;
  for (int batch = 0; batch < kApplyRows / kRows; ++batch) {
    typename BatchNormBackwardThread<T, N, kForm>::Row read[kRows];
    int64_t at[kRows];
#pragma unroll
    for (int r = 0; r < kRows; ++r, row += blockDim.y) {
      // Past the end the last row is read, and nothing written.
      at[r] = row < rows ? row * channels + channel : -1;
      thread.read(my.images, min(row, rows - 1) * channels + channel, read[r]);
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
      cuda::Values<N, T> g;
#pragma unroll
      for (int e = 0; e < N; ++e) g.value[e] = thread.g(my.images, read[r], e);
      if (at[r] < 0) continue;
      if (my.first.dx)
        cuda::store_gradient<N>(my.first.dx + at[r], first.at(g, read[r].x), my.first.add);
      if (kSecond && my.second.dx)
        cuda::store_gradient<N>(my.second.dx + at[r], second.at(g, read[r].second_x),
                                my.second.add);
      if (my.dresidual) cuda::store_gradient<N>(my.dresidual + at[r], g, my.add_to_dresidual);
    }
  }
}

void batch_norm_backward_reduce_cuda(Context& context,
                                     std::span<const BatchNormBackwardReduceArgs> group) {
  dispatch_float(group[0].x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const Strips strips(group[0].x.shape);
    void* workspace = context.workspace(
        batch_norm_cuda_workspace_bytes(group[0].x.shape, static_cast<int>(group.size())));
    bool packs = true;
    const BatchNormGroup<BatchNormReduceMember<T>> kernel_group(
        group, [&](const BatchNormBackwardReduceArgs& args, int member) {
          const BatchNormReduceMember<T> m{.images = backward_images<T>(args),
                                           .strip_sums = StripSums<A>(workspace, strips, member),
                                           .sum_dy = static_cast<A*>(args.sum_dy.data),
                                           .first = BatchNormSums<A>(args),
                                           .second = BatchNormSums<A>(args.second)};
          packs = packs && m.images.in_packs(strips.channels);
          return m;
        });
    with_form(group, [&]<BatchNormForm kForm>() {
      cuda::with_pack_width<T>(packs, [&]<int N>() {
        cuda::launch(batch_norm_strip_gradients_kernel<T, N, kForm>, strips.grid(group.size()),
                     tile_block(strips.channels, N), 0, cuda::stream(context), kernel_group,
                     strips);
      });
    });
    cuda::launch(batch_norm_backward_reduce_kernel<T>, join_grid(strips, group.size()),
                 join_block(strips), 0, cuda::stream(context), kernel_group, strips);
  });
}

void batch_norm_backward_apply_cuda(Context& context,
                                    std::span<const BatchNormBackwardApplyArgs> group) {
  dispatch_float(group[0].x.dtype, [&]<typename Host>() {
    using T = cuda::device_t<Host>;
    using A = accumulate_t<Host>;
    const int64_t channels = group[0].x.shape.back(), rows = group[0].x.elements() / channels;
    bool packs = true;
    const BatchNormGroup<BatchNormBackwardApplyMember<T>> kernel_group(
        group, [&](const BatchNormBackwardApplyArgs& args, int) {
          const BatchNormBackwardApplyMember<T> m{
              .images = backward_images<T>(args),
              .sum_dy = static_cast<const A*>(args.sum_dy.data),
              .first = BatchNormDx<T>(args),
              .second = BatchNormDx<T>(args.second),
              .dresidual = static_cast<T*>(args.dresidual.tensor.data),
              .add_to_dresidual = args.dresidual.add};
          packs = packs && m.images.in_packs(channels) &&
                  cuda::channels_in_packs<T>(
                      channels, {m.sum_dy, m.first.sum_dy_xhat, m.first.dx, m.second.sum_dy_xhat,
                                 m.second.dx, m.dresidual});
          return m;
        });
    with_form(group, [&]<BatchNormForm kForm>() {
      cuda::with_pack_width<T>(packs, [&]<int N>() {
        const dim3 block = tile_block(channels, N);
        cuda::launch(batch_norm_backward_apply_kernel<T, N, kForm>,
                     tile_grid(rows, channels, block, kApplyRows, group.size()), block, 0,
                     cuda::stream(context), kernel_group, rows, channels);
      });
    });
  });
}

}  // namespace lanet
