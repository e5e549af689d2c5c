// Furrows, eyes, brows and nose, moved by the muscles.
#include <algorithm>
#include <cmath>

#include "data/synth/draw.h"

namespace lanet::synth {
namespace {

constexpr float side_sign(int side) {
  return side == 0 ? -1.f : 1.f;
}

/// Outer end, middle and inner end of a brow.
std::array<Vec2, 3> brow_points(const Sketch& s, int side) {
  const Identity& id = s.face.identity;
  const float x = side_sign(side), base = id.eye_y - id.brow_height;
  const float inner = s.unit(inner_brow_raise, side), outer = s.unit(outer_brow_raise, side),
              lower = s.unit(brow_lower, side), wrinkle = s.unit(nose_wrinkle, side);
  return {{{x * (id.eye_x + id.brow_length),
            base + 0.035f - id.brow_slope - 0.08f * outer - 0.01f * lower + 0.035f * inner},
           {x * (id.eye_x + 0.02f - 0.01f * lower),
            base - id.brow_arch - 0.05f * inner - 0.10f * outer + 0.06f * lower + 0.03f * wrinkle},
           {x * (id.eye_x - 0.9f * id.brow_length - 0.03f * lower),
            base + 0.01f + id.brow_slope - 0.135f * inner + 0.12f * lower + 0.03f * wrinkle}}};
}

}  // namespace

void draw_furrows(Sketch& s, const Mask& head) {
  const Identity& id = s.face.identity;
  const Color line = s.skin_line(), shadow = s.skin_shadow();
  const float old = id.age;

  // Forehead: raised brows fold it across, lowered ones upright between them.
  const float raised = std::max(s.unit(inner_brow_raise), s.unit(outer_brow_raise));
  const float across = std::clamp(0.55f * raised + 0.5f * (old - 0.4f), 0.f, 0.7f);
  for (int i = 0; i < 3 && across > 0.05f; ++i) {
    const float y = -0.44f - 0.075f * i, half = 0.27f - 0.05f * i;
    s.line(curve({{-half, y + 0.02f}, {-0.4f * half, y}, {0.4f * half, y}, {half, y + 0.02f}}),
           0.004f, 0.016f, 0.004f, line, 0.6f * across, &head);
  }
  for (int side = 0; side < 2; ++side) {
    const float x = side_sign(side);
    const float frown = std::max(s.unit(brow_lower, side), 0.7f * s.unit(nose_wrinkle, side));
    const float between = std::clamp(0.8f * frown - 0.1f + 0.2f * (old - 0.5f), 0.f, 0.8f);
    if (between > 0.05f)
      s.line(curve({{0.055f * x, id.eye_y - 0.20f},
                    {0.045f * x, id.eye_y - 0.14f},
                    {0.06f * x, id.eye_y - 0.07f}}),
             0.006f, 0.02f, 0.006f, line, between, &head);

    // Nose root wrinkles.
    const float wrinkle = s.unit(nose_wrinkle, side);
    for (int i = 0; i < 3 && wrinkle > 0.1f; ++i)
      s.line(curve({{0.03f * x, id.eye_y + 0.05f + 0.05f * i},
                    {0.08f * x, id.eye_y + 0.035f + 0.05f * i},
                    {0.12f * x, id.eye_y + 0.07f + 0.05f * i}}),
             0.005f, 0.018f, 0.005f, line, 0.75f * wrinkle, &head);

    // Crow's feet and the bag under the eye.
    const float crow = std::clamp(
        0.6f * s.unit(cheek_raise, side) * (0.4f + 0.6f * old) + 0.4f * (old - 0.5f), 0.f, 0.7f);
    for (int i = -1; i < 2 && crow > 0.05f; ++i) {
      const float start = id.eye_x + id.eye_width + 0.03f;
      s.line({{x * start, id.eye_y + 0.03f * i}, {x * (start + 0.07f), id.eye_y + 0.05f * i}},
             0.012f, 0.01f, 0.004f, line, crow, &head);
    }
    const float bag = std::clamp(
        0.5f * s.unit(cheek_raise, side) + 0.25f * s.unit(lid_tighten, side) + 0.5f * (old - 0.4f),
        0.f, 0.6f);
    if (bag > 0.05f)
      s.line(curve({{x * (id.eye_x - 0.8f * id.eye_width), id.eye_y + 0.085f},
                    {x * id.eye_x, id.eye_y + 0.125f},
                    {x * (id.eye_x + 0.8f * id.eye_width), id.eye_y + 0.085f}}),
             0.006f, 0.022f, 0.006f, line, 0.7f * bag, &head);

    // From the nose wing around the mouth.
    const float pull = s.unit(corner_pull, side);
    const float fold = std::clamp(
        0.6f * pull + 0.6f * s.unit(upper_lip_raise, side) + 0.3f * wrinkle + 0.5f * (old - 0.35f),
        0.f, 0.8f);
    if (fold > 0.05f) {
      const float wide = id.mouth_width + 0.06f + 0.06f * pull;
      s.line(curve({{x * (id.nose_width + 0.02f), id.nose_y - 0.02f},
                    {x * (0.75f * wide), mix(id.nose_y, id.mouth_y, 0.45f)},
                    {x * wide, id.mouth_y - 0.05f}}),
             0.006f, 0.024f, 0.006f, line, 0.7f * fold, &head);
    }
    const float cheek = std::max(s.unit(cheek_raise, side), 0.8f * pull);
    s.glow({x * 0.37f, 0.17f - 0.03f * cheek}, 0.16f, 0.12f, {1, 0.93f, 0.86f}, 0.22f * cheek,
           &head);
    s.glow({x * 0.37f, 0.31f}, 0.15f, 0.07f, shadow, 0.35f * cheek, &head);
  }
  const float boss = s.unit(chin_raise);
  if (boss > 0.1f) {
    s.line(curve({{-0.10f, 0.70f}, {0, 0.665f}, {0.10f, 0.70f}}), 0.006f, 0.022f, 0.006f, line,
           0.6f * boss, &head);
    for (int i = 0; i < 4; ++i)
      s.glow({-0.07f + 0.045f * i, 0.74f + 0.02f * (i % 2)}, 0.025f, 0.025f, shadow, 0.7f * boss,
             &head);
  }
}

void draw_brows(Sketch& s) {
  const Identity& id = s.face.identity;
  const Color color = mix(0.8f * id.hair, s.skin_line(), 0.35f);
  for (int side = 0; side < 2; ++side) {
    const auto [outer, middle, inner] = brow_points(s, side);
    s.line(curve({outer, middle, inner}), 0.3f * id.brow_thickness, id.brow_thickness,
           0.85f * id.brow_thickness, color, 0.92f);
    s.landmarks[side == 0 ? brow_l_outer : brow_r_outer] = s.project(outer);
    s.landmarks[side == 0 ? brow_l_mid : brow_r_mid] = s.project(middle);
    s.landmarks[side == 0 ? brow_l_inner : brow_r_inner] = s.project(inner);
  }
}

void draw_eyes(Sketch& s) {
  const Identity& id = s.face.identity;
  const Color line = s.skin_line();
  const Vec2 gaze{s.dice.bell(0, 0.018f), s.dice.bell(0, 0.008f) + 0.04f * s.unit(gaze_down)};
  for (int side = 0; side < 2; ++side) {
    const float x = side_sign(side);
    const float raise = s.unit(upper_lid_raise, side), tight = s.unit(lid_tighten, side),
                cheek = s.unit(cheek_raise, side), wrinkle = s.unit(nose_wrinkle, side),
                lower = s.unit(brow_lower, side), inner = s.unit(inner_brow_raise, side);
    const float up =
        id.lid_up * (1 + 0.6f * raise - 0.35f * tight - 0.12f * cheek - 0.2f * wrinkle);
    const float down =
        id.lid_down * (1 + 0.2f * raise - 0.55f * tight - 0.9f * cheek - 0.5f * wrinkle);
    const float closed = std::min(1.f, s.unit(lid_droop, side) + 0.35f * s.unit(gaze_down, side));
    constexpr int kSteps = 16;
    Path upper, under, crease;
    for (int i = 0; i <= kSteps; ++i) {
      const float t = 2.f * i / kSteps - 1;  // −1 at the outer corner, 1 at the inner one
      const float px = x * (id.eye_x - t * id.eye_width);
      const float corner = id.eye_y + id.eye_slant * t;
      // Sad brows lift the lid's inner half, angry ones press it down.
      const float u = t - (0.3f * inner - 0.25f * lower) * (1 - t * t);
      const float arc = std::pow(std::max(0.f, 1 - u * u), 0.75f);
      const float pressed = 1 - 0.4f * lower * smoothstep(-0.2f, 1, t);
      const float low = corner + down * (1 - t * t);
      const float high = std::min(low, mix(corner - up * arc * pressed, low, closed));
      upper.push_back({px, high});
      under.push_back({px, low});
      crease.push_back({px, corner - (up * pressed + 0.035f) * arc - 0.012f});
    }
    const Mask opening(between(s.project(upper), s.project(under)), s.canvas.size());
    s.canvas.fill(opening, mix(Color{0.97f, 0.96f, 0.95f}, id.skin, 0.08f));
    const Vec2 iris = s.project({x * id.eye_x + gaze.x, id.eye_y - 0.012f + gaze.y});
    const float r = s.project.length(id.iris_radius);
    s.canvas.fill(ellipse(iris, r, r), 0.55f * id.iris, 1, &opening);
    s.canvas.fill(ellipse(iris, 0.8f * r, 0.8f * r), id.iris, 1, &opening);
    s.canvas.glow(iris + Vec2{0, 0.5f * r}, 0.8f * r, 0.6f * r, mix(id.iris, {1, 1, 1}, 0.5f), 0.6f,
                  &opening);
    s.canvas.fill(ellipse(iris, 0.48f * r, 0.48f * r), {0.05f, 0.04f, 0.05f}, 1, &opening);
    s.canvas.fill(ellipse(iris + Vec2{-0.3f * r, -0.35f * r}, 0.24f * r, 0.24f * r), {1, 1, 1},
                  0.95f, &opening);
    s.line(upper, 0.05f, 0.05f, 0.03f, {0.2f, 0.16f, 0.2f}, 0.35f, &opening);  // the lid's shadow

    const Color lash = mix(Color{0.10f, 0.07f, 0.07f}, line, 0.35f - 0.3f * id.lash);
    s.line(upper, 0.022f, 0.030f + 0.012f * id.lash, 0.014f, lash, 0.95f);
    s.line(under, 0.016f, 0.010f, 0.006f, line, 0.55f);
    if (closed < 0.9f) s.line(crease, 0.004f, 0.014f, 0.004f, line, 0.45f);
    if (id.lash > 0.3f) {
      const Vec2 end = upper.front();
      s.line({{end.x - 0.02f * x, end.y}, {end.x + 0.035f * x, end.y - 0.035f * id.lash}}, 0.02f,
             0.014f, 0.004f, lash, 0.9f);
    }
    const int mid = kSteps / 2;
    s.landmarks[side == 0 ? eye_l_outer : eye_r_outer] =
        s.project(mix(upper.front(), under.front(), 0.5f));
    s.landmarks[side == 0 ? eye_l_center : eye_r_center] =
        s.project(mix(upper[mid], under[mid], 0.5f));
    s.landmarks[side == 0 ? eye_l_inner : eye_r_inner] =
        s.project(mix(upper.back(), under.back(), 0.5f));
  }
}

void draw_nose(Sketch& s) {
  const Identity& id = s.face.identity;
  const Color line = s.skin_line(), shadow = s.skin_shadow();
  const float wrinkle = s.unit(nose_wrinkle), lip = s.unit(upper_lip_raise);
  const float y = id.nose_y - 0.03f * wrinkle - 0.012f * lip;
  const float wide = id.nose_width * (1 + 0.14f * wrinkle + 0.08f * s.unit(corner_pull));
  constexpr float kTipLift = 0.20f, kWingLift = 0.05f;
  const Vec2 tip{0, y - 0.02f - id.nose_lift};

  // The side away from the light lies in shade.
  const float dark = std::cos(s.face.conditions.light_angle) > 0 ? -1.f : 1.f;
  s.canvas.fill(between(s.project(curve({{0.05f * dark, id.eye_y - 0.02f},
                                         {0.045f * dark, y - 0.10f},
                                         {0.06f * dark, y + 0.02f}}),
                                  0.12f),
                        s.project(curve({{0.085f * dark, id.eye_y - 0.02f},
                                         {0.095f * dark, y - 0.08f},
                                         {wide * dark, y + 0.01f}}))),
                shadow, 0.55f);
  const Vec2 under_tip = s.project(tip, kTipLift);
  s.canvas.glow(under_tip + Vec2{0, s.project.length(0.055f)}, s.project.length(0.14f),
                s.project.length(0.06f), shadow, 0.8f);
  s.canvas.glow(under_tip, s.project.length(0.06f), s.project.length(0.05f), {1, 1, 0.97f}, 0.35f);
  s.canvas.glow(s.project({0, y - 0.5f * id.nose_length - 0.02f}, 0.15f), s.project.length(0.03f),
                s.project.length(0.5f * id.nose_length), {1, 1, 0.97f}, 0.22f);

  for (int side = 0; side < 2; ++side) {
    const float x = side_sign(side);
    const float wing_y = y - 0.02f * s.unit(nose_wrinkle, side);
    const Path wing = curve({{x * (wide - 0.03f), wing_y - 0.065f},
                             {x * wide, wing_y - 0.01f},
                             {x * (wide - 0.03f), wing_y + 0.028f}});
    s.canvas.fill(stroke(s.project(wing, kWingLift), s.project.length(0.006f),
                         s.project.length(0.022f), s.project.length(0.01f)),
                  line, 0.75f);
    s.canvas.fill(
        ellipse(s.project({x * 0.52f * wide, wing_y + 0.022f}, 0.10f), s.project.length(0.034f),
                s.project.length(0.016f), s.face.pose.roll - 0.25f * x),
        0.6f * line, 0.8f);
    s.landmarks[side == 0 ? nose_left : nose_right] = s.project({x * wide, wing_y}, kWingLift);
  }
  s.canvas.fill(
      stroke(s.project(curve({{-0.045f, y + 0.03f}, {0, y + 0.045f}, {0.045f, y + 0.03f}}), 0.14f),
             s.project.length(0.006f), s.project.length(0.016f), s.project.length(0.006f)),
      line, 0.6f);
  s.landmarks[nose_tip] = under_tip;
}

}  // namespace lanet::synth
