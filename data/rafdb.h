// RAF-DB's folder layout: pictures in basic/Image/aligned, and a list of names and labels; the same
// below compound/, with eleven pairs of expressions.
// docs/design.md, "Data set".
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "data/data_source.h"
#include "data/expressions.h"
#include "data/face_list.h"

namespace lanet {

/// Class of RAF-DB's label 1..7 (surprise, fear, disgust, happiness, sadness, anger, neutral).
constexpr std::array<int32_t, kNumExpressions> kRafLabelToClass = {5, 2, 1, 3, 4, 0, 6};

/// Names of the labels 1 to 11 of its compound expressions.
constexpr auto kCompoundNames = std::to_array<std::string_view>(
    {"happily_surprised", "happily_disgusted", "sadly_fearful", "sadly_angry", "sadly_surprised",
     "sadly_disgusted", "fearfully_angry", "fearfully_surprised", "angrily_surprised",
     "angrily_disgusted", "disgustedly_surprised"});

/// Why `source.root` looks like RAF-DB; empty if it does not.
std::string recognise_rafdb(const DataSource& source);

/// The faces of one split, in the order of the list's lines. Where there is no basic/ but a
/// compound/, its list is the default. InputError as read_face_list(), and for source.classes.
FaceList read_rafdb(const DataSource& source, Split split);

/// Reads the list `root`/`labels` (lines `train_00001.jpg 5`; the name's beginning says which
/// split; further columns are ignored) and finds the picture of each face of `split`:
/// basic/Image/aligned/NAME_aligned.jpg, or where there is none .jpeg or .png, in capitals too, or
/// without `_aligned`. A list below compound/ is of the compound expressions. Every line of the
/// list is checked, but only the pictures of `split` need to be there: a list with test lines only
/// serves the split `test`; there are no faces of the split `validation`. InputError: a folder, the
/// list or, if pictures are required, a picture that does not exist, a line that is not understood,
/// a label outside 1..7 (1..11), a name that occurs twice. EmptySplit: no line of this split.
FaceList read_face_list(const std::filesystem::path& root, const std::filesystem::path& labels,
                        Split split, bool require_pictures = true);

/// The labels that another list, `root`/`list` (data.true_labels) in the same format, gives the
/// faces `names` of `split`, in their order. A list without a line of the split `test` serves
/// training faces alone: then empty. InputError: a list that does not exist or is not understood,
/// as above, and a face that it has no line for.
std::vector<int32_t> read_true_labels(const std::filesystem::path& root,
                                      const std::filesystem::path& list, Split split,
                                      std::span<const std::string> names);

}  // namespace lanet
