// A table of pictures and labels.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "data/data_source.h"
#include "data/face_list.h"

namespace lanet {

/// The tables (is_table()) in a folder whose header names a picture and a label, by name. Those
/// that cannot be read are skipped.
std::vector<std::filesystem::path> face_tables(const std::filesystem::path& folder);

/// Whether a file is a table by its name: .csv or .tsv in any case.
bool is_table(const std::filesystem::path& file);

/// Why `source.root` looks like a table of faces; empty if it does not.
std::string recognise_csv_faces(const DataSource& source);

/// Reads a table (data/csv.h), once for all splits: source.labels, or the only one of
/// face_tables(root). Its columns, in any order and case, others being ignored:
/// - `path`, `image` or `filename`: the picture, relative to source.root; the name of the face
/// - `label`: a name, or a number that source.classes names
/// - `split`: as known_split(); none: the set is divided (make_face_list())
/// - box_x, box_y, box_width, box_height: the face, in pixels of the picture, which is cropped to
///   it
/// - the landmarks and `ok`, as in a landmark file (data/landmarks.h): with a box in pixels of the
///   picture, else as data.landmark_coordinates says
/// - one named after each class: the votes for it
/// InputError, with file and line: a field that is not understood, only some of the columns of a
/// box, of landmarks or of votes, and as make_face_list().
SplitReader open_csv_faces(const DataSource& source);

}  // namespace lanet
