// The faces that a reader finds, and what makes a FaceList of them: classes, splits and order.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/data_source.h"
#include "data/face_list.h"

namespace lanet {

struct FoundFace {
  std::string name;   ///< unique in the data set
  std::string label;  ///< as the data have it: a name or a number
  std::string place;  ///< of the face in messages: a file, or `file:line`
  std::filesystem::path path;
  std::optional<Split> split;
  HostImage picture;  ///< instead of path
  std::optional<FaceBox> box;
  std::vector<double> votes;     ///< in the order of the classes
  std::vector<float> landmarks;  ///< [P, 2], as many points for every face
  bool landmark_shares = false;  ///< of the picture or the box (FaceList)
  bool landmarks_found = true;

  /// Adds a point in pixels of the picture, as a share of the box.
  void add_point(double x, double y);
};

/// The split that a word stands for, whatever its case: train, Training; test, PrivateTest; val,
/// valid, validation, PublicTest.
std::optional<Split> known_split(std::string_view word);

/// What a message says of a word that is not a split.
std::string unknown_split(const std::string& word);

/// Faces that a reader leaves out, and which they are: "of contempt".
struct LeftOut {
  size_t count;
  std::string_view which;
};
/// FaceList::note about the groups that have faces; "" if none has.
std::string left_out_note(std::string_view data_set, Split split,
                          std::initializer_list<LeftOut> groups);

/// Whether a label is a number, 0 or more.
bool is_class_number(std::string_view label);

/// The class names that labels stand for, in the program's order. Names of known expressions may be
/// synonyms. Numbers are places in source.classes, from 0 or from 1. InputError, with the place of
/// the face: a label that is not in source.classes, is not UTF-8 or has control characters, names
/// among numbers, numbers without source.classes, more than 1000 different labels.
std::vector<std::string> name_labels(std::vector<FoundFace>& faces, const DataSource& source);

/// The faces of one split, ordered by name, all of which have labels that are in `classes`. A set
/// without a test split is tested on its validation split. One without any split is divided: the
/// test faces are source.validation of each class, the same for every seed. The split `validation`
/// may be empty. InputError: a name that occurs twice, is not UTF-8, has control characters or is
/// not a path below source.root, a picture that does not exist (source.require_pictures), a face
/// without a split where others have one. EmptySplit: no face of the split.
FaceList make_face_list(std::vector<FoundFace> faces, std::vector<std::string> classes,
                        const DataSource& source, Split split);

}  // namespace lanet
