// The formats of data sets, and which of them a folder has.
#pragma once

#include <string>

#include "data/data_source.h"
#include "data/face_list.h"

namespace lanet {

enum class DataFormat { automatic, rafdb, folder, csv, ferplus, affectnet };

/// `csv` if source.labels names a .csv or .tsv file, else the first format whose reader recognises
/// `source`, and why: "it has a folder basic/EmoLabel".
/// InputError if none does, or there is no such folder.
struct RecognisedFormat {
  DataFormat format;
  std::string reason;
};
RecognisedFormat recognise_format(const DataSource& source);

/// Reads a data set, once for all of its splits, by the reader of the format, which is not
/// `automatic`. Each reader's header says what it reads and refuses (InputError), here or when a
/// split is asked for. Without faces of the split it is EmptySplit, except for `validation`: few
/// sets have that. InputError for source.labels with another format than rafdb and csv.
SplitReader open_data_set(const DataSource& source, DataFormat format);

/// The faces of one split alone.
FaceList read_split(const DataSource& source, DataFormat format, Split split);

}  // namespace lanet
