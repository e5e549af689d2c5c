// The noise channel N[y][g] = P(given label g | true class y), estimated from posteriors of the
// true class and the given labels alone (docs/design.md, "The channel").
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lanet {

/// [C, C], a row for each true class: its sum is 1.
using NoiseChannel = std::vector<double>;

/// The forms of a channel.
enum class ChannelForm {
  symmetric,  ///< one rate, at most 0.6; all wrong classes are equally likely
  full,       ///< every row is free
};

/// rate: of wrong labels, in [0, 1].
NoiseChannel symmetric_channel(int64_t classes, double rate);

/// The mean over faces of log Σ_y p(y)·N[y, g]: how well channel and posteriors [N, C] predict the
/// given labels [N].
double log_likelihood(std::span<const double> posteriors, std::span<const int32_t> given,
                      const NoiseChannel& channel);

/// The channel of this form with the largest likelihood while the posteriors stay as they are, by
/// EM from `start` (every entry of a full one above 0).
NoiseChannel fit_channel(std::span<const double> posteriors, std::span<const int32_t> given,
                         const NoiseChannel& start, ChannelForm form);

/// As log_likelihood() under fit_channel(), but each face's channel is fitted to other faces: to
/// four fifths of them.
double held_out_likelihood(std::span<const double> posteriors, std::span<const int32_t> given,
                           const NoiseChannel& start, ChannelForm form);

/// Row c: the given labels of the faces that most surely are of class c, share·N of them or as many
/// as there are (Patrini et al. 2017, anchors). Posteriors of a network trained without a
/// channel.
NoiseChannel anchor_channel(std::span<const double> posteriors, std::span<const int32_t> given,
                            int64_t classes, double share);

/// The share of faces whose given label is wrong under channel and posteriors.
double noise_rate(std::span<const double> posteriors, std::span<const int32_t> given,
                  const NoiseChannel& channel);

/// `channel`, whose share of wrong labels is `rate`, followed by as much symmetric noise as makes
/// that share `floor`; nothing where it is that large already.
NoiseChannel with_floor(const NoiseChannel& channel, double rate, double floor);

/// The prior of the true classes: the mean over faces of their class given the label.
std::vector<double> class_prior(std::span<const double> posteriors, std::span<const int32_t> given,
                                const NoiseChannel& channel);

}  // namespace lanet
