// ParameterStore: all parameters of a model in flat blocks, one a kind (master weights, gradients,
// both Adam moments, the momentum network's copy, bf16 shadows); tensors are named views of them.
// So the optimiser is one pass and a checkpoint one write.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "core/context.h"
#include "core/round_up.h"

namespace lanet {

/// How many channels an image of `channels` has in memory: on CUDA rounded up to a multiple
/// of 16 bytes, which cuDNN's engines and 128-bit packs need; the padding channels are 0, and so
/// are their weights and gradients. On the CPU there is no padding: oneDNN pads by itself.
constexpr int64_t padded_channels(Device device, DType images, int64_t channels) {
  if (device == Device::cpu) return channels;
  return round_up(channels, 16 / static_cast<int64_t>(size_of(images)));
}

/// How a parameter lies in a file, as PyTorch's state_dict has it.
enum class FileLayout {
  plain,      ///< as in memory
  ohwi,       ///< [O, kh, kw, I] in memory, [O, I, kh, kw] in files
  pointwise,  ///< [O, I] in memory, [O, I, 1, 1] in files: a 1x1 convolution used as a matrix
};

/// How a parameter starts (docs/design.md, "Initialisation").
struct Initialisation {
  enum class Kind { he_normal_fan_out, uniform, constant } kind = Kind::constant;
  double scale = 0;  ///< standard deviation, half-width, or the constant
};

struct Parameter {
  std::string name;
  Shape logical;  ///< as declared: what is initialised, trained and stored in files
  Shape shape;    ///< in memory: with padding (padded_channels), which is 0 and stays 0
  FileLayout layout = FileLayout::plain;
  Initialisation initialisation;
  bool momentum_copy = false;  ///< the momentum network has a copy
  bool trained = true;         ///< false: state such as running statistics
  int64_t offset = -1;         ///< in the flat blocks, in elements

  /// A convolution reads it, in the activations' dtype.
  bool convolution_weight() const { return layout == FileLayout::ohwi; }
  /// Weight decay shrinks it: weights, but neither biases nor what batch norm multiplies by.
  bool decays() const { return trained && logical.rank() >= 2; }
  /// The position in memory of element i of the logical shape. Only the first and the last
  /// dimension are ever padded.
  int64_t place(int64_t i) const { return i / logical.back() * shape.back() + i % logical.back(); }
  std::vector<int64_t> file_shape() const;
};

/// Every parameter starts at a multiple of as many elements: 128-bit packs in every dtype, whole
/// cache lines.
constexpr int64_t kParameterAlignment = 64;

class ParameterStore {
 public:
  /// Master weights are f32 (f64 for f64 activations); bf16 activations add bf16 shadows.
  /// `device`: that of the context that allocate() will be given.
  ParameterStore(DType activation, Device device) : activation_(activation), device_(device) {}

  /// The parameter of this name; declared if it is new, else it must have the same shape. Asking
  /// for it with momentum_copy once gives it one. Only before allocate(). The input channels of
  /// `ohwi` weights and the output channels of `pointwise` ones are padded.
  const Parameter& declare(const std::string& name, const Shape& shape, FileLayout layout,
                           Initialisation initialisation, bool momentum_copy = false);
  /// A parameter that is not trained (running statistics).
  const Parameter& declare_state(const std::string& name, const Shape& shape, double value);

  /// Allocates the blocks; for_training: gradients, moments and copies too. Then initialise() or a
  /// load.
  void allocate(Context& context, bool for_training);
  /// Starting values by name, and the momentum copies made from them. The bf16 shadows are not made
  /// here: they are a cast (layers/recorder.h, refresh_shadows).
  void initialise(Context& context, uint64_t seed);
  /// After master weights were written from outside: the momentum copies start as the query's
  /// weights.
  void reset_momentum_copies(Context& context);

  const std::deque<Parameter>& parameters() const { return parameters_; }
  const Parameter* find(const std::string& name) const;
  DType master_dtype() const { return accumulate_dtype(activation_); }
  DType activation_dtype() const { return activation_; }
  /// The channels that an image of `channels` has in memory.
  int64_t padded(int64_t channels) const { return padded_channels(device_, activation_, channels); }

  Tensor master(const Parameter& p) const { return view(master_, p); }
  Tensor gradient(const Parameter& p) const;
  Tensor first_moment(const Parameter& p) const { return view(first_moment_, p); }
  Tensor second_moment(const Parameter& p) const { return view(second_moment_, p); }
  Tensor momentum(const Parameter& p) const { return view(momentum_, p); }
  /// The weights in the activations' dtype: the bf16 shadow, or the master weights themselves.
  Tensor weights(const Parameter& p) const { return shadow_ ? view(shadow_, p) : master(p); }
  Tensor momentum_weights(const Parameter& p) const {
    return momentum_shadow_ ? view(momentum_shadow_, p) : momentum(p);
  }

  /// The flat blocks, [trained elements] or [elements with a copy]; null where there is none.
  /// rounded_gradient is bf16: that of the first elements, and `gradient` that of those behind.
  /// decayed: u8, 1 for each kParameterAlignment elements of a parameter that decays, else 0.
  struct Blocks {
    Tensor master, rounded_gradient, gradient, first_moment, second_moment, momentum, shadow,
        momentum_shadow, decayed;
  };
  Blocks blocks() const;
  int64_t trained_elements() const { return trained_elements_; }

 private:
  Parameter& declare_any(Parameter parameter);
  void place_parameters();
  void mark_decayed(Context& context);
  /// begin: the offset at which the block begins.
  static Tensor view(const Tensor& block, const Parameter& p, int64_t begin = 0);

  DType activation_;
  Device device_;
  std::deque<Parameter> parameters_;  // references stay valid
  std::map<std::string, size_t> by_name_;
  // In memory: first what has a momentum copy, then what else is trained, then state; each with the
  // weights of convolutions first.
  int64_t copied_elements_ = 0, trained_elements_ = 0, elements_ = 0;
  int64_t leading_weights_ = 0;  // elements of convolutions' weights before all else: on CUDA in
                                 // bf16, where their gradients are rounded, these must be all
  bool allocated_ = false;
  std::vector<Buffer> buffers_;
  Tensor master_, rounded_gradient_, gradient_, first_moment_, second_moment_, momentum_, shadow_,
      momentum_shadow_, decayed_;
};

}  // namespace lanet
