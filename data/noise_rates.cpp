#include "data/noise_rates.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <optional>

#include "core/error.h"
#include "data/csv.h"
#include "data/expressions.h"

namespace lanet {
namespace {

constexpr double kSumTolerance = 1e-6;  // of a matrix whose numbers are rounded

class RatesReader {
 public:
  RatesReader(const std::filesystem::path& path, std::span<const std::string_view> class_names)
      : table_(read_csv(path)),
        names_(class_names),
        count_(class_names.size()),
        rates_(count_ * count_) {}

  NoiseRates read() {
    const int from = table_.find_column("from"), to = table_.find_column("to"),
              rate = table_.find_column("rate");
    if (from >= 0 && to >= 0 && rate >= 0)
      read_pairs(static_cast<size_t>(from), static_cast<size_t>(to), static_cast<size_t>(rate));
    else
      read_matrix();
    return rates_;
  }

 private:
  void read_pairs(size_t from_column, size_t to_column, size_t rate_column) {
    std::vector<bool> seen(count_ * count_);
    for (size_t c = 0; c < count_; ++c) rates_[c * count_ + c] = 1;
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      const size_t from = class_in(row, from_column), to = class_in(row, to_column);
      if (from == to)
        fail(row, fmt::format("from {} to {}; expected two classes", names_[from], names_[to]));
      if (seen[from * count_ + to])
        fail(row, fmt::format("from {} to {} occurs a second time; expected one rate", names_[from],
                              names_[to]));
      seen[from * count_ + to] = true;
      double& kept = rates_[from * count_ + from];
      kept -= rates_[from * count_ + to] = number(row, rate_column);
      if (kept < -kSumTolerance)
        fail(row, fmt::format("the rates from {} add up to {:.6g}; expected at most 1",
                              names_[from], 1 - kept));
      kept = std::max(kept, 0.0);
    }
  }

  void read_matrix() {
    const std::vector<size_t> columns = matrix_columns();
    std::vector<bool> seen(count_);
    for (size_t row = 0; row < table_.rows.size(); ++row) {
      const size_t from = class_in(row, 0);
      if (seen[from])
        fail(row, fmt::format("{} occurs a second time; expected one row", names_[from]));
      seen[from] = true;
      const auto place = rates_.begin() + static_cast<std::ptrdiff_t>(from * count_);
      for (size_t to = 0; to < count_; ++to) place[to] = number(row, columns[to]);
      const double sum = std::accumulate(place, place + static_cast<std::ptrdiff_t>(count_), 0.0);
      if (std::abs(sum - 1) > kSumTolerance)
        fail(row, fmt::format("the rates from {} add up to {:.7g}; expected 1", names_[from], sum));
    }
    const auto missing = std::find(seen.begin(), seen.end(), false);
    if (missing != seen.end())
      throw InputError(fmt::format("{}: no row for {}; expected one for each of {}", table_.file,
                                   names_[static_cast<size_t>(missing - seen.begin())],
                                   fmt::join(names_, ", ")));
  }

  /// The column of each class.
  std::vector<size_t> matrix_columns() const {
    std::vector<size_t> columns(count_);
    for (size_t column = 1; column < table_.header.size(); ++column) {
      const std::string& word = table_.header[column];
      const std::optional<size_t> found = find_class(word);
      if (!found)
        fail_header(fmt::format("'{}' is not a class", printable(word)), suggestion(word, names_));
      if (columns[*found]) fail_header(fmt::format("{} has a second column", names_[*found]), "");
      columns[*found] = column;
    }
    for (size_t c = 0; c < count_; ++c)
      if (columns[c] == 0) fail_header(fmt::format("no column for {}", names_[c]), "");
    return columns;
  }

  std::optional<size_t> find_class(const std::string& word) const {
    auto found = std::find(names_.begin(), names_.end(), word);
    if (const auto known = known_expression(word); found == names_.end() && known)
      found = std::find(names_.begin(), names_.end(), *known);
    if (found == names_.end()) return std::nullopt;
    return static_cast<size_t>(found - names_.begin());
  }

  size_t class_in(size_t row, size_t column) const {
    const std::string& word = table_.rows[row][column];
    const std::optional<size_t> found = find_class(word);
    if (!found)
      fail(row, fmt::format("'{}' is not a class; expected one of {}{}", printable(word),
                            fmt::join(names_, ", "), suggestion(word, names_)));
    return *found;
  }

  double number(size_t row, size_t column) const {
    const std::string& text = table_.rows[row][column];
    double value = -1;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || stop != text.data() + text.size() || !(value >= 0 && value <= 1))
      fail(row, fmt::format("{} is '{}'; expected a number from 0 to 1", table_.header[column],
                            printable(text)));
    return value;
  }

  [[noreturn]] void fail(size_t row, const std::string& what) const {
    throw InputError(fmt::format("{}: {}", table_.place(row), what));
  }
  [[noreturn]] void fail_header(const std::string& what, const std::string& hint) const {
    throw InputError(fmt::format(
        "{}:1: {}; expected the columns from, to and rate, or true and then each of {}{}",
        table_.file, what, fmt::join(names_, ", "), hint));
  }

  CsvTable table_;
  std::span<const std::string_view> names_;
  size_t count_;
  NoiseRates rates_;
};

}  // namespace

NoiseRates read_noise_rates(const std::filesystem::path& path,
                            std::span<const std::string_view> class_names) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(fmt::format("data.noise.rates {}: there is no such file", path.string()));
  return RatesReader(path, class_names).read();
}

}  // namespace lanet
