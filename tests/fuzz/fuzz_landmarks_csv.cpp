// Landmarks in .csv files.
#include "data/landmarks.h"
#include "tests/fuzz/fuzz.h"

namespace lanet::fuzz {

const char* const kFileName = "landmarks.csv";

void parse(const std::filesystem::path& file) {
  const std::vector<std::string> names = {"train_00001.jpg", "train_00002.jpg"};
  Landmarks landmarks = read_landmarks(file, names);
  place_landmarks(landmarks, {});
  check_landmarks(landmarks, names, file.string(), 0.1);
}

}  // namespace lanet::fuzz
