// The built-in data set: drawn faces with expressions, in RAF-DB's folder layout, with landmarks
// and with the true label distribution of each face (docs/design.md, "Data set").
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace lanet {

struct SynthConfig {
  std::filesystem::path out;  // created; must not exist, or be empty
  int train = 0;              // number of training faces
  int test = 0;
  int size = 100;  // width and height of a picture in pixels, 48..512
  uint64_t seed = 1;
};

/// Writes into config.out:
///   basic/Image/aligned/train_00001_aligned.jpg … test_00001_aligned.jpg …
///   basic/EmoLabel/list_patition_label.txt   `train_00001.jpg 5`, RAF-DB's labels 1..7
///   landmarks_19.csv     image, 19 points in pixels of the picture, ok (always 1)
///   distributions.csv    image, the seven true probabilities in internal class order
///   contact_sheet.png    rows are classes, ten faces each (if the set has that many)
/// Face i of a split depends on (seed, split, i) alone: the same bytes for any number of threads
/// and any number of other faces. `progress` is called now and then, never by two threads at once.
/// Throws InputError for a size or a count out of range and for a folder that is not empty.
void write_synth(const SynthConfig& config,
                 const std::function<void(int done, int total)>& progress = {});

}  // namespace lanet
