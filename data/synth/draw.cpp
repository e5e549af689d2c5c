#include "data/synth/draw.h"

#include <algorithm>
#include <cmath>

namespace lanet::synth {

Projection::Projection(const Pose& pose, int size)
    : half_(0.5f * size * pose.scale),
      sin_yaw_(std::sin(pose.yaw)),
      cos_yaw_(std::cos(pose.yaw)),
      sin_pitch_(std::sin(pose.pitch)),
      cos_pitch_(std::cos(pose.pitch)),
      sin_roll_(std::sin(pose.roll)),
      cos_roll_(std::cos(pose.roll)),
      center_((0.5f * size) * (Vec2{1, 1} + pose.shift)) {}

Vec2 Projection::operator()(Vec2 p, float lift) const {
  // Half an ellipsoid, deepest at its rim; it turns about a point between rim and nose, so that the
  // features stay near the middle of the picture, as in pictures that were aligned by them.
  constexpr float kRadiusX = 0.75f, kRadiusY = 1.25f, kDepth = 0.62f, kPivot = 0.5f;
  const float x = p.x / kRadiusX, y = p.y / kRadiusY;
  const float z = kDepth * std::sqrt(std::max(0.1f, 1 - x * x - y * y)) + lift - kPivot;
  const float turned_x = p.x * cos_yaw_ + z * sin_yaw_;
  const float turned_z = z * cos_yaw_ - p.x * sin_yaw_;
  const float turned_y = p.y * cos_pitch_ - turned_z * sin_pitch_;
  return center_ + half_ * Vec2{turned_x * cos_roll_ - turned_y * sin_roll_,
                                turned_x * sin_roll_ + turned_y * cos_roll_};
}

Path Projection::operator()(const Path& path, float lift) const {
  Path result(path.size());
  for (size_t i = 0; i < path.size(); ++i) result[i] = (*this)(path[i], lift);
  return result;
}

void Sketch::line(const Path& points, float start, float middle, float end, Color color,
                  float alpha, const Mask* clip) {
  canvas.fill(
      stroke(project(points), project.length(start), project.length(middle), project.length(end)),
      color, alpha, clip);
}

void Sketch::glow(Vec2 center, float radius_x, float radius_y, Color color, float alpha,
                  const Mask* clip) {
  canvas.glow(project(center), project.length(radius_x), project.length(radius_y), color, alpha,
              clip);
}

float Sketch::jaw() const {
  return 0.11f * unit(jaw_drop) - 0.015f * unit(chin_raise);
}

Color Sketch::skin_shadow() const {
  const Color c = face.identity.skin;
  return {0.80f * c.r, 0.68f * c.g, 0.64f * c.b};
}

Color Sketch::skin_line() const {
  const Color c = face.identity.skin;
  return {0.52f * c.r, 0.38f * c.g, 0.36f * c.b};
}

Drawing draw_face(const Face& face, Dice& dice, int size) {
  Canvas canvas(size);
  Sketch s{.face = face, .dice = dice, .canvas = canvas, .project = Projection(face.pose, size)};
  draw_background(s);
  draw_hair_behind(s);
  const Mask head(head_outline(s), size);
  draw_head(s, head);
  draw_furrows(s, head);
  draw_nose(s);
  draw_mouth(s, head);
  draw_eyes(s);
  draw_brows(s);
  draw_hair(s);
  draw_glasses(s);
  draw_occluder(s);
  apply_conditions(s);

  Drawing drawing{.image = {.width = size, .height = size, .rgb = {}}, .landmarks = s.landmarks};
  drawing.image.rgb.reserve(static_cast<size_t>(size) * size * 3);
  const auto byte = [](float v) {
    return static_cast<uint8_t>(std::clamp(255 * v + 0.5f, 0.f, 255.f));
  };
  for (int y = 0; y < size; ++y)
    for (int x = 0; x < size; ++x)
      for (const float v : {canvas.at(x, y).r, canvas.at(x, y).g, canvas.at(x, y).b})
        drawing.image.rgb.push_back(byte(v));
  return drawing;
}

}  // namespace lanet::synth
