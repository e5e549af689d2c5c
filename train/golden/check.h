// Comparing what we computed with a golden file: each number against its bound.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "core/dtype.h"

namespace lanet {

/// One comparison: of a number, of an array by its largest difference, or of a list as a set.
struct Check {
  std::string name;  ///< `step 1 gradients f_q.conv1.weight norm`
  std::string path;  ///< JSON pointer to what was compared in the golden file
  double error = 0;  ///< in the measure of the bound; lists: 0 equal, 1 not
  double bound = 0;
  double allowance = 0;  ///< how far a number at `path` may lie from the file's; 0 for lists
  bool ok = false;
  bool is_list = false;  ///< neighbours or pseudo labels: equal or not
};

/// What one comparison of golden numbers with ours needs. `ours` has the structure of the golden
/// file (for a summary {norm, sum, head} also "n", its number of elements); names start with
/// `prefix`, and paths with `path`.
class Comparison {
 public:
  Comparison(std::vector<Check>& checks, DType dtype) : checks_(checks), dtype_(dtype) {}

  DType dtype() const { return dtype_; }
  /// |ours/golden − 1| ≤ bound.
  void number(const std::string& name, const std::string& path, double golden, double ours,
              double bound);
  /// max|ours − golden| / max|golden| ≤ bound, over nested arrays of numbers.
  void array(const std::string& name, const std::string& path, const nlohmann::json& golden,
             const nlohmann::json& ours, double bound);
  /// |Δ| ≤ bound·max(max|head|, norm/√n).
  void head(const std::string& name, const std::string& path, const nlohmann::json& golden,
            const nlohmann::json& ours, double bound);
  /// |Δ| ≤ bound·norm·√n.
  void sum(const std::string& name, const std::string& path, const nlohmann::json& golden,
           const nlohmann::json& ours, double bound);
  /// Rows of indices, each equal as a set.
  void index_sets(const std::string& name, const std::string& path, const nlohmann::json& golden,
                  const nlohmann::json& ours);
  /// Equal where ≥ 0, both negative otherwise.
  void pseudo_labels(const std::string& name, const std::string& path, const nlohmann::json& golden,
                     const nlohmann::json& ours);

 private:
  void add(const std::string& name, const std::string& path, double difference, double scale,
           double bound);

  std::vector<Check>& checks_;
  DType dtype_;
};

/// {norm, sum, head: the first four, n} of numbers in file order.
nlohmann::json summarise(const std::vector<double>& values);
/// Nested rows of `width` numbers.
nlohmann::json rows_of(const std::vector<double>& values, int64_t width);
/// All numbers of nested arrays, in order.
std::vector<double> flatten(const nlohmann::json& array);

/// The judge's bounds for a step file stand in the file; those for components.json are constants.
/// All checks that `dtype` asks for.
std::vector<Check> check_step_file(const nlohmann::json& golden, const nlohmann::json& ours,
                                   DType dtype);
/// `not_judged` receives the names of entries that this dtype does not judge.
std::vector<Check> check_components_file(const nlohmann::json& golden, const nlohmann::json& ours,
                                         DType dtype, std::vector<std::string>* not_judged);

}  // namespace lanet
