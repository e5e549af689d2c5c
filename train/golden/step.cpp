#include "train/golden/step.h"

#include <array>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "core/golden_fill.h"
#include "core/parameter_io.h"
#include "core/ranks/communicator.h"
#include "models/lanet.h"
#include "train/config/config_fields.h"
#include "train/golden/check.h"

namespace lanet {

using nlohmann::json;

namespace {

/// Images of `channels` channels as golden files have them, NCHW, and as they lie in memory: of
/// `shape`, NHWC, where channels of padding may follow. Calls visit(place in files, in memory).
template <typename F>
void for_each_element(const Shape& shape, int64_t channels, F&& visit) {
  const int64_t pixels = shape[1] * shape[2];
  for (int64_t b = 0; b < shape[0]; ++b)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t p = 0; p < pixels; ++p)
        visit((b * channels + c) * pixels + p, (b * pixels + p) * shape[3] + c);
}
std::vector<double> to_nchw(const std::vector<double>& memory, const Shape& shape,
                            int64_t channels) {
  std::vector<double> file(memory.size() / shape[3] * channels);
  for_each_element(shape, channels, [&](int64_t f, int64_t m) { file[f] = memory[m]; });
  return file;
}
std::vector<double> to_nhwc(const std::vector<double>& file, const Shape& shape, int64_t channels) {
  std::vector<double> memory(shape.elements());
  for_each_element(shape, channels, [&](int64_t f, int64_t m) { memory[m] = file[f]; });
  return memory;
}

class GoldenStep {
 public:
  GoldenStep(Context& context, const json& golden, const std::string& name, DType dtype)
      : context_(context),
        shard_(context.communicator().shard()),
        golden_(golden),
        name_(name),
        config_(golden.at("config")),
        salt_(config_.at("salt").get<std::string>()),
        store_(dtype, context.device()),
        model_(store_, lanet_config()),
        classifier_(store_, backbone(), integer("classes"), integer("image_size"),
                    integer("batch")) {
    const LaNet::Inspection& inside = model_.inspection();
    for (Value* value : {inside.heatmaps, inside.expression_neighbours, inside.landmark_neighbours})
      model_.graph().keep(value);
    store_.allocate(context, /*for_training=*/true);
    model_.plan(context);
    classifier_.plan(context);
    for (const Value* own : {model_.logits(), model_.target_distribution(), inside.heatmaps,
                             inside.expression_neighbours, inside.landmark_neighbours}) {
      const Shape& s = own->shape;
      const int64_t rows = s[0] * shard_.ranks;
      Tensor all{nullptr, s.rank() == 2 ? Shape{rows, s[1]} : Shape{rows, s[1], s[2], s[3]},
                 own->dtype, context.device()};
      Buffer memory = context.allocate(all.bytes());
      all.data = memory.data();
      whole_.emplace(own, std::pair{std::move(memory), all});
    }
    context.freeze();
  }
  ~GoldenStep() { context_.thaw(); }
  GoldenStep(const GoldenStep&) = delete;
  GoldenStep& operator=(const GoldenStep&) = delete;

  json run() {
    store_.initialise(context_, 0);  // running statistics; every weight is overwritten
    fill_weights();
    fill_state();
    json steps = json::array();
    for (size_t s = 0; s < golden_.at("steps").size(); ++s) steps.push_back(step(s));
    const Shape images = classifier_.images().shape;
    const int64_t count = images[0] * kImageChannels * images[1] * images[2];
    write_tensor(context_, classifier_.images(),
                 to_nhwc(golden_fill(salt_ + "/eval", count, -1, 1), images, kImageChannels));
    classifier_.forward(context_);
    return {{"steps", steps},
            {"eval_logits_after",
             rows_of(read_tensor(context_, classifier_.logits()), integer("classes"))}};
  }

 private:
  int64_t integer(const char* key) const { return config_.at(key).get<int64_t>(); }
  Backbone backbone() const { return choice_from<Backbone>(config_.at("arch").get<std::string>()); }

  /// A setting under its name of today or of an earlier version.
  const json& setting(const char* name) const {
    for (const auto& [key, value] : config_.items())
      if (current_key(key) == name) return value;
    return config_.at(name);
  }

  LaNetConfig lanet_config() const {
    const json& weights = config_.at("loss_weights");
    const json& adam = config_.at("adam");
    return {.backbone = backbone(),
            .classes = integer("classes"),
            .landmarks = integer("landmarks"),
            .neighbours = integer("neighbours"),
            .bank_rows = integer("bank"),
            .image_size = integer("image_size"),
            .batch = integer("batch"),
            .samples = integer("samples"),
            .confidence = config_.at("confidence").get<double>(),
            .temperature = config_.at("temperature").get<double>(),
            .bank_momentum = setting("bank_momentum").get<double>(),
            .weights = {.expression = weights.at("expression").get<double>(),
                        .landmark = weights.at("landmark").get<double>(),
                        .distribution = weights.at("distribution").get<double>(),
                        .contrastive = weights.at("contrastive").get<double>()},
            .optimiser = {.beta1 = adam.at("betas").at(0).get<double>(),
                          .beta2 = adam.at("betas").at(1).get<double>(),
                          .epsilon = adam.at("eps").get<double>(),
                          .key_momentum = config_.at("key_momentum").get<double>(),
                          .weight_decay = 0},
            .shard = shard_};
  }

  /// Of what the golden file says of the whole batch, this rank's rows.
  void write_rows(const Value* own, const std::vector<double>& batch) {
    const auto first = batch.begin() + shard_.rank * own->data.elements();
    write_tensor(context_, own->data, {first, first + own->data.elements()});
  }
  /// Of what each rank has its rows of, those of the whole batch.
  std::vector<double> read_rows(const Value* own) {
    const Tensor& all = whole_.at(own).second;
    context_.communicator().all_gather(context_, std::array{Exchange{own->data, all}});
    return read_tensor(context_, all);
  }

  /// The interval of a weight's fill, by its name and shape (golden README).
  std::pair<double, double> interval(const std::string& name,
                                     const std::vector<int64_t>& shape) const {
    if (shape.size() == 4) {
      const double fan_in = static_cast<double>(shape[1] * shape[2] * shape[3]);
      return {-std::sqrt(6 / fan_in), std::sqrt(6 / fan_in)};
    }
    if (shape.size() == 2) {
      const double limit = 1 / std::sqrt(static_cast<double>(shape[1]));
      return {-limit, limit};
    }
    const std::string stem = name.substr(0, name.rfind('.'));
    const bool is_bias = name.ends_with(".bias");
    const Parameter* weight = store_.find(stem + ".weight");
    if (is_bias && weight && weight->shape.rank() == 2) {
      const double limit = 1 / std::sqrt(static_cast<double>(weight->shape[1]));
      return {-limit, limit};
    }
    if (is_bias) return {-0.1, 0.1};
    const std::string last = expansion(backbone()) == 1 ? ".bn2" : ".bn3";
    const bool ends_block = stem.ends_with(last) && stem.find("layer") != std::string::npos;
    return ends_block ? std::pair{0.2, 0.4} : std::pair{0.8, 1.2};
  }

  void fill_weights() {
    for (const auto& entry : golden_.at("trainable")) {
      const auto name = entry.at(0).get<std::string>();
      const auto shape = entry.at(1).get<std::vector<int64_t>>();
      const Parameter* p = store_.find(name);
      if (!p || !p->trained || p->file_shape() != shape)
        throw InputError(fmt::format("{}: /trainable: {} of shape [{}] is not the model's", name_,
                                     printable(name), fmt::join(shape, ", ")));
      const auto [lo, hi] = interval(name, shape);
      from_file_order(context_, *p, store_.master(*p),
                      golden_fill(salt_ + "/" + name, p->logical.elements(), lo, hi));
    }
    store_.reset_momentum_copies(context_);
    refresh_shadows(context_, store_);
  }

  void fill_state() {
    const auto labels = config_.at("labels").get<std::vector<int32_t>>();
    model_.initialise_state(context_, {.given = labels});
    const LaNet::Inspection& inside = model_.inspection();
    fill_bank(inside.expression_bank->data, "fer_bank");
    fill_bank(inside.landmark_bank->data, "lm_bank");
    const int64_t classes = integer("classes");
    auto rows = read_tensor(context_, inside.label_bank->data);
    for (size_t i = 0; i < labels.size(); i += 3)
      for (int64_t c = 0; c < classes; ++c)
        rows[i * classes + c] = c == labels[i] ? 0.5 : 0.5 / static_cast<double>(classes - 1);
    write_tensor(context_, inside.label_bank->data, rows);
  }

  void fill_bank(const Tensor& bank, const std::string& name) {
    auto rows = golden_fill(salt_ + "/" + name, bank.elements(), -1, 1);
    const int64_t width = bank.shape[1];
    for (int64_t m = 0; m < bank.shape[0]; ++m) {
      double squares = 0;
      for (int64_t c = 0; c < width; ++c) squares += rows[m * width + c] * rows[m * width + c];
      for (int64_t c = 0; c < width; ++c) rows[m * width + c] /= std::sqrt(squares);
    }
    write_tensor(context_, bank, rows);
  }

  void write_inputs(size_t s, const json& step) {
    const StepInputs& in = model_.inputs();
    const int64_t batch = integer("batch"), size = integer("image_size");
    const std::string suffix = std::to_string(s);
    auto images =
        golden_fill(salt_ + "/images/" + suffix, batch * kImageChannels * size * size, -1, 1);
    const auto tint = golden_fill(salt_ + "/tint/" + suffix, batch * kImageChannels * 2, -1, 1);
    auto ramp = [&](int64_t i) {
      return -1 + 2 * static_cast<double>(i) / static_cast<double>(size - 1);
    };
    for (int64_t plane = 0; plane < batch * kImageChannels; ++plane)
      for (int64_t y = 0; y < size; ++y)
        for (int64_t x = 0; x < size; ++x)
          images[(plane * size + y) * size + x] +=
              tint[2 * plane] * ramp(y) + tint[2 * plane + 1] * ramp(x);
    write_rows(in.images,
               to_nhwc(images, {batch, size, size, in.images->shape[3]}, kImageChannels));

    const int64_t grid = size / 4;
    auto points = golden_fill(salt_ + "/points/" + suffix, batch * integer("landmarks") * 2, 6,
                              static_cast<double>(grid - 6));
    for (double& p : points) p = 4 * std::floor(p);  // the middle of the cell's interval
    write_rows(in.landmarks, points);
    write_rows(in.landmark_valid, std::vector<double>(batch, 1.0));
    write_rows(in.labels, step.at("labels").get<std::vector<double>>());
    const auto samples = step.at("indices").get<std::vector<double>>();
    write_rows(in.sample_indices, samples);
    write_tensor(context_, in.batch_samples->data, samples);
  }

  json step(size_t s) {
    write_inputs(s, golden_["steps"][s]);
    const double horizon = config_.at("schedule").at("linear_to_zero_over").get<double>();
    const double rate =
        config_.at("adam").at("lr").get<double>() * (1 - static_cast<double>(s) / horizon);
    model_.set_step(context_, static_cast<int64_t>(s) + 1, rate);
    model_.step(context_);

    json loss;
    double total = 0;
    for (const NamedLoss& term : model_.losses()) {
      double value = 0;
      for (const Value* part : term.parts) {
        context_.communicator().all_reduce(context_, std::array{part->data}, Reduction::mean);
        value += read_tensor(context_, part->data)[0];
      }
      loss[term.name] = value;
      total += term.weight * value;
    }
    loss["total"] = total;

    const int64_t classes = integer("classes"), k = integer("neighbours");
    auto read = [&](const Value* value) { return read_tensor(context_, value->data); };
    const auto& inside = model_.inspection();
    json result = {
        {"learning_rate", rate},
        {"loss", loss},
        {"logits", rows_of(read_rows(model_.logits()), classes)},
        {"target_distribution", rows_of(read_rows(model_.target_distribution()), classes)},
        {"pseudo_labels", read(inside.pseudo_labels)},
        {"expression_neighbours", rows_of(read_rows(inside.expression_neighbours), k)},
        {"landmark_neighbours", rows_of(read_rows(inside.landmark_neighbours), k)},
        {"landmark_heatmap",
         summarise(to_nchw(read_rows(inside.heatmaps), whole_.at(inside.heatmaps).second.shape,
                           integer("landmarks")))},
        {"expression_key", summarise(read(inside.expression_key))},
        {"landmark_key", summarise(read(inside.landmark_key))},
        {"label_distribution_bank_after", summarise(read(inside.label_bank))}};
    for (const Parameter& p : store_.parameters()) {
      if (p.trained) {
        result["gradients"][p.name] =
            summarise(to_file_order(context_, p, store_.gradient(p)).to<double>());
        result["parameters_after"][p.name] =
            summarise(to_file_order(context_, p, store_.master(p)).to<double>());
      } else {
        result["running_statistics_after"][p.name.substr(sizeof("f_q.") - 1)] =
            summarise(read_tensor(context_, store_.master(p)));
      }
    }
    return result;
  }

  Context& context_;
  Shard shard_;
  const json& golden_;
  std::string name_;  // of the file
  const json& config_;
  std::string salt_;
  ParameterStore store_;
  LaNet model_;
  Classifier classifier_;
  std::map<const Value*, std::pair<Buffer, Tensor>>
      whole_;  // of values that each rank has a part of
};

}  // namespace

json run_golden_step(Context& context, const json& golden, const std::string& name, DType dtype) {
  try {
    return GoldenStep(context, golden, name, dtype).run();
  } catch (const json::exception& e) {
    throw InputError(fmt::format("{}: not a golden step file: {}", name, e.what()));
  }
}

}  // namespace lanet
