// Collectives by NCCL. Small ones are put on the context's stream; gradients have a communicator
// and a stream of their own, so that they go on beside the backward pass and small ones do not wait
// for them.
//
// A kernel of NCCL holds its multiprocessors until the other ranks' kernels of the same collective
// come. Between two streams the device is free to choose: if one rank ran a bucket first and
// another a small collective, each could wait for the other for ever. So NCCL has to keep to the
// order in which the host launches, which is the same on every rank: order_nccl_launches(). Two
// collectives may still run side by side where CUDA and its driver are 12.3 or newer.
#include <nccl.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "core/cuda/check.h"
#include "core/cuda/devices.h"
#include "core/cuda/launch.h"
#include "core/ranks/communicator.h"

#define LANET_NCCL_CHECK(call) ::lanet::cuda::check_nccl((call), #call, __FILE__, __LINE__)

namespace lanet::cuda {

namespace {

void check_nccl(ncclResult_t status, const char* expression, const char* file, int line) {
  if (status != ncclSuccess)
    throw Error(fmt::format("NCCL: {} ({}) from {} at {}:{}", ncclGetErrorString(status),
                            ncclGetLastError(nullptr), expression, file, line));
}

ncclDataType_t type_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return ncclFloat64;
    case DType::f32:
      return ncclFloat32;
    case DType::bf16:
      return ncclBfloat16;
    case DType::i32:
      return ncclInt32;
    case DType::u8:
      return ncclUint8;
  }
  return ncclNumTypes;
}

class NcclCommunicator final : public Communicator {
 public:
  NcclCommunicator(Shard shard, const ncclUniqueId& id,
                   const std::function<void(const std::string&)>& on_error)
      : Communicator(shard) {
    LANET_NCCL_CHECK(ncclCommInitRank(&small_, size(), id, rank()));
    LANET_NCCL_CHECK(ncclCommSplit(small_, 0, rank(), &buckets_, nullptr));
    LANET_CUDA_CHECK(cudaStreamCreateWithFlags(&bucket_stream_, cudaStreamNonBlocking));
    LANET_CUDA_CHECK(cudaEventCreateWithFlags(&ready_, cudaEventDisableTiming));
    LANET_CUDA_CHECK(cudaEventCreateWithFlags(&reduced_, cudaEventDisableTiming));
    LANET_CUDA_CHECK(cudaMalloc(&flag_, sizeof(int32_t)));
    LANET_CUDA_CHECK(cudaMemset(flag_, 0, sizeof(int32_t)));
    if (on_error)
      watcher_ =
          std::jthread([this, on_error](const std::stop_token& stop) { watch(stop, on_error); });
  }
  ~NcclCommunicator() override {
    watcher_ = {};
    for (const ncclComm_t comm : {buckets_, small_}) {
      const ncclResult_t status = ncclCommDestroy(comm);
      if (status != ncclSuccess) fmt::print(stderr, "NCCL: {}\n", ncclGetErrorString(status));
    }
    LANET_CUDA_LOG(cudaFree(flag_));
    LANET_CUDA_LOG(cudaEventDestroy(ready_));
    LANET_CUDA_LOG(cudaEventDestroy(reduced_));
    LANET_CUDA_LOG(cudaStreamDestroy(bucket_stream_));
  }
  std::string name() const override { return "NCCL"; }

 private:
  /// As one operation of the device, whatever is in it.
  template <typename F>
  void together(F&& calls) {
    LANET_NCCL_CHECK(ncclGroupStart());
    calls();
    LANET_NCCL_CHECK(ncclGroupEnd());
  }

  // The host may wait for the device meanwhile, and the device for ever for a rank that is gone.
  void watch(const std::stop_token& stop, const std::function<void(const std::string&)>& on_error) {
    constexpr auto kTurn = std::chrono::milliseconds(200);
    while (!stop.stop_requested()) {
      for (const ncclComm_t comm : {small_, buckets_}) {
        ncclResult_t status = ncclSuccess;
        const ncclResult_t asked = ncclCommGetAsyncError(comm, &status);
        if (asked == ncclSuccess) continue_or_tell(status, on_error);
      }
      std::this_thread::sleep_for(kTurn);
    }
  }
  static void continue_or_tell(ncclResult_t status,
                               const std::function<void(const std::string&)>& on_error) {
    if (status != ncclSuccess && status != ncclInProgress)
      on_error(fmt::format("NCCL: {} ({})", ncclGetErrorString(status), ncclGetLastError(nullptr)));
  }

  void do_all_reduce(Context& context, std::span<const Tensor> tensors,
                     Reduction reduction) override {
    together([&] {
      for (const Tensor& t : tensors)
        LANET_NCCL_CHECK(ncclAllReduce(t.data, t.data, t.elements(), type_of(t.dtype),
                                       reduction == Reduction::sum ? ncclSum : ncclAvg, small_,
                                       stream(context)));
    });
  }
  void do_all_gather(Context& context, std::span<const Exchange> exchanges) override {
    together([&] {
      for (const Exchange& e : exchanges)
        LANET_NCCL_CHECK(ncclAllGather(e.local.data, e.global.data, e.local.elements(),
                                       type_of(e.local.dtype), small_, stream(context)));
    });
  }
  void do_reduce_scatter(Context& context, std::span<const Exchange> exchanges) override {
    together([&] {
      for (const Exchange& e : exchanges)
        LANET_NCCL_CHECK(ncclReduceScatter(e.global.data, e.local.data, e.local.elements(),
                                           type_of(e.local.dtype), ncclSum, small_,
                                           stream(context)));
    });
  }
  void do_broadcast(Context& context, const Tensor& t) override {
    together([&] {
      LANET_NCCL_CHECK(
          ncclBroadcast(t.data, t.data, t.bytes(), ncclUint8, 0, small_, stream(context)));
    });
  }
  void do_barrier(Context& context) override {
    together([&] {
      LANET_NCCL_CHECK(ncclAllReduce(flag_, flag_, 1, ncclInt32, ncclSum, small_, stream(context)));
    });
    context.synchronize();
  }

  void do_start_mean(Context& context, const Tensor& t) override {
    LANET_CUDA_CHECK(cudaEventRecord(ready_, stream(context)));
    LANET_CUDA_CHECK(cudaStreamWaitEvent(bucket_stream_, ready_));
    LANET_NCCL_CHECK(ncclAllReduce(t.data, t.data, t.elements(), type_of(t.dtype), ncclAvg,
                                   buckets_, bucket_stream_));
  }
  void do_finish(Context& context) override {
    LANET_CUDA_CHECK(cudaEventRecord(reduced_, bucket_stream_));
    LANET_CUDA_CHECK(cudaStreamWaitEvent(stream(context), reduced_));
  }

  ncclComm_t small_ = nullptr, buckets_ = nullptr;
  cudaStream_t bucket_stream_ = nullptr;
  cudaEvent_t ready_ = nullptr, reduced_ = nullptr;
  void* flag_ = nullptr;
  std::jthread watcher_;
};

}  // namespace

void order_nccl_launches() {
  setenv("NCCL_LAUNCH_ORDER_IMPLICIT", "1", /*overwrite=*/0);
}

std::unique_ptr<Communicator> make_nccl_communicator(
    Context& context, Shard shard, const std::function<std::string(std::string)>& share,
    const std::function<void(const std::string&)>& on_error) {
  LANET_REQUIRE(context.device() == Device::cuda, "NCCL on device {}", context.device());
  ncclUniqueId id{};
  if (shard.rank == 0) LANET_NCCL_CHECK(ncclGetUniqueId(&id));
  const std::string bytes =
      share(shard.rank == 0 ? std::string(id.internal, sizeof(id.internal)) : "");
  LANET_REQUIRE(bytes.size() == sizeof(id.internal), "an id of {} bytes", bytes.size());
  std::copy(bytes.begin(), bytes.end(), id.internal);
  return std::make_unique<NcclCommunicator>(shard, id, on_error);
}

}  // namespace lanet::cuda
