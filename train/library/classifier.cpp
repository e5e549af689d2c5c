#include "train/library/classifier.h"

#include <omp.h>

#include <cstring>
#include <new>

#include "core/cpu_check.h"
#include "core/error.h"
#include "data/image.h"
#include "train/commands/loaded_classifier.h"
#include "train/likeliest_class.h"

namespace lanet {

namespace {

/// The result of `action`; what it throws becomes what the header declares.
template <typename F>
auto translated(F&& action) {
  try {
    return action();
  } catch (const InputError& error) {
    throw BadInput(error.what());
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw ClassifierError(error.what());
  }
}

/// Has OpenMP take so many threads (0: as many as before) where the calling thread asks for no
/// number, and puts back what the host program had there.
class OurThreads {
 public:
  explicit OurThreads(int threads) {
    if (threads > 0) omp_set_num_threads(threads);
  }
  ~OurThreads() { omp_set_num_threads(before_); }
  OurThreads(const OurThreads&) = delete;
  OurThreads& operator=(const OurThreads&) = delete;

 private:
  int before_ = omp_get_max_threads();
};

void check(const FaceClassifier::Options& options) {
  if (options.threads < 0)
    throw InputError(fmt::format("threads: {}; expected 0 or more", options.threads));
  if (options.batch < 1)
    throw InputError(fmt::format("batch: {}; expected 1 or more", options.batch));
}

void check(const RgbPicture& picture, size_t index) {
  const auto refuse = [&](const std::string& what) {
    throw InputError(fmt::format("picture {}: {}", index, what));
  };
  if (!picture.pixels) refuse("no pixels");
  if (picture.width < 1 || picture.height < 1)
    refuse(fmt::format("{} x {} pixels; expected 1 x 1 or more", picture.width, picture.height));
  const size_t least = size_t{3} * static_cast<size_t>(picture.width);
  if (picture.row_bytes != 0 && picture.row_bytes < least)
    refuse(fmt::format("rows of {} bytes; expected {} or more, or 0", picture.row_bytes, least));
}

HostImage copy_of(const RgbPicture& picture) {
  const size_t row = size_t{3} * static_cast<size_t>(picture.width);
  const size_t stride = picture.row_bytes == 0 ? row : picture.row_bytes;
  HostImage image{picture.width, picture.height,
                  std::vector<uint8_t>(row * static_cast<size_t>(picture.height))};
  for (size_t y = 0; y < static_cast<size_t>(picture.height); ++y)
    std::memcpy(image.rgb.data() + y * row, picture.pixels + y * stride, row);
  return image;
}

}  // namespace

struct FaceClassifier::Parts {
  Parts(const TrainedModel& model, const Config& config, int64_t batch)
      : context(Device::cpu, static_cast<int>(config.train.threads)),
        classifier(context, model, config, batch),
        classes(model.info.classes) {}

  std::vector<Classification> classify(size_t count, const PictureSource& picture) {
    const OurThreads threads(context.threads());
    std::vector<Classification> answers;
    for (ClassifiedPicture& found :
         classifier.classify(context, static_cast<int64_t>(count), picture)) {
      const int label = found.problem.empty() ? likeliest_class(found.probabilities) : -1;
      answers.push_back({std::move(found.problem), label, std::move(found.probabilities)});
    }
    return answers;
  }

  Context context;
  LoadedClassifier classifier;
  std::vector<std::string> classes;
};

FaceClassifier::FaceClassifier(const std::string& run, const Options& options) {
  check_compiled_cpu();
  parts_ = translated([&] {
    check(options);
    const OurThreads threads(options.threads);
    const TrainedModel model = open_trained(run, options.best);
    const Config config = own_config(model, {fmt::format("train.threads={}", options.threads)});
    return std::make_unique<Parts>(model, config, options.batch);
  });
}

FaceClassifier::FaceClassifier(const std::string& run) : FaceClassifier(run, Options()) {}
FaceClassifier::~FaceClassifier() = default;
FaceClassifier::FaceClassifier(FaceClassifier&&) noexcept = default;
FaceClassifier& FaceClassifier::operator=(FaceClassifier&&) noexcept = default;

const std::vector<std::string>& FaceClassifier::classes() const {
  return parts_->classes;
}

int FaceClassifier::picture_size() const {
  return parts_->classifier.image_size;
}

std::vector<Classification> FaceClassifier::classify_files(const std::vector<std::string>& files) {
  return translated([&] {
    return parts_->classify(files.size(),
                            [&](int64_t i) { return decode_image(files[static_cast<size_t>(i)]); });
  });
}

std::vector<Classification> FaceClassifier::classify_pixels(
    const std::vector<RgbPicture>& pictures) {
  return translated([&] {
    for (size_t i = 0; i < pictures.size(); ++i) check(pictures[i], i);
    return parts_->classify(pictures.size(),
                            [&](int64_t i) { return copy_of(pictures[static_cast<size_t>(i)]); });
  });
}

}  // namespace lanet
