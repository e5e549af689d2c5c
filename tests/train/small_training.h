// What tests of the trainer share: a few drawn faces, a small configuration, and a trainer on them.
#pragma once

#include "data/landmarks.h"
#include "data/synth/synth.h"
#include "tests/temporary_folder.h"
#include "train/labels/confident_learning.h"
#include "train/labels/label_knowledge.h"
#include "train/trainer.h"

namespace lanet::test {

inline constexpr int kTrain = 36, kTest = 8;

/// A data set drawn once for all tests of a file.
inline const std::filesystem::path& drawn_faces() {
  static const TemporaryFolder folder;
  static const std::filesystem::path path = [] {
    const auto out = folder.path() / "faces";
    write_synth({.out = out, .train = kTrain, .test = kTest, .size = 64, .seed = 3}, {});
    return out;
  }();
  return path;
}

/// method: a value of that field, or robust, the recipe of lanet.
inline Config small_config(const std::string& method = "lanet") {
  Config config;
  config.method = method == "robust" ? Method::lanet : choice_from<Method>(method);
  if (method == "robust") config.model.recipe = Recipe::robust;
  config.data.root = drawn_faces().string();
  config.data.landmarks = "landmarks_19.csv";
  config.data.landmark_size = 64;
  config.data.image_size = 64;
  config.model.neighbours = 4;
  config.model.bank = 20;  // not a multiple of the batch: the ring wraps
  config.train.batch = 12;
  config.train.epochs = 3;
  return config;
}

struct Session {
  explicit Session(const Config& config, int threads = 0, Device device = Device::cpu,
                   bool capture = true, Communicator* communicator = nullptr)
      : context(device, threads) {
    context.set_communicator(communicator);
    auto silent = [](const std::string&) {};
    Faces train = load_faces(context, config, Split::train, reads_landmarks(config), silent, {});
    Faces test = load_faces(context, config, Split::test, false, silent, {});
    validation = split_off_validation(config, train);
    const std::vector<int32_t> labels = train.given;
    LabelKnowledge knowledge;
    if (config.method == Method::confident_learning)
      knowledge = without_wrong(std::vector<uint8_t>(labels.size()), labels, kNumExpressions);
    else if (starts_from_knowledge(config))
      knowledge = learn_label_knowledge(train, {.quick = {.networks = 1, .steps = 20},
                                                .thorough = {.networks = 1, .steps = 40},
                                                .message = silent});
    if (config.method == Method::corrected) knowledge = corrected_once(knowledge, labels);
    trainer =
        std::make_unique<Trainer>(context, config, std::move(train), std::move(test), capture);
    trainer->initialise(silent);
    if (starts_from_knowledge(config)) trainer->start_from(knowledge);
  }
  ~Session() {
    trainer.reset();
    context.thaw();
  }
  Context context;
  Faces validation;
  std::unique_ptr<Trainer> trainer;
};

}  // namespace lanet::test
