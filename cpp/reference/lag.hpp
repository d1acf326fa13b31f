// The value of k sessions ago, NaN before the first session.
#pragma once

#include "window.hpp"

namespace jqfast::reference {

inline std::vector<Judged> lag(const Series& x, std::uint32_t k) {
  std::vector<Judged> out;
  for (std::size_t t = 0; t < x.size(); ++t) out.push_back({t >= k ? x[t - k] : kNaN, 0.0});
  return out;
}

}  // namespace jqfast::reference
