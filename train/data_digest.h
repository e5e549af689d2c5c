// Digests of the faces that a run is trained and judged on. Ranks compare them, and a run that
// continues or is evaluated compares them with those in its folder: content counts, not its place.
#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "train/faces.h"

namespace lanet {

/// {"faces": how many, "names": …, "pictures", "labels", "true_labels", "votes", "landmarks"}, a
/// digest of each: the same for equal faces. The given labels, which a run keeps in noise.csv, are
/// left out.
nlohmann::ordered_json digest(Context& context, const Faces& faces);

/// InputError, which names `set` ("training set") and what of it differs, unless the digests are
/// the same. root: of the data now; file: where `then` was read.
void require_same_data(const nlohmann::ordered_json& now, const nlohmann::ordered_json& then,
                       const std::string& set, const std::string& root, const std::string& file);

/// The file data.json of a run: {"training": digest(), "test": …, "validation": …}, this only where
/// there are such faces. InputError if it is damaged.
nlohmann::ordered_json read_data_digests(const std::filesystem::path& file);

}  // namespace lanet
