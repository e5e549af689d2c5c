#include "data/synth/face.h"

#include <algorithm>

namespace lanet::synth {
namespace {

Color vary(Color c, Dice& dice, float spread) {
  const float all = dice.bell(0, spread);
  const auto one = [&](float v) {
    return std::clamp(v + all + dice.bell(0, 0.3f * spread), 0.02f, 1.f);
  };
  return {one(c.r), one(c.g), one(c.b)};
}

template <size_t N>
Color pick_color(const std::array<Color, N>& colors, Dice& dice, float spread) {
  return vary(colors[dice.below(N)], dice, spread);
}

constexpr std::array<Color, 9> kSkins{{{0.95f, 0.81f, 0.71f},
                                       {0.95f, 0.77f, 0.64f},
                                       {0.95f, 0.75f, 0.58f},
                                       {0.90f, 0.69f, 0.51f},
                                       {0.84f, 0.61f, 0.44f},
                                       {0.74f, 0.52f, 0.37f},
                                       {0.62f, 0.42f, 0.29f},
                                       {0.50f, 0.33f, 0.23f},
                                       {0.39f, 0.26f, 0.19f}}};
constexpr std::array<Color, 9> kHairs{{{0.10f, 0.08f, 0.08f},
                                       {0.16f, 0.11f, 0.09f},
                                       {0.28f, 0.18f, 0.12f},
                                       {0.42f, 0.27f, 0.16f},
                                       {0.58f, 0.40f, 0.22f},
                                       {0.82f, 0.66f, 0.38f},
                                       {0.66f, 0.28f, 0.13f},
                                       {0.62f, 0.60f, 0.58f},
                                       {0.25f, 0.30f, 0.52f}}};
constexpr std::array<float, 9> kHairShares{0.17f, 0.17f, 0.16f, 0.14f, 0.10f,
                                           0.12f, 0.07f, 0.04f, 0.03f};
constexpr std::array<Color, 5> kIrises{{{0.30f, 0.19f, 0.11f},
                                        {0.45f, 0.30f, 0.14f},
                                        {0.35f, 0.48f, 0.30f},
                                        {0.33f, 0.52f, 0.70f},
                                        {0.45f, 0.50f, 0.54f}}};
constexpr std::array<Color, 7> kCloths{{{0.80f, 0.30f, 0.28f},
                                        {0.22f, 0.38f, 0.60f},
                                        {0.25f, 0.55f, 0.45f},
                                        {0.90f, 0.75f, 0.35f},
                                        {0.88f, 0.88f, 0.90f},
                                        {0.25f, 0.25f, 0.30f},
                                        {0.60f, 0.40f, 0.62f}}};

Identity draw_identity(Dice& dice) {
  Identity id{};
  const float wide = dice.bell(1, 0.04f);
  id.temple_width = wide * dice.bell(0.61f, 0.02f);
  id.cheek_width = wide * dice.bell(0.63f, 0.025f);
  id.jaw_width = wide * dice.bell(0.47f, 0.04f);
  id.chin_width = wide * dice.bell(0.21f, 0.035f);
  id.chin_y = dice.bell(0.84f, 0.02f);
  id.top_y = dice.bell(-0.80f, 0.025f);
  id.ear_size = dice.bell(0.15f, 0.02f);

  id.eye_x = wide * dice.bell(0.29f, 0.013f);
  id.eye_y = dice.bell(-0.09f, 0.02f);
  id.eye_width = dice.bell(0.153f, 0.008f);
  id.lid_up = dice.bell(0.088f, 0.008f);
  id.lid_down = dice.bell(0.048f, 0.006f);
  id.eye_slant = dice.bell(0.012f, 0.009f);
  id.iris_radius = dice.bell(0.079f, 0.005f);
  id.lash = dice.chance(0.45f) ? dice.range(0.4f, 1) : dice.range(0, 0.2f);

  id.brow_height = dice.bell(0.230f, 0.011f);
  id.brow_length = dice.bell(0.17f, 0.012f);
  id.brow_thickness = dice.range(0.035f, 0.075f);
  id.brow_arch = dice.bell(0.035f, 0.009f);
  id.brow_slope = dice.bell(0, 0.008f);

  id.nose_y = dice.bell(0.235f, 0.02f);
  id.nose_width = dice.bell(0.125f, 0.015f);
  id.nose_length = dice.bell(0.24f, 0.025f);
  id.nose_lift = dice.bell(0.02f, 0.012f);

  id.mouth_y = dice.bell(0.505f, 0.015f);
  id.mouth_width = dice.bell(0.235f, 0.014f);
  id.upper_lip = dice.bell(0.038f, 0.009f);
  id.lower_lip = dice.bell(0.052f, 0.011f);
  id.mouth_bend = dice.bell(0, 0.007f);

  id.age = dice.chance(0.3f) ? dice.range(0.3f, 1) : dice.range(0, 0.3f);
  id.skin = pick_color(kSkins, dice, 0.03f);
  id.hair = id.age > 0.75f && dice.chance(0.7f) ? vary(kHairs[7], dice, 0.08f)
                                                : vary(kHairs[dice.pick(kHairShares)], dice, 0.03f);
  id.iris = pick_color(kIrises, dice, 0.04f);
  const bool lipstick = dice.chance(0.25f);
  const Color tint = lipstick ? Color{0.78f, 0.15f, 0.24f} : Color{0.72f, 0.34f, 0.32f};
  id.lips = vary(mix(id.skin, tint, lipstick ? 0.75f : 0.45f), dice, 0.03f);
  id.cloth = pick_color(kCloths, dice, 0.06f);

  constexpr std::array<float, 9> kStyles{0.07f, 0.16f, 0.16f, 0.13f, 0.17f,
                                         0.13f, 0.08f, 0.05f, 0.05f};
  id.hair_style = static_cast<HairStyle>(dice.pick(kStyles));
  id.hair_volume = dice.range(0.05f, 0.16f);
  id.parting = dice.range(-0.35f, 0.35f);
  const bool bearded = dice.chance(0.16f);
  id.beard = bearded ? dice.range(0.5f, 1) : dice.chance(0.12f) ? dice.range(0.1f, 0.3f) : 0.f;
  id.moustache = bearded ? (dice.chance(0.7f) ? id.beard : 0.f) : dice.chance(0.05f) ? 0.9f : 0.f;
  id.blush = dice.chance(0.5f) ? dice.range(0.1f, 0.5f) : 0.f;
  id.freckles = dice.chance(0.1f) ? 1.f : 0.f;
  id.glasses = dice.chance(0.16f);
  id.glasses_shape = dice.range(0, 1);
  id.glasses_color = pick_color(kHairs, dice, 0.1f);
  return id;
}

Pose draw_pose(Dice& dice) {
  return {.yaw = dice.bell(0, 0.11f),
          .pitch = dice.bell(0, 0.06f),
          .roll = dice.bell(0, 0.045f),
          .scale = dice.bell(1.03f, 0.02f),
          .shift = {dice.bell(0, 0.015f), dice.bell(-0.10f, 0.015f)}};
}

Conditions draw_conditions(Dice& dice) {
  Conditions c{};
  c.light_angle = dice.bell(-1.57f, 0.8f);  // mostly from above
  c.light_strength = dice.range(0.05f, 0.38f);
  const float warm = dice.bell(0, 0.05f);
  c.light_color = {1 + warm, 1, 1 - warm};
  c.exposure = dice.bell(0.94f, 0.07f);
  c.contrast = dice.bell(1, 0.09f);
  c.saturation = dice.chance(0.08f) ? 0.f : dice.bell(1, 0.1f);
  c.blur = dice.chance(0.2f) ? dice.range(0.4f, 1.0f) : dice.range(0, 0.4f);
  c.noise = dice.chance(0.3f) ? dice.range(0.015f, 0.035f) : dice.range(0, 0.015f);
  constexpr std::array<float, 7> kOccluders{0.89f, 0.03f, 0.025f, 0.01f, 0.02f, 0.01f, 0.015f};
  c.occluder = static_cast<Occluder>(dice.pick(kOccluders));
  return c;
}

}  // namespace

Face draw_face_parameters(Dice& dice) {
  const Mood mood = draw_mood(dice);
  Face face{.label = mood.label,
            .distribution = mood.distribution,
            .muscles = {mood.muscles, mood.muscles},
            .identity = draw_identity(dice),
            .pose = draw_pose(dice),
            .conditions = draw_conditions(dice)};
  // Nobody's two sides do quite the same.
  for (int u = 0; u < kNumUnits; ++u) {
    const float tilt = dice.bell(0, 0.08f);
    face.muscles[0][u] = std::clamp(face.muscles[0][u] * (1 + tilt), 0.f, 1.f);
    face.muscles[1][u] = std::clamp(face.muscles[1][u] * (1 - tilt), 0.f, 1.f);
  }
  return face;
}

}  // namespace lanet::synth
