// Two series over the sessions on which both are finite: covariance, correlation, the regression of x on y, and the
// mean of x weighted by y.
#pragma once

#include "jqfast/opcodes.hpp"
#include "rolling_moments.hpp"

namespace jqfast::reference {

// Not judged where the weights cancel.
inline Judged weighted_mean(const Window& w) {
  Wide product = 0;
  for (std::size_t i = 0; i < w.x.size(); ++i) product += w.x[i] * w.y[i];
  const Wide weight = mean(w.y), condition = mean_size(w.y) / size(weight);
  if (weight == 0 || condition > 1e6) return {0.0, kNotJudged};
  return judged(product / (weight * w.n()), condition * condition * mean_size(w.x) * 10);
}

inline Judged pair_regression(PairStat which, const Window& w) {
  const Wide sd_x = deviation(w.x), sd_y = deviation(w.y);
  if (sd_y == 0) return {};
  const Wide slope = comoment(w.x, w.y) / comoment(w.y, w.y), unit = sd_x / sd_y;
  const Wide today = w.y.back() - mean(w.y);
  switch (which) {
    case PairStat::beta: return judged(slope, unit);
    case PairStat::intercept: return judged(mean(w.x) - slope * mean(w.y), mean_size(w.x) + unit * mean_size(w.y));
    case PairStat::resid:
      if (w.age.back() != 0) return {};
      return judged(w.x.back() - mean(w.x) - slope * today, sd_x + unit * size(today));
    default: return {};
  }
}

inline Judged pair(PairStat which, const Window& w) {
  if (which == PairStat::wmean) return weighted_mean(w);
  if (w.n() < 2) return {};
  const Wide xy = comoment(w.x, w.y), sd_x = deviation(w.x), sd_y = deviation(w.y);
  const Wide covariance = xy / (w.n() - 1);
  switch (which) {
    case PairStat::cov: return judged(covariance, sd_x * sd_y);
    case PairStat::corr: return sd_x == 0 || sd_y == 0 ? Judged{} : judged(covariance / (sd_x * sd_y), 1);
    case PairStat::rsquare:
      return sd_x == 0 || sd_y == 0 ? Judged{} : judged(covariance / (sd_x * sd_y) * (covariance / (sd_x * sd_y)), 1);
    default: return pair_regression(which, w);
  }
}

}  // namespace jqfast::reference
