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
// what f adds up stays in registers.
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

template <bool Joined>
Limits limits(const double* in, std::size_t n) noexcept {
  Vec low = splat(kInf), high = splat(-kInf);
  Bits count{};
  each(in, n, [&](Vec x, std::size_t) {
    const Mask ok = is_finite(x);
    const Vec smaller = select(x < low, x, low), greater = select(x > high, x, high);
    low = select(ok, smaller, low);
    high = select(ok, greater, high);
    count -= reinterpret_cast<Bits>(ok);
  });
  return {joined<Joined>(low, [](double a, double b) { return std::min(a, b); }),
          joined<Joined>(high, [](double a, double b) { return std::max(a, b); }),
          __builtin_convertvector(joined<Joined>(count, [](auto a, auto b) { return a + b; }), Vec)};
}

// The power of two that brings numbers up to `largest` into reach: below 1, or below 4 at the top of the range.
inline Vec unit_for(Vec largest) noexcept {
  const Bits exponent = (bits(largest) >> 52) & 0x7FFu;
  const Bits most = Bits{} + 2044u;
  return from_bits((2045u - (exponent > 2044u ? most : exponent)) << 52);
}

// Adds up terms of at most 16.
class GridSum {
 public:
  void add(Vec term) noexcept {
    const Vec coarse = term + kCoarse;
    const Vec fine = (term - (coarse - kCoarse)) + kFine;
    high_ += bits(coarse) - std::bit_cast<std::uint64_t>(kCoarse);
    low_ += bits(fine) - std::bit_cast<std::uint64_t>(kFine);
  }

  // To be called after at most kRun additions: makes room for as many more.
  void carry() noexcept {
    upper_ += reinterpret_cast<Mask>(high_) >> 32;
    high_ &= 0xFFFFFFFFu;
    lower_ += reinterpret_cast<Mask>(low_) >> 32;
    low_ &= 0xFFFFFFFFu;
  }

  template <bool Joined>
  [[nodiscard]] TwoSum total() noexcept {
    carry();
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
TwoSum sum_of(const double* in, std::size_t n, Term term) noexcept {
  GridSum sum;
  for (std::size_t first = 0; first < n; first += GridSum::kRun * kLanes) {
    each(in + first, std::min(n - first, GridSum::kRun * kLanes),
         [&](Vec x, std::size_t) { sum.add(select(is_finite(x), term(x), Vec{})); });
    sum.carry();
  }
  return sum.total<Joined>();
}

// A mean and what rounding it to a double has cut off.
struct Mean {
  Vec value, rest;
};

template <bool Joined>
Mean mean_of(const double* in, std::size_t n, const Limits& e) noexcept {
  const Vec unit = unit_for(e.largest());
  const auto [sum, error] = sum_of<Joined>(in, n, [unit](Vec x) { return x * unit; });
  const Vec mean = sum / e.count;
  // count * mean exactly: the mean's upper half has so few digits that its product is a double, and so has the rest.
  const Vec upper = from_bits(bits(mean) & ~0x7FFFFFFull);
  const Vec lower = mean - upper;
  const Vec rest = (((sum - upper * e.count) - lower * e.count) + error) / e.count;
  return {mean * reciprocal_of_power(unit), rest * reciprocal_of_power(unit)};
}

// Standard deviation, ddof = 1: NaN for fewer than two values.
template <bool Joined>
Vec deviation_of(const double* in, std::size_t n, const Limits& e, Mean mean) noexcept {
  const Vec up = e.high - mean.value, down = mean.value - e.low;
  const Vec unit = unit_for(select(up > down, up, down));
  const auto [sum, error] = sum_of<Joined>(in, n, [=](Vec x) {
    const Vec gap = ((x - mean.value) - mean.rest) * unit;
    return gap * gap;
  });
  return select(e.count > 1.0, sqrt((sum + error) / (e.count - 1.0)) * reciprocal_of_power(unit), splat(kNaN));
}

}  // namespace jqfast::JQFAST_TARGET
