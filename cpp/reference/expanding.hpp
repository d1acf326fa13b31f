// Statistics of all values since the first session.
#pragma once

#include "jqfast/opcodes.hpp"
#include "rolling_extrema.hpp"
#include "rolling_moments.hpp"
#include "rolling_order.hpp"
#include "rolling_product.hpp"

namespace jqfast::reference {

inline Judged expanding(Expanding which, const Window& w) {
  switch (which) {
    case Expanding::sum: return moment(Moment::sum, w);
    case Expanding::mean: return moment(Moment::mean, w);
    case Expanding::count: return moment(Moment::count, w);
    case Expanding::var: return moment(Moment::var, w);
    case Expanding::std: return moment(Moment::std, w);
    case Expanding::skew: return moment(Moment::skew, w);
    case Expanding::kurt: return moment(Moment::kurt, w);
    case Expanding::min: return extreme(Extreme::min, w);
    case Expanding::max: return extreme(Extreme::max, w);
    case Expanding::product: return product(w.x);
  }
  return {};
}

}  // namespace jqfast::reference
