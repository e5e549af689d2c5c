// FER+ (Barsoum et al., 2016): FER2013's pictures with the votes of ten people for each.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>

#include "data/data_source.h"
#include "data/face_list.h"

namespace lanet {

/// The classes in the order of FER+'s columns; `unknown` and `NF` (no face) follow there.
constexpr auto kFerPlusClasses = std::to_array<std::string_view>(
    {"neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"});
constexpr size_t kFerPlusColumns = kFerPlusClasses.size() + 2;

/// The class of a face, a place in kFerPlusClasses, by the rule of FER+'s authors; none if the face
/// is to be left out. `votes`: [kFerPlusColumns]. Votes of one person alone are dropped. Then the
/// numbers of votes are taken from the largest down, equal ones together, until they are 3/4 of
/// all, three are taken, or it is the turn of `unknown` or NF. The face stays if what was taken is
/// more than half of the votes, is at most three classes, and does not begin with unknown or NF.
/// Its class has the most votes, the first of equals.
std::optional<size_t> ferplus_class(std::span<const double> votes);

/// Why `source.root` looks like FER+; empty if it does not.
std::string recognise_ferplus(const DataSource& source);

/// Reads, once for all splits, `fer2013new.csv`, whose rows without a name are not faces, and the
/// pictures: from `fer2013.csv` or `icml_face_data.csv` (48 x 48 grey values in `pixels`, the same
/// rows in the same order), in root or in a folder `fer2013`, else from the folders FER2013Train,
/// FER2013Valid and FER2013Test. Faces are named and ordered by `Image name`. source.classes: 8,
/// the default, or 7, without contempt. The votes of a face are what is left for its classes when
/// single votes are dropped. InputError: a file or picture that does not exist, a table of pixels
/// whose rows are not those of the votes, a field that is not understood, and as make_face_list().
SplitReader open_ferplus(const DataSource& source);

}  // namespace lanet
