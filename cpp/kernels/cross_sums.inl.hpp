// Sums across the stocks of one date, or across groups of them, that do not depend on order.
//
// Non-finite values are missing. Terms are scaled to at most about 1 by a power of two, cut into two parts on fixed
// grids and added as integers, which never rounds: exact to 2^-86 of the largest term, so permuting stocks, or adding
// stocks without a value, changes no bit (Demmel & Nguyen 2015, reproducible summation).
//
// Values come as vectors. Either every lane is a group of its own, or all lanes are parts of one (`Joined`).
#pragma once

#include <algorithm>
#include <array>
#include <bit>

#include "cross_write.inl.hpp"
#include "double_double.inl.hpp"

namespace jqfast::JQFAST_TARGET {

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
template <class SoFar>
inline auto whole(const double* in, std::size_t n) noexcept {
  SoFar found, others;
  const std::size_t pairs = n / (2 * kLanes) * 2 * kLanes;
  for (std::size_t i = 0; i < pairs; i += 2 * kLanes) {
    found.add(load(in + i));
    others.add(load(in + i + kLanes));
  }
  found.add(others);
  each(in + pairs, n - pairs, [&](Vec x, std::size_t) { found.add(x); });
  return found.template total<true>();
}

inline Limits limits(const double* in, std::size_t n) noexcept { return whole<LimitsSoFar>(in, n); }

// How many values a group has and how far the largest of them lies from 0.
struct Reach {
  Vec largest, count;
};

class ReachSoFar {
 public:
  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    const Vec size = select(ok, abs(x), Vec{});
    largest_ = select(size > largest_, size, largest_);
    count_ -= reinterpret_cast<Bits>(ok);
  }

  void add(const ReachSoFar& other) noexcept {
    largest_ = select(other.largest_ > largest_, other.largest_, largest_);
    count_ += other.count_;
  }

  template <bool Joined>
  [[nodiscard]] Reach total() const noexcept {
    return {joined<Joined>(largest_, [](double a, double b) { return std::max(a, b); }),
            __builtin_convertvector(joined<Joined>(count_, [](auto a, auto b) { return a + b; }), Vec)};
  }

 private:
  Vec largest_{};
  Bits count_{};
};

inline Reach reach(const double* in, std::size_t n) noexcept { return whole<ReachSoFar>(in, n); }

// The values of one group, or of a group in each lane, and `next`, as many that will be needed soon.
struct Row {
  const double* values;
  std::size_t n;
  const double* next;
  Reach reach;
};

// The power of two that brings numbers up to `largest` into reach: below 1, or below 4 at the top of the range.
inline Vec unit_for(Vec largest) noexcept {
  const Bits exponent = (bits(largest) >> 52) & 0x7FFu;
  const Bits most = Bits{} + 2044u;
  return from_bits((2045u - (exponent > 2044u ? most : exponent)) << 52);
}

template <std::size_t Count>
struct RowOfTerms {
  Vec term[Count];
};

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

// The sums of terms(x)[0], terms(x)[1], ... over finite x; each is at most 16.
template <bool Joined, std::size_t Count, class Terms>
std::array<TwoSum, Count> sums_of(const Row& row, Terms terms) noexcept {
  std::array<GridSum, Count> sums;
  for (std::size_t first = 0; first < row.n; first += GridSum::kRun * kLanes) {
    const std::size_t count = std::min(row.n - first, GridSum::kRun * kLanes);
    each(row.values + first, count, row.next + first, [&](Vec x, std::size_t) {
      const Mask ok = is_finite(x);
      const RowOfTerms<Count> own = terms(x);
      for (std::size_t k = 0; k < Count; ++k) sums[k].add(select(ok, own.term[k], Vec{}));
    });
    for (auto& sum : sums) sum.carry((count + kLanes - 1) / kLanes);
  }
  std::array<TwoSum, Count> totals;
  for (std::size_t k = 0; k < Count; ++k) totals[k] = sums[k].template total<Joined>();
  return totals;
}

template <bool Joined, class Term>
TwoSum sum_of(const Row& row, Term term) noexcept {
  return sums_of<Joined, 1>(row, [&](Vec x) { return RowOfTerms<1>{{term(x)}}; })[0];
}

// A mean and what rounding it to a double has cut off.
struct Mean {
  Vec value, rest;
};

inline Mean quotient_of(TwoSum sum, Vec count) noexcept {
  const Vec mean = sum.sum / count;
  // count * mean exactly: the mean's upper half has so few digits that its product is a double, and so has the rest.
  const Vec upper = from_bits(bits(mean) & ~0x7FFFFFFull);
  const Vec lower = mean - upper;
  return {mean, (((sum.sum - upper * count) - lower * count) + sum.error) / count};
}

template <bool Joined>
Mean mean_of(const Row& row) noexcept {
  const Vec unit = unit_for(row.reach.largest), back = reciprocal_of_power(unit);
  const Mean mean = quotient_of(sum_of<Joined>(row, [unit](Vec x) { return x * unit; }), row.reach.count);
  return {mean.value * back, mean.rest * back};
}

struct Spread {
  Mean mean;
  Vec deviation;  // ddof = 1: NaN for fewer than two values
};

// The deviation from distances from the mean.
template <bool Joined>
[[gnu::noinline]] Vec deviation_from(const Row& row, Mean mean) noexcept {
  LimitsSoFar found;
  each(row.values, row.n, [&](Vec x, std::size_t) { found.add(x); });
  const Limits e = found.total<Joined>();
  const Vec up = e.high - mean.value, down = mean.value - e.low;
  const Vec unit = unit_for(select(up > down, up, down));
  const auto [sum, error] = sum_of<Joined>(row, [=](Vec x) {
    const Vec gap = ((x - mean.value) - mean.rest) * unit;
    return gap * gap;
  });
  return select(e.count > 1.0, sqrt((sum + error) / (e.count - 1.0)) * reciprocal_of_power(unit), splat(kNaN));
}

// Mean and deviation in one pass: S2 - S1^2 / n from exact sums has no error but the rounding of the squares, at most
// half an ulp of S2. Where the mean is so large beside the deviation that this could be seen, a second pass follows.
template <bool Joined>
Spread spread_of(const Row& row) noexcept {
  constexpr double kLeast = 1.0 / 8.0;  // of S2, that stays of it
  const Vec unit = unit_for(row.reach.largest), back = reciprocal_of_power(unit), count = row.reach.count;
  const auto [values, squares] = sums_of<Joined, 2>(row, [unit](Vec x) {
    const Vec scaled = x * unit;
    return RowOfTerms<2>{{scaled, scaled * scaled}};
  });
  const Mean scaled = quotient_of(values, count);
  const Mean mean{scaled.value * back, scaled.rest * back};
  const Pair product = exact_product(scaled.value, values.sum);
  const Vec rests = squares.error - product.low - (scaled.value * values.error + scaled.rest * values.sum);
  const Vec central = (squares.sum - product.high) + rests;
  // The largest square is at least 1/4, but for values near the ends of the range of doubles.
  const Mask sound = (central >= kLeast * squares.sum) & (squares.sum >= 0.25);
  Vec deviation = select(count > 1.0, sqrt(central / (count - 1.0)) * back, splat(kNaN));
  if (any(~sound & (count > 1.0))) deviation = select(sound, deviation, deviation_from<Joined>(row, mean));
  return {mean, deviation};
}

}  // namespace jqfast::JQFAST_TARGET
