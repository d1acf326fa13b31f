// Least squares of one window on time, time being minus the age of a session; and the linearly decaying mean.
#pragma once

#include "jqfast/opcodes.hpp"
#include "rolling_moments.hpp"

namespace jqfast::reference {

// Weights 1 for the oldest session of the window up to its length for today.
inline Judged decaying_mean(const Window& w, std::uint32_t length) {
  Wide sum = 0, weights = 0;
  for (std::size_t i = 0; i < w.x.size(); ++i) {
    const Wide weight = static_cast<double>(length) - w.age[i];
    sum += weight * w.x[i];
    weights += weight;
  }
  return judged(sum / weights, mean_size(w.x));
}

inline Judged trend(TrendStat which, const Window& w, std::uint32_t length) {
  if (which == TrendStat::decay) return decaying_mean(w, length);
  if (w.n() < 2) return {};
  std::vector<Wide> time;
  for (const Wide age : w.age) time.push_back(-age);
  const Wide ty = comoment(time, w.x), tt = comoment(time, time), yy = comoment(w.x, w.x);
  const Wide slope = ty / tt, unit = deviation(w.x) / deviation(time);
  const auto line = [&](Wide t) { return mean(w.x) + slope * (t - mean(time)); };
  const auto line_scale = [&](Wide t) { return deviation(w.x) + unit * size(t - mean(time)); };
  const Wide oldest = 1.0 - static_cast<double>(length);
  switch (which) {
    case TrendStat::slope: return judged(slope, unit);
    case TrendStat::intercept: return judged(line(oldest), size(mean(w.x)) + line_scale(oldest));
    case TrendStat::resid: return w.age.back() != 0 ? Judged{} : judged(w.x.back() - line(0), line_scale(0));
    case TrendStat::rsquare: return yy == 0 ? Judged{} : judged(ty / yy * slope, 1);
    default: return {};
  }
}

}  // namespace jqfast::reference
