// Background, neck, ears and the bare head.
#include <algorithm>
#include <cmath>

#include "data/synth/draw.h"

namespace lanet::synth {
namespace {

Color random_color(Dice& dice) {
  return {dice.range(0.1f, 0.95f), dice.range(0.1f, 0.95f), dice.range(0.1f, 0.95f)};
}

}  // namespace

void draw_background(Sketch& s) {
  Canvas& canvas = s.canvas;
  Dice& dice = s.dice;
  const float n = static_cast<float>(canvas.size());
  const Color gray{0.6f, 0.6f, 0.6f};
  const Color from = mix(gray, random_color(dice), 0.5f), to = mix(from, random_color(dice), 0.5f);
  const float angle = dice.range(0, 6.283f);
  const Vec2 direction{std::cos(angle) / n, std::sin(angle) / n};
  const Path all{{0, 0}, {n, 0}, {n, n}, {0, n}};
  canvas.shade(Mask(all, canvas.size()), 1, nullptr, [&](float x, float y) {
    return mix(from, to, 0.5f + (x - n / 2) * direction.x + (y - n / 2) * direction.y);
  });
  const int shapes = dice.below(6);
  for (int i = 0; i < shapes; ++i) {
    const Vec2 at{dice.range(0, n), dice.range(0, n)};
    const float w = n * dice.range(0.05f, 0.35f), h = n * dice.range(0.05f, 0.35f);
    const Color color = mix(mix(from, to, 0.5f), random_color(dice), 0.5f);
    const float alpha = dice.range(0.2f, 0.8f);
    switch (dice.below(3)) {
      case 0:
        canvas.fill(ellipse(at, w, h), color, alpha);
        break;
      case 1:
        canvas.glow(at, 2 * w, 2 * h, color, alpha);
        break;
      default: {
        const float turn = dice.range(-0.5f, 0.5f);
        const Vec2 u{w * std::cos(turn), w * std::sin(turn)},
            v{-3 * h * std::sin(turn), 3 * h * std::cos(turn)};
        canvas.fill(Path{at - u - v, at + u - v, at + u + v, at - u + v}, color, alpha);
      }
    }
  }
}

Path head_outline(const Sketch& s) {
  const Identity& id = s.face.identity;
  const float drop = s.jaw();
  const float bottom = id.chin_y + drop;
  Path right{{0.34f * id.temple_width, id.top_y + 0.035f},
             {0.78f * id.temple_width, id.top_y + 0.21f},
             {id.temple_width, -0.30f},
             {id.cheek_width, 0.08f},
             {mix(id.cheek_width, id.jaw_width, 0.45f), 0.38f + 0.3f * drop},
             {id.jaw_width, 0.60f + 0.6f * drop},
             {id.chin_width, bottom - 0.04f}};
  Path points{{0, id.top_y}};
  points.insert(points.end(), right.begin(), right.end());
  points.push_back({0, bottom});
  for (auto p = right.rbegin(); p != right.rend(); ++p) points.push_back({-p->x, p->y});
  return s.project(closed_curve(points));
}

void draw_head(Sketch& s, const Mask& head) {
  const Identity& id = s.face.identity;
  const Conditions& light = s.face.conditions;
  const Color shadow = s.skin_shadow(), line = s.skin_line();

  // Shoulders and neck.
  const float neck = 0.62f * id.jaw_width + 0.08f;
  s.canvas.fill(
      s.project(Path{{-neck, 0.45f}, {neck, 0.45f}, {neck + 0.06f, 1.5f}, {-neck - 0.06f, 1.5f}}),
      0.86f * shadow);
  s.canvas.fill(s.project(closed_curve({{-neck - 0.02f, 0.98f},
                                        {0, 1.12f},
                                        {neck + 0.02f, 0.98f},
                                        {1.1f, 1.2f},
                                        {1.2f, 1.9f},
                                        {-1.2f, 1.9f},
                                        {-1.1f, 1.2f}})),
                id.cloth);

  for (const float side : {-1.f, 1.f}) {
    const Vec2 ear{side * (id.cheek_width + 0.02f), 0.03f};
    s.canvas.fill(ellipse(s.project(ear), s.project.length(0.5f * id.ear_size),
                          s.project.length(id.ear_size), -0.15f * side + s.face.pose.roll),
                  mix(id.skin, shadow, 0.35f));
    s.line(curve({{ear.x - 0.02f * side, ear.y - 0.07f},
                  {ear.x + 0.035f * side, ear.y - 0.03f},
                  {ear.x + 0.01f * side, ear.y + 0.07f}}),
           0.01f, 0.022f, 0.01f, line, 0.5f);
  }

  // The head is lit like a ball: brighter toward the light, darker at the far rim.
  const Vec2 middle = s.project({0, 0.02f});
  const float radius_x = s.project.length(0.70f), radius_y = s.project.length(0.90f);
  const Vec2 to_light{std::cos(light.light_angle), std::sin(light.light_angle)};
  const Color bright = mix(id.skin, {1, 1, 0.97f}, 0.18f);
  s.canvas.shade(head, 1, nullptr, [&](float x, float y) {
    const float nx = (x - middle.x) / radius_x, ny = (y - middle.y) / radius_y;
    const float toward = nx * to_light.x + ny * to_light.y;
    const float lit = light.light_strength * (toward + 0.2f);
    const float rim = 0.25f * smoothstep(0.65f, 1.05f, nx * nx + ny * ny);
    const Color c = lit > 0 ? mix(id.skin, bright, std::min(2 * lit, 1.f))
                            : mix(id.skin, shadow, std::min(-1.6f * lit, 1.f));
    return mix(c, shadow, rim);
  });

  // Soft relief: eye sockets, cheeks, chin.
  for (const float side : {-1.f, 1.f}) {
    s.glow({side * id.eye_x, id.eye_y - 0.04f}, 0.24f, 0.17f, shadow, 0.28f, &head);
    s.glow({side * 0.36f, 0.22f}, 0.17f, 0.13f, {0.92f, 0.42f, 0.38f}, 0.55f * id.blush, &head);
    s.glow({side * 0.34f, 0.13f}, 0.14f, 0.09f, {1, 1, 0.96f}, 0.12f, &head);
  }
  s.glow({0, -0.45f}, 0.4f, 0.22f, {1, 1, 0.96f}, 0.12f, &head);
  const int freckles = id.freckles > 0 ? 14 : 0;
  for (int i = 0; i < freckles; ++i) {
    const float side = i % 2 ? 1.f : -1.f;
    const Vec2 at{side * s.dice.range(0.1f, 0.42f), s.dice.range(0.1f, 0.27f)};
    s.glow(at, 0.018f, 0.018f, line, 0.7f, &head);
  }
}

}  // namespace lanet::synth
