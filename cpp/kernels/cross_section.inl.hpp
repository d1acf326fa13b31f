// Across the stocks of one date: sums that do not depend on order, z-scores, ranks.
//
// Non-finite values are missing. Sums are exact to about 2^-80 of the largest term and then rounded once: each term is
// cut into two parts on grids so coarse that adding all parts of a grid never rounds (Demmel & Nguyen 2015,
// reproducible summation). Permuting stocks, or adding stocks without a value, therefore changes no bit.
#pragma once

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

// Two constants c such that (x + c) - c rounds x to a grid on which n such parts add up without rounding: the first
// for terms up to `largest`, the second for what the first leaves over.
struct Grids {
  double coarse, fine;
};

inline Grids grids(double largest, double n) noexcept {
  int exponent = 0, bits = 0;
  std::frexp(largest, &exponent);
  std::frexp(n, &bits);
  const int top = std::min(exponent + bits + 1, 1022);
  return {std::ldexp(1.5, top), std::ldexp(1.5, top - 50 + bits)};
}

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

struct RowSum {
  double count = 0.0;
  double sum = 0.0;
};

// The sum of term(x) over finite x, given the largest |term|.
template <class Term>
RowSum exact_sum(const double* in, std::size_t n, double largest, Term term) noexcept {
  const auto [coarse, fine] = grids(largest, static_cast<double>(n));
  Vec count{}, high{}, low{};
  each(in, n, [&](Vec x, std::size_t) {
    const Mask ok = is_finite(x);
    const Vec t = select(ok, term(x), Vec{});
    const Vec top = (t + coarse) - coarse;
    count += select(ok, splat(1.0), Vec{});
    high += top;
    low += ((t - top) + fine) - fine;
  });
  return {horizontal(count), horizontal(high) + horizontal(low)};
}

// The largest |term(x)| over finite x.
template <class Term>
double largest_finite(const double* in, std::size_t n, Term term) noexcept {
  Vec most{};
  each(in, n, [&](Vec x, std::size_t) {
    const Vec size = select(is_finite(x), abs(term(x)), Vec{});
    most = select(size > most, size, most);
  });
  double largest = 0.0;
  for (std::size_t i = 0; i < kLanes; ++i) largest = std::max(largest, most[i]);
  return largest;
}

struct RowMoments {
  double n, mean;
  double rest;       // what rounding the mean to a double has cut off
  double deviation;  // ddof = 1
};

inline RowMoments row_moments(const double* in, std::size_t n) noexcept {
  const auto itself = [](Vec x) { return x; };
  const RowSum total = exact_sum(in, n, largest_finite(in, n, itself), itself);
  const double mean = total.sum / total.count;
  // Differences in units of the largest one, a power of two: neither a small spread on a high level nor large
  // numbers lose digits. What rounding the mean has shifted is taken back.
  int exponent = 0;
  std::frexp(largest_finite(in, n, [mean](Vec x) { return x - mean; }), &exponent);
  const double unit = std::ldexp(1.0, std::clamp(exponent, -1000, 1000));
  const double inverse = 1.0 / unit;
  const auto gap = [mean, inverse](Vec x) { return (x - mean) * inverse; };
  const double shift = exact_sum(in, n, 1.0, gap).sum;
  const RowSum squares = exact_sum(in, n, 1.0, [gap](Vec x) { return gap(x) * gap(x); });
  const double spread = squares.sum - shift * shift / total.count;
  const double variance = total.count > 1.0 ? std::max(0.0, spread) / (total.count - 1.0) : kNaN;
  return {total.count, mean, shift / total.count * unit, std::sqrt(variance) * unit};
}

template <class F>
void map_row(const double* in, double* out, std::size_t n, F f) noexcept {
  each(in, n, [&](Vec x, std::size_t i) {
    const Vec y = select(is_finite(x), f(x), splat(kNaN));
    std::memcpy(out + i, &y, std::min(kLanes, n - i) * sizeof(double));
  });
}

// (x - mean) / deviation; 0 where all stocks are equal, NaN with fewer than two.
inline void cs_zscore(const double* in, double* out, std::size_t n, void*) noexcept {
  const RowMoments m = row_moments(in, n);
  if (m.n >= 2.0 && !(m.deviation > 1e-14 * std::fabs(m.mean))) {
    return map_row(in, out, n, [](Vec) { return Vec{}; });
  }
  const double inverse = m.n >= 2.0 ? 1.0 / m.deviation : kNaN;
  map_row(in, out, n, [=](Vec x) { return ((x - m.mean) - m.rest) * inverse; });
}

inline void cs_demean(const double* in, double* out, std::size_t n, void*) noexcept {
  const RowMoments m = row_moments(in, n);
  map_row(in, out, n, [=](Vec x) { return (x - m.mean) - m.rest; });
}

// The mean, on every stock that has a value.
inline void cs_mean(const double* in, double* out, std::size_t n, void*) noexcept {
  const double mean = row_moments(in, n).mean;
  map_row(in, out, n, [=](Vec) { return splat(mean); });
}

inline void cs_std(const double* in, double* out, std::size_t n, void*) noexcept {
  const double deviation = row_moments(in, n).deviation;
  map_row(in, out, n, [=](Vec) { return splat(deviation); });
}

struct Keyed {
  std::uint64_t key;
  std::uint32_t stock;
};

// Doubles as integers of the same order; -0 and +0 are one value.
inline std::uint64_t ordered(double x) noexcept {
  const auto raw = std::bit_cast<std::uint64_t>(x + 0.0);
  return (raw >> 63) != 0 ? ~raw : raw | (1ull << 63);
}

inline constexpr unsigned kDigitBits = 11;
inline constexpr std::size_t kDigits = 6;  // 6 * 11 >= 64
inline constexpr std::size_t kBuckets = std::size_t{1} << kDigitBits;

struct RankScratch {
  std::span<Keyed> items, spare;
  std::span<std::uint32_t> counts;  // kDigits * kBuckets
};

inline std::size_t cross_scratch(std::size_t n) noexcept {
  return 2 * n * sizeof(Keyed) + kDigits * kBuckets * sizeof(std::uint32_t);
}

inline RankScratch carve(void* scratch, std::size_t n) noexcept {
  auto* items = static_cast<Keyed*>(scratch);
  auto* counts = reinterpret_cast<std::uint32_t*>(items + 2 * n);
  return {{items, n}, {items + n, n}, {counts, kDigits * kBuckets}};
}

inline std::size_t digit(std::uint64_t key, std::size_t d) noexcept {
  return static_cast<std::size_t>(key >> (d * kDigitBits)) & (kBuckets - 1);
}

// Stable radix sort by key, least significant digit first; digits in which all keys agree are skipped.
inline std::span<Keyed> radix_sort(RankScratch s, std::size_t n) noexcept {
  std::fill(s.counts.begin(), s.counts.end(), 0u);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t d = 0; d < kDigits; ++d) ++s.counts[d * kBuckets + digit(s.items[i].key, d)];
  }
  for (std::size_t d = 0; d < kDigits; ++d) {
    const auto counts = s.counts.subspan(d * kBuckets, kBuckets);
    if (counts[digit(s.items[0].key, d)] == n) continue;
    std::uint32_t start = 0;
    for (auto& c : counts) start += std::exchange(c, start);
    for (std::size_t i = 0; i < n; ++i) s.spare[counts[digit(s.items[i].key, d)]++] = s.items[i];
    std::swap(s.items, s.spare);
  }
  return s.items.first(n);
}

// Writes f(average rank from 1, number of values) on every stock that has a value.
template <class F>
void rank_row(const double* in, double* out, std::size_t n, void* scratch, F f) noexcept {
  const RankScratch s = carve(scratch, n);
  std::size_t m = 0;
  for (std::size_t i = 0; i < n; ++i) {
    out[i] = kNaN;
    if (std::isfinite(in[i])) s.items[m++] = {ordered(in[i]), static_cast<std::uint32_t>(i)};
  }
  if (m == 0) return;
  const auto sorted = radix_sort(s, m);
  for (std::size_t first = 0; first < m;) {
    std::size_t last = first;
    while (last + 1 < m && sorted[last + 1].key == sorted[first].key) ++last;
    const double rank = 0.5 * static_cast<double>(first + last) + 1.0;
    const double value = f(rank, static_cast<double>(m));
    for (; first <= last; ++first) out[sorted[first].stock] = value;
  }
}

// Percentile rank in (0, 1]: average rank / number of values.
inline void cs_rank(const double* in, double* out, std::size_t n, void* scratch) noexcept {
  rank_row(in, out, n, scratch, [](double rank, double m) { return rank / m; });
}

// Centred percentile (rank - (m + 1) / 2) / m * sqrt 12: mean 0 and, for many stocks, deviation 1.
inline void cs_centred_rank(const double* in, double* out, std::size_t n, void* scratch) noexcept {
  constexpr double kRoot12 = 3.4641016151377544;
  rank_row(in, out, n, scratch, [](double rank, double m) { return (rank - 0.5 * (m + 1.0)) / m * kRoot12; });
}

inline void fill_cross(KernelTable& t) noexcept {
  const auto set = [&t](Op op, CrossKernel kernel) { t.cross[static_cast<std::size_t>(op)] = kernel; };
  set(Op::cs_rank, cs_rank);
  set(Op::cs_centred_rank, cs_centred_rank);
  set(Op::cs_zscore, cs_zscore);
  set(Op::cs_demean, cs_demean);
  set(Op::cs_mean, cs_mean);
  set(Op::cs_std, cs_std);
  t.cross_scratch = cross_scratch;
}

}  // namespace jqfast::JQFAST_TARGET
