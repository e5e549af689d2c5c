// What stands in front of the face, and what the camera makes of it.
#include <algorithm>
#include <cmath>

#include "data/synth/draw.h"

namespace lanet::synth {
namespace {

/// A lens between a rectangle and an ellipse.
Path lens_outline(Vec2 center, float w, float h, float roundness) {
  const float power = mix(0.45f, 1.f, roundness);
  Path path = ellipse({0, 0}, 1, 1);
  for (Vec2& p : path)
    p = center + Vec2{w * std::copysign(std::pow(std::abs(p.x), power), p.x),
                      h * std::copysign(std::pow(std::abs(p.y), power), p.y)};
  return path;
}

void draw_hand(Sketch& s) {
  const Color skin = s.face.identity.skin, line = s.skin_line();
  const float x = s.dice.chance(0.5f) ? 1.f : -1.f;
  const Vec2 palm{x * s.dice.range(0.35f, 0.55f), s.dice.range(0.62f, 0.85f)};
  const float lean = -x * s.dice.range(0.1f, 0.6f);
  s.canvas.fill(ellipse(s.project(palm), s.project.length(0.24f), s.project.length(0.27f), lean),
                skin);
  s.line({palm, {palm.x + 0.2f * x, 1.7f}}, 0.3f, 0.3f, 0.34f, skin, 1);
  for (int i = 0; i < 4; ++i) {
    const float a = lean - 0.36f + 0.24f * i, reach = i == 0 || i == 3 ? 0.42f : 0.5f;
    const Vec2 u{std::sin(a), -std::cos(a)};
    const Path finger = curve({palm + 0.12f * u, palm + 0.32f * u, palm + reach * u}, 3);
    s.line(finger, 0.135f, 0.125f, 0.105f, line, 0.8f);
    s.line(finger, 0.115f, 0.105f, 0.085f, skin, 1);
  }
}

void draw_muffler(Sketch& s) {
  const float top = s.dice.range(0.30f, 0.62f);
  const Color cloth = mix(s.face.identity.cloth,
                          {s.dice.range(0, 1), s.dice.range(0, 1), s.dice.range(0, 1)}, 0.6f);
  const Path upper = curve({{-1.1f, top + 0.1f},
                            {-0.5f, top + 0.02f},
                            {0, top},
                            {0.5f, top + 0.02f},
                            {1.1f, top + 0.1f}});
  const Mask mask(s.project(between(upper, {{-1.2f, 1.6f}, {1.2f, 1.6f}})), s.canvas.size());
  s.canvas.fill(mask, cloth);
  for (int i = 0; i < 5; ++i) {
    Path fold = upper;
    for (Vec2& p : fold) p.y += 0.09f + 0.13f * i;
    s.line(fold, 0.03f, 0.045f, 0.03f, 0.7f * cloth, 0.6f, &mask);
  }
}

void draw_microphone(Sketch& s) {
  const float x = s.dice.chance(0.5f) ? 1.f : -1.f;
  const Vec2 head{x * s.dice.range(0.08f, 0.3f), s.dice.range(0.66f, 0.8f)};
  s.line({head, {head.x + 0.35f * x, 1.6f}}, 0.15f, 0.17f, 0.2f, {0.12f, 0.12f, 0.14f}, 1);
  const Vec2 at = s.project(head);
  const float r = s.project.length(0.17f);
  s.canvas.fill(ellipse(at, r, r), {0.35f, 0.35f, 0.38f});
  for (int i = -2; i <= 2; ++i) {
    const float d = 0.06f * i;
    s.line({{head.x - 0.15f, head.y + d}, {head.x + 0.15f, head.y + d}}, 0.004f, 0.014f, 0.004f,
           {0.15f, 0.15f, 0.17f}, 0.7f);
    s.line({{head.x + d, head.y - 0.15f}, {head.x + d, head.y + 0.15f}}, 0.004f, 0.014f, 0.004f,
           {0.15f, 0.15f, 0.17f}, 0.7f);
  }
  s.canvas.glow(at + Vec2{-0.3f * r, -0.3f * r}, 0.6f * r, 0.6f * r, {1, 1, 1}, 0.5f);
}

void draw_cup(Sketch& s) {
  const Vec2 at{s.dice.range(-0.25f, 0.25f), s.dice.range(0.56f, 0.72f)};
  const Color color = mix(s.face.identity.cloth, {0.95f, 0.93f, 0.9f}, 0.5f);
  const float x = s.dice.chance(0.5f) ? 1.f : -1.f;
  s.line(curve({{at.x + 0.22f * x, at.y + 0.12f},
                {at.x + 0.38f * x, at.y + 0.18f},
                {at.x + 0.36f * x, at.y + 0.36f},
                {at.x + 0.2f * x, at.y + 0.42f}}),
         0.05f, 0.05f, 0.05f, 0.8f * color, 1);
  s.canvas.fill(s.project(Path{{at.x - 0.25f, at.y},
                               {at.x + 0.25f, at.y},
                               {at.x + 0.21f, at.y + 0.6f},
                               {at.x - 0.21f, at.y + 0.6f}}),
                color);
  s.canvas.fill(
      ellipse(s.project(at), s.project.length(0.25f), s.project.length(0.05f), s.face.pose.roll),
      0.75f * color);
  s.glow({at.x - 0.1f, at.y + 0.25f}, 0.06f, 0.25f, {1, 1, 1}, 0.5f);
}

void draw_strip(Sketch& s) {
  const Color color{s.dice.range(0, 1), s.dice.range(0, 1), s.dice.range(0, 1)};
  const float a = s.dice.range(0, 3.1416f);
  const Vec2 center{s.dice.range(-0.6f, 0.6f), s.dice.range(-0.5f, 0.8f)},
      u{std::cos(a), std::sin(a)};
  s.line({center - 0.5f * u, center + 2.f * u}, 0.2f, 0.24f, 0.28f, color, 0.95f);
}

}  // namespace

void draw_glasses(Sketch& s) {
  const Identity& id = s.face.identity;
  const bool dark = s.face.conditions.occluder == Occluder::sunglasses;
  if (!id.glasses && !dark) return;
  const Color frame = dark ? Color{0.08f, 0.08f, 0.09f} : 0.7f * id.glasses_color;
  const float y = id.eye_y + 0.02f, w = 0.225f, h = mix(0.165f, 0.215f, id.glasses_shape);
  for (const float x : {-1.f, 1.f}) {
    const Path rim = lens_outline({x * id.eye_x, y}, w, h, id.glasses_shape);
    const Path outline = s.project(rim, 0.06f);
    s.canvas.fill(outline, dark ? Color{0.10f, 0.10f, 0.13f} : Color{0.9f, 0.95f, 1},
                  dark ? 0.9f : 0.10f);
    Path closed = rim;
    closed.push_back(rim.front());
    s.canvas.fill(stroke(s.project(closed, 0.06f), s.project.length(0.026f)), frame, 0.95f);
    s.canvas.glow(s.project({x * id.eye_x - 0.09f, y - 0.08f}, 0.06f), s.project.length(0.08f),
                  s.project.length(0.05f), {1, 1, 1}, 0.4f);
    s.line({{x * (id.eye_x + w), y - 0.03f}, {x * (id.cheek_width + 0.02f), y - 0.02f}}, 0.028f,
           0.028f, 0.02f, frame, 0.95f);
  }
  s.canvas.fill(
      stroke(s.project(
                 curve({{-(id.eye_x - w), y - 0.02f}, {0, y - 0.05f}, {id.eye_x - w, y - 0.02f}}),
                 0.1f),
             s.project.length(0.026f)),
      frame, 0.95f);
}

void draw_occluder(Sketch& s) {
  switch (s.face.conditions.occluder) {
    case Occluder::hand:
      return draw_hand(s);
    case Occluder::muffler:
      return draw_muffler(s);
    case Occluder::microphone:
      return draw_microphone(s);
    case Occluder::cup:
      return draw_cup(s);
    case Occluder::strip:
      return draw_strip(s);
    case Occluder::sunglasses:  // drawn with the glasses
    case Occluder::none:
      return;
  }
}

void apply_conditions(Sketch& s) {
  const Conditions& c = s.face.conditions;
  Canvas& canvas = s.canvas;
  const int size = canvas.size();
  canvas.blur(c.blur * size / 100.f);
  const Vec2 to_light =
      (c.light_strength / size) * Vec2{std::cos(c.light_angle), std::sin(c.light_angle)};
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      Color& p = canvas.at(x, y);
      const float light =
          c.exposure * (1 + (x - 0.5f * size) * to_light.x + (y - 0.5f * size) * to_light.y);
      p = {p.r * light * c.light_color.r, p.g * light * c.light_color.g,
           p.b * light * c.light_color.b};
      const float gray = 0.299f * p.r + 0.587f * p.g + 0.114f * p.b;
      p = mix({gray, gray, gray}, p, c.saturation);
      // Four bytes summed are nearly normal, with a standard deviation of 147.8.
      const auto noise = [](uint32_t w) {
        const int sum = (w & 255) + (w >> 8 & 255) + (w >> 16 & 255) + (w >> 24);
        return static_cast<float>(sum - 510) / 147.8f;
      };
      const float grain = c.noise * noise(s.dice.word()),
                  tint = 0.5f * c.noise * noise(s.dice.word());
      const auto value = [&](float v, float n) { return 0.5f + c.contrast * (v - 0.5f) + n; };
      p = {value(p.r, grain + tint), value(p.g, grain), value(p.b, grain - tint)};
    }
  }
}

}  // namespace lanet::synth
