// Level and spread across the stocks of one date, and what is made of them. Each statistic is a function object that
// turns the values of one group, or of one group per lane, into its results.
#pragma once

#include "cross_sums.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// (x - mean) / deviation; 0 where all stocks are equal, NaN with fewer than two.
struct ZScore {
  template <bool Joined>
  static void apply(const Row& row, double* out) noexcept {
    const Mean m = mean_of<Joined>(row);
    const Vec deviation = deviation_of<Joined>(row, m);
    const Mask spread = deviation > abs(m.value) * 1e-14;
    const Vec inverse = select(spread, 1.0 / deviation, select(row.limits.count >= 2.0, Vec{}, splat(kNaN)));
    map_row(row.values, out, row.n, [=](Vec x) { return ((x - m.value) - m.rest) * inverse; });
  }
};

struct Demean {
  template <bool Joined>
  static void apply(const Row& row, double* out) noexcept {
    const Mean m = mean_of<Joined>(row);
    map_row(row.values, out, row.n, [=](Vec x) { return (x - m.value) - m.rest; });
  }
};

// The mean, on every stock that has a value.
struct GroupMean {
  template <bool Joined>
  static void apply(const Row& row, double* out) noexcept {
    const Mean m = mean_of<Joined>(row);
    map_row(row.values, out, row.n, [=](Vec x) { return select(is_finite(x), m.value, x); });
  }
};

struct Deviation {
  template <bool Joined>
  static void apply(const Row& row, double* out) noexcept {
    const Vec deviation = deviation_of<Joined>(row, mean_of<Joined>(row));
    map_row(row.values, out, row.n, [=](Vec x) { return select(is_finite(x), deviation, x); });
  }
};

// x over the sum of sizes, so that sizes add up to 1; NaN where all are 0.
struct Scale {
  template <bool Joined>
  static void apply(const Row& row, double* out) noexcept {
    const Vec unit = unit_for(row.limits.largest());
    const Vec total = sum_of<Joined>(row, [unit](Vec x) { return abs(x * unit); }).sum;
    map_row(row.values, out, row.n, [=](Vec x) { return x * unit / total; });
  }
};

}  // namespace jqfast::JQFAST_TARGET
