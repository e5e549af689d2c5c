#include "data/synth/synth.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "core/error.h"
#include "data/contact_sheet.h"
#include "data/rafdb.h"
#include "data/synth/draw.h"

namespace lanet {
namespace {

using synth::Dice;
using synth::Drawing;
using synth::Face;

constexpr int kJpegQuality = 92;
constexpr int kSheetColumns = 10;

struct Entry {
  Split split;
  int index;  // from 0
  int label;
  synth::Distribution distribution;
  synth::FacePoints landmarks;

  std::string name() const { return fmt::format("{}_{:05}", to_string(split), index + 1); }
};

/// Face and drawing of an entry; both come from one stream of random numbers.
std::pair<Face, Drawing> draw(const SynthConfig& config, Split split, int index) {
  Dice dice(config.seed, split == Split::train ? 0 : 1, static_cast<uint32_t>(index));
  const Face face = synth::draw_face_parameters(dice);
  return {face, synth::draw_face(face, dice, config.size)};
}

void check(const SynthConfig& config) {
  if (config.size < 48 || config.size > 512)
    throw InputError(fmt::format("--size {}: expected 48..512; the nearest valid size is {}",
                                 config.size, std::clamp(config.size, 48, 512)));
  for (const auto& [option, count] : {std::pair{"--train", config.train}, {"--test", config.test}})
    if (count < 0) throw InputError(fmt::format("{} {}: expected 0 or more faces", option, count));
  if (config.train == 0 && config.test == 0)
    throw InputError("--train 0 --test 0: expected at least one face");
  std::error_code error;
  if (std::filesystem::exists(config.out, error) &&
      (!std::filesystem::is_directory(config.out, error) ||
       !std::filesystem::is_empty(config.out, error)))
    throw InputError(fmt::format("--out {}: exists and is not an empty folder; expected a new one",
                                 config.out.string()));
}

std::ofstream open(const std::filesystem::path& path) {
  std::ofstream file(path);
  if (!file) throw Error(fmt::format("{}: cannot be written", path.string()));
  return file;
}

void close(std::ofstream& file, const std::filesystem::path& path) {
  file.close();
  if (!file) throw Error(fmt::format("{}: writing failed", path.string()));
}

int raf_label(int expression) {
  const auto at = std::find(kRafLabelToClass.begin(), kRafLabelToClass.end(), expression);
  return static_cast<int>(at - kRafLabelToClass.begin()) + 1;
}

void write_lists(const SynthConfig& config, const std::vector<Entry>& entries) {
  const auto label_path = config.out / kDefaultLabelList,
             landmark_path = config.out / "landmarks_19.csv",
             distribution_path = config.out / "distributions.csv";
  std::ofstream labels = open(label_path), landmarks = open(landmark_path),
                distributions = open(distribution_path);
  landmarks << "image";
  for (const auto name : kLandmarkNames) landmarks << fmt::format(",{0}_x,{0}_y", name);
  landmarks << ",ok\n";
  distributions << "image";
  for (const auto name : kExpressionNames) distributions << ',' << name;
  distributions << '\n';
  for (const Entry& entry : entries) {
    const std::string name = entry.name() + ".jpg";
    labels << fmt::format("{} {}\n", name, raf_label(entry.label));
    landmarks << name;
    for (const auto p : entry.landmarks) landmarks << fmt::format(",{:.2f},{:.2f}", p.x, p.y);
    landmarks << ",1\n";
    distributions << name;
    for (const float p : entry.distribution) distributions << fmt::format(",{:.6f}", p);
    distributions << '\n';
  }
  close(labels, label_path);
  close(landmarks, landmark_path);
  close(distributions, distribution_path);
}

/// The first faces of each class, one row per class.
void write_contact_sheet(const SynthConfig& config, const std::vector<Entry>& entries) {
  ContactSheet sheet(kSheetColumns, kNumExpressions, config.size);
  std::array<int, kNumExpressions> drawn{};
  for (const Entry& entry : entries) {
    if (drawn[entry.label] == kSheetColumns) continue;
    const Drawing drawing = draw(config, entry.split, entry.index).second;
    sheet.put(drawn[entry.label]++, entry.label, drawing.image);
  }
  write_png(config.out / "contact_sheet.png", sheet.image());
}

}  // namespace

void write_synth(const SynthConfig& config, const std::function<void(int, int)>& progress) {
  check(config);
  const auto pictures = config.out / "basic" / "Image" / "aligned";
  std::filesystem::create_directories(pictures);
  std::filesystem::create_directories((config.out / kDefaultLabelList).parent_path());

  const int total = config.train + config.test;
  std::vector<Entry> entries(total);
  int done = 0;
  std::mutex mutex;  // of done, failure and progress
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic, 8)
  for (int i = 0; i < total; ++i) {
    try {
      Entry& entry = entries[i];
      entry.split = i < config.train ? Split::train : Split::test;
      entry.index = i < config.train ? i : i - config.train;
      const auto [face, drawing] = draw(config, entry.split, entry.index);
      entry.label = face.label;
      entry.distribution = face.distribution;
      entry.landmarks = drawing.landmarks;
      write_jpeg(pictures / (entry.name() + "_aligned.jpg"), drawing.image, kJpegQuality);
      const std::lock_guard lock(mutex);
      if (++done; progress && (done % 100 == 0 || done == total)) progress(done, total);
    } catch (...) {  // must not leave the parallel loop
      const std::lock_guard lock(mutex);
      if (!failure) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  // The lists last: a set that was interrupted has none and cannot be mistaken for a whole one.
  write_lists(config, entries);
  write_contact_sheet(config, entries);
}

}  // namespace lanet
