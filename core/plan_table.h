// Which of its engines a library runs each convolution with, where timing chose it. Engines round
// differently, so a run keeps its table: what goes on from it computes the same bits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace lanet {

/// An engine of cuDNN with its settings (knobs), by the library's numbers.
struct PlanChoice {
  int64_t engine = 0;
  std::map<int64_t, int64_t> knobs;
  double milliseconds = 0;  ///< 0: it was not timed, but is what the library proposes first

  bool operator==(const PlanChoice&) const = default;
};

class PlanTable {
 public:
  /// An empty one. machine: library and card that choices are made with, as machine_for_plans().
  explicit PlanTable(std::string machine) : machine_(std::move(machine)) {}
  /// Reads what write() wrote. InputError if it is no such file, or if its choices were made with
  /// another library or card than `machine`.
  static PlanTable read(const std::filesystem::path& path, const std::string& machine);
  void write(const std::filesystem::path& path) const;
  /// The same from and to the text of such a file, which a message calls `name`.
  static PlanTable parse(const std::string& text, const std::string& name,
                         const std::string& machine);
  std::string text() const;

  /// Null if nothing was chosen for what this text describes.
  const PlanChoice* find(const std::string& what) const;
  void add(const std::string& what, PlanChoice choice) { choices_[what] = std::move(choice); }
  const std::map<std::string, PlanChoice>& choices() const { return choices_; }
  const std::string& machine() const { return machine_; }

  /// How long engines may still be timed; what is planned after that takes the library's first
  /// proposal.
  double seconds_left = 30;

 private:
  std::string machine_;
  std::map<std::string, PlanChoice> choices_;
};

/// `cuDNN 9.19.0 on NVIDIA H200`; in builds with CUDA, on a machine with a device.
std::string machine_for_plans();

}  // namespace lanet
