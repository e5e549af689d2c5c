// The votes of several annotators: what label estimates can be compared with where people disagree.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lanet {

/// Reads a table (.csv) of votes: a column `image` and one of each class name, in any order; other
/// columns and rows are ignored. Returns [N, C], for each of `names` the shares of its votes for
/// `classes`. InputError names the file, the row and what was expected: a number from 0, a row for
/// each name, a vote for one of the classes at least.
std::vector<double> read_votes(const std::filesystem::path& path,
                               std::span<const std::string> names,
                               std::span<const std::string_view> classes);

}  // namespace lanet
