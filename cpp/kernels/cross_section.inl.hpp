// Level and spread across the stocks of one date, and what is made of them. Each statistic is a function object that
// turns the values of one group, or of one group per lane, into its results.
#pragma once

#include "cross_sums.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// (x - mean) / deviation; 0 where all stocks are equal, NaN with fewer than two.
struct ZScore {
  template <bool Joined, class To>
  static void apply(const Row& row, const To& to) noexcept {
    const auto [m, deviation] = spread_of<Joined>(row);
    const Mask spread = deviation > abs(m.value) * 1e-14;
    const Vec inverse = select(spread, 1.0 / deviation, select(row.reach.count >= 2.0, Vec{}, splat(kNaN)));
    map_to(row.values, to, row.n, [m = m, inverse](Vec x) { return ((x - m.value) - m.rest) * inverse; });
  }
};

struct Demean {
  template <bool Joined, class To>
  static void apply(const Row& row, const To& to) noexcept {
    const Mean m = mean_of<Joined>(row);
    map_to(row.values, to, row.n, [=](Vec x) { return (x - m.value) - m.rest; });
  }
};

// The mean, on every stock that has a value.
struct GroupMean {
  template <bool Joined, class To>
  static void apply(const Row& row, const To& to) noexcept {
    const Mean m = mean_of<Joined>(row);
    map_to(row.values, to, row.n, [=](Vec x) { return select(is_finite(x), m.value, x); });
  }
};

struct Deviation {
  template <bool Joined, class To>
  static void apply(const Row& row, const To& to) noexcept {
    const Vec deviation = spread_of<Joined>(row).deviation;
    map_to(row.values, to, row.n, [=](Vec x) { return select(is_finite(x), deviation, x); });
  }
};

// x over the sum of sizes, so that sizes add up to 1; NaN where all are 0.
struct Scale {
  template <bool Joined, class To>
  static void apply(const Row& row, const To& to) noexcept {
    const Vec unit = unit_for(row.reach.largest);
    const Vec total = sum_of<Joined>(row, [unit](Vec x) { return abs(x * unit); }).sum;
    map_to(row.values, to, row.n, [=](Vec x) { return x * unit / total; });
  }
};

}  // namespace jqfast::JQFAST_TARGET
