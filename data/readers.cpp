#include "data/readers.h"

#include "core/error.h"
#include "data/affectnet.h"
#include "data/class_folders.h"
#include "data/csv_faces.h"
#include "data/ferplus.h"
#include "data/files_of_set.h"
#include "data/rafdb.h"

namespace lanet {
namespace {

struct Reader {
  DataFormat format;
  const char* name;
  std::string (*recognise)(const DataSource&);
  SplitReader (*open)(const DataSource&);
  const char* sign;  // what recognises it, for a message
};

/// Of formats with a list or a folder for each split, which is read when it is asked for.
template <FaceList (*read)(const DataSource&, Split)>
SplitReader split_by_split(const DataSource& source) {
  return [source](Split split) { return read(source, split); };
}

constexpr Reader kReaders[] = {
    // those first that mistake no other format for their own
    {DataFormat::rafdb, "rafdb", recognise_rafdb, split_by_split<read_rafdb>,
     "a folder basic/EmoLabel"},
    {DataFormat::ferplus, "ferplus", recognise_ferplus, open_ferplus, "fer2013new.csv"},
    {DataFormat::affectnet, "affectnet", recognise_affectnet, split_by_split<read_affectnet>,
     "training.csv or a folder train_set/annotations"},
    {DataFormat::folder, "folder", recognise_class_folders, open_class_folders,
     "pictures in folders of classes, such as train/happiness"},
    {DataFormat::csv, "csv", recognise_csv_faces, open_csv_faces,
     "a table with columns 'path' and 'label'"},
};

void require_root(const DataSource& source) {
  if (!is_folder(source.root))
    throw InputError(fmt::format("data.root {}: there is no such folder", source.root.string()));
}

}  // namespace

RecognisedFormat recognise_format(const DataSource& source) {
  require_root(source);
  if (is_table(source.labels))
    return {DataFormat::csv, fmt::format("data.labels names the table {}", source.labels)};
  std::string signs;
  for (const Reader& reader : kReaders) {
    if (std::string reason = reader.recognise(source); !reason.empty())
      return {reader.format, std::move(reason)};
    signs += fmt::format("{}{} ({})", signs.empty() ? "" : ", or ", reader.sign, reader.name);
  }
  throw InputError(fmt::format("data.root {}: a data set of an unknown format; expected {}",
                               source.root.string(), signs));
}

SplitReader open_data_set(const DataSource& source, DataFormat format) {
  require_root(source);
  for (const Reader& reader : kReaders) {
    if (reader.format != format) continue;
    const bool has_list = format == DataFormat::rafdb || format == DataFormat::csv;
    if (!has_list && source.labels != kDefaultLabelList)
      throw InputError(fmt::format("data.labels: {}; expected it unset: data.format {} has no list",
                                   printable(source.labels), reader.name));
    return reader.open(source);
  }
  throw Error("no reader of this format");
}

FaceList read_split(const DataSource& source, DataFormat format, Split split) {
  return open_data_set(source, format)(split);
}

}  // namespace lanet
