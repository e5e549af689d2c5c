// From a face's parameters to its picture and landmarks. The parts are drawn from back to front,
// each in the file that is named beside it.
#pragma once

#include <cstdint>

#include "data/image.h"
#include "data/landmarks.h"
#include "data/synth/face.h"

namespace lanet::synth {

/// In the order of kLandmarkNames.
enum Landmark : int {
  brow_l_outer,
  brow_l_mid,
  brow_l_inner,
  brow_r_inner,
  brow_r_mid,
  brow_r_outer,
  eye_l_outer,
  eye_l_center,
  eye_l_inner,
  eye_r_inner,
  eye_r_center,
  eye_r_outer,
  nose_left,
  nose_tip,
  nose_right,
  mouth_left,
  mouth_center,
  mouth_right,
  chin
};
static_assert(chin + 1 == kNumLandmarks);
using FacePoints = std::array<Vec2, kNumLandmarks>;  // pixels

struct Drawing {
  HostImage image;
  FacePoints landmarks;
};
Drawing draw_face(const Face& face, Dice& dice, int size);

/// From face units to pixels: the face is a curved surface that is turned, then seen from far away.
class Projection {
 public:
  Projection(const Pose& pose, int size);
  /// `lift` raises the point from the surface toward the viewer.
  Vec2 operator()(Vec2 point, float lift = 0) const;
  Path operator()(const Path& path, float lift = 0) const;
  /// Pixels of a length in face units.
  float length(float units) const { return half_ * units; }

 private:
  float half_;  // pixels of one face unit
  float sin_yaw_, cos_yaw_, sin_pitch_, cos_pitch_, sin_roll_, cos_roll_;
  Vec2 center_;
};

/// What the parts of a drawing share.
struct Sketch {
  const Face& face;
  Dice& dice;
  Canvas& canvas;
  Projection project;
  FacePoints landmarks{};

  float unit(Unit u, int side) const { return face.muscles[side][u]; }
  float unit(Unit u) const { return 0.5f * (face.muscles[0][u] + face.muscles[1][u]); }
  float jaw() const;  // how far the chin lies below its place at rest
  /// A line drawn on the face: points and widths in face units.
  void line(const Path& points, float start, float middle, float end, Color color, float alpha,
            const Mask* clip = nullptr);
  void glow(Vec2 center, float radius_x, float radius_y, Color color, float alpha,
            const Mask* clip = nullptr);
  Color skin_shadow() const;  // folds and the sides of the nose
  Color skin_line() const;    // darker
};

// synth_head.cpp
void draw_background(Sketch& s);
Path head_outline(const Sketch& s);  // pixels; also gives the chin
void draw_head(Sketch& s, const Mask& head);
// synth_hair.cpp
void draw_hair_behind(Sketch& s);
void draw_hair(Sketch& s);
// synth_features.cpp
void draw_furrows(Sketch& s, const Mask& head);
void draw_eyes(Sketch& s);
void draw_brows(Sketch& s);
void draw_nose(Sketch& s);
// synth_mouth.cpp
void draw_mouth(Sketch& s, const Mask& head);
// synth_scene.cpp
void draw_glasses(Sketch& s);
void draw_occluder(Sketch& s);
void apply_conditions(Sketch& s);

}  // namespace lanet::synth
