// Who is drawn and what the face does: identity, muscles, pose and picture conditions, drawn at
// random, and the label distribution that belongs to them.
//
// Face units: the middle of the face is (0, 0), x to the right and y down as seen in the picture,
// 1 is half the picture. An unmoved face has its eyes at about y = −0.1 and its chin at 0.85.
#pragma once

#include <array>

#include "core/rng.h"
#include "data/expressions.h"
#include "data/synth/canvas.h"

namespace lanet::synth {

/// In the order of kExpressionNames.
enum Expression : int { anger, disgust, fear, happiness, sadness, surprise, neutral };
inline constexpr std::array<float, kNumExpressions> kExpressionShares{0.12f, 0.08f, 0.09f, 0.22f,
                                                                      0.15f, 0.14f, 0.20f};
using Distribution = std::array<float, kNumExpressions>;

/// The muscles, after the action units of the Facial Action Coding System (Ekman and Friesen 1978).
enum Unit {
  inner_brow_raise,  // 1
  outer_brow_raise,  // 2
  brow_lower,        // 4
  upper_lid_raise,   // 5
  cheek_raise,       // 6
  lid_tighten,       // 7
  nose_wrinkle,      // 9
  upper_lip_raise,   // 10
  corner_pull,       // 12
  corner_depress,    // 15
  chin_raise,        // 17
  lip_pucker,        // 18
  lip_stretch,       // 20
  lip_press,         // 24
  lips_part,         // 25
  jaw_drop,          // 26, 27
  lid_droop,         // 43
  gaze_down,         // 64
  teeth_clench,      // both rows of teeth meet in the open mouth
  tongue_show,       // 19
  kNumUnits
};
using Muscles = std::array<float, kNumUnits>;  // each 0 (at rest) .. 1

enum class HairStyle { shaved, crop, side_part, fringe, long_straight, curly, bun, cap, scarf };
enum class Occluder { none, sunglasses, hand, muffler, microphone, cup, strip };

struct Identity {
  // head
  float temple_width, cheek_width, jaw_width, chin_width, chin_y, top_y, ear_size;
  // eyes: x of the centre, half width, resting openings above and below the line of the corners
  float eye_x, eye_y, eye_width, lid_up, lid_down, eye_slant, iris_radius, lash;
  // brows: height above the eye, half length, thickness, arch, slope (inner end down is positive)
  float brow_height, brow_length, brow_thickness, brow_arch, brow_slope;
  float nose_y, nose_width, nose_length, nose_lift;
  float mouth_y, mouth_width, upper_lip, lower_lip, mouth_bend;
  float age;  // 0..1
  Color skin, hair, iris, lips, cloth;
  HairStyle hair_style;
  float hair_volume, parting;
  float beard, moustache, blush, freckles;  // 0 = none
  bool glasses;
  float glasses_shape;  // 0 = square, 1 = round
  Color glasses_color;
};

struct Pose {
  float yaw, pitch, roll;  // radians
  float scale;
  Vec2 shift;
};

struct Conditions {
  float light_angle, light_strength;  // direction from which the light comes
  Color light_color;
  float exposure, contrast, saturation;
  float blur;   // σ in pixels of a picture of 100
  float noise;  // σ, a share of full scale
  Occluder occluder;
};

struct Face {
  Expression label;
  Distribution distribution;
  std::array<Muscles, 2> muscles;  // left and right as seen in the picture
  Identity identity;
  Pose pose;
  Conditions conditions;
};

/// Random numbers in the shapes that the drawing needs.
class Dice {
 public:
  Dice(uint64_t seed, uint32_t split, uint32_t face) : stream_(seed, Purpose::synth, split, face) {}
  float range(float lo, float hi) { return stream_.uniform(lo, hi); }
  bool chance(float p) { return stream_.uniform() < p; }
  int below(int n) { return static_cast<int>(stream_.below(n)); }
  uint32_t word() { return stream_.next(); }
  /// Bell-shaped around `mean`: the sum of three uniform numbers, never beyond ±3·spread.
  float bell(float mean, float spread) {
    const float sum = stream_.uniform() + stream_.uniform() + stream_.uniform();
    return mean + 2 * spread * (sum - 1.5f);
  }
  template <size_t N>
  int pick(const std::array<float, N>& shares) {
    float total = 0;
    for (const float s : shares) total += s;
    float x = range(0, total);
    for (size_t i = 0; i + 1 < N; ++i) {
      x -= shares[i];
      if (x < 0) return static_cast<int>(i);
    }
    return static_cast<int>(N) - 1;
  }

 private:
  RandomStream stream_;
};

/// Everything about one face. The label is the largest entry of the distribution.
Face draw_face_parameters(Dice& dice);

/// The muscles of one expression at full intensity, and how they vary: synth_expression.cpp.
struct Mood {
  Expression label;
  Distribution distribution;
  Muscles muscles;
};
Mood draw_mood(Dice& dice);

}  // namespace lanet::synth
