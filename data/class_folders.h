// Pictures in a folder for each class, in folders for splits or without.
#pragma once

#include <string>

#include "data/data_source.h"
#include "data/face_list.h"

namespace lanet {

/// Why `source.root` looks like folders of classes; empty if it does not.
std::string recognise_class_folders(const DataSource& source);

/// Reads, once for all splits, `<split>/<class>/picture`, or `<class>/picture` where there are no
/// folders of splits, from `source.root` or from the only folder in it. A face is named by its
/// file, or by its path below root where two files have one bare name (data/picture_index.h). Class
/// folders have names, or numbers: then source.classes names them, or tables `labels.csv` and
/// `<split>_labels.csv`
/// (`image,label`) in root or beside the folders. These have a row for each picture, with its path
/// or file name and with the name of its class; pictures with names like RAF-DB's may have RAF-DB's
/// numbers 1 to 7 instead. Files other than pictures are ignored. InputError: a folder of an
/// unknown split that has the same class folders, no pictures, a table that disagrees with the
/// folders, and as make_face_list().
SplitReader open_class_folders(const DataSource& source);

}  // namespace lanet
