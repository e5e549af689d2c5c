#include "train/commands/predict_inputs.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "core/error.h"
#include "core/files/document.h"
#include "core/files/file.h"
#include "data/files_of_set.h"

namespace lanet {

namespace fs = std::filesystem;

namespace {

/// The files that match a pattern, ordered by name.
std::vector<std::string> matches_of(const std::string& pattern) {
  glob_t found{};
  const int status = glob(pattern.c_str(), 0, nullptr, &found);
  std::vector<std::string> files;
  if (status == 0) files.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  globfree(&found);
  if (files.empty()) throw InputError(fmt::format("{}: no file matches", pattern));
  return files;
}

/// One path per line; "-" is stdin.
std::vector<std::string> lines_of(const std::string& list) {
  std::istringstream file;
  if (list != "-") {
    if (!is_file(list)) throw InputError(fmt::format("--list {}: there is no such file", list));
    file.str(read_document(list));
  }
  std::istream& in = list == "-" ? std::cin : file;
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
  }
  if (in.bad()) throw Error(fmt::format("--list {}: cannot be read", list));
  if (lines.empty()) throw InputError(fmt::format("--list {}: no picture in it", list));
  return lines;
}

}  // namespace

PredictInputs predict_inputs(const PredictOptions& options) {
  if (options.images.empty() && options.list.empty())
    throw InputError(
        "predict: no IMAGE; expected pictures, videos, folders or patterns, or --list FILE");
  PredictInputs inputs;
  const auto add = [&](const std::string& path, const std::string& name) {
    inputs.paths.push_back(path);
    inputs.names.push_back(name);
  };
  for (const std::string& word : options.images) {
    if (is_folder(word)) {
      for (const fs::path& path : pictures_below(word))
        add(path.string(), path.lexically_relative(word).generic_string());
    } else if (word.find_first_of("*?[") != std::string::npos && !is_file(word)) {
      for (const std::string& file : matches_of(word)) add(file, file);
    } else {
      add(word, word);
    }
  }
  if (!options.list.empty())
    for (const std::string& line : lines_of(options.list)) add(line, line);
  return inputs;
}

std::vector<int32_t> labels_by_folder(std::span<const std::string> paths,
                                      std::span<const std::string> classes) {
  std::vector<int32_t> labels;
  for (const std::string& path : paths) {
    const std::string folder = fs::absolute(path).parent_path().filename().string();
    const auto found = std::find(classes.begin(), classes.end(), folder);
    if (found == classes.end())
      throw InputError(
          fmt::format("--labelled: {}: its folder is '{}'; expected the name of a class: {}{}",
                      path, folder, fmt::join(classes, ", "), suggestion(folder, classes)));
    labels.push_back(static_cast<int32_t>(found - classes.begin()));
  }
  return labels;
}

}  // namespace lanet
