// predict: the expression in pictures, one by one or thousands.
#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <unordered_map>

#include "core/files/file.h"
#include "core/files/npy.h"
#include "core/standard_streams.h"
#include "data/align.h"
#include "data/csv.h"
#include "data/files_of_set.h"
#include "train/commands/commands.h"
#include "train/commands/loaded_classifier.h"
#include "train/likeliest_class.h"
#include "train/metrics.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"

namespace lanet {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

constexpr int64_t kBatch = 64;
constexpr int64_t kDecoded = 1024;  // pictures in memory at a time

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
  std::ifstream file;
  if (list != "-") {
    if (!is_file(list)) throw InputError(fmt::format("--list {}: there is no such file", list));
    file.open(list);
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

/// Their files, and their names in a file of landmarks.
struct Pictures {
  std::vector<std::string> paths, names;
};

/// The pictures that the words of the command line and the list stand for.
Pictures pictures_of(const PredictOptions& options) {
  if (options.images.empty() && options.list.empty())
    throw InputError("predict: no IMAGE; expected pictures, folders or patterns, or --list FILE");
  Pictures pictures;
  const auto add = [&](const std::string& path, const std::string& name) {
    pictures.paths.push_back(path);
    pictures.names.push_back(name);
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
  return pictures;
}

/// [N]; the class that the folder of each picture is named after.
std::vector<int32_t> labels_of(std::span<const std::string> pictures,
                               std::span<const std::string> classes) {
  std::vector<int32_t> labels;
  for (const std::string& picture : pictures) {
    const std::string folder = fs::absolute(picture).parent_path().filename().string();
    const auto found = std::find(classes.begin(), classes.end(), folder);
    if (found == classes.end())
      throw InputError(
          fmt::format("--labelled: {}: its folder is '{}'; expected the name of a class: {}{}",
                      picture, folder, fmt::join(classes, ", "), suggestion(folder, classes)));
    labels.push_back(static_cast<int32_t>(found - classes.begin()));
  }
  return labels;
}

/// Each picture that has the name of an earlier one in another place, after that earlier one.
std::vector<std::pair<size_t, size_t>> namesakes_among(const Pictures& pictures) {
  std::unordered_map<std::string, size_t> first;
  std::vector<std::pair<size_t, size_t>> pairs;
  for (size_t i = 0; i < pictures.names.size(); ++i) {
    const size_t earlier = first.try_emplace(pictures.names[i], i).first->second;
    if (pictures.paths[i] != pictures.paths[earlier]) pairs.emplace_back(earlier, i);
  }
  return pairs;
}

/// Brings faces into the position of the template, as the command align does.
class Aligner {
 public:
  Aligner(const PredictOptions& options, const Pictures& pictures, int64_t size)
      : file_(options.landmarks),
        names_(pictures.names),
        units_{choice_from<LandmarkCoordinates>(options.coordinates), options.square},
        size_(static_cast<int>(size)) {
    // Pictures of one name in two folders can only be told apart by their paths.
    const auto namesakes = namesakes_among(pictures);
    for (const auto& pair : namesakes)
      for (const size_t i : {pair.first, pair.second}) names_[i] = pictures.paths[i];
    landmarks_ = read_landmarks(file_, names_);
    for (const auto& [i, j] : namesakes)
      if (landmarks_.states[i] == LandmarkState::no_row &&
          landmarks_.states[j] == LandmarkState::no_row)
        throw InputError(
            fmt::format("--landmarks {}: {} and {} are both named {}; expected rows with these "
                        "paths, or one predict for each folder",
                        file_, names_[i], names_[j], pictures.names[i]));
  }

  HostImage align(const HostImage& picture, int64_t i) {
    return align_face(picture, landmarks_, static_cast<size_t>(i), units_, size_).picture;
  }
  /// InputError unless one of the first `count` pictures was aligned.
  void require_some(int64_t count) const {
    const auto begin = landmarks_.states.begin();
    if (std::find(begin, begin + count, LandmarkState::good) == begin + count)
      throw InputError(fmt::format("{}; are the pictures' names and sizes those of the file?",
                                   check_landmarks(landmarks_, names_, file_, 1)));
  }
  /// A line about the pictures that were only resized; empty: there are none.
  std::string remark() const {
    const std::string line = check_landmarks(landmarks_, names_, file_, /*most_missing=*/1);
    return line.empty() ? "" : line + "; they are only resized";
  }

 private:
  std::string file_;
  std::vector<std::string> names_;
  Landmarks landmarks_;
  LandmarkUnits units_;
  int size_;
};

struct Prediction {
  std::string image;
  std::optional<int32_t> given;
  std::vector<double> probabilities;

  int32_t best() const { return likeliest_class(probabilities); }
  /// The classes that are shown: all in their order, or the `top` most probable.
  std::vector<size_t> shown(int64_t top) const {
    std::vector<size_t> order(probabilities.size());
    std::iota(order.begin(), order.end(), 0);
    if (top == 0) return order;
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return probabilities[a] > probabilities[b]; });
    order.resize(std::min<size_t>(order.size(), top));
    return order;
  }
};

/// Prints predictions in the form that was asked for, each as soon as it is known.
class Printer {
 public:
  Printer(const PredictOptions& options, std::span<const std::string> classes)
      : options_(options), classes_(classes) {}

  void begin() {
    if (options_.json) fmt::print("[");
    if (options_.csv) {
      fmt::print("image,{}label", options_.labelled ? "given," : "");
      for (const std::string& name : classes_) fmt::print(",{}", csv_field(name));
      fmt::print("\n");
    }
  }

  void print(const Prediction& prediction) {
    if (options_.json || options_.jsonl) {
      fmt::print("{}{}{}", options_.json && printed_ > 0 ? "," : "", to_json(prediction).dump(),
                 options_.jsonl ? "\n" : "");
    } else if (options_.csv) {
      std::string row = csv_field(prediction.image) + ",";
      if (prediction.given) row += csv_field(classes_[*prediction.given]) + ",";
      row += csv_field(classes_[prediction.best()]);
      for (const double p : prediction.probabilities) row += fmt::format(",{:.6f}", p);
      fmt::print("{}\n", row);
    } else {
      std::string text;
      for (const size_t c : prediction.shown(options_.top))
        text += fmt::format("  {} {:.3f}", classes_[c], prediction.probabilities[c]);
      fmt::print("{}: {} {}\n", prediction.image, classes_[prediction.best()], text);
    }
    ++printed_;
  }

  void finish() {
    if (options_.json) fmt::print("]\n");
  }

 private:
  ordered_json to_json(const Prediction& prediction) const {
    ordered_json probabilities;
    for (const size_t c : prediction.shown(options_.top))
      probabilities[classes_[c]] = prediction.probabilities[c];
    ordered_json entry = {{"image", prediction.image}};
    if (prediction.given) entry["given"] = classes_[*prediction.given];
    entry["label"] = classes_[prediction.best()];
    entry["probabilities"] = std::move(probabilities);
    return entry;
  }

  const PredictOptions& options_;
  std::span<const std::string> classes_;
  int64_t printed_ = 0;
};

}  // namespace

int run_predict(const PredictOptions& options) {
  require_one_process("predict");
  if (!options.features.empty() && fs::exists(options.features))
    throw InputError(fmt::format("--features {}: exists; expected a new file", options.features));
  const TrainedModel model = open_trained(options.target, options.best);
  const Config config = own_config(model, options.overrides);
  const std::vector<std::string>& classes = model.info.classes;
  const Pictures pictures = pictures_of(options);
  const std::vector<int32_t> labels =
      options.labelled ? labels_of(pictures.paths, classes) : std::vector<int32_t>();
  std::optional<Aligner> aligner;
  if (options.align) aligner.emplace(options, pictures, config.data.image_size);

  const DeviceChoice choice = choose_device(config.train.device);
  Context context(choice.device, static_cast<int>(config.train.threads));
  context.set_tf32(config.train.tf32);
  const int64_t total = std::ssize(pictures.paths);
  LoadedClassifier classifier(context, model, config, std::min(total, kBatch));
  report_environment(choice);

  Printer printer(options, classes);
  Confusion confusion(static_cast<int>(classes.size()));
  std::vector<float> features;
  int64_t answered = 0;
  const auto progress = total > kBatch ? progress_function("predicting", "img") : DecodeProgress();
  for (int64_t first = 0; first < total; first += kDecoded) {
    const int64_t count = std::min(kDecoded, total - first);
    const std::vector<ClassifiedPicture> found = classifier.classify(
        context, count,
        [&](int64_t i) {
          HostImage picture = decode_image(pictures.paths[first + i]);
          if (aligner) picture = aligner->align(picture, first + i);
          return picture;
        },
        options.features.empty() ? nullptr : &features);
    if (first == 0) {
      if (aligner) aligner->require_some(count);
      printer.begin();
    }
    for (int64_t i = 0; i < count; ++i) {
      if (!found[i].problem.empty()) {
        say(found[i].problem);
        continue;
      }
      Prediction prediction{
          .image = pictures.paths[first + i], .given = {}, .probabilities = found[i].probabilities};
      if (options.labelled) {
        prediction.given = labels[first + i];
        confusion.add(labels[first + i], prediction.best());
      }
      printer.print(prediction);
      ++answered;
    }
    if (progress) progress(first + count, total);
  }
  printer.finish();
  if (aligner)
    if (const std::string remark = aligner->remark(); !remark.empty()) say(remark);
  if (options.labelled) {
    const bool for_programs = options.json || options.jsonl || options.csv;
    const std::string table = to_table(confusion, classes);
    if (for_programs)
      write_error(table);
    else
      fmt::print("{}", table);
  }
  if (!options.features.empty() && answered > 0) {
    write_npy(options.features, features, std::ssize(features) / answered);
    say(fmt::format("written: {}", options.features));
  }
  return answered < total ? 1 : 0;
}

}  // namespace lanet
