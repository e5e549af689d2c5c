// The files and folders of a data set, whose names may be anything.
#pragma once

#include <filesystem>
#include <vector>

namespace lanet {

/// Whether there is such a file (folder). Also false for a name that is too long, a loop of
/// symbolic links and a path that may not be read.
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// Whether a file of this name should be a picture. Some of these formats are not read: such a file
/// is refused by name instead of being passed over.
bool is_picture_name(const std::filesystem::path& path);

/// The pictures below a folder, ordered by path. InputError if there are none, or if a folder
/// cannot be read.
std::vector<std::filesystem::path> pictures_below(const std::filesystem::path& folder);

/// What is in a folder, ordered by name. InputError if it cannot be read.
std::vector<std::filesystem::directory_entry> entries_of(const std::filesystem::path& folder);

}  // namespace lanet
