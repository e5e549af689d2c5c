// Mouth, chin and beard.
#include <algorithm>
#include <cmath>

#include "data/synth/draw.h"

namespace lanet::synth {
namespace {

constexpr int kSteps = 24;

/// The four lines of a mouth from its left to its right corner, in face units.
struct MouthLines {
  Path lip_top, top, bottom, lip_bottom;
  float gap;  // height of the opening at its middle
};

MouthLines mouth_lines(const Sketch& s) {
  const Identity& id = s.face.identity;
  const float open = s.unit(jaw_drop), part = s.unit(lips_part), press = s.unit(lip_press),
              raise = s.unit(upper_lip_raise), stretch = s.unit(lip_stretch),
              pucker = s.unit(lip_pucker), chin_up = s.unit(chin_raise), pull = s.unit(corner_pull);
  MouthLines m;
  m.gap = std::max(0.f, 0.10f * part * (1 - 0.5f * press) + 0.33f * open +
                            0.02f * raise * (part + open) - 0.004f);
  const float middle = id.mouth_y + 0.02f * open - 0.03f * raise - 0.02f * chin_up + 0.015f * pull;
  std::array<Vec2, 2> corner;
  for (int side = 0; side < 2; ++side) {
    const float up = s.unit(corner_pull, side), down = s.unit(corner_depress, side);
    corner[side] = {(side == 0 ? -1 : 1) * id.mouth_width *
                        (1 + 0.36f * up + 0.28f * s.unit(lip_stretch, side) - 0.30f * pucker -
                         0.16f * open - 0.08f * press + 0.04f * down),
                    id.mouth_y + id.mouth_bend - 0.11f * up + 0.10f * down +
                        0.018f * s.unit(lip_stretch, side) + 0.035f * open * (1 - up)};
  }
  // A stretched or snarling mouth opens like a box, a dropped jaw like an egg, a smile like a bowl.
  const float box = 2 + 3.5f * std::max(stretch, 0.6f * raise);
  const float above = mix(0.32f, 0.12f, pull);  // the share of the gap above the lips' line
  const float thin = 1 - 0.65f * press - 0.25f * pull - 0.2f * stretch;
  const float upper_lip = id.upper_lip * thin * (1 - 0.2f * raise + 0.3f * pucker);
  const float lower_lip = id.lower_lip * thin * (1 + 0.3f * pucker + 0.15f * chin_up);
  for (int i = 0; i <= kSteps; ++i) {
    const float t = 2.f * i / kSteps - 1, bow = 1 - t * t;
    const float side = smoothstep(-0.25f, 0.25f, t);
    const float corner_y = mix(corner[0].y, corner[1].y, side);
    const float x = t < 0 ? -t * corner[0].x : t * corner[1].x;
    const float base = mix(middle, corner_y, std::pow(std::abs(t), 1.7f));
    const float profile = m.gap * (1 - std::pow(std::abs(t), box));
    // The raised upper lip is highest beside the middle.
    const float lifted = 0.045f * raise * bow * (0.55f + 1.6f * t * t);
    const float top = base - above * profile - lifted;
    const float bottom =
        std::max(top, base + (1 - above) * profile - 0.6f * lifted * (m.gap < 0.02f));
    const float cupid = 1 - 0.3f * std::exp(-60 * t * t);
    m.top.push_back({x, top});
    m.bottom.push_back({x, bottom});
    m.lip_top.push_back({x, top - upper_lip * std::pow(bow, 0.7f) * cupid});
    m.lip_bottom.push_back({x, bottom + lower_lip * std::pow(bow, 0.6f)});
  }
  return m;
}

/// A beard's area: along the jaw, around the mouth.
void draw_beard(Sketch& s, const Mask& head) {
  const Identity& id = s.face.identity;
  const Color color = mix(id.hair, s.skin_line(), 0.2f);
  if (id.beard > 0) {
    const float drop = s.jaw();
    const Path outer = curve({{-0.74f, -0.05f},
                              {-0.68f, 0.5f},
                              {-0.4f, 0.95f},
                              {0, 1.1f},
                              {0.4f, 0.95f},
                              {0.68f, 0.5f},
                              {0.74f, -0.05f}});
    // Twice, with a wider and a narrower border toward the cheeks: the growth thins out there.
    for (const float in : {0.f, 0.035f}) {
      const float side = id.cheek_width - 0.03f + in;
      const Path inner = curve({{-side, -0.05f},
                                {-0.88f * side, 0.32f + in},
                                {-0.30f, 0.52f + 0.5f * drop + in},
                                {0, 0.64f + drop + in},
                                {0.30f, 0.52f + 0.5f * drop + in},
                                {0.88f * side, 0.32f + in},
                                {side, -0.05f}});
      s.canvas.fill(s.project(between(outer, inner)), color, 0.65f * id.beard, &head);
    }
  }
  if (id.moustache > 0) {
    const float y = mix(id.nose_y, id.mouth_y, 0.55f) - 0.02f * s.unit(upper_lip_raise);
    const float wide = id.mouth_width * (1.05f + 0.25f * s.unit(corner_pull));
    s.canvas.fill(s.project(closed_curve({{0, y - 0.01f},
                                          {0.5f * wide, y - 0.035f},
                                          {wide, y + 0.055f},
                                          {0.45f * wide, y + 0.035f},
                                          {0, y + 0.03f},
                                          {-0.45f * wide, y + 0.035f},
                                          {-wide, y + 0.055f},
                                          {-0.5f * wide, y - 0.035f}})),
                  color, 0.9f * id.moustache);
  }
}

}  // namespace

void draw_mouth(Sketch& s, const Mask& head) {
  const Identity& id = s.face.identity;
  const Color line = s.skin_line(), shadow = s.skin_shadow();
  const float drop = s.jaw();
  s.landmarks[chin] = s.project({0, id.chin_y + drop});
  draw_beard(s, head);

  const MouthLines m = mouth_lines(s);
  const int mid = kSteps / 2;
  s.glow({0, m.lip_bottom[mid].y + 0.045f}, 0.16f, 0.05f, shadow, 0.6f, &head);
  s.glow({0, 0.78f + drop}, 0.14f, 0.09f, {1, 1, 0.96f}, 0.14f * (1 - id.beard), &head);

  const Mask opening(s.project(between(m.top, m.bottom)), s.canvas.size());
  s.canvas.fill(opening, {0.26f, 0.07f, 0.08f});
  if (m.gap > 0.02f) {
    const float clench = s.unit(teeth_clench) > 0.4f ? 1.f : 0.f;
    const Color teeth{0.96f, 0.94f, 0.90f};
    const float tongue_y = m.bottom[mid].y;
    if (m.gap > 0.09f && clench == 0)
      s.canvas.fill(
          ellipse(s.project({0, tongue_y + 0.01f}), s.project.length(0.6f * id.mouth_width),
                  s.project.length(0.45f * m.gap)),
          {0.80f, 0.36f, 0.38f}, 1, &opening);
    Path edge = m.top, lower_edge = m.bottom;
    const float upper_teeth = clench > 0 ? 0.55f * m.gap : std::min(0.55f * m.gap, 0.062f);
    for (int i = 0; i <= kSteps; ++i) {
      const float t = 2.f * i / kSteps - 1;
      edge[i].y += upper_teeth * (1 - 0.5f * t * t);
      lower_edge[i].y -= 0.55f * m.gap;
    }
    s.canvas.fill(s.project(between(m.top, edge)), teeth, 1, &opening);
    if (clench > 0) {
      s.canvas.fill(s.project(between(lower_edge, m.bottom)), 0.96f * teeth, 1, &opening);
      s.line(edge, 0.008f, 0.014f, 0.008f, {0.45f, 0.30f, 0.30f}, 0.9f, &opening);
    }
    for (int i = -3; i <= 3; ++i) {
      const Vec2 top = m.top[mid + 3 * i],
                 low = clench > 0 ? m.bottom[mid + 3 * i] : edge[mid + 3 * i];
      s.line({top, low}, 0.006f, 0.006f, 0.006f, {0.55f, 0.45f, 0.45f}, 0.5f, &opening);
    }
    s.line(m.top, 0.02f, 0.03f, 0.02f, {0.2f, 0.05f, 0.06f}, 0.35f, &opening);
  }

  const Color lower = mix(id.lips, {1, 0.9f, 0.88f}, 0.12f);
  s.canvas.fill(s.project(between(m.lip_top, m.top)), id.lips);
  s.canvas.fill(s.project(between(m.bottom, m.lip_bottom)), lower);
  s.glow(mix(m.bottom[mid], m.lip_bottom[mid], 0.5f), 0.09f, 0.022f, {1, 0.95f, 0.93f}, 0.35f);
  s.line(m.lip_bottom, 0.004f, 0.010f, 0.004f, line, 0.45f);
  s.line(m.lip_top, 0.004f, 0.008f, 0.004f, line, 0.35f);
  s.line(m.top, 0.022f, 0.018f, 0.022f, 0.8f * line, m.gap > 0.02f ? 0.55f : 0.9f);
  if (m.gap > 0.02f) s.line(m.bottom, 0.016f, 0.010f, 0.016f, 0.8f * line, 0.5f);

  if (s.unit(tongue_show) > 0.3f && m.gap > 0.03f) {
    const float y = m.bottom[mid].y, out = 0.10f * s.unit(tongue_show);
    const Path tongue = s.project(closed_curve({{-0.085f, y - 0.4f * m.gap},
                                                {0.085f, y - 0.4f * m.gap},
                                                {0.085f, y + 0.6f * out},
                                                {0.045f, y + out},
                                                {-0.045f, y + out},
                                                {-0.085f, y + 0.6f * out}}));
    s.canvas.fill(tongue, {0.86f, 0.42f, 0.44f});
    s.line({{0, y - 0.2f * m.gap}, {0, y + 0.5f * out}}, 0.008f, 0.014f, 0.006f,
           {0.62f, 0.24f, 0.28f}, 0.7f);
  }
  // Folds at the corners: a smile digs in, a depressed corner drags the skin down.
  for (int side = 0; side < 2; ++side) {
    const float x = side == 0 ? -1.f : 1.f;
    const Vec2 corner = side == 0 ? m.top.front() : m.top.back();
    const float up = s.unit(corner_pull, side), down = s.unit(corner_depress, side);
    if (up > 0.1f)
      s.line(curve({{corner.x + 0.015f * x, corner.y - 0.03f},
                    {corner.x + 0.032f * x, corner.y},
                    {corner.x + 0.02f * x, corner.y + 0.03f}}),
             0.005f, 0.018f, 0.005f, line, 0.7f * up, &head);
    if (down > 0.1f)
      s.line(curve({{corner.x, corner.y + 0.005f},
                    {corner.x + 0.025f * x, corner.y + 0.035f},
                    {corner.x + 0.03f * x, corner.y + 0.07f}}),
             0.014f, 0.016f, 0.005f, line, 0.7f * down, &head);
    s.landmarks[side == 0 ? mouth_left : mouth_right] = s.project(corner);
  }
  s.landmarks[mouth_center] = s.project(mix(m.top[mid], m.bottom[mid], 0.5f));
}

}  // namespace lanet::synth
