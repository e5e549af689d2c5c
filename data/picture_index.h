// Finds the rows of a table that belong to a picture, though the two name it differently.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lanet {

/// The name of a picture without folders, extension and the `_aligned` of RAF-DB's files.
inline std::string bare_name(const std::string& name) {
  constexpr std::string_view kAligned = "_aligned";
  std::string stem = std::filesystem::path(name).stem().string();
  if (stem.ends_with(kAligned)) stem.resize(stem.size() - kAligned.size());
  return stem;
}

/// Rows by picture: by the name as it is or, where one picture of either side has it, by the bare
/// name.
class PictureIndex {
 public:
  /// pictures: those that will be asked for.
  explicit PictureIndex(std::span<const std::string> pictures) {
    for (const std::string& picture : pictures) ++asked_[bare_name(picture)];
  }

  void add(const std::string& name, size_t row) {
    std::vector<size_t>& rows = rows_[name];
    if (rows.empty()) named_[bare_name(name)].push_back(name);
    rows.push_back(row);
  }

  /// Empty: the table has none.
  std::vector<size_t> find(const std::string& picture) const {
    if (const auto exact = rows_.find(picture); exact != rows_.end()) return exact->second;
    const std::string bare = bare_name(picture);
    const auto named = named_.find(bare);
    const auto asked = asked_.find(bare);
    if (named == named_.end() || named->second.size() != 1) return {};
    if (asked == asked_.end() || asked->second != 1) return {};
    return rows_.at(named->second.front());
  }

 private:
  std::unordered_map<std::string, size_t> asked_;  // pictures of this bare name
  std::unordered_map<std::string, std::vector<size_t>> rows_;
  std::unordered_map<std::string, std::vector<std::string>> named_;  // names by bare name
};

}  // namespace lanet
