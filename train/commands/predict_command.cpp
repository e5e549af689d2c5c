// predict: the expression in pictures and in frames of videos, one by one or thousands.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "core/files/npy.h"
#include "core/standard_streams.h"
#include "train/commands/commands.h"
#include "train/commands/loaded_classifier.h"
#include "train/commands/predict_align.h"
#include "train/commands/predict_inputs.h"
#include "train/commands/predict_printer.h"
#include "train/commands/video_frames.h"
#include "train/device.h"
#include "train/metrics.h"
#include "train/progress.h"
#include "train/ranks/ranks.h"

namespace lanet {

namespace {

constexpr int64_t kBatch = 64;
constexpr int64_t kVideoBatch =
    16;                             // a clip is short, and its frames are answered while it is read
constexpr int64_t kDecoded = 1024;  // pictures in memory at a time

/// Answers inputs in their order.
class Predictor {
 public:
  Predictor(const PredictOptions& options, const TrainedModel& model, const Config& config,
            const PredictInputs& inputs)
      : options_(options),
        classes_(model.info.classes),
        inputs_(inputs),
        printer_(options, classes_),
        confusion_(static_cast<int>(classes_.size())) {
    const int64_t videos = std::count_if(inputs.paths.begin(), inputs.paths.end(), is_video_name);
    pictures_ = std::ssize(inputs.paths) - videos;
    if (options.labelled) labels_ = labels_by_folder(inputs.paths, classes_);
    if (options.align) aligner_.emplace(options, inputs, config.data.image_size);
    const DeviceChoice choice = choose_device(config.train.device);
    context_.emplace(choice.device, static_cast<int>(config.train.threads));
    context_->set_tf32(config.train.tf32);
    classifier_.emplace(*context_, model, config,
                        videos > 0 ? kVideoBatch : std::min(pictures_, kBatch));
    report_environment(choice);
    if (pictures_ > kBatch) progress_ = progress_function("predicting", "img");
  }

  /// The exit code.
  int run() {
    const int64_t total = std::ssize(inputs_.paths);
    for (int64_t first = 0; first < total;) {
      if (is_video_name(inputs_.paths[first])) {
        answer_video(first++);
        continue;
      }
      int64_t count = 1;
      while (count < kDecoded && first + count < total &&
             !is_video_name(inputs_.paths[first + count]))
        ++count;
      answer_pictures(first, count);
      first += count;
    }
    begin();
    printer_.finish();
    if (aligner_)
      if (const std::string remark = aligner_->remark(); !remark.empty()) say(remark);
    if (options_.labelled) {
      const bool for_programs = options_.json || options_.jsonl || options_.csv;
      const std::string table = to_table(confusion_, classes_);
      if (for_programs)
        write_error(table);
      else
        fmt::print("{}", table);
    }
    if (!options_.features.empty() && answered_ > 0) {
      write_npy(options_.features, features_, std::ssize(features_) / answered_);
      say(fmt::format("written: {}", options_.features));
    }
    return failed_ ? 1 : 0;
  }

 private:
  void answer_pictures(int64_t first, int64_t count) {
    const auto found = classify(count, [&](int64_t i) {
      HostImage picture = decode_image(inputs_.paths[first + i]);
      if (aligner_) picture = aligner_->align(picture, first + i);
      return picture;
    });
    if (aligner_ && first == 0) aligner_->require_some(count);
    for (int64_t i = 0; i < count; ++i) {
      if (found[i].problem.empty())
        answer(first + i, {.image = inputs_.paths[first + i],
                           .time = {},
                           .given = {},
                           .probabilities = found[i].probabilities});
      else
        fail(found[i].problem);
    }
    done_ += count;
    if (progress_) progress_(done_, pictures_);
  }

  void answer_video(int64_t input) {
    const std::string& path = inputs_.paths[input];
    try {
      VideoFrames video(path, options_.every);
      int64_t first = 0;
      for (bool ended = false; !ended;) {
        std::vector<HostImage> frames;  // small, however large the video is
        while (!ended && std::ssize(frames) < kVideoBatch) {
          const std::optional<HostImage> frame = video.next();
          ended = !frame;
          if (frame) frames.push_back(resize_image(*frame, classifier_->image_size));
        }
        const auto found = classify(std::ssize(frames), [&](int64_t i) { return frames[i]; });
        for (const ClassifiedPicture& frame : found) {
          // Without the rounding errors of the product: 0.3, not 0.30000000000000004.
          const double time = std::round(1e6 * static_cast<double>(first++) * options_.every) / 1e6;
          answer(input, {.image = fmt::format("{}@{}s", path, time),
                         .time = time,
                         .given = {},
                         .probabilities = frame.probabilities});
        }
      }
      if (const std::string problem = video.problem(); !problem.empty()) fail(problem);
    } catch (const InputError& error) {
      fail(error.what());
    }
  }

  std::vector<ClassifiedPicture> classify(int64_t count, const PictureSource& picture) {
    if (count == 0) return {};
    return classifier_->classify(*context_, count, picture,
                                 options_.features.empty() ? nullptr : &features_);
  }

  void answer(int64_t input, Prediction prediction) {
    begin();
    if (options_.labelled) {
      prediction.given = labels_[input];
      confusion_.add(labels_[input], prediction.best());
    }
    printer_.print(prediction);
    ++answered_;
  }

  void fail(const std::string& problem) {
    begin();
    say(problem);
    failed_ = true;
  }

  /// Nothing is printed before the first answer: the inputs may still be refused.
  void begin() {
    if (!begun_) printer_.begin();
    begun_ = true;
  }

  const PredictOptions& options_;
  const std::vector<std::string>& classes_;
  const PredictInputs& inputs_;
  int64_t pictures_ = 0;
  std::vector<int32_t> labels_;  // [N]; empty: none are given
  std::optional<Aligner> aligner_;
  std::optional<Context> context_;
  std::optional<LoadedClassifier> classifier_;
  PredictionPrinter printer_;
  Confusion confusion_;
  std::vector<float> features_;
  DecodeProgress progress_;
  int64_t done_ = 0, answered_ = 0;  // pictures; pictures and frames
  bool begun_ = false, failed_ = false;
};

/// InputError if there are videos and they cannot be read, or not as is asked for.
void check_videos(const PredictOptions& options, const PredictInputs& inputs) {
  const auto video = std::find_if(inputs.paths.begin(), inputs.paths.end(), is_video_name);
  if (video == inputs.paths.end()) return;
  if (options.align)
    throw InputError(
        fmt::format("--align: {} is a video; expected pictures: a landmark file has a row for "
                    "each picture, and none for frames",
                    *video));
  require_ffmpeg(*video);
}

}  // namespace

int run_predict(const PredictOptions& options) {
  require_one_process("predict");
  if (!options.features.empty() && std::filesystem::exists(options.features))
    throw InputError(fmt::format("--features {}: exists; expected a new file", options.features));
  const TrainedModel model = open_trained(options.target, options.best);
  const Config config = own_config(model, options.overrides);
  const PredictInputs inputs = predict_inputs(options);
  check_videos(options, inputs);
  return Predictor(options, model, config, inputs).run();
}

}  // namespace lanet
