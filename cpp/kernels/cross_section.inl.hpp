// Across the stocks of one date: sums that do not depend on order, and what is made of them.
//
// Non-finite values are missing. Sums are exact to about 2^-80 of the largest term and then rounded once: each term is
// cut into two parts on grids so coarse that adding all parts of a grid never rounds (Demmel & Nguyen 2015,
// reproducible summation). Permuting stocks, or adding stocks without a value, therefore changes no bit.
#pragma once

#include <algorithm>

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

template <class F>
void each(const double* in, std::size_t n, F f) noexcept {
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) f(load(in + i), i);
  if (i < n) {
    double rest[kLanes];
    std::fill_n(rest, kLanes, kNaN);
    std::copy(in + i, in + n, rest);
    f(load(rest), i);
  }
}

inline double horizontal(Vec v) noexcept {
  double sum = 0.0;
  for (std::size_t i = 0; i < kLanes; ++i) sum += v[i];
  return sum;
}

// What bounds a sum: the largest |term(x)| over finite x, and how many there are. Stocks without a value take no part,
// so that adding some changes no bit.
struct Bound {
  double largest = 0.0;
  double count = 0.0;
};

template <class Term>
Bound bound_of(const double* in, std::size_t n, Term term) noexcept {
  Vec most{}, count{};
  each(in, n, [&](Vec x, std::size_t) {
    const Mask ok = is_finite(x);
    const Vec size = select(ok, abs(term(x)), Vec{});
    most = select(size > most, size, most);
    count += select(ok, splat(1.0), Vec{});
  });
  Bound bound;
  for (std::size_t i = 0; i < kLanes; ++i) bound.largest = std::max(bound.largest, most[i]);
  bound.count = horizontal(count);
  return bound;
}

// Two constants c such that (x + c) - c rounds x to a grid on which n such parts add up without rounding: the first
// for terms up to `largest`, the second for what the first leaves over.
struct Grids {
  double coarse, fine;
};

inline Grids grids(Bound bound) noexcept {
  int exponent = 0, bits = 0;
  std::frexp(bound.largest, &exponent);
  std::frexp(bound.count, &bits);
  const int top = std::min(exponent + bits + 1, 1022);
  return {std::ldexp(1.5, top), std::ldexp(1.5, top - 50 + bits)};
}

// The sum of term(x) over finite x, given the bound of its terms.
template <class Term>
double exact_sum(const double* in, std::size_t n, Bound bound, Term term) noexcept {
  const auto [coarse, fine] = grids(bound);
  Vec high{}, low{};
  each(in, n, [&](Vec x, std::size_t) {
    const Vec t = select(is_finite(x), term(x), Vec{});
    const Vec top = (t + coarse) - coarse;
    high += top;
    low += ((t - top) + fine) - fine;
  });
  return horizontal(high) + horizontal(low);
}

struct RowMoments {
  double n, mean;
  double rest;       // what rounding the mean to a double has cut off
  double deviation;  // ddof = 1
};

inline RowMoments row_moments(const double* in, std::size_t n) noexcept {
  const auto itself = [](Vec x) { return x; };
  const Bound bound = bound_of(in, n, itself);
  const double mean = exact_sum(in, n, bound, itself) / bound.count;
  // Differences in units of the largest one, a power of two: neither a small spread on a high level nor large
  // numbers lose digits. What rounding the mean has shifted is taken back.
  int exponent = 0;
  std::frexp(bound_of(in, n, [mean](Vec x) { return x - mean; }).largest, &exponent);
  const double unit = std::ldexp(1.0, std::clamp(exponent, -1000, 1000));
  const double inverse = 1.0 / unit;
  const auto gap = [mean, inverse](Vec x) { return (x - mean) * inverse; };
  const Bound one{1.0, bound.count};
  const double shift = exact_sum(in, n, one, gap);
  const double squares = exact_sum(in, n, one, [gap](Vec x) { return gap(x) * gap(x); });
  const double spread = squares - shift * shift / bound.count;
  const double variance = bound.count > 1.0 ? std::max(0.0, spread) / (bound.count - 1.0) : kNaN;
  return {bound.count, mean, shift / bound.count * unit, std::sqrt(variance) * unit};
}

template <class F>
void map_row(const double* in, double* out, std::size_t n, F f) noexcept {
  each(in, n, [&](Vec x, std::size_t i) {
    const Vec y = select(is_finite(x), f(x), splat(kNaN));
    std::memcpy(out + i, &y, std::min(kLanes, n - i) * sizeof(double));
  });
}

// (x - mean) / deviation; 0 where all stocks are equal, NaN with fewer than two.
inline void cs_zscore(const CrossArgs& a) noexcept {
  const RowMoments m = row_moments(a.in[0], a.n);
  if (m.n >= 2.0 && !(m.deviation > 1e-14 * std::fabs(m.mean))) {
    return map_row(a.in[0], a.out, a.n, [](Vec) { return Vec{}; });
  }
  const double inverse = m.n >= 2.0 ? 1.0 / m.deviation : kNaN;
  map_row(a.in[0], a.out, a.n, [=](Vec x) { return ((x - m.mean) - m.rest) * inverse; });
}

inline void cs_demean(const CrossArgs& a) noexcept {
  const RowMoments m = row_moments(a.in[0], a.n);
  map_row(a.in[0], a.out, a.n, [=](Vec x) { return (x - m.mean) - m.rest; });
}

// The mean, on every stock that has a value.
inline void cs_mean(const CrossArgs& a) noexcept {
  const double mean = row_moments(a.in[0], a.n).mean;
  map_row(a.in[0], a.out, a.n, [=](Vec) { return splat(mean); });
}

inline void cs_std(const CrossArgs& a) noexcept {
  const double deviation = row_moments(a.in[0], a.n).deviation;
  map_row(a.in[0], a.out, a.n, [=](Vec) { return splat(deviation); });
}

// x over the sum of sizes, so that sizes add up to 1; NaN where all are 0.
inline void cs_scale(const CrossArgs& a) noexcept {
  const auto size = [](Vec x) { return abs(x); };
  const double total = exact_sum(a.in[0], a.n, bound_of(a.in[0], a.n, size), size);
  map_row(a.in[0], a.out, a.n, [total](Vec x) { return select(abs(x) <= total, x / total, splat(kNaN)); });
}

}  // namespace jqfast::JQFAST_TARGET
