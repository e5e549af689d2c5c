#include "data/files_of_set.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "core/files/file.h"

namespace lanet {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

bool is_folder(const fs::path& path) {
  std::error_code error;
  return fs::is_directory(path, error);
}

bool is_picture_name(const fs::path& path) {
  constexpr std::array<std::string_view, 9> kEndings = {".jpg", ".jpeg", ".jpe", ".png", ".webp",
                                                        ".bmp", ".gif",  ".tif", ".tiff"};
  return std::find(kEndings.begin(), kEndings.end(), lower_extension(path)) != kEndings.end();
}

std::vector<fs::path> pictures_below(const fs::path& folder) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (fs::recursive_directory_iterator next(folder, error), end; !error && next != end;
       next.increment(error))
    if (is_picture_name(next->path()) && is_file(next->path())) paths.push_back(next->path());
  if (error) throw InputError(fmt::format("{}: {}", folder.string(), error.message()));
  if (paths.empty())
    throw InputError(fmt::format("{}: no picture (.jpg, .png, .webp) in it", folder.string()));
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (fs::directory_iterator next(folder, error), end; !error && next != end;
       next.increment(error))
    entries.push_back(*next);
  if (error) throw InputError(fmt::format("{}: {}", folder.string(), error.message()));
  std::sort(entries.begin(), entries.end());
  return entries;
}

}  // namespace lanet
