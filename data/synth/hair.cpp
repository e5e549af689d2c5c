// Hair, caps and scarves: what lies behind the head, and what lies over it.
#include <algorithm>
#include <cmath>

#include "data/synth/draw.h"

namespace lanet::synth {
namespace {

/// From the left side of the head over its top to the right side, `out` beyond the head's outline.
Path crown(const Identity& id, float out, float side_y) {
  const float w = id.temple_width + 0.8f * out;
  return curve({{-w, side_y},
                {-w, -0.32f},
                {-0.78f * w, id.top_y + 0.20f - 0.7f * out},
                {-0.36f * w, id.top_y + 0.03f - out},
                {0, id.top_y - 1.05f * out},
                {0.36f * w, id.top_y + 0.03f - out},
                {0.78f * w, id.top_y + 0.20f - 0.7f * out},
                {w, -0.32f},
                {w, side_y}});
}

/// The front border of the hair, from the left to the right side.
Path hairline(const Identity& id, float side_y) {
  const float w = id.temple_width;
  switch (id.hair_style) {
    case HairStyle::side_part:
    case HairStyle::long_straight:
      return curve({{-w, side_y},
                    {-0.94f * w, -0.34f},
                    {mix(-0.8f * w, id.parting, 0.55f), -0.54f},
                    {id.parting, -0.67f},
                    {mix(0.8f * w, id.parting, 0.55f), -0.54f},
                    {0.94f * w, -0.34f},
                    {w, side_y}});
    case HairStyle::fringe:
      return curve({{-w, side_y},
                    {-0.86f * w, -0.30f},
                    {-0.5f * w, -0.42f},
                    {id.parting * 0.5f, -0.46f},
                    {0.5f * w, -0.42f},
                    {0.86f * w, -0.30f},
                    {w, side_y}});
    default:
      return curve({{-w, side_y},
                    {-0.90f * w, -0.36f},
                    {-0.72f * w, -0.53f},
                    {-0.3f * w, -0.60f},
                    {0, -0.585f},
                    {0.3f * w, -0.60f},
                    {0.72f * w, -0.53f},
                    {0.90f * w, -0.36f},
                    {w, side_y}});
  }
}

void draw_strands(Sketch& s, const Mask& hair) {
  const Identity& id = s.face.identity;
  const Color dark = 0.62f * id.hair, bright = mix(id.hair, {1, 0.95f, 0.85f}, 0.22f);
  for (int i = 0; i < 16; ++i) {
    const float x = (i / 7.5f - 1) * (id.temple_width + 0.06f) + s.dice.bell(0, 0.02f);
    const Vec2 root{mix(id.parting, x, 0.3f), id.top_y - 0.05f};
    s.line(
        curve({root, {mix(root.x, x, 0.75f), id.top_y + 0.12f}, {x, -0.38f}, {1.05f * x, 0.1f}}, 4),
        0.008f, 0.03f, 0.008f, i % 3 ? dark : bright, 0.4f, &hair);
  }
}

/// Balls of hair along a line, every third point of it.
void draw_curls(Sketch& s, const Path& along, float radius) {
  const Color hair = s.face.identity.hair;
  for (size_t i = 0; i < along.size(); i += 3) {
    const float r = radius * s.dice.range(0.7f, 1.25f);
    const Vec2 at = along[i] + Vec2{s.dice.bell(0, 0.2f * r), s.dice.bell(0, 0.2f * r)};
    s.canvas.fill(ellipse(s.project(at), s.project.length(r), s.project.length(r), 0, 16),
                  s.dice.range(0.82f, 1.05f) * hair);
    s.glow(at + Vec2{-0.25f * r, -0.3f * r}, 0.6f * r, 0.6f * r, mix(hair, {1, 0.95f, 0.9f}, 0.3f),
           0.5f);
  }
}

void draw_scarf(Sketch& s) {
  const Identity& id = s.face.identity;
  const float w = id.temple_width + 0.14f, in = id.cheek_width;
  const Path outer = closed_curve({{0, id.top_y - 0.14f},
                                   {0.7f * w, id.top_y + 0.08f},
                                   {w, -0.2f},
                                   {w, 0.4f},
                                   {0.9f * w, 0.85f},
                                   {0.5f * w, 1.2f},
                                   {0, 1.25f},
                                   {-0.5f * w, 1.2f},
                                   {-0.9f * w, 0.85f},
                                   {-w, 0.4f},
                                   {-w, -0.2f},
                                   {-0.7f * w, id.top_y + 0.08f}});
  const Path inner = closed_curve({{0, -0.58f},
                                   {0.55f * in, -0.50f},
                                   {0.90f * in, -0.22f},
                                   {0.96f * in, 0.1f},
                                   {0.86f * in, 0.42f},
                                   {0.62f * in, 0.70f},
                                   {0.28f * in, id.chin_y + 0.03f},
                                   {0, id.chin_y + 0.08f},
                                   {-0.28f * in, id.chin_y + 0.03f},
                                   {-0.62f * in, 0.70f},
                                   {-0.86f * in, 0.42f},
                                   {-0.96f * in, 0.1f},
                                   {-0.90f * in, -0.22f},
                                   {-0.55f * in, -0.50f}});
  Path a = outer, b = inner;
  a.push_back(outer.front());
  b.push_back(inner.front());
  const Mask cloth(s.project(between(a, b)), s.canvas.size());
  s.canvas.fill(cloth, id.cloth);
  s.line(b, 0.03f, 0.03f, 0.03f, 0.6f * id.cloth, 0.5f, &cloth);
  for (const float x : {-1.f, 1.f})
    s.line(curve({{0.2f * x, id.top_y}, {0.66f * x, -0.3f}, {0.68f * x, 0.3f}, {0.3f * x, 1.05f}}),
           0.01f, 0.03f, 0.01f, 0.7f * id.cloth, 0.6f, &cloth);
}

void draw_cap(Sketch& s) {
  const Identity& id = s.face.identity;
  const Path brim = curve({{-id.temple_width - 0.05f, -0.40f},
                           {-0.5f * id.temple_width, -0.50f},
                           {0, -0.53f},
                           {0.5f * id.temple_width, -0.50f},
                           {id.temple_width + 0.05f, -0.40f}});
  s.canvas.fill(s.project(between(crown(id, 0.10f, -0.40f), brim)), id.cloth);
  Path upper = brim;
  for (Vec2& p : upper) p.y -= 0.15f;
  s.canvas.fill(s.project(between(upper, brim)), 0.78f * id.cloth);
  for (int i = 1; i < 12; ++i) {
    const size_t k = i * (brim.size() - 1) / 12;
    s.line({upper[k], brim[k]}, 0.01f, 0.012f, 0.01f, 0.55f * id.cloth, 0.6f);
  }
}

}  // namespace

void draw_hair_behind(Sketch& s) {
  const Identity& id = s.face.identity;
  const Color dark = 0.72f * id.hair;
  switch (id.hair_style) {
    case HairStyle::long_straight: {
      const float w = id.temple_width + id.hair_volume + 0.05f;
      s.canvas.fill(s.project(closed_curve({{0, id.top_y - 0.05f},
                                            {0.8f * w, -0.55f},
                                            {w, -0.1f},
                                            {w + 0.03f, 0.5f},
                                            {w, 1.3f},
                                            {-w, 1.3f},
                                            {-w - 0.03f, 0.5f},
                                            {-w, -0.1f},
                                            {-0.8f * w, -0.55f}})),
                    dark);
      break;
    }
    case HairStyle::curly:
      s.canvas.fill(s.project(crown(id, id.hair_volume + 0.06f, 0.12f)), dark);
      draw_curls(s, crown(id, id.hair_volume + 0.04f, 0.12f), 0.13f + 0.4f * id.hair_volume);
      break;
    case HairStyle::bun: {
      const Vec2 at = s.project({0, id.top_y - 0.10f});
      s.canvas.fill(ellipse(at, s.project.length(0.24f), s.project.length(0.2f)), dark);
      break;
    }
    default:
      break;
  }
}

void draw_hair(Sketch& s) {
  const Identity& id = s.face.identity;
  if (id.hair_style == HairStyle::scarf) return draw_scarf(s);
  const bool shaved = id.hair_style == HairStyle::shaved;
  const float side_y = shaved || id.hair_style == HairStyle::bun ? -0.22f : -0.08f;
  const float out = shaved ? 0.f
                    : id.hair_style == HairStyle::bun || id.hair_style == HairStyle::cap
                        ? 0.03f
                        : id.hair_volume;
  const Mask hair(s.project(between(crown(id, out, side_y), hairline(id, side_y))),
                  s.canvas.size());
  if (shaved) {
    s.canvas.fill(hair, id.hair, id.age > 0.5f ? 0.f : 0.35f);
    return;
  }
  const Vec2 top = s.project({0, id.top_y - out}), low = s.project({0, -0.3f});
  const Color bright = mix(id.hair, {1, 0.95f, 0.9f}, 0.10f), dark = 0.8f * id.hair;
  s.canvas.shade(hair, 1, nullptr,
                 [&](float, float y) { return mix(bright, dark, smoothstep(top.y, low.y, y)); });
  draw_strands(s, hair);
  if (id.hair_style == HairStyle::curly) {
    draw_curls(s, crown(id, 0.4f * id.hair_volume, -0.25f), 0.13f);
    draw_curls(s, hairline(id, -0.3f), 0.085f);
  }
  if (id.hair_style == HairStyle::long_straight) {
    for (const float x : {-1.f, 1.f}) {
      const float w = id.temple_width;
      const Path lock = s.project(between(curve({{x * 0.93f * w, -0.36f},
                                                 {x * 1.0f * w, 0.1f},
                                                 {x * 0.97f * w, 0.6f},
                                                 {x * 1.0f * w, 1.25f}}),
                                          curve({{x * (w + out), -0.36f},
                                                 {x * (w + out + 0.06f), 0.1f},
                                                 {x * (w + out + 0.06f), 0.6f},
                                                 {x * (w + out), 1.25f}})));
      s.canvas.fill(lock, 0.92f * id.hair);
      s.line(curve({{x * (w + 0.3f * out), -0.3f},
                    {x * (w + 0.05f + 0.4f * out), 0.2f},
                    {x * (w + 0.02f), 1.1f}}),
             0.01f, 0.03f, 0.01f, 0.6f * id.hair, 0.5f);
    }
  }
  if (id.hair_style == HairStyle::cap) draw_cap(s);
}

}  // namespace lanet::synth
