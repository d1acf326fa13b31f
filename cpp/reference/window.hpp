// What the references share: numbers wide enough for textbook formulas, and the finite values of one window.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace jqfast::reference {

// 113 bits and 15 of exponent: no cancellation that a double can cause shows, and no square leaves the range.
using Wide = __float128;
using Series = std::vector<double>;  // one stock, oldest session first

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A value and the size against which its error is judged; with size 0 it must be met exactly.
inline constexpr double kNotJudged = std::numeric_limits<double>::infinity();
struct Judged {
  double value = kNaN;
  double scale = 0.0;
};

inline Judged judged(Wide value, Wide scale) { return {static_cast<double>(value), static_cast<double>(scale)}; }
inline Wide root(Wide x) { return std::sqrt(static_cast<long double>(x)); }
inline Wide size(Wide x) { return x < 0 ? -x : x; }

// The sessions of a window on which every series has a finite value, oldest first.
struct Window {
  std::vector<Wide> x, y, age;
  [[nodiscard]] Wide n() const { return static_cast<double>(x.size()); }
};

inline Window window_at(const Series& x, const Series& y, std::size_t t, std::uint32_t length) {
  Window window;
  for (std::size_t age = length; age-- > 0;) {
    if (age > t) continue;
    const std::size_t row = t - age;
    if (!std::isfinite(x[row]) || !std::isfinite(y[row])) continue;
    window.x.push_back(x[row]);
    window.y.push_back(y[row]);
    window.age.push_back(static_cast<double>(age));
  }
  return window;
}

inline Wide mean(const std::vector<Wide>& x) {
  Wide sum = 0;
  for (const Wide v : x) sum += v;
  return sum / static_cast<double>(x.size());
}

// Sum of (x - mean x)(y - mean y).
inline Wide comoment(const std::vector<Wide>& x, const std::vector<Wide>& y) {
  const Wide mean_x = mean(x), mean_y = mean(y);
  Wide sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += (x[i] - mean_x) * (y[i] - mean_y);
  return sum;
}

inline Wide deviation(const std::vector<Wide>& x) {
  return x.size() < 2 ? Wide(0) : root(comoment(x, x) / static_cast<double>(x.size() - 1));
}

// statistic(window) of every session that has `min_periods` finite values in its window.
template <class Statistic>
std::vector<Judged> rolling(const Series& x, const Series& y, std::uint32_t length, std::uint32_t min_periods,
                            Statistic statistic) {
  std::vector<Judged> out;
  for (std::size_t t = 0; t < x.size(); ++t) {
    const Window window = window_at(x, y, t, length);
    out.push_back(window.x.size() >= min_periods ? statistic(window) : Judged{});
  }
  return out;
}

}  // namespace jqfast::reference
