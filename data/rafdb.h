// RAF-DB's folder layout: pictures in basic/Image/aligned, and a list of names and labels.
// docs/design.md, "Data set".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/expressions.h"
#include "data/face_list.h"

namespace lanet {

/// Class of RAF-DB's label 1..7 (surprise, fear, disgust, happiness, sadness, anger, neutral).
constexpr std::array<int32_t, kNumExpressions> kRafLabelToClass = {5, 2, 1, 3, 4, 0, 6};

/// `data.labels` where the configuration does not say otherwise, relative to `data.root`.
constexpr const char* kDefaultLabelList = "basic/EmoLabel/list_patition_label.txt";

/// Reads the list `root`/`labels` (lines `train_00001.jpg 5`; the name's beginning says which
/// split) and finds the picture of each face of `split`: basic/Image/aligned/NAME_aligned.jpg, or
/// .png where there is no .jpg. Every line of the list is checked, but only the pictures of `split`
/// need to be there: a list with test lines only serves the split `test`. InputError: a folder, the
/// list or a picture that is not there, no line of this split, a line that is not understood, a
/// label outside 1..7, a name that occurs twice.
FaceList read_face_list(const std::filesystem::path& root, const std::filesystem::path& labels,
                        Split split);

/// The labels that another list, `root`/`list` (data.true_labels) in the same format, gives the
/// faces `names` of `split`, in their order. A list without a line of the split `test` serves
/// training faces alone: then empty. InputError: a list that is not there or not understood, as
/// above, and a face that it has no line for.
std::vector<int32_t> read_true_labels(const std::filesystem::path& root,
                                      const std::filesystem::path& list, Split split,
                                      std::span<const std::string> names);

}  // namespace lanet
