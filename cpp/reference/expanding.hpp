// Statistics of all values since the first session.
#pragma once

#include "jqfast/opcodes.hpp"
#include "rolling_extrema.hpp"
#include "rolling_moments.hpp"
#include "rolling_order.hpp"
#include "rolling_product.hpp"

namespace jqfast::reference {

// Spreads that grow value by value are judged against the size of the values, too; not where fourth powers leave the
// range of doubles, since what has entered never leaves.
inline Judged grown(const Window& w, Judged moment) {
  const Wide sd = deviation(w.x);
  if (largest(w.x) > 1e70 || (sd < 1e-70 && sd > 0)) return {0.0, kNotJudged};
  if (moment.scale > 0.0 && sd > 0) moment.scale *= static_cast<double>(1 + largest(w.x) / sd);
  return moment;
}

inline Judged expanding(Expanding which, const Window& w) {
  switch (which) {
    case Expanding::sum: return moment(Moment::sum, w);
    case Expanding::mean: return moment(Moment::mean, w);
    case Expanding::count: return moment(Moment::count, w);
    case Expanding::var: return grown(w, moment(Moment::var, w));
    case Expanding::std: return grown(w, moment(Moment::std, w));
    case Expanding::skew: return grown(w, moment(Moment::skew, w));
    case Expanding::kurt: return grown(w, moment(Moment::kurt, w));
    case Expanding::min: return extreme(Extreme::min, w);
    case Expanding::max: return extreme(Extreme::max, w);
    case Expanding::product: return product(w.x);
  }
  return {};
}

}  // namespace jqfast::reference
