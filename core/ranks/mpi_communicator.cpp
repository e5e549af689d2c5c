// Collectives by MPI: on tensors in host memory directly, on those of a GPU by way of host memory,
// so that several processes can be tried on one GPU.
#include <mpi.h>

#include <cstdlib>
#include <limits>

#include "core/ranks/communicator.h"

#define LANET_MPI_CHECK(call) ::lanet::check_mpi((call), #call, __FILE__, __LINE__)

namespace lanet {

namespace {

std::string describe_mpi(int status, const char* expression, const char* file, int line) {
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(status, text, &length);
  return fmt::format("MPI: {} from {} at {}:{}", text, expression, file, line);
}

}  // namespace

static void check_mpi(int status, const char* expression, const char* file, int line) {
  if (status != MPI_SUCCESS) throw Error(describe_mpi(status, expression, file, line));
}

namespace {

MPI_Datatype type_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return MPI_DOUBLE;
    case DType::f32:
      return MPI_FLOAT;
    case DType::i32:
      return MPI_INT32_T;
    case DType::bf16:
      return MPI_UINT16_T;  // moved, never summed as such
    case DType::u8:
      return MPI_UINT8_T;
  }
  return MPI_DATATYPE_NULL;
}

int count_of(int64_t elements) {
  LANET_REQUIRE(elements <= std::numeric_limits<int>::max(), "{} elements in one MPI call",
                elements);
  return static_cast<int>(elements);
}

void divide(void* data, DType dtype, int64_t elements, int by) {
  dispatch_float(dtype, [&]<typename T>() {
    T* values = static_cast<T*>(data);
    for (int64_t i = 0; i < elements; ++i)
      values[i] = T(accumulate_t<T>(values[i]) / accumulate_t<T>(by));
  });
}

class MpiCommunicator final : public Communicator {
 public:
  explicit MpiCommunicator(Shard shard) : Communicator(shard) {
    LANET_MPI_CHECK(MPI_Comm_dup(MPI_COMM_WORLD, &world_));
    LANET_MPI_CHECK(MPI_Comm_dup(MPI_COMM_WORLD, &buckets_));
    for (const MPI_Comm comm : {world_, buckets_})
      LANET_MPI_CHECK(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN));
  }
  std::string name() const override { return "MPI"; }

  void progress() override {
    int done = 0;
    if (!requests_.empty())
      LANET_MPI_CHECK(MPI_Testall(count_of(std::ssize(requests_)), requests_.data(), &done,
                                  MPI_STATUSES_IGNORE));
  }

 private:
  void do_all_reduce(Context& context, std::span<const Tensor> tensors,
                     Reduction reduction) override {
    // One message for all of them: they are consecutive in the staging memory, in the type in which
    // they are summed.
    for (size_t first = 0; first < tensors.size();) {
      const DType sums = sum_dtype(tensors[first].dtype);
      size_t end = first;
      int64_t elements = 0;
      for (; end < tensors.size() && sum_dtype(tensors[end].dtype) == sums; ++end)
        elements += tensors[end].elements();
      std::byte* staged = stage(elements * size_of(sums));
      std::byte* place = staged;
      for (size_t i = first; i < end; ++i) place = pack(context, tensors[i], sums, place);
      LANET_MPI_CHECK(
          MPI_Allreduce(MPI_IN_PLACE, staged, count_of(elements), type_of(sums), MPI_SUM, world_));
      if (reduction == Reduction::mean) divide(staged, sums, elements, size());
      place = staged;
      for (size_t i = first; i < end; ++i) place = unpack(context, tensors[i], sums, place);
      first = end;
    }
  }

  void do_all_gather(Context& context, std::span<const Exchange> exchanges) override {
    // Staging: what this rank sends, then what each rank sent.
    const size_t bytes = bytes_of_all(exchanges) / size();
    std::byte* sent = stage(bytes * (1 + size()));
    std::byte* received = sent + bytes;
    size_t offset = 0;
    for (const Exchange& e : exchanges) {
      download(context, sent + offset, e.local);
      offset += e.local.bytes();
    }
    context.synchronize();
    LANET_MPI_CHECK(MPI_Allgather(sent, count_of(bytes), MPI_BYTE, received, count_of(bytes),
                                  MPI_BYTE, world_));
    offset = 0;
    for (const Exchange& e : exchanges) {
      for (int r = 0; r < size(); ++r)
        upload_bytes(context, rows_of(e, r), received + r * bytes + offset);
      offset += e.local.bytes();
    }
    context.synchronize();
  }

  void do_reduce_scatter(Context& context, std::span<const Exchange> exchanges) override {
    const DType dtype = exchanges[0].local.dtype;
    const size_t bytes = bytes_of_all(exchanges) / size();
    std::byte* sent = stage(bytes * (1 + size()));
    std::byte* received = sent + bytes * size();
    size_t offset = 0;
    for (const Exchange& e : exchanges) {
      LANET_REQUIRE(e.local.dtype == dtype, "{} and {} in one reduce-scatter", dtype,
                    e.local.dtype);
      for (int r = 0; r < size(); ++r) download(context, sent + r * bytes + offset, rows_of(e, r));
      offset += e.local.bytes();
    }
    context.synchronize();
    LANET_MPI_CHECK(MPI_Reduce_scatter_block(sent, received, count_of(bytes / size_of(dtype)),
                                             type_of(dtype), MPI_SUM, world_));
    offset = 0;
    for (const Exchange& e : exchanges) {
      upload_bytes(context, e.local, received + offset);
      offset += e.local.bytes();
    }
    context.synchronize();
  }

  void do_broadcast(Context& context, const Tensor& tensor) override {
    std::byte* place = static_cast<std::byte*>(tensor.data);
    const bool in_place = tensor.device == Device::cpu;
    if (!in_place) {
      place = stage(tensor.bytes());
      if (rank() == 0) download(context, place, tensor);
      context.synchronize();
    }
    LANET_MPI_CHECK(
        MPI_Bcast(place, count_of(tensor.elements()), type_of(tensor.dtype), 0, world_));
    if (in_place) return;
    upload_bytes(context, tensor, place);
    context.synchronize();
  }

  void do_barrier(Context& context) override {
    context.synchronize();
    LANET_MPI_CHECK(MPI_Barrier(world_));
  }

  void do_start_mean(Context& context, const Tensor& tensor) override {
    if (tensor.device != Device::cpu || tensor.dtype == DType::bf16) {
      do_all_reduce(context, {&tensor, 1}, Reduction::mean);
      return;
    }
    started_.push_back(tensor);
    requests_.push_back(MPI_REQUEST_NULL);
    LANET_MPI_CHECK(MPI_Iallreduce(MPI_IN_PLACE, tensor.data, count_of(tensor.elements()),
                                   type_of(tensor.dtype), MPI_SUM, buckets_, &requests_.back()));
  }

  void do_finish(Context&) override {
    LANET_MPI_CHECK(
        MPI_Waitall(count_of(std::ssize(requests_)), requests_.data(), MPI_STATUSES_IGNORE));
    for (const Tensor& t : started_) divide(t.data, t.dtype, t.elements(), size());
    started_.clear();
    requests_.clear();
  }

  static DType sum_dtype(DType dtype) {
    return dtype == DType::i32 ? dtype : accumulate_dtype(dtype);
  }

  std::byte* stage(size_t bytes) {
    if (staging_.size() < bytes) staging_.resize(bytes);
    return staging_.data();
  }
  static void download(Context& context, std::byte* to, const Tensor& from) {
    context.copy({to, from.shape, from.dtype, Device::cpu}, from);
  }
  static void upload_bytes(Context& context, const Tensor& to, std::byte* from) {
    context.copy(to, {from, to.shape, to.dtype, Device::cpu});
  }
  Tensor rows_of(const Exchange& e, int r) const { return Shard{r, size()}.of(e.global); }

  /// Writes the tensor, in the type of its sums, to `place`; returns the end.
  static std::byte* pack(Context& context, const Tensor& tensor, DType sums, std::byte* place) {
    const int64_t elements = tensor.elements();
    if (tensor.dtype == sums) {
      download(context, place, tensor);
      context.synchronize();
    } else {
      std::vector<bfloat16> narrow(elements);
      download(context, reinterpret_cast<std::byte*>(narrow.data()), tensor);
      context.synchronize();
      for (int64_t i = 0; i < elements; ++i) reinterpret_cast<float*>(place)[i] = float(narrow[i]);
    }
    return place + elements * size_of(sums);
  }
  static std::byte* unpack(Context& context, const Tensor& tensor, DType sums, std::byte* place) {
    const int64_t elements = tensor.elements();
    if (tensor.dtype == sums) {
      upload_bytes(context, tensor, place);
      context.synchronize();
    } else {
      std::vector<bfloat16> narrow(elements);
      for (int64_t i = 0; i < elements; ++i)
        narrow[i] = bfloat16(reinterpret_cast<const float*>(place)[i]);
      upload_bytes(context, tensor, reinterpret_cast<std::byte*>(narrow.data()));
      context.synchronize();
    }
    return place + elements * size_of(sums);
  }

  MPI_Comm world_, buckets_;  // small collectives; gradients, which overlap with them
  std::vector<std::byte> staging_;
  std::vector<Tensor> started_;
  std::vector<MPI_Request> requests_;
};

}  // namespace

MpiVersion mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  LANET_MPI_CHECK(MPI_Get_library_version(text, &length));
  // "Open MPI v4.1.4, package: …", and other libraries' ways.
  std::string loaded(text, length);
  loaded = loaded.substr(0, loaded.find_first_of(",\n"));
#ifdef OMPI_MAJOR_VERSION
  if (loaded.starts_with("Open MPI v")) loaded.erase(sizeof("Open MPI ") - 1, 1);
  return {fmt::format("Open MPI {}.{}.{}", OMPI_MAJOR_VERSION, OMPI_MINOR_VERSION,
                      OMPI_RELEASE_VERSION),
          loaded};
#else
  return {loaded, loaded};
#endif
}

std::unique_ptr<Communicator> start_mpi() {
  int provided = 0;
  LANET_MPI_CHECK(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_SERIALIZED, &provided));
  Shard shard;
  LANET_MPI_CHECK(MPI_Comm_rank(MPI_COMM_WORLD, &shard.rank));
  LANET_MPI_CHECK(MPI_Comm_size(MPI_COMM_WORLD, &shard.ranks));
  return std::make_unique<MpiCommunicator>(shard);
}

void end_mpi() {
  LANET_MPI_CHECK(MPI_Finalize());
}

void abort_mpi(int exit_code) {
  MPI_Abort(MPI_COMM_WORLD, exit_code);
  std::_Exit(exit_code);
}

}  // namespace lanet
