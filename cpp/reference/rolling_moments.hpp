// Moments of one window by their definitions, in two passes.
#pragma once

#include "jqfast/opcodes.hpp"
#include "window.hpp"

namespace jqfast::reference {

// Mean of (x - mean)^k.
inline Wide central_moment(const std::vector<Wide>& x, int k) {
  const Wide m = mean(x);
  Wide sum = 0;
  for (const Wide v : x) {
    Wide power = 1;
    for (int i = 0; i < k; ++i) power *= v - m;
    sum += power;
  }
  return sum / static_cast<double>(x.size());
}

inline Wide mean_size(const std::vector<Wide>& x) {
  Wide sum = 0;
  for (const Wide v : x) sum += size(v);
  return sum / static_cast<double>(x.size());
}

// Fisher's unbiased skewness, as pandas; 0 where all values are equal.
inline Judged skewness(const Window& w) {
  const Wide n = w.n(), m2 = central_moment(w.x, 2);
  if (n < 3) return {};
  if (m2 == 0) return {0.0, 0.0};
  const Wide g = root(n * (n - 1)) / (n - 2) * central_moment(w.x, 3) / (m2 * root(m2));
  return judged(g, 1 + size(g));
}

// Fisher's unbiased excess kurtosis, as pandas; -3 where all values are equal.
inline Judged kurtosis(const Window& w) {
  const Wide n = w.n(), m2 = central_moment(w.x, 2);
  if (n < 4) return {};
  if (m2 == 0) return {-3.0, 0.0};
  const Wide g = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * central_moment(w.x, 4) / (m2 * m2) - 3 * (n - 1));
  return judged(g, 1 + size(g));
}

inline Judged zscore(const Window& w) {
  const Wide sd = deviation(w.x);
  if (w.n() < 2 || sd == 0 || w.age.back() != 0) return {};
  const Wide z = (w.x.back() - mean(w.x)) / sd;
  return judged(z, 1 + size(z));
}

inline Judged moment(Moment which, const Window& w) {
  switch (which) {
    case Moment::count: return {static_cast<double>(w.n()), 0.0};
    case Moment::sum: return judged(mean(w.x) * w.n(), mean_size(w.x) * w.n());
    case Moment::mean: return judged(mean(w.x), mean_size(w.x));
    case Moment::var:
      return w.n() < 2 ? Judged{} : judged(comoment(w.x, w.x) / (w.n() - 1), comoment(w.x, w.x) / (w.n() - 1));
    case Moment::std: return w.n() < 2 ? Judged{} : judged(deviation(w.x), deviation(w.x));
    case Moment::skew: return skewness(w);
    case Moment::kurt: return kurtosis(w);
    case Moment::zscore: return zscore(w);
  }
  return {};
}

}  // namespace jqfast::reference
