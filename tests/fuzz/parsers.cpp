#include "tests/fuzz/parsers.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/files/file.h"
#include "core/files/npy.h"
#include "core/files/torch_file.h"
#include "data/corrections.h"
#include "data/csv_faces.h"
#include "data/image.h"
#include "data/landmarks.h"
#include "data/noise.h"
#include "data/noise_rates.h"
#include "data/rafdb.h"
#include "data/votes.h"
#include "train/checkpoint.h"
#include "train/config/strict_json.h"
#include "train/experiment/plan.h"
#include "train/golden/contents.h"
#include "train/labels/label_table.h"
#include "train/run_folder.h"

namespace lanet::fuzz {
namespace {

namespace fs = std::filesystem;

/// Runs a reader, which may refuse.
template <typename Read>
void attempt(const Read& read) {
  try {
    read();
  } catch (const InputError&) {
  } catch (const fs::filesystem_error&) {  // a path that is too long, or not allowed
  }
}

const std::vector<std::string> kFaces = {"train_00001.jpg", "train_00002.jpg"};

/// Tables (RFC 4180), and what the program reads from them.
void parse_csv(const fs::path& file) {
  const std::vector<std::string_view> classes = {"happiness", "sadness", "anger"};
  std::vector<int32_t> labels = {0, 1};
  attempt([&] { read_votes(file, kFaces, classes); });
  attempt([&] { read_noise_rates(file, classes); });
  attempt([&] { read_label_table(file); });
  attempt([&] { read_noise_csv(file, kFaces, labels, classes); });
  attempt([&] { apply_corrections(file, kFaces, classes, labels); });
  attempt([&] {
    const SplitReader faces = open_csv_faces({.root = file.parent_path(),
                                              .labels = file.filename().string(),
                                              .require_pictures = false});
    faces(Split::train);
    faces(Split::test);
  });
}

void parse_golden(const fs::path& file) {
  attempt([&] {
    const nlohmann::json golden = read_strict_json(file, "golden file");
    attempt([&] { require_golden_step(golden, file.string()); });
    attempt([&] { require_golden_components(golden, file.string()); });
  });
}

/// Label lists in the layout of RAF-DB.
void parse_label_list(const fs::path& file) {
  attempt([&] {
    const FaceList faces = read_face_list(file.parent_path(), file.filename(), Split::train,
                                          /*require_pictures=*/false);
    read_true_labels(file.parent_path(), file.filename(), Split::train, faces.names);
  });
}

void parse_landmarks(const fs::path& file) {
  attempt([&] {
    Landmarks landmarks = read_landmarks(file, kFaces);
    place_landmarks(landmarks, {});
    check_landmarks(landmarks, kFaces, file.string(), 0.1);
  });
}

void parse_metrics(const fs::path& file) {
  attempt([&] {
    write_text(file.parent_path() / RunFolder::kConfig, to_json(Config{}).dump());
    const std::string text = read_text(file);
    const auto lines = std::count(text.begin(), text.end(), '\n');
    RunFolder::open(file.parent_path()).metrics(static_cast<int>(lines), {});
  });
}

void parse_plan(const fs::path& file) {
  attempt([&] {
    write_text(file.parent_path() / "config.json", R"({"data": {"root": "."}})");
    load_plan(file);
  });
}

void parse_safetensors(const fs::path& file) {
  attempt([&] {
    const NamedArrays content = read_safetensors(file);
    if (is_checkpoint(content)) checkpoint_info(content, file.string());
  });
}

constexpr Parser kParsers[] = {
    {"config", "config.json", [](const fs::path& file) { attempt([&] { load_config(file); }); }},
    {"csv", "table.csv", parse_csv},
    {"golden", "golden.json", parse_golden},
    {"label_list", "list.txt", parse_label_list},
    {"landmarks_csv", "landmarks.csv", parse_landmarks},
    {"landmarks_json", "landmarks.json", parse_landmarks},
    {"landmarks_npy", "landmarks.npy", parse_landmarks},
    {"metrics", "metrics.jsonl", parse_metrics},
    {"npy", "array.npy", [](const fs::path& file) { attempt([&] { read_npy(file); }); }},
    {"picture", "picture.jpg",
     [](const fs::path& file) { attempt([&] { decode_image(file.string()); }); }},
    {"plan", "plan.json", parse_plan},
    {"safetensors", "weights.safetensors", parse_safetensors},
    {"torch", "weights.pth",
     [](const fs::path& file) { attempt([&] { read_torch_file(file); }); }}};

}  // namespace

std::span<const Parser> parsers() {
  return kParsers;
}

}  // namespace lanet::fuzz
