// Sums across the stocks of one date, or across groups of them, that do not depend on order.
//
// Non-finite values are missing. Terms are scaled to at most about 1 by a power of two, cut into two parts on fixed
// grids and added as integers, which never rounds: exact to 2^-86 of the largest term, so permuting stocks, or adding
// stocks without a value, changes no bit (Demmel & Nguyen 2015, reproducible summation).
//
// Values come as vectors. Either every lane is a group of its own, or all lanes are parts of one (`Joined`).
#pragma once

#include <algorithm>
#include <bit>

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

// The first `count` lanes from memory, fewer than there are; the others NaN.
[[gnu::noinline, gnu::cold]] inline Vec load_part(const double* in, std::size_t count) noexcept {
  double lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = i < count ? in[i] : kNaN;
  return load(lanes);
}

[[gnu::noinline, gnu::cold]] inline void store_part(double* out, Vec v, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = v[i];
}

// Calls f(values, first place) for all of `in`, the last vector filled up with NaN. One call in one place, so that
// what f adds up stays in registers. Meanwhile as much from `next` on is called into the cache.
template <class F>
void each(const double* in, std::size_t n, const double* next, F f) noexcept {
  for (std::size_t i = 0; i < n; i += kLanes) {
    __builtin_prefetch(next + i, 0, 2);
    f(n - i >= kLanes ? load(in + i) : load_part(in + i, n - i), i);
  }
}

template <class F>
void each(const double* in, std::size_t n, F f) noexcept {
  for (std::size_t i = 0; i < n; i += kLanes) {
    f(n - i >= kLanes ? load(in + i) : load_part(in + i, n - i), i);
  }
}

// f(x) of every value as it is stored: NaN where it is not finite, as it is for every x that is not, and +0 for -0.
template <class F>
void map_row(const double* in, double* out, std::size_t n, F f) noexcept {
  each(in, n, [&](Vec x, std::size_t i) {
    const Vec y = f(x);
    const Vec stored = select(is_finite(y), y + 0.0, splat(kNaN));
    if (n - i >= kLanes) {
      store(out + i, stored);
    } else {
      store_part(out + i, stored, n - i);
    }
  });
}

// All lanes reduced to one by `merge` and spread again, when they are parts of one group.
template <bool Joined, class V, class Merge>
V joined(V v, Merge merge) noexcept {
  if constexpr (!Joined) return v;
  auto all = v[0];
  for (std::size_t i = 1; i < kLanes; ++i) all = merge(all, v[i]);
  return V{} + all;
}

// What bounds the sums of a group: its smallest and largest value (+-Inf without any) and their number.
struct Limits {
  Vec low, high, count;
  [[nodiscard]] Vec largest() const noexcept { return select(high > -low, high, -low); }
};

class LimitsSoFar {
 public:
  // Missing values are replaced before they are compared: each comparison waits for the one before.
  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    const Vec below = select(ok, x, splat(kInf)), above = select(ok, x, splat(-kInf));
    low_ = select(below < low_, below, low_);
    high_ = select(above > high_, above, high_);
    count_ -= reinterpret_cast<Bits>(ok);
  }

  void add(const LimitsSoFar& other) noexcept {
    low_ = select(other.low_ < low_, other.low_, low_);
    high_ = select(other.high_ > high_, other.high_, high_);
    count_ += other.count_;
  }

  template <bool Joined>
  [[nodiscard]] Limits total() const noexcept {
    return {joined<Joined>(low_, [](double a, double b) { return std::min(a, b); }),
            joined<Joined>(high_, [](double a, double b) { return std::max(a, b); }),
            __builtin_convertvector(joined<Joined>(count_, [](auto a, auto b) { return a + b; }), Vec)};
  }

 private:
  Vec low_ = splat(kInf), high_ = splat(-kInf);
  Bits count_{};
};

// Of one group over all lanes; every other vector goes to a chain of comparisons of its own.
inline Limits limits(const double* in, std::size_t n) noexcept {
  LimitsSoFar found, others;
  const std::size_t pairs = n / (2 * kLanes) * 2 * kLanes;
  for (std::size_t i = 0; i < pairs; i += 2 * kLanes) {
    found.add(load(in + i));
    others.add(load(in + i + kLanes));
  }
  found.add(others);
  each(in + pairs, n - pairs, [&](Vec x, std::size_t) { found.add(x); });
  return found.total<true>();
}

// The values of one group, or of a group in each lane, and `next`, as many that will be needed soon.
struct Row {
  const double* values;
  std::size_t n;
  const double* next;
  Limits limits;
};

// The power of two that brings numbers up to `largest` into reach: below 1, or below 4 at the top of the range.
inline Vec unit_for(Vec largest) noexcept {
  const Bits exponent = (bits(largest) >> 52) & 0x7FFu;
  const Bits most = Bits{} + 2044u;
  return from_bits((2045u - (exponent > 2044u ? most : exponent)) << 52);
}

// Adds up terms of at most 16.
class GridSum {
 public:
  // The bits of kCoarse and kFine are added along; modulo 2^64 they can be taken off later.
  void add(Vec term) noexcept {
    const Vec coarse = term + kCoarse;
    const Vec fine = (term - (coarse - kCoarse)) + kFine;
    high_ += bits(coarse);
    low_ += bits(fine);
  }

  // To be called with the number of additions, at most kRun, before the total and before more of them.
  void carry(std::size_t additions) noexcept {
    high_ -= additions * std::bit_cast<std::uint64_t>(kCoarse);
    low_ -= additions * std::bit_cast<std::uint64_t>(kFine);
    upper_ += reinterpret_cast<Mask>(high_) >> 32;
    high_ &= 0xFFFFFFFFu;
    lower_ += reinterpret_cast<Mask>(low_) >> 32;
    low_ &= 0xFFFFFFFFu;
  }

  template <bool Joined>
  [[nodiscard]] TwoSum total() const noexcept {
    const auto part = [](auto integer, double unit) {
      const auto whole = joined<Joined>(integer, [](auto a, auto b) { return a + b; });
      return __builtin_convertvector(whole, Vec) * unit;
    };
    const auto first = two_sum(part(upper_, kGrid * 0x1p32), part(high_, kGrid));
    return two_sum(first.sum, first.error + part(lower_, kFineGrid * 0x1p32) + part(low_, kFineGrid));
  }

  static constexpr std::size_t kRun = std::size_t{1} << 16;

 private:
  // (x + c) - c rounds x to a multiple of the last bit of c, 1.5 * 2^52 grids.
  static constexpr double kGrid = 0x1p-42, kFineGrid = 0x1p-85;
  static constexpr double kCoarse = 1.5 * 0x1p10, kFine = 1.5 * 0x1p-33;
  Bits high_{}, low_{};
  Mask upper_{}, lower_{};
};

// The sum of term(x) over finite x; term(x) is at most 16.
template <bool Joined, class Term>
TwoSum sum_of(const Row& row, Term term) noexcept {
  GridSum sum;
  for (std::size_t first = 0; first < row.n; first += GridSum::kRun * kLanes) {
    const std::size_t count = std::min(row.n - first, GridSum::kRun * kLanes);
    each(row.values + first, count, row.next + first,
         [&](Vec x, std::size_t) { sum.add(select(is_finite(x), term(x), Vec{})); });
    sum.carry((count + kLanes - 1) / kLanes);
  }
  return sum.total<Joined>();
}

// A mean and what rounding it to a double has cut off.
struct Mean {
  Vec value, rest;
};

template <bool Joined>
Mean mean_of(const Row& row) noexcept {
  const Vec unit = unit_for(row.limits.largest()), count = row.limits.count;
  const auto [sum, error] = sum_of<Joined>(row, [unit](Vec x) { return x * unit; });
  const Vec mean = sum / count;
  // count * mean exactly: the mean's upper half has so few digits that its product is a double, and so has the rest.
  const Vec upper = from_bits(bits(mean) & ~0x7FFFFFFull);
  const Vec lower = mean - upper;
  const Vec rest = (((sum - upper * count) - lower * count) + error) / count;
  return {mean * reciprocal_of_power(unit), rest * reciprocal_of_power(unit)};
}

// Standard deviation, ddof = 1: NaN for fewer than two values.
template <bool Joined>
Vec deviation_of(const Row& row, Mean mean) noexcept {
  const Vec up = row.limits.high - mean.value, down = mean.value - row.limits.low, count = row.limits.count;
  const Vec unit = unit_for(select(up > down, up, down));
  const auto [sum, error] = sum_of<Joined>(row, [=](Vec x) {
    const Vec gap = ((x - mean.value) - mean.rest) * unit;
    return gap * gap;
  });
  return select(count > 1.0, sqrt((sum + error) / (count - 1.0)) * reciprocal_of_power(unit), splat(kNaN));
}

}  // namespace jqfast::JQFAST_TARGET
