#include "train/config/config_fields.h"

#include <array>
#include <nlohmann/json.hpp>

#include "core/error.h"

namespace lanet {

namespace {

// A field's path is the name of its member.
#define LANET_FIELD(member) #member, [](Config & c) -> Place { return &c.member; }

const Range kShare{0, 1};
const Range kPositiveShare{0, 1, /*above=*/true};
const Range kWeight{0, 1e6};
const Range kRatio{0, 100, /*above=*/true};
const Range kFactor{0, 10};
constexpr double kMostFolds = 100;
constexpr Text kFolder{.anchored = true, .nullable = false};
constexpr Text kFileOrNone{.anchored = true, .nullable = true};
constexpr Text kNameInRoot{.anchored = false, .nullable = false};
constexpr Text kNameInRootOrNone{.anchored = false, .nullable = true};
constexpr Text kWordsOrNone{.nullable = true, .words = true};

const std::vector<Field> kFields = {
    {LANET_FIELD(method),
     {},
     "LA-Net, or its ResNet with another loss: cross entropy with the given labels, with labels "
     "corrected once from the landmarks, without the labels that cross-validated networks find "
     "wrong, with labels smoothed by 0.1, or early-learning regularisation"},
    {LANET_FIELD(seed), Range{0, 0x1p53}, "seed of all random numbers"},
    {LANET_FIELD(data.root), kFolder, "folder of the data set, relative to this file"},
    {LANET_FIELD(data.format), {}, "layout of the data set; auto recognises it"},
    {LANET_FIELD(data.labels), kNameInRoot,
     "rafdb, csv: list of pictures and labels, relative to data.root; csv: by default the only "
     "table "
     "with columns path and label"},
    {LANET_FIELD(data.classes), kWordsOrNone,
     "folder, csv: names of the classes, separated by commas, in the order of their numbers where "
     "the data number them; ferplus, affectnet: 7, or 8 with contempt; null: the data say"},
    {LANET_FIELD(data.true_labels), kNameInRootOrNone,
     "rafdb: a second list, used to judge and never to train: it tells which training labels are "
     "wrong "
     "and, if it has test faces, their labels"},
    {LANET_FIELD(data.votes), kNameInRootOrNone,
     "table (.csv) of how many people chose each class for a face, to compare label estimates "
     "with"},
    {LANET_FIELD(data.landmarks), kNameInRootOrNone,
     "landmark file (.csv, .json, .npy, .tensor), relative to data.root; lanet and corrected need "
     "it"},
    {LANET_FIELD(data.landmark_coordinates),
     {},
     "of the landmark file: pixels of a square of side data.landmark_size, pixels of each picture, "
     "or shares (0 to 1) of its width and height"},
    {LANET_FIELD(data.landmark_size), Range{0, 65536, true},
     "side of the square in which the landmarks' coordinates are given"},
    {LANET_FIELD(data.landmarks_missing), kShare,
     "largest share of training faces that may have no usable landmarks"},
    {LANET_FIELD(data.image_size), Range{64, 1024, false, 32}, "side of the network's input"},
    {LANET_FIELD(data.flip_swap_landmarks),
     {},
     "swap left and right landmarks when a picture is flipped"},
    {LANET_FIELD(data.skip_bad_images), {}, "skip pictures that cannot be read"},
    {LANET_FIELD(data.residency),
     {},
     "where decoded pictures are kept: in the device's memory, the host's, or the packed file; "
     "auto "
     "takes the first with room"},
    {LANET_FIELD(data.cache), kFileOrNone,
     "folder of packed files with the decoded pictures, from which later runs start at once; null: "
     "none"},
    {LANET_FIELD(data.corrections), kFileOrNone,
     "table (.csv) of training labels that a person has put right: image,label; the review page of "
     "`lanet-cuda audit` saves one; null: none"},
    {LANET_FIELD(data.validation), Range{0, 0.5},
     "share of each class of training faces that is held out, without noise, to choose the best "
     "epoch; 0: the test set chooses it"},
    {LANET_FIELD(data.fold), Range{0, kMostFolds},
     "part of the training faces, from 1 to data.folds, that is left out of training, as `audit "
     "--folds` does; 0: none"},
    {LANET_FIELD(data.folds), Range{2, kMostFolds},
     "number of equal parts into which the seed divides the training faces"},
    {LANET_FIELD(data.noise.rate), kShare, "share of the training labels to make wrong"},
    {LANET_FIELD(data.noise.kind),
     {},
     "a wrong label is any other class, or the one that its class is mistaken for"},
    {LANET_FIELD(data.noise.rates), kFileOrNone,
     "table (.csv) of how often each class is labelled as another, in place of data.noise.rate: "
     "from,to,rate, or a whole transition matrix"},
    {LANET_FIELD(data.noise.file), kFileOrNone,
     "table of given labels, as `lanet-cuda noise` writes it, in place of data.noise.rate and "
     "data.noise.rates"},
    {LANET_FIELD(data.augment.flip_probability), kShare, "probability that a picture is mirrored"},
    {LANET_FIELD(data.augment.crop_area_min), kPositiveShare,
     "smallest area of a crop, as a share of the picture"},
    {LANET_FIELD(data.augment.crop_area_max), kPositiveShare,
     "largest area of a crop, as a share of the picture"},
    {LANET_FIELD(data.augment.crop_ratio_min), kRatio, "smallest width : height of a crop"},
    {LANET_FIELD(data.augment.crop_ratio_max), kRatio, "largest width : height of a crop"},
    {LANET_FIELD(data.augment.jitter_min), kFactor,
     "smallest factor for brightness, contrast and saturation"},
    {LANET_FIELD(data.augment.jitter_max), kFactor,
     "largest factor for brightness, contrast and saturation"},
    {LANET_FIELD(data.augment.erase_probability), kShare, "probability that a rectangle is erased"},
    {LANET_FIELD(data.augment.erase_area_min), kPositiveShare,
     "smallest area of the rectangle, as a share of the picture"},
    {LANET_FIELD(data.augment.erase_area_max), kPositiveShare,
     "largest area of the rectangle, as a share of the picture"},
    {LANET_FIELD(data.augment.erase_ratio_min), kRatio, "smallest width : height of the rectangle"},
    {LANET_FIELD(data.augment.erase_ratio_max), kRatio, "largest width : height of the rectangle"},
    {LANET_FIELD(model.recipe),
     {},
     "of lanet: the published losses, or one loss that models label noise and landmark shapes"},
    {LANET_FIELD(model.backbone), {}, "the network"},
    {LANET_FIELD(model.pretrained), kFileOrNone,
     "backbone weights to start from (.pth, .pkl, .safetensors or a run folder), relative to this "
     "file"},
    {LANET_FIELD(model.allow_partial),
     {},
     "let the pretrained file lack parameters of the backbone, or have more blocks"},
    {LANET_FIELD(model.neighbours), Range{1, 1024},
     "K, the neighbours that a label estimate is averaged over"},
    {LANET_FIELD(model.bank), Range{1, 1 << 24},
     "published: M, the rows of each memory bank; >= train.batch"},
    {LANET_FIELD(model.confidence), kShare,
     "an estimate counts as confident from this probability on; published: it then is a pseudo "
     "label"},
    {LANET_FIELD(model.temperature), Range{0, 100, true},
     "published: temperature of the contrastive loss"},
    {LANET_FIELD(model.bank_momentum), kShare,
     "published: weight of the old label estimate in the new one"},
    {LANET_FIELD(model.key_momentum), kShare, "published: momentum of the momentum network"},
    {LANET_FIELD(model.opinion_momentum), Range{0, 0.999},
     "robust: weight of earlier visits in the network's opinion of a face"},
    {LANET_FIELD(model.shapes),
     {},
     "robust: what estimates a face's class from its shape: a network, votes of the 50 nearest "
     "training faces, votes of the model.neighbours nearest faces in random batches, or nothing"},
    {LANET_FIELD(model.noise_floor), Range{0, 0.8},
     "robust: smallest share of wrong labels to assume; landmarks cannot reveal systematic errors"},
    {LANET_FIELD(train.epochs), Range{1, 100000}, "passes over the training set"},
    {LANET_FIELD(train.batch), Range{2, 65536},
     "images per step, over all devices; >= model.neighbours + 2"},
    {LANET_FIELD(train.learning_rate), Range{0, 10, true},
     "largest learning rate; it falls to 0 by the end"},
    {LANET_FIELD(train.schedule), {}, "how the learning rate falls"},
    {LANET_FIELD(train.warmup_epochs), Range{0, 100000},
     "epochs in which the learning rate first rises linearly from 0; < train.epochs"},
    {LANET_FIELD(train.weight_decay), kShare,
     "weight decay of AdamW; times the learning rate, the share of a weight lost per step; 0: "
     "Adam"},
    {LANET_FIELD(train.sampler),
     {},
     "classes are balanced by given labels, by label estimates, or not at all"},
    {LANET_FIELD(train.dtype),
     {},
     "type of activations; auto: the faster of f32 and bf16; f64 is slow, for checks"},
    {LANET_FIELD(train.device), {}, "auto: cuda where a GPU works"},
    {LANET_FIELD(train.threads), Range{0, 4096}, "CPU threads; 0: as many as OpenMP takes"},
    {LANET_FIELD(train.tensorboard),
     {},
     "write what TensorBoard shows to the run folder: the metrics, the confusion matrix "
     "and, at the end, features of test faces"},
    {LANET_FIELD(train.tf32), {}, "on cuda, f32: products round their operands to TF32; faster"},
    {LANET_FIELD(train.weights.expression), kWeight, "published: weight of the cross entropy"},
    {LANET_FIELD(train.weights.landmark), kWeight, "published: weight of the adaptive wing loss"},
    {LANET_FIELD(train.weights.distribution), kWeight,
     "published: weight of the label distribution's divergence"},
    {LANET_FIELD(train.weights.contrastive), kWeight, "published: weight of the contrastive loss"},
    {LANET_FIELD(checkpoint.every_steps), Range{0, 1e9},
     "steps of the run after which a checkpoint is written, beside the end of each epoch; 0: none"},
    {LANET_FIELD(checkpoint.every_minutes), Range{0, 1e6},
     "minutes after which a checkpoint is written, beside the end of each epoch; 0: none"},
};

bool is_integer(const Field& field) {
  Config config;
  return std::holds_alternative<int64_t*>(field.place(config));
}

std::string expected_number(const Field& field, const Range& range) {
  std::string text = is_integer(field) ? "an integer" : "a number";
  if (range.multiple > 1) text += fmt::format(", a multiple of {},", range.multiple);
  return text + fmt::format(" {} {} {} {}", range.above ? "above" : "from", range.lo,
                            range.above ? "and up to" : "to", range.hi);
}

}  // namespace

std::string_view current_key(std::string_view key) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 1> kRenamed = {
      {{"label_momentum", "bank_momentum"}}};
  for (const auto& [former, current] : kRenamed)
    if (key == former) return current;
  return key;
}

std::string own_word(const std::string& word) {
  constexpr std::pair<std::string_view, std::string_view> kWords[] = {
      {"gpu", "cuda"},           {"float32", "f32"},      {"fp32", "f32"},
      {"bfloat16", "bf16"},      {"lr", "learning_rate"}, {"batch_size", "batch"},
      {"num_epochs", "epochs"},  {"arch", "backbone"},    {"img_size", "image_size"},
      {"num_workers", "threads"}};
  for (const auto& [other, ours] : kWords)
    if (word == other) return std::string(ours);
  return word;
}

std::span<const Field> config_fields() {
  return kFields;
}

std::string expectation(const Field& field) {
  if (const auto* range = std::get_if<Range>(&field.domain)) return expected_number(field, *range);
  if (const auto* text = std::get_if<Text>(&field.domain))
    return fmt::format("{}{}", text->words ? "names or a number" : "a path",
                       text->nullable ? " or null" : "");
  Config config;
  return std::visit(
      []<typename T>(T*) -> std::string {
        if constexpr (std::is_enum_v<T>)
          return fmt::format("one of {}", fmt::join(kNames<T>, ", "));
        else
          return "true or false";
      },
      field.place(config));
}

nlohmann::ordered_json field_value(const Field& field, const Config& config) {
  Config copy = config;
  const auto* text = std::get_if<Text>(&field.domain);
  return std::visit(
      [&]<typename T>(T* place) -> nlohmann::ordered_json {
        if constexpr (std::is_same_v<T, std::string>) {
          if (text && place->empty()) return nullptr;
        }
        if constexpr (std::is_enum_v<T>)
          return name_of(*place);
        else
          return *place;
      },
      field.place(copy));
}

}  // namespace lanet
