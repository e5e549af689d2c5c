// The faces of a configuration, in memory: pictures, labels, landmarks.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "data/face_list.h"
#include "data/image_set.h"
#include "data/landmark_schemes.h"
#include "train/config/config.h"

namespace lanet {

struct Faces {
  FaceList list;  ///< without its pictures, boxes, votes and landmarks, which are below
  ImageSet set;   ///< u8 [N, S, S, 3]
  /// [N, L, 2] in pixels of the S x S picture, L 19 or 5; empty if not asked for.
  std::vector<float> landmarks;
  std::vector<uint8_t> valid;  ///< [N]; 0: no landmark loss
  /// [N]; the labels to train on: list.labels, for training faces with the configuration's noise.
  /// The noise of a face depends on its position among all training faces, not on validation.
  std::vector<int32_t> given;
  /// [N]; the labels to judge predictions by: data.true_labels if the configuration names such a
  /// list and it has this split, else list.labels.
  std::vector<int32_t> judged_by;
  std::vector<double> votes;  ///< [N, C], of training faces, shares of data.votes; empty without

  int64_t size() const { return static_cast<int64_t>(list.size()); }
  /// L; 19 without landmarks.
  int64_t num_landmarks() const {
    return landmarks.empty() ? kNumLandmarks : static_cast<int64_t>(landmarks.size()) / size() / 2;
  }
};

/// The data set of a configuration, read once for all splits.
struct DataSet {
  DataFormat format;
  std::string message;  ///< how the format was recognised; "" if it is configured
  SplitReader read;
};
DataSet open_data_set(const DataConfig& data);

/// Reads one split, without the faces of data.fold; of the split `validation` there may be no
/// faces. A picture that cannot be decoded is an InputError or, with data.skip_bad_images, skipped
/// and counted through `message`. with_landmarks needs data.landmarks (check_trainable()) or a data
/// set with landmarks.
Faces load_faces(Context& context, const Config& config, const DataSet& data_set, Split split,
                 bool with_landmarks, const std::function<void(const std::string&)>& message,
                 const DecodeProgress& progress);
/// Of a data set that is opened for this split alone.
Faces load_faces(Context& context, const Config& config, Split split, bool with_landmarks,
                 const std::function<void(const std::string&)>& message,
                 const DecodeProgress& progress);

/// Moves the faces at these positions, in ascending order, out of `faces` into a set of their own,
/// which shares the memory of the pictures.
Faces split_off(Faces& faces, std::span<const int32_t> positions);

/// The format of the data set, and a line that says how it was recognised; "" if it is configured.
struct ChosenFormat {
  DataFormat format;
  std::string message;
};
ChosenFormat choose_format(const DataConfig& data);

/// The landmarks of a list in the coordinates of their file: those of data.landmarks or, without,
/// those that the data set has itself. InputError if there are none.
struct FoundLandmarks {
  Landmarks landmarks;
  LandmarkCoordinates coordinates = LandmarkCoordinates::square;
  std::string file;  ///< for messages
};
FoundLandmarks find_landmarks(const DataConfig& data, const FaceList& list);

/// [N]; the labels of a training list with the noise of data.noise.rate or data.noise.rates
/// planted. InputError if it is not defined for the classes.
std::vector<int32_t> noisy_labels(const Config& config, const FaceList& list);

/// Splits the validation faces of the configuration off its training faces, all of which are in
/// `train`; none with data.validation 0. They are drawn and judged by the labels of the list, so
/// that choosing an epoch uses no knowledge beyond that list. InputError if there are too few faces
/// for the share.
Faces split_off_validation(const Config& config, Faces& train);

}  // namespace lanet
