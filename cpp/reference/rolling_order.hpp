// Order statistics of one window from its sorted values.
#pragma once

#include <algorithm>

#include "window.hpp"

namespace jqfast::reference {

// Percentile of today's value, ties averaged, in (0, 1].
inline Judged rank_of_today(const Window& w) {
  if (w.age.back() != 0) return {};
  double below = 0.0, equal = 0.0;
  for (const Wide v : w.x) {
    below += v < w.x.back() ? 1.0 : 0.0;
    equal += v == w.x.back() ? 1.0 : 0.0;
  }
  return {(below + 0.5 * (equal + 1.0)) / static_cast<double>(w.x.size()), 0.0};
}

// Linear interpolation at position (n - 1) q (type 7 of Hyndman & Fan 1996, as NumPy).
inline Wide quantile(std::vector<Wide> x, double q) {
  std::sort(x.begin(), x.end());
  const double position = static_cast<double>(x.size() - 1) * q;
  const auto low = static_cast<std::size_t>(position);
  const std::size_t high = std::min(low + 1, x.size() - 1);
  return x[low] + (x[high] - x[low]) * (position - static_cast<double>(low));
}

inline Wide largest(const std::vector<Wide>& x) {
  Wide most = 0;
  for (const Wide v : x) most = std::max(most, size(v));
  return most;
}

inline Judged quantile(const Window& w, double q) { return judged(quantile(w.x, q), largest(w.x)); }

// Median of the distances from the median.
inline Judged median_deviation(const Window& w) {
  const Wide median = quantile(w.x, 0.5);
  std::vector<Wide> distances;
  for (const Wide v : w.x) distances.push_back(size(v - median));
  return judged(quantile(distances, 0.5), largest(w.x));
}

}  // namespace jqfast::reference
