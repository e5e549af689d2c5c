// Communicator: collective operations among the processes ("ranks") that train together, one per
// device. All ranks make the same calls in the same order, with the same shapes.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/shard.h"

namespace lanet {

enum class Reduction { sum, mean };

/// `local`: this rank's rows, [b, ...]. `global`: the rows of all ranks, [ranks·b, ...], in the
/// order of the ranks. local may be this rank's part of global.
struct Exchange {
  Tensor local, global;
};

/// One collective, of any number of tensors.
struct Collective {
  enum class Kind { all_reduce, all_gather, reduce_scatter, broadcast, bucket };
  Kind kind;
  double bytes;  ///< in all: of what is reduced, or of all ranks' rows
};
const char* to_string(Collective::Kind kind);

/// Tensors are on the context's device. Each call is ordered with the operations of the context:
/// on the CPU it is done when it returns, on CUDA it is put on the stream. Deterministic: the order
/// of a sum depends only on the number of ranks and the sizes, and its bits are the same on every
/// rank. Throws Error when a rank is lost, if the library reports it.
class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return shard_.rank; }
  int size() const { return shard_.ranks; }
  Shard shard() const { return shard_; }
  /// "MPI", "NCCL", or "one process" if there is no other.
  virtual std::string name() const = 0;

  /// In place: the sum, or mean, of every rank's tensor. f32, f64, bf16; sums of i32.
  void all_reduce(Context& context, std::span<const Tensor> tensors, Reduction reduction);
  /// global ← every rank's local. Any dtype.
  void all_gather(Context& context, std::span<const Exchange> exchanges);
  /// local ← the sum over ranks of their global's rows for this rank. f32, f64.
  void reduce_scatter(Context& context, std::span<const Exchange> exchanges);
  /// In place: rank 0's tensor. Any dtype.
  void broadcast(Context& context, const Tensor& tensor);
  /// Returns when every rank has called this and its device is idle.
  void barrier(Context& context);

  /// Starts the mean of a tensor that is complete and must not be touched before finish(). It
  /// overlaps with what the context does.
  void start_mean(Context& context, const Tensor& tensor);
  /// Lets what was started make progress, where that takes the caller's time.
  virtual void progress() {}
  /// Orders what was started before whatever comes next in the context.
  void finish(Context& context);

  /// Every rank's text, in their order. Allocates, on a frozen context too.
  std::vector<std::string> gather_text(Context& context, const std::string& text);

  /// Appends each further call to `log`; null: no longer.
  void set_log(std::vector<Collective>* log) { log_ = log; }

 protected:
  explicit Communicator(Shard shard) : shard_(shard) {}
  static size_t bytes_of_all(std::span<const Exchange> exchanges);

 private:
  virtual void do_all_reduce(Context&, std::span<const Tensor>, Reduction) = 0;
  virtual void do_all_gather(Context&, std::span<const Exchange>) = 0;
  virtual void do_reduce_scatter(Context&, std::span<const Exchange>) = 0;
  virtual void do_broadcast(Context&, const Tensor&) = 0;
  virtual void do_barrier(Context&) = 0;
  virtual void do_start_mean(Context&, const Tensor&) = 0;
  virtual void do_finish(Context&) = 0;
  void check(const Exchange& exchange) const;
  void note(Collective::Kind kind, size_t bytes);

  Shard shard_;
  std::vector<Collective>* log_ = nullptr;
};

/// One of many ranks that do not exist: for a context that only counts.
std::unique_ptr<Communicator> make_counting_communicator(Shard shard);

/// The version of the library, "Open MPI 4.1.4", at compile time and as loaded; empty if the
/// program was built without MPI.
struct MpiVersion {
  std::string compiled, loaded;
};
MpiVersion mpi_version();
/// Initialises MPI and joins the ranks that a launcher started; once per process. InputError if the
/// program was built without MPI.
std::unique_ptr<Communicator> start_mpi();
/// The orderly end, called by all ranks; no communicator may be used after it.
void end_mpi();
/// Ends every process of the job, including this one.
[[noreturn]] void abort_mpi(int exit_code);

namespace cuda {
/// In builds with CUDA only: one rank on the context's device. `share` sends rank 0's bytes to
/// every rank. on_error is called on another thread within seconds when NCCL finds that the ranks
/// cannot continue; what is on the stream then never finishes.
std::unique_ptr<Communicator> make_nccl_communicator(
    Context& context, Shard shard, const std::function<std::string(std::string)>& share,
    const std::function<void(const std::string&)>& on_error = {});
}  // namespace cuda

}  // namespace lanet
