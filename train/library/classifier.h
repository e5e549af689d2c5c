// The interface of liblanet: classifies pictures of faces with a network that lanet-cuda has
// trained. Installed as lanet/classifier.h; it needs C++17 and the standard library alone
// (docs/library.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace lanet {

/// A failure, such as a file that cannot be read to its end. what() is one line. Of the functions
/// below nothing else is thrown but BadInput, which is one too, and std::bad_alloc.
class ClassifierError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Something the caller gave is wrong. what() names the file or the picture, the value, and what
/// was expected.
class BadInput : public ClassifierError {
 public:
  using ClassifierError::ClassifierError;
};

/// 8-bit RGB pixels, rows from top to bottom, that belong to the caller.
struct RgbPicture {
  const std::uint8_t* pixels = nullptr;
  int width = 0, height = 0;
  std::size_t row_bytes = 0;  ///< from one row to the next; 0: 3 * width
};

/// What the network says of a picture.
struct Classification {
  std::string problem;  ///< why the picture could not be read, in one line; empty: it was read
  int label = -1;       ///< the most probable class, as an index of classes(); -1 with a problem
  std::vector<double> probabilities;  ///< of all classes, in their order; empty with a problem
};

/// A trained network on the CPU. An object may be used by one thread at a time; OpenMP's settings
/// of that thread stay as they are. On a processor without the instructions that the library was
/// compiled for, loading the library ends the process with one line on stderr.
class FaceClassifier {
 public:
  struct Options {
    bool best = false;  ///< of a run folder: the checkpoint of the best epoch, not of the last
    int threads = 0;    ///< that compute and decode; 0: OpenMP's default in the constructing thread
    /// How many pictures are computed together. The last batch of a call takes as long as a full
    /// one, and memory grows with its size.
    int batch = 1;
  };

  /// run: the folder of a run, or a checkpoint file. BadInput if it is neither, or damaged, or
  /// threads is negative, or batch is less than 1.
  explicit FaceClassifier(const std::string& run, const Options& options);
  explicit FaceClassifier(const std::string& run);
  ~FaceClassifier();
  FaceClassifier(FaceClassifier&&) noexcept;
  FaceClassifier& operator=(FaceClassifier&&) noexcept;

  /// The names of the classes, in the order of the probabilities.
  const std::vector<std::string>& classes() const;
  /// The side, in pixels, to which every picture is resized.
  int picture_size() const;

  /// One answer for each JPEG, PNG or WebP file, in their order; of a file that cannot be read it
  /// says why. Faces should be cropped and aligned as those that the network was trained with.
  std::vector<Classification> classify_files(const std::vector<std::string>& files);
  /// The same of pixels. BadInput if a picture has no pixels, or its rows overlap.
  std::vector<Classification> classify_pixels(const std::vector<RgbPicture>& pictures);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace lanet
