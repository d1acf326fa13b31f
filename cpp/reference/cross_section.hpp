// One date across its stocks; non-finite values are left out and stay NaN.
#pragma once

#include <algorithm>
#include <tuple>
#include <utility>

#include "jqfast/plan.hpp"
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

inline double lowest_rank(const std::vector<Wide>& x, Wide v) {
  return 1.0 + static_cast<double>(std::count_if(x.begin(), x.end(), [v](Wide other) { return other < v; }));
}

// The number of the distinct value among the distinct values, and how many there are.
inline std::pair<double, double> dense_rank(std::vector<Wide> x, Wide v) {
  std::sort(x.begin(), x.end());
  x.erase(std::unique(x.begin(), x.end()), x.end());
  const auto place = std::lower_bound(x.begin(), x.end(), v) - x.begin();
  return {static_cast<double>(place) + 1.0, static_cast<double>(x.size())};
}

// Linear interpolation between the sorted values at position (n - 1) q, and the size of the two it lies between.
inline std::pair<Wide, Wide> row_quantile(std::vector<Wide> x, double q) {
  std::sort(x.begin(), x.end());
  const double position = static_cast<double>(x.size() - 1) * q;
  const auto k = static_cast<std::size_t>(position);
  const Wide share = Wide(position - static_cast<double>(k));
  if (share == 0) return {x[k], size(x[k])};
  return {x[k] + (x[k + 1] - x[k]) * share, size(x[k]) + size(x[k + 1])};
}

// The normal quantile by bisection of the distribution function.
inline double normal_score(double p) {
  long double low = -40, high = 40;
  for (int i = 0; i < 200; ++i) {
    const long double middle = (low + high) / 2;
    (std::erfc(-middle / std::sqrt(2.0L)) / 2 < p ? low : high) = middle;
  }
  return static_cast<double>(low);
}

inline Judged clipped(const std::vector<Wide>& x, Wide v, double low, double high) {
  const auto [a, size_a] = row_quantile(x, low);
  const auto [b, size_b] = row_quantile(x, high);
  return judged(v < a ? a : v > b ? b : v, size_a + size_b);
}

inline Judged scaled(const std::vector<Wide>& x, Wide v) {
  Wide total = 0;
  for (const Wide other : x) total += size(other);
  return total == 0 ? Judged{} : judged(v / total, size(v / total));
}

inline Judged across(const Instr& instr, const std::vector<Wide>& x, Wide v) {
  const auto n = static_cast<double>(x.size());
  switch (instr.op) {
    case Op::cs_rank: return {average_rank(x, v) / n, 0.0};
    case Op::cs_rank_min: return {lowest_rank(x, v) / n, 0.0};
    case Op::cs_rank_dense: return {dense_rank(x, v).first / dense_rank(x, v).second, 0.0};
    case Op::cs_centred_rank: return {(average_rank(x, v) - 0.5 * (n + 1.0)) / n * std::sqrt(12.0), 1.0};
    case Op::cs_bucket:
      return {std::min(instr.count - 1.0, std::floor((average_rank(x, v) - 0.5) / n * instr.count)), 0.0};
    case Op::cs_normal: return {normal_score((average_rank(x, v) - 0.5) / n), 4.0};
    case Op::cs_winsorize: return clipped(x, v, instr.low, instr.high);
    case Op::cs_scale: return scaled(x, v);
    case Op::cs_zscore: return standard_score(x, v);
    case Op::cs_demean: return judged(v - mean(x), size(v - mean(x)) + deviation(x));
    case Op::cs_mean: return judged(mean(x), mean_size(x));
    case Op::cs_std: return n < 2 ? Judged{} : judged(deviation(x), deviation(x));
    default: return {};
  }
}

// Percentile with ties broken by `order`, which is finite and unique.
inline std::vector<Judged> rank_first(const std::vector<double>& x, const std::vector<double>& order) {
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i])) places.push_back(i);
  }
  std::sort(places.begin(), places.end(),
            [&](std::size_t a, std::size_t b) { return std::tuple(x[a], order[a]) < std::tuple(x[b], order[b]); });
  std::vector<Judged> out(x.size());
  for (std::size_t i = 0; i < places.size(); ++i) {
    out[places[i]] = {static_cast<double>(i + 1) / static_cast<double>(places.size()), 0.0};
  }
  return out;
}

// Residuals of least squares on a constant and one exposure.
inline std::vector<Judged> neutral(const std::vector<double>& x, const std::vector<double>& exposure) {
  std::vector<Wide> xs, es;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isfinite(x[i]) && std::isfinite(exposure[i])) xs.push_back(x[i]), es.push_back(exposure[i]);
  }
  Wide xe = 0, ee = 0, largest = 0;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    xe += (xs[i] - mean(xs)) * (es[i] - mean(es));
    ee += (es[i] - mean(es)) * (es[i] - mean(es));
    largest = std::max(largest, size(xs[i] - mean(xs)));
  }
  std::vector<Judged> out(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!std::isfinite(x[i]) || !std::isfinite(exposure[i])) continue;
    const Wide beta = ee == 0 ? Wide(0) : xe / ee;
    out[i] = judged((x[i] - mean(xs)) - beta * (exposure[i] - mean(es)), largest);
  }
  return out;
}

using Row = std::vector<double>;

inline std::vector<Judged> cross_section(const Instr& instr, const std::vector<Row>& args) {
  if (instr.op == Op::cs_rank_first) return rank_first(args[0], args[1]);
  if (instr.op == Op::cs_neutralize) return neutral(args[0], args[1]);
  std::vector<Wide> finite;
  for (const double v : args[0]) {
    if (std::isfinite(v)) finite.push_back(v);
  }
  std::vector<Judged> out;
  for (const double v : args[0]) out.push_back(std::isfinite(v) ? across(instr, finite, v) : Judged{});
  return out;
}

// The same among the stocks of each stock's own group.
inline std::vector<Judged> cross_section(const Instr& instr, const std::vector<Row>& args, const Row& groups) {
  std::vector<Judged> out(groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (!std::isfinite(groups[i])) continue;
    std::vector<Row> members(args.size());
    std::size_t self = 0;
    for (std::size_t j = 0; j < groups.size(); ++j) {
      if (groups[j] != groups[i]) continue;
      if (j == i) self = members[0].size();
      for (std::size_t k = 0; k < args.size(); ++k) members[k].push_back(args[k][j]);
    }
    out[i] = cross_section(instr, members)[self];
  }
  return out;
}

}  // namespace jqfast::reference
