// Exponential mean, streak and last valid value of one stock, from its first session on.
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
