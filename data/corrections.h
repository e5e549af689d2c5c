// Labels that a person has looked at and put right, as the page of `lanet-cuda audit` saves them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace lanet {

/// Puts the labels of a table into `labels`, [N], those of the faces `names`, and returns how many
/// it changed. The table has the columns `image` and `label` (the name of a class) and, if it was
/// saved by the page, `given`: the label that was looked at. InputError names file and line of a
/// face or class that there is not, of a face that has two rows, and of a given label that the face
/// does not have: the corrections are of other labels.
int64_t apply_corrections(const std::filesystem::path& path, std::span<const std::string> names,
                          std::span<const std::string_view> class_names, std::span<int32_t> labels);

}  // namespace lanet
