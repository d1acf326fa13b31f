// Covariance and correlation of x and y, and the beta of x on y, over the sessions on which both are finite.
#pragma once

#include "jqfast/opcodes.hpp"
#include "window.hpp"

namespace jqfast::reference {

inline Judged pair(PairStat which, const Window& w) {
  if (w.n() < 2) return {};
  const Wide xy = comoment(w.x, w.y), sd_x = deviation(w.x), sd_y = deviation(w.y);
  const Wide covariance = xy / (w.n() - 1);
  switch (which) {
    case PairStat::cov: return judged(covariance, sd_x * sd_y);
    case PairStat::corr: return sd_x == 0 || sd_y == 0 ? Judged{} : judged(covariance / (sd_x * sd_y), 1);
    case PairStat::beta: return sd_y == 0 ? Judged{} : judged(covariance / (sd_y * sd_y), sd_x / sd_y);
  }
  return {};
}

}  // namespace jqfast::reference
