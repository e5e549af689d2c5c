// AffectNet (Mollahosseini et al., 2017), as released in 2017 and later.
#pragma once

#include <string>

#include "data/data_source.h"
#include "data/face_list.h"

namespace lanet {

/// What a face's box grows by on each side, as a share of the box: it ends at the brows.
constexpr double kAffectNetMargin = 0.1;

/// Why `source.root` looks like AffectNet; empty if it does not.
std::string recognise_affectnet(const DataSource& source);

/// Reads the table or folder of one split of either release. What AffectNet calls validation is the
/// split `test`, since it has no other; the split `validation` is empty.
/// - 2017: tables `training.csv` and `validation.csv` in root or in Manually_Annotated_file_lists;
///   pictures below root, Manually_Annotated_Images or
///   Manually_Annotated/Manually_Annotated_Images, which are cropped to the box with
///   kAffectNetMargin; faces are named by subDirectory_filePath.
/// - later: `train_set` and `val_set`, each with `images/N.jpg`, `annotations/N_exp.npy` (a number,
///   or a text of one) and `annotations/N_lnd.npy`, for pictures of 224 x 224 pixels; faces are
///   named `train_set/N.jpg`.
/// Each face has its 68 landmarks. source.classes: 8, the default, or 7, without contempt. Faces
/// labelled none, uncertain or no face (8 to 10) are left out, and with 7 classes those of
/// contempt. InputError: a file that does not exist, a field or array that is not understood, a
/// picture of the training table that the other has too, and as make_face_list().
FaceList read_affectnet(const DataSource& source, Split split);

}  // namespace lanet
