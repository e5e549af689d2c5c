#include "core/parameters.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "core/hash.h"
#include "core/rng.h"
#include "core/round_up.h"

namespace lanet {

namespace {

int64_t aligned(int64_t elements) {
  return round_up(elements, kParameterAlignment);
}

}  // namespace

std::vector<int64_t> Parameter::file_shape() const {
  std::vector<int64_t> dims;
  for (int i = 0; i < logical.rank(); ++i) dims.push_back(logical[i]);
  if (layout == FileLayout::ohwi) return {dims[0], dims[3], dims[1], dims[2]};
  if (layout == FileLayout::pointwise) return {dims[0], dims[1], 1, 1};
  return dims;
}

Parameter& ParameterStore::declare_any(Parameter parameter) {
  const auto found = by_name_.find(parameter.name);
  if (found != by_name_.end()) {
    Parameter& old = parameters_[found->second];
    LANET_REQUIRE(old.logical == parameter.logical && old.layout == parameter.layout,
                  "parameter {} is {} and is asked for as {}", old.name, old.logical,
                  parameter.logical);
    LANET_REQUIRE(!allocated_ || old.momentum_copy || !parameter.momentum_copy,
                  "a momentum copy of {} is asked for after allocation", old.name);
    old.momentum_copy |= parameter.momentum_copy;
    return old;
  }
  LANET_REQUIRE(!allocated_, "parameter {} declared after allocation", parameter.name);
  by_name_[parameter.name] = parameters_.size();
  parameters_.push_back(std::move(parameter));
  return parameters_.back();
}

const Parameter& ParameterStore::declare(const std::string& name, const Shape& shape,
                                         FileLayout layout, Initialisation initialisation,
                                         bool momentum_copy) {
  Shape memory = shape;
  if (layout == FileLayout::ohwi) memory = {shape[0], shape[1], shape[2], padded(shape[3])};
  if (layout == FileLayout::pointwise) memory = {padded(shape[0]), shape[1]};
  return declare_any({.name = name,
                      .logical = shape,
                      .shape = memory,
                      .layout = layout,
                      .initialisation = initialisation,
                      .momentum_copy = momentum_copy});
}

const Parameter& ParameterStore::declare_state(const std::string& name, const Shape& shape,
                                               double value) {
  return declare_any({.name = name,
                      .logical = shape,
                      .shape = shape,
                      .initialisation = {Initialisation::Kind::constant, value},
                      .trained = false});
}

const Parameter* ParameterStore::find(const std::string& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &parameters_[found->second];
}

void ParameterStore::place_parameters() {
  auto place = [&](bool trained, bool copied) {
    for (const bool weights : {true, false}) {
      for (auto& p : parameters_) {
        if (p.trained != trained || p.momentum_copy != copied || p.convolution_weight() != weights)
          continue;
        if (weights && leading_weights_ == elements_)
          leading_weights_ += aligned(p.shape.elements());
        p.offset = elements_;
        elements_ += aligned(p.shape.elements());
      }
    }
  };
  place(/*trained=*/true, /*copied=*/true);
  copied_elements_ = elements_;
  place(/*trained=*/true, /*copied=*/false);
  trained_elements_ = elements_;
  place(/*trained=*/false, /*copied=*/false);
}

void ParameterStore::allocate(Context& context, bool for_training) {
  LANET_REQUIRE(!allocated_, "the parameters are allocated already");
  LANET_REQUIRE(context.device() == device_, "parameters for {} are allocated on {}", device_,
                context.device());
  allocated_ = true;
  place_parameters();
  auto block = [&](int64_t elements, DType dtype) {
    if (elements == 0) return Tensor{};
    buffers_.push_back(context.allocate(static_cast<size_t>(elements) * size_of(dtype)));
    const Tensor tensor = buffers_.back().tensor({elements}, dtype);
    context.fill_zero(tensor);  // padding and the gaps between parameters stay zero
    return tensor;
  };
  const bool shadows = activation_ == DType::bf16;
  master_ = block(elements_, master_dtype());
  if (shadows) shadow_ = block(trained_elements_, DType::bf16);
  if (!for_training) return;
  const DType gradient = weight_gradient_dtype(context.device(), activation_);
  const int64_t rounded = gradient == DType::bf16 ? leading_weights_ : 0;
  rounded_gradient_ = block(rounded, DType::bf16);
  gradient_ = block(trained_elements_ - rounded, master_dtype());
  first_moment_ = block(trained_elements_, master_dtype());
  second_moment_ = block(trained_elements_, master_dtype());
  momentum_ = block(copied_elements_, master_dtype());
  if (shadows) momentum_shadow_ = block(copied_elements_, DType::bf16);
  decayed_ = block(trained_elements_ / kParameterAlignment, DType::u8);
  mark_decayed(context);
}

void ParameterStore::mark_decayed(Context& context) {
  if (!decayed_) return;
  std::vector<uint8_t> marks(decayed_.elements(), 0);
  for (const auto& p : parameters_) {
    if (!p.decays()) continue;
    std::fill_n(marks.begin() + p.offset / kParameterAlignment,
                aligned(p.shape.elements()) / kParameterAlignment, uint8_t{1});
  }
  upload(context, decayed_, marks);
}

Tensor ParameterStore::view(const Tensor& block, const Parameter& p, int64_t begin) {
  const int64_t first = p.offset - begin;
  LANET_REQUIRE(block && first >= 0 && first + p.shape.elements() <= block.elements(),
                "parameter {} is not in this block", p.name);
  return {static_cast<std::byte*>(block.data) + first * size_of(block.dtype), p.shape, block.dtype,
          block.device};
}

Tensor ParameterStore::gradient(const Parameter& p) const {
  if (!p.trained) return {};
  const int64_t rounded = rounded_gradient_ ? rounded_gradient_.elements() : 0;
  return p.offset < rounded ? view(rounded_gradient_, p) : view(gradient_, p, rounded);
}

ParameterStore::Blocks ParameterStore::blocks() const {
  auto first = [](Tensor tensor, int64_t elements) {
    if (tensor) tensor.shape = {elements};
    return tensor;
  };
  return {first(master_, trained_elements_),
          rounded_gradient_,
          gradient_,
          first_moment_,
          second_moment_,
          momentum_,
          shadow_,
          momentum_shadow_,
          decayed_};
}

void ParameterStore::initialise(Context& context, uint64_t seed) {
  std::vector<std::byte> host;
  for (const auto& p : parameters_) {
    const Tensor device = master(p);
    host.assign(device.bytes(), std::byte{0});
    const Tensor values{host.data(), p.shape, device.dtype, Device::cpu};
    // Keyed by name: a model's weights do not depend on which other parameters it has.
    RandomStream stream(seed, Purpose::initialise, 0, static_cast<uint32_t>(fnv1a(p.name)));
    dispatch_float(values.dtype, [&]<typename T>() {
      for (int64_t i = 0; i < p.logical.elements(); ++i) {
        double value = p.initialisation.scale;
        if (p.initialisation.kind == Initialisation::Kind::he_normal_fan_out)
          value *= normal(stream);
        if (p.initialisation.kind == Initialisation::Kind::uniform)
          value *= 2.0 * static_cast<double>(stream.uniform()) - 1.0;
        values.as<T>()[p.place(i)] = T(value);
      }
    });
    context.copy(device, values);
    context.synchronize();
  }
  reset_momentum_copies(context);
}

void ParameterStore::reset_momentum_copies(Context& context) {
  if (momentum_) {
    Tensor source = master_;
    source.shape = momentum_.shape;
    context.copy(momentum_, source);
  }
}

}  // namespace lanet
