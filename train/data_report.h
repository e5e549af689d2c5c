// What is in the data of a configuration, and what is wrong with it (`lanet-cuda data`).
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/picture_facts.h"
#include "train/faces.h"

namespace lanet {

/// All faces of a configuration, without their pixels.
struct DataFaces {
  std::vector<std::string> splits;    ///< "train", "validation", "test": those that there are
  FaceList list;                      ///< of all splits, one after another
  std::vector<int> groups;            ///< positions in `splits`
  FoundLandmarks landmarks;           ///< of the first faces, those of the training list
  std::string format;                 ///< its name, and how it was recognised
  std::vector<std::string> notes;     ///< what readers say of the splits
  std::vector<std::string> problems;  ///< a split or a landmark file that cannot be read
};

/// Reads lists, and landmarks in the coordinates of their file. InputError if there is no split
/// that can be read.
DataFaces list_data(const Config& config);

/// Scales the landmarks to pixels of a picture of data.image_size, and adds what is doubtful about
/// all of them to the problems. facts: of the faces.
void place_landmarks(const Config& config, std::span<const PictureFacts> facts, DataFaces& faces);

/// The report as JSON (docs/pictures.md has the fields). facts: of the
/// faces, whose landmarks are placed. progress: of the search for duplicates, in pairs of faces;
/// may be empty.
nlohmann::ordered_json data_report(const Config& config, const DataFaces& faces,
                                   std::span<const PictureFacts> facts, int threads,
                                   const DecodeProgress& progress = {});

/// The report as text for a terminal, with a bar for each class and a few examples of each finding.
std::string to_text(const nlohmann::ordered_json& report);

/// A row for each class, with its first ten readable faces and their landmarks.
HostImage data_contact_sheet(const Config& config, const DataFaces& faces,
                             std::span<const PictureFacts> facts);

}  // namespace lanet
