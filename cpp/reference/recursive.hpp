// Exponential mean and variance, streaks, events and the last valid value of one stock, from its first session on.
#pragma once

#include <algorithm>

#include "window.hpp"

namespace jqfast::reference {

// e = e + alpha (x - e), started at the first finite x, carried over missing ones.
inline std::vector<Judged> ema(const Series& x, double alpha, std::uint32_t min_periods) {
  std::vector<Judged> out;
  Wide e = 0, largest = 0;
  std::uint32_t seen = 0;
  for (const double v : x) {
    if (std::isfinite(v)) {
      e = seen == 0 ? Wide(v) : e + Wide(alpha) * (Wide(v) - e);
      largest = std::max(largest, size(v));
      ++seen;
    }
    out.push_back(seen >= min_periods ? judged(e, largest) : Judged{});
  }
  return out;
}

// Weights (1 - alpha)^k of the k-th value before the newest, times alpha but for the first; the variance about the
// weighted mean is divided by 1 - sum of squared weights.
inline Judged weighted_variance(const std::vector<Wide>& x, double alpha) {
  Wide weight = 1, mean = 0, squares = 0, variance = 0;
  std::vector<Wide> weights(x.size());
  for (std::size_t i = x.size(); i-- > 0; weight *= 1 - Wide(alpha)) weights[i] = i == 0 ? weight : weight * alpha;
  // From the first value, so that weights that sum to 1 but for a rounding leave a constant without a deviation.
  for (std::size_t i = 0; i < x.size(); ++i) mean += weights[i] * (x[i] - x[0]), squares += weights[i] * weights[i];
  for (std::size_t i = 0; i < x.size(); ++i) {
    const Wide gap = (x[i] - x[0]) - mean;
    variance += weights[i] * gap * gap;
  }
  return judged(variance / (1 - squares), variance / (1 - squares));
}

inline std::vector<Judged> ewm_var(const Series& x, double alpha, std::uint32_t min_periods) {
  std::vector<Judged> out;
  std::vector<Wide> finite;
  for (const double v : x) {
    if (std::isfinite(v)) finite.push_back(v);
    out.push_back(finite.size() >= std::max(2u, min_periods) ? weighted_variance(finite, alpha) : Judged{});
  }
  return out;
}

// Consecutive sessions, today included, on which the condition holds.
inline std::vector<Judged> streak(const Series& condition) {
  std::vector<Judged> out;
  double run = 0.0;
  for (const double c : condition) {
    run = c != 0.0 && !std::isnan(c) ? run + 1.0 : 0.0;
    out.push_back({std::isnan(c) ? kNaN : run, 0.0});
  }
  return out;
}

// Sessions since the condition held last: 0 on the session itself, NaN before the first.
inline std::vector<Judged> since(const Series& condition) {
  std::vector<Judged> out;
  double sessions = kNaN;
  for (const double c : condition) {
    sessions = c != 0.0 && !std::isnan(c) ? 0.0 : sessions + 1.0;
    out.push_back({sessions, 0.0});
  }
  return out;
}

// The newest finite value at most `limit` sessions old.
inline std::vector<Judged> last_valid(const Series& x, std::uint32_t limit) {
  std::vector<Judged> out(x.size());
  for (std::size_t t = 0; t < x.size(); ++t) {
    for (std::size_t age = 0; age <= std::min<std::size_t>(limit, t); ++age) {
      if (!std::isfinite(x[t - age])) continue;
      out[t].value = x[t - age];
      break;
    }
  }
  return out;
}

}  // namespace jqfast::reference
