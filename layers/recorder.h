// Recorder: writes layers into a graph. It knows whose weights a layer takes: the query network's,
// which are trained, or the momentum network's copies of them.
#pragma once

#include <map>
#include <optional>

#include "core/graph.h"
#include "core/parameters.h"

namespace lanet {

struct BatchNormParameters;

enum class Role {
  query,     ///< master weights (or their bf16 shadows), with gradients
  momentum,  ///< the momentum network's copies: no gradient, batch statistics without running ones
};

class Recorder {
 public:
  Recorder(Graph& graph, ParameterStore& store, Role role = Role::query)
      : graph_(graph), store_(store), role_(role) {}

  Graph& graph() { return graph_; }
  Role role() const { return role_; }
  bool inference() const { return graph_.mode() == Graph::Mode::inference; }
  /// Of images and feature maps.
  DType activation_dtype() const { return store_.activation_dtype(); }
  /// Of everything behind the pooling: features, logits, losses (float32, or float64).
  DType head_dtype() const { return store_.master_dtype(); }

  /// Adds a node and returns its first output.
  template <typename N, typename... Args>
  Value* add(Args&&... args) {
    return graph_.add<N>(std::forward<Args>(args)...)->output();
  }

  /// The parameter `name` in the dtype of the activations: convolution weights.
  Value* weight(const std::string& name, const Shape& shape, FileLayout layout,
                Initialisation start);
  /// The parameter `name` in float32 (float64): batch norm, linear layers.
  Value* parameter(const std::string& name, const Shape& shape, Initialisation start,
                   FileLayout layout = FileLayout::plain);
  /// State that is not trained, starting at `value`.
  Value* state(const std::string& name, const Shape& shape, double value);

  /// 2-D convolution without bias, square kernel, padding (kernel − 1)/2, He-normal by fan_out:
  /// [B, H, W, C] -> [B, H/stride, W/stride, out_channels]. in_channels: how many of x's channels
  /// are not padding; all by default.
  Value* conv2d(const std::string& name, Value* x, int64_t out_channels, int64_t kernel,
                int64_t stride, std::optional<int64_t> in_channels = {});
  /// Batch norm over all but the channels, then + residual, then ReLU, where asked for. In training
  /// with batch statistics, in inference with running ones.
  Value* batch_norm(const std::string& name, Value* x, bool relu, Value* residual = nullptr);
  /// ReLU of the sum of two images, each behind its own batch norm: the end of a block whose
  /// shortcut has a convolution. In training one node, in inference two.
  Value* batch_norm_sum(const std::string& name, Value* x, const std::string& second_name,
                        Value* second);
  /// Batch norm as above, ReLU, and the 3x3/2 maximum pool: [B, H, W, C] -> [B, H/2, W/2, C]. In
  /// training one node, in inference two, of which `pool_name` is the second's.
  Value* batch_norm_max_pool(const std::string& name, const std::string& pool_name, Value* x);
  /// x·Wᵀ + b, then ReLU where asked for; weight and bias start uniform in ±1/√in.
  Value* linear(const std::string& name, Value* x, int64_t out_features, bool relu = false);

 private:
  Value* external(const Parameter& p, bool in_activation_dtype);
  BatchNormParameters batch_norm_parameters(const std::string& name, int64_t channels);

  Graph& graph_;
  ParameterStore& store_;
  Role role_;
  std::map<std::string, Value*> known_;  // one value a parameter: all its users share one gradient
};

/// bf16 shadows of all parameters and momentum copies, where the activations are bf16: to be called
/// after weights were initialised or loaded. In training the optimiser keeps them current.
void refresh_shadows(Context& context, const ParameterStore& store);

}  // namespace lanet
