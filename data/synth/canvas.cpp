#include "data/synth/canvas.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lanet::synth {
namespace {

Vec2 catmull_rom(Vec2 a, Vec2 b, Vec2 c, Vec2 d, float t) {
  const auto axis = [t](float p0, float p1, float p2, float p3) {
    return p1 + 0.5f * t *
                    (p2 - p0 + t * (2 * p0 - 5 * p1 + 4 * p2 - p3 + t * (3 * (p1 - p2) + p3 - p0)));
  };
  return {axis(a.x, b.x, c.x, d.x), axis(a.y, b.y, c.y, d.y)};
}

}  // namespace

float smoothstep(float lo, float hi, float x) {
  const float t = std::clamp((x - lo) / (hi - lo), 0.f, 1.f);
  return t * t * (3 - 2 * t);
}

Path curve(const Path& points, int steps) {
  const int n = static_cast<int>(points.size());
  const auto point = [&](int i) { return points[std::clamp(i, 0, n - 1)]; };
  Path path;
  path.reserve(static_cast<size_t>(n) * steps);
  for (int i = 0; i + 1 < n; ++i)
    for (int s = 0; s < steps; ++s)
      path.push_back(catmull_rom(point(i - 1), point(i), point(i + 1), point(i + 2),
                                 static_cast<float>(s) / steps));
  path.push_back(points.back());
  return path;
}

Path closed_curve(const Path& points, int steps) {
  const int n = static_cast<int>(points.size());
  const auto point = [&](int i) { return points[(i + n) % n]; };
  Path path;
  path.reserve(static_cast<size_t>(n) * steps);
  for (int i = 0; i < n; ++i)
    for (int s = 0; s < steps; ++s)
      path.push_back(catmull_rom(point(i - 1), point(i), point(i + 1), point(i + 2),
                                 static_cast<float>(s) / steps));
  return path;
}

Path ellipse(Vec2 center, float radius_x, float radius_y, float angle, int steps) {
  const float c = std::cos(angle), s = std::sin(angle);
  Path path(steps);
  for (int i = 0; i < steps; ++i) {
    const float t = 2 * std::numbers::pi_v<float> * i / steps;
    const Vec2 p{radius_x * std::cos(t), radius_y * std::sin(t)};
    path[i] = center + Vec2{c * p.x - s * p.y, s * p.x + c * p.y};
  }
  return path;
}

Path stroke(const Path& line, float start, float middle, float end) {
  const int n = static_cast<int>(line.size());
  Path left, right, first_cap, last_cap;
  for (int i = 0; i < n; ++i) {
    const Vec2 along = line[std::min(i + 1, n - 1)] - line[std::max(i - 1, 0)];
    const float length = std::max(std::hypot(along.x, along.y), 1e-6f);
    const Vec2 u = (1 / length) * along, normal{-u.y, u.x};
    const float t = n > 1 ? static_cast<float>(i) / (n - 1) : 0.5f;
    const float half = 0.5f * (t < 0.5f ? mix(start, middle, 2 * t) : mix(middle, end, 2 * t - 1));
    left.push_back(line[i] + half * normal);
    right.push_back(line[i] - half * normal);
    const auto cap = [&](float degrees) {
      const float a = degrees * std::numbers::pi_v<float> / 180;
      return line[i] + half * (std::cos(a) * normal + std::sin(a) * u);
    };
    if (i == 0) first_cap = {cap(-150), cap(-120), cap(-90), cap(-60), cap(-30)};
    if (i == n - 1) last_cap = {cap(30), cap(60), cap(90), cap(120), cap(150)};
  }
  Path path = left;
  path.insert(path.end(), last_cap.begin(), last_cap.end());
  path.insert(path.end(), right.rbegin(), right.rend());
  path.insert(path.end(), first_cap.begin(), first_cap.end());
  return path;
}

Path between(const Path& a, const Path& b) {
  Path path = a;
  path.insert(path.end(), b.rbegin(), b.rend());
  return path;
}

// Coverage by signed area: each edge adds, to the pixels that it crosses, the area between itself
// and their right side, and the edge's height to all pixels further right. A running sum over the
// row then gives each pixel's covered area exactly.
Mask::Mask(const Path& path, int canvas_size) {
  if (path.size() < 3) return;
  Vec2 low = path[0], high = path[0];
  for (const Vec2 p : path) {
    low = {std::min(low.x, p.x), std::min(low.y, p.y)};
    high = {std::max(high.x, p.x), std::max(high.y, p.y)};
  }
  const auto pixel = [canvas_size](float v) {
    return static_cast<int>(std::clamp(v, 0.f, static_cast<float>(canvas_size)));
  };
  x0_ = pixel(std::floor(low.x)), x1_ = pixel(std::ceil(high.x));
  y0_ = pixel(std::floor(low.y)), y1_ = pixel(std::ceil(high.y));
  if (x0_ >= x1_ || y0_ >= y1_) {
    x1_ = x0_;
    return;
  }
  stride_ = static_cast<size_t>(x1_ - x0_) + 2;  // an edge at the right border writes two further
  coverage_.assign(stride_ * (y1_ - y0_), 0.f);
  for (size_t i = 0; i < path.size(); ++i) add_edge(path[i], path[(i + 1) % path.size()]);
  for (int y = y0_; y < y1_; ++y) {
    float* row = &coverage_[static_cast<size_t>(y - y0_) * stride_];
    float sum = 0;
    for (int x = 0; x < x1_ - x0_; ++x) {
      sum += row[x];
      row[x] = std::min(std::abs(sum), 1.f);
    }
  }
}

void Mask::add_edge(Vec2 a, Vec2 b) {
  if (a.y == b.y) return;
  const float sign = a.y < b.y ? 1.f : -1.f;
  if (a.y > b.y) std::swap(a, b);
  const float slope = (b.x - a.x) / (b.y - a.y);
  const float width = static_cast<float>(x1_ - x0_);
  const float top = std::max(a.y, static_cast<float>(y0_)),
              bottom = std::min(b.y, static_cast<float>(y1_));
  for (int y = static_cast<int>(std::floor(top)); y < bottom; ++y) {
    const float from = std::max(top, static_cast<float>(y)),
                to = std::min(bottom, static_cast<float>(y + 1));
    const float height = sign * (to - from);
    float left = std::clamp(a.x + (from - a.y) * slope - x0_, 0.f, width);
    float right = std::clamp(a.x + (to - a.y) * slope - x0_, 0.f, width);
    if (left > right) std::swap(left, right);
    float* row = &coverage_[static_cast<size_t>(y - y0_) * stride_];
    const int first = static_cast<int>(left), last = static_cast<int>(right);
    for (int x = first; x <= last; ++x) {
      const float l = std::max(left, static_cast<float>(x)),
                  r = std::min(right, static_cast<float>(x + 1));
      const float part = first == last ? height : height * (r - l) / (right - left);
      const float beyond = 0.5f * (l + r) - x;  // mean distance from the pixel's left side
      row[x] += part * (1 - beyond);
      row[x + 1] += part * beyond;
    }
  }
}

void Canvas::fill(const Mask& mask, Color color, float alpha, const Mask* clip) {
  shade(mask, alpha, clip, [color](float, float) { return color; });
}

void Canvas::fill(const Path& path, Color color, float alpha, const Mask* clip) {
  fill(Mask(path, size_), color, alpha, clip);
}

void Canvas::glow(Vec2 center, float radius_x, float radius_y, Color color, float alpha,
                  const Mask* clip) {
  const auto pixel = [this](float v) {
    return static_cast<int>(std::clamp(v, 0.f, static_cast<float>(size_)));
  };
  for (int y = pixel(center.y - radius_y); y < pixel(center.y + radius_y + 1); ++y) {
    for (int x = pixel(center.x - radius_x); x < pixel(center.x + radius_x + 1); ++x) {
      const float dx = (x + 0.5f - center.x) / radius_x, dy = (y + 0.5f - center.y) / radius_y;
      const float rest = 1 - dx * dx - dy * dy;
      if (rest <= 0) continue;
      const float a = alpha * rest * rest * (clip ? clip->at(x, y) : 1.f);
      at(x, y) = mix(at(x, y), color, a);
    }
  }
}

void Canvas::blur(float sigma) {
  const int radius = static_cast<int>(std::ceil(2.5f * sigma));
  if (radius < 1 || sigma < 0.1f) return;
  std::vector<float> weight(2 * radius + 1);
  float total = 0;
  for (int k = -radius; k <= radius; ++k)
    total += weight[k + radius] = std::exp(-0.5f * k * k / (sigma * sigma));
  for (float& w : weight) w /= total;
  std::vector<Color> line(size_ + 2 * radius);
  for (int pass = 0; pass < 2; ++pass) {
    for (int row = 0; row < size_; ++row) {
      const auto pixel = [&](int i) -> Color& { return pass == 0 ? at(i, row) : at(row, i); };
      for (int i = -radius; i < size_ + radius; ++i)
        line[i + radius] = pixel(std::clamp(i, 0, size_ - 1));
      for (int i = 0; i < size_; ++i) {
        Color sum;
        for (int k = 0; k <= 2 * radius; ++k) {
          const Color& c = line[i + k];
          sum = {sum.r + weight[k] * c.r, sum.g + weight[k] * c.g, sum.b + weight[k] * c.b};
        }
        pixel(i) = sum;
      }
    }
  }
}

}  // namespace lanet::synth
