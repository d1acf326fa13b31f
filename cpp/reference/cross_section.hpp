// One date across its stocks; non-finite values are left out and stay NaN.
#pragma once

#include "jqfast/opcodes.hpp"
#include "rolling_moments.hpp"

namespace jqfast::reference {

// Rank from 1; equal values share the mean of their places.
inline double average_rank(const std::vector<Wide>& x, Wide v) {
  double below = 0.0, equal = 0.0;
  for (const Wide other : x) {
    below += other < v ? 1.0 : 0.0;
    equal += other == v ? 1.0 : 0.0;
  }
  return below + 0.5 * (equal + 1.0);
}

// 0 where all stocks are equal up to rounding, NaN with fewer than two.
inline Judged standard_score(const std::vector<Wide>& x, Wide v) {
  const Wide m = mean(x), sd = deviation(x);
  if (x.size() < 2) return {};
  if (sd <= Wide(1e-14) * size(m)) return {0.0, 0.0};
  return judged((v - m) / sd, 1 + size(v - m) / sd);
}

inline Judged across(Op op, const std::vector<Wide>& x, Wide v) {
  const auto n = static_cast<double>(x.size());
  switch (op) {
    case Op::cs_rank: return {average_rank(x, v) / n, 0.0};
    case Op::cs_centred_rank: return {(average_rank(x, v) - 0.5 * (n + 1.0)) / n * std::sqrt(12.0), 1.0};
    case Op::cs_zscore: return standard_score(x, v);
    case Op::cs_demean: return judged(v - mean(x), size(v - mean(x)) + deviation(x));
    case Op::cs_mean: return judged(mean(x), mean_size(x));
    case Op::cs_std: return n < 2 ? Judged{} : judged(deviation(x), deviation(x));
    default: return {};
  }
}

inline std::vector<Judged> cross_section(Op op, const std::vector<double>& row) {
  std::vector<Wide> finite;
  for (const double v : row) {
    if (std::isfinite(v)) finite.push_back(v);
  }
  std::vector<Judged> out;
  for (const double v : row) out.push_back(std::isfinite(v) ? across(op, finite, v) : Judged{});
  return out;
}

}  // namespace jqfast::reference
