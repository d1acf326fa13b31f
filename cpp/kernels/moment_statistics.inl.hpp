// What is computed from the sums of one window: mean, variance, deviation, z-score, skewness, kurtosis.
#pragma once

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

// A function of the number of values, computed once for the full window, which nearly every row has: a division
// takes longer than all the additions of a row. Lanes with fewer than `least` values get the value of some number.
template <Vec (*F)(Vec) noexcept>
class ByCount {
 public:
  explicit ByCount(std::uint32_t window, std::uint32_t least = 0) noexcept
      : full_(splat(window)), least_(splat(least)), at_full_(F(full_)) {}
  [[nodiscard]] Vec operator()(Vec n) const noexcept {
    if (!any_of(also(differ(n, full_), at_least(n, least_)))) [[likely]]
      return at_full_;
    return F(n);
  }
  [[nodiscard]] Vec least() const noexcept { return least_; }

 private:
  Vec full_, least_, at_full_;
};

inline Vec inverse(Vec n) noexcept { return 1.0 / n; }
inline Vec inverse_less_one(Vec n) noexcept { return 1.0 / (n - 1.0); }

// Central moments of one window. Deviations are in `unit`s of x, a power of two, 1 for all but recomputed lanes.
struct Central {
  Vec n, total, m2, m3, m4, today, unit;
};

// How many values a statistic needs, whatever `min_periods` says.
constexpr std::uint32_t values_needed(Moment which) noexcept {
  switch (which) {
    case Moment::var:
    case Moment::std:
    case Moment::zscore: return 2;
    case Moment::skew: return 3;
    case Moment::kurt: return 4;
    default: return 0;
  }
}

inline Vec given(Mask enough, Vec v) noexcept { return select(enough, v, splat(kNaN)); }

// Sum of squared deviations, in units; rounding may leave a tiny negative one.
inline Vec spread(const Central& c) noexcept { return select(c.m2 > 0.0, c.m2, Vec{}); }

inline Vec skew_lead(Vec n) noexcept { return n / ((n - 1.0) * (n - 2.0)); }
inline Vec kurt_lead(Vec n) noexcept { return n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)); }
inline Vec kurt_rest(Vec n) noexcept { return 3.0 * (n - 1.0) * (n - 1.0) / ((n - 2.0) * (n - 3.0)); }

class Statistics {
 public:
  // Lanes with fewer than `least` values have no statistic: any number will do.
  Statistics(std::uint32_t window, std::uint32_t least) noexcept
      : inverse_(window, least),
        inverse_less_one_(window, least),
        skew_lead_(window, least),
        kurt_lead_(window, least),
        kurt_rest_(window, least) {}

  [[nodiscard]] Vec inverse(Vec n) const noexcept { return inverse_(n); }
  [[nodiscard]] Vec least() const noexcept { return inverse_.least(); }

  template <Moment which>
  [[nodiscard]] Vec get(const Central& c) const noexcept {
    if constexpr (which == Moment::count) return c.n;
    if constexpr (which == Moment::sum) return c.total;
    if constexpr (which == Moment::mean) return c.total / c.n;  // the rounded quotient: constants give themselves
    if constexpr (which == Moment::var) return variance(c) * c.unit * c.unit;
    if constexpr (which == Moment::std) return sqrt(variance(c)) * c.unit;
    if constexpr (which == Moment::zscore) return c.today / sqrt(variance(c));
    if constexpr (which == Moment::skew) return skewness(c);
    if constexpr (which == Moment::kurt) return excess_kurtosis(c);
  }

 private:
  [[nodiscard]] Vec variance(const Central& c) const noexcept { return spread(c) * inverse_less_one_(c.n); }

  [[nodiscard]] Vec skewness(const Central& c) const noexcept {
    const Vec v = variance(c);
    const Vec g = skew_lead_(c.n) * (c.m3 / (v * sqrt(v)));
    return select(v == 0.0, Vec{}, g);
  }

  [[nodiscard]] Vec excess_kurtosis(const Central& c) const noexcept {
    const Vec v = variance(c);
    const Vec g = kurt_lead_(c.n) * (c.m4 / (v * v)) - kurt_rest_(c.n);
    return select(v == 0.0, splat(-3.0), g);
  }

  ByCount<JQFAST_TARGET::inverse> inverse_;
  ByCount<inverse_less_one> inverse_less_one_;
  ByCount<skew_lead> skew_lead_;
  ByCount<kurt_lead> kurt_lead_;
  ByCount<kurt_rest> kurt_rest_;
};

}  // namespace jqfast::JQFAST_TARGET
