// Least squares of one window on time, time being minus the age of a session.
#pragma once

#include "jqfast/opcodes.hpp"
#include "window.hpp"

namespace jqfast::reference {

inline Judged trend(TrendStat which, const Window& w, std::uint32_t length) {
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
  }
  return {};
}

}  // namespace jqfast::reference
