// Label lists in the layout of RAF-DB.
#include "data/rafdb.h"
#include "tests/fuzz/fuzz.h"

namespace lanet::fuzz {

const char* const kFileName = "list.txt";

void parse(const std::filesystem::path& file) {
  const FaceList faces = read_face_list(file.parent_path(), file.filename(), Split::train,
                                        /*require_pictures=*/false);
  read_true_labels(file.parent_path(), file.filename(), Split::train, faces.names);
}

}  // namespace lanet::fuzz
