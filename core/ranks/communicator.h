// Communicator: the processes ("ranks") that train together, one a device. What each of them has
// becomes what all have. All ranks make the same calls in the same order, with the same shapes.
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

/// `local`: this rank's rows, [b, ...]. `global`: those of all, [ranks·b, ...], in the order of the
/// ranks. local may lie in its place in global.
struct Exchange {
  Tensor local, global;
};

/// One collective, however many tensors take part in it.
struct Collective {
  enum class Kind { all_reduce, all_gather, reduce_scatter, broadcast, bucket };
  Kind kind;
  double bytes;  ///< of the whole: what is reduced, or all ranks' rows
};
const char* to_string(Collective::Kind kind);

/// Tensors are of the context's device. Each call is ordered with the operations of the context:
/// done when it returns on the CPU, put on the stream on CUDA. Deterministic: sums are formed in an
/// order that depends on the number of ranks and the sizes alone, and are the same bits on every
/// rank. Throws Error when a rank is lost, where the library tells.
class Communicator {
 public:
  virtual ~Communicator() = default;
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return shard_.rank; }
  int size() const { return shard_.ranks; }
  Shard shard() const { return shard_; }
  /// "MPI", "NCCL"; "one process" where there is no other.
  virtual std::string name() const = 0;

  /// In place: the sum, or mean, of every rank's tensor. f32, f64, bf16; sums of i32.
  void all_reduce(Context& context, std::span<const Tensor> tensors, Reduction reduction);
  /// global ← every rank's local. Any dtype.
  void all_gather(Context& context, std::span<const Exchange> exchanges);
  /// local ← the sum over ranks of their global's rows for this rank. f32, f64.
  void reduce_scatter(Context& context, std::span<const Exchange> exchanges);
  /// In place: rank 0's tensor. Any dtype.
  void broadcast(Context& context, const Tensor& tensor);
  /// Returns when every rank has come here and its device is done.
  void barrier(Context& context);

  /// Begins the mean of a tensor that is complete and that nobody touches before finish(): it goes
  /// on beside what the context does.
  void start_mean(Context& context, const Tensor& tensor);
  /// Gives what was begun a moment of the caller's time, where it needs one.
  virtual void progress() {}
  /// What was begun is done, before whatever comes next in the context.
  void finish(Context& context);

  /// Every rank's text, in their order. Allocates, on a frozen context too.
  std::vector<std::string> gather_text(Context& context, const std::string& text);

  /// From here on each call is noted there too; null: no more.
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

/// A rank of many that are not there: for a context that only counts.
std::unique_ptr<Communicator> make_counting_communicator(Shard shard);

/// Of the library, "Open MPI 4.1.4", as the program was compiled with it and as it was loaded;
/// empty if it was built without.
struct MpiVersion {
  std::string compiled, loaded;
};
MpiVersion mpi_version();
/// Initialises MPI and joins what a launcher started; once in a process. InputError if the program
/// was built without MPI.
std::unique_ptr<Communicator> start_mpi();
/// The orderly end, which all ranks come to; no communicator is used any more.
void end_mpi();
/// Ends every process of the job, this one too.
[[noreturn]] void abort_mpi(int exit_code);

namespace cuda {
/// In builds with CUDA only: one rank on the context's device. `share` hands rank 0's bytes to
/// every rank. on_error is called, by another thread, within seconds when NCCL finds that the ranks
/// can go on no more: what was put on the stream will then never be done.
std::unique_ptr<Communicator> make_nccl_communicator(
    Context& context, Shard shard, const std::function<std::string(std::string)>& share,
    const std::function<void(const std::string&)>& on_error = {});
}  // namespace cuda

}  // namespace lanet
