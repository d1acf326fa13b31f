// Level and spread across the stocks of one date, and what is made of them. Each statistic is a function object that
// turns the values of one group, or of one group per lane, into its results.
#pragma once

#include "cross_sums.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// (x - mean) / deviation; 0 where all stocks are equal, NaN with fewer than two.
struct ZScore {
  template <bool Joined>
  static void apply(const double* in, double* out, std::size_t n) noexcept {
    const Limits e = limits<Joined>(in, n);
    const Mean m = mean_of<Joined>(in, n, e);
    const Vec deviation = deviation_of<Joined>(in, n, e, m);
    const Mask spread = deviation > abs(m.value) * 1e-14;
    const Vec inverse = select(spread, 1.0 / deviation, select(e.count >= 2.0, Vec{}, splat(kNaN)));
    map_row(in, out, n, [=](Vec x) { return ((x - m.value) - m.rest) * inverse; });
  }
};

struct Demean {
  template <bool Joined>
  static void apply(const double* in, double* out, std::size_t n) noexcept {
    const Mean m = mean_of<Joined>(in, n, limits<Joined>(in, n));
    map_row(in, out, n, [=](Vec x) { return (x - m.value) - m.rest; });
  }
};

// The mean, on every stock that has a value.
struct GroupMean {
  template <bool Joined>
  static void apply(const double* in, double* out, std::size_t n) noexcept {
    const Mean m = mean_of<Joined>(in, n, limits<Joined>(in, n));
    map_row(in, out, n, [=](Vec x) { return select(is_finite(x), m.value, x); });
  }
};

struct Deviation {
  template <bool Joined>
  static void apply(const double* in, double* out, std::size_t n) noexcept {
    const Limits e = limits<Joined>(in, n);
    const Vec deviation = deviation_of<Joined>(in, n, e, mean_of<Joined>(in, n, e));
    map_row(in, out, n, [=](Vec x) { return select(is_finite(x), deviation, x); });
  }
};

// x over the sum of sizes, so that sizes add up to 1; NaN where all are 0.
struct Scale {
  template <bool Joined>
  static void apply(const double* in, double* out, std::size_t n) noexcept {
    const Vec unit = unit_for(limits<Joined>(in, n).largest());
    const Vec total = sum_of<Joined>(in, n, [unit](Vec x) { return abs(x * unit); }).sum;
    map_row(in, out, n, [=](Vec x) { return x * unit / total; });
  }
};

}  // namespace jqfast::JQFAST_TARGET
