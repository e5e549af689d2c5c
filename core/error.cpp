#include "core/error.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace lanet {

void throw_requirement(const char* expression, const char* file, int line,
                       const std::string& message) {
  throw Error(fmt::format("{} [{} failed at {}:{}]", message, expression, file, line));
}

int edit_distance(const std::string& a, const std::string& b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const int substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({substitute, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace lanet
