// The files and folders of a data set, whose names may be anything.
#pragma once

#include <filesystem>
#include <vector>

namespace lanet {

/// Whether there is such a file (folder). Also false for a name that is too long, a loop of
/// symbolic links and a path that may not be read.
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

/// What is in a folder, ordered by name. InputError if it cannot be read.
std::vector<std::filesystem::directory_entry> entries_of(const std::filesystem::path& folder);

}  // namespace lanet
