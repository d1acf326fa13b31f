// The product of a window's values.
#pragma once

#include <algorithm>

#include "window.hpp"

namespace jqfast::reference {

// Not judged where some order of multiplication leaves the range of doubles.
inline Judged product(const std::vector<Wide>& x) {
  long double value = 1, large = 1, small = 1;
  for (const Wide v : x) {
    const auto factor = static_cast<long double>(v);
    value *= factor;
    (std::fabs(factor) > 1 ? large : small) *= std::fabs(factor);
  }
  const bool leaves = large > 1e300L || (small < 1e-290L && value != 0);
  return judged(value, leaves ? kNotJudged : std::fabs(value));
}

}  // namespace jqfast::reference
