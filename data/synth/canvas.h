// A small anti-aliased painter: closed paths are filled with exact pixel coverage, strokes are
// turned into closed paths first. Coordinates are pixels; the centre of the first pixel is (½, ½).
#pragma once

#include <cstddef>
#include <vector>

namespace lanet::synth {

struct Vec2 {
  float x = 0, y = 0;
};
inline Vec2 operator+(Vec2 a, Vec2 b) {
  return {a.x + b.x, a.y + b.y};
}
inline Vec2 operator-(Vec2 a, Vec2 b) {
  return {a.x - b.x, a.y - b.y};
}
inline Vec2 operator*(float s, Vec2 a) {
  return {s * a.x, s * a.y};
}
inline float mix(float a, float b, float t) {
  return a + (b - a) * t;
}
inline Vec2 mix(Vec2 a, Vec2 b, float t) {
  return a + t * (b - a);
}
float smoothstep(float lo, float hi, float x);

struct Color {
  float r = 0, g = 0, b = 0;
};
inline Color operator*(float s, Color c) {
  return {s * c.r, s * c.g, s * c.b};
}
inline Color mix(Color a, Color b, float t) {
  return {mix(a.r, b.r, t), mix(a.g, b.g, t), mix(a.b, b.b, t)};
}

using Path = std::vector<Vec2>;

/// A Catmull-Rom curve through `points`, `steps` pieces between two of them.
Path curve(const Path& points, int steps = 6);
Path closed_curve(const Path& points, int steps = 6);
Path ellipse(Vec2 center, float radius_x, float radius_y, float angle = 0, int steps = 28);
/// The outline of a line along `line`, round at both ends, whose width goes from `start` over
/// `middle` to `end`.
Path stroke(const Path& line, float start, float middle, float end);
inline Path stroke(const Path& line, float width) {
  return stroke(line, width, width, width);
}
/// `a` followed by `b` backwards: the closed path between two lines that run the same way.
Path between(const Path& a, const Path& b);

/// The share of each pixel that a path covers, kept for the path's bounding box only.
class Mask {
 public:
  /// Non-zero winding as far as a path overlaps itself in one direction; cut to the canvas.
  Mask(const Path& path, int canvas_size);
  float at(int x, int y) const {
    return x < x0_ || x >= x1_ || y < y0_ || y >= y1_
               ? 0.f
               : coverage_[static_cast<size_t>(y - y0_) * stride_ + (x - x0_)];
  }
  int x0() const { return x0_; }
  int x1() const { return x1_; }
  int y0() const { return y0_; }
  int y1() const { return y1_; }

 private:
  void add_edge(Vec2 a, Vec2 b);

  int x0_ = 0, x1_ = 0, y0_ = 0, y1_ = 0;  // pixels [x0, x1) × [y0, y1)
  size_t stride_ = 0;
  std::vector<float> coverage_;
};

class Canvas {
 public:
  explicit Canvas(int size) : size_(size), pixels_(static_cast<size_t>(size) * size) {}
  int size() const { return size_; }
  Color& at(int x, int y) { return pixels_[static_cast<size_t>(y) * size_ + x]; }
  const Color& at(int x, int y) const { return pixels_[static_cast<size_t>(y) * size_ + x]; }

  /// Paints shader(x, y) through `mask`, and through `clip` if there is one.
  template <typename Shader>
  void shade(const Mask& mask, float alpha, const Mask* clip, Shader shader) {
    for (int y = mask.y0(); y < mask.y1(); ++y) {
      for (int x = mask.x0(); x < mask.x1(); ++x) {
        const float a = alpha * mask.at(x, y) * (clip ? clip->at(x, y) : 1.f);
        if (a > 0) at(x, y) = mix(at(x, y), shader(x + 0.5f, y + 0.5f), a);
      }
    }
  }
  void fill(const Mask& mask, Color color, float alpha = 1, const Mask* clip = nullptr);
  void fill(const Path& path, Color color, float alpha = 1, const Mask* clip = nullptr);
  /// A soft round spot: full colour at the centre, nothing at the rim.
  void glow(Vec2 center, float radius_x, float radius_y, Color color, float alpha,
            const Mask* clip = nullptr);
  /// Gaussian blur; the picture continues at its border with the border's colour.
  void blur(float sigma);

 private:
  int size_;
  std::vector<Color> pixels_;
};

}  // namespace lanet::synth
