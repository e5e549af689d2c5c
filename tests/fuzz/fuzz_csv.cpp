// Tables: RFC 4180, and what the program reads from them.
#include "data/corrections.h"
#include "data/csv_faces.h"
#include "data/noise_rates.h"
#include "data/votes.h"
#include "tests/fuzz/fuzz.h"
#include "train/labels/label_table.h"

namespace lanet::fuzz {

const char* const kFileName = "table.csv";

void parse(const std::filesystem::path& file) {
  const std::vector<std::string> names = {"train_00001", "train_00002"};
  const std::vector<std::string_view> classes = {"happiness", "sadness", "anger"};
  std::vector<int32_t> labels = {0, 1};
  attempt([&] { read_votes(file, names, classes); });
  attempt([&] { read_noise_rates(file, classes); });
  attempt([&] { read_label_table(file); });
  attempt([&] {
    read_csv_faces(
        {.root = file.parent_path(), .labels = file.filename().string(), .require_pictures = false},
        Split::train);
  });
  attempt([&] { apply_corrections(file, names, classes, labels); });
}

}  // namespace lanet::fuzz
