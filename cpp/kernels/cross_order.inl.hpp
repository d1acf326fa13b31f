// Order across the stocks of one date: ranks by every tie rule, buckets, normal scores, clipping at quantiles.
#pragma once

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "cross_section.inl.hpp"
#include "normal_quantile.inl.hpp"

namespace jqfast::JQFAST_TARGET {

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

inline std::size_t order_scratch(std::size_t n) noexcept {
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

// Sorts by key, then by place. Many items by radix, least significant digit first, skipping digits in which all keys
// agree; for few, clearing the counters would cost more than comparing.
inline constexpr std::size_t kFew = 256;
inline std::span<Keyed> sort_items(RankScratch s, std::size_t n) noexcept {
  if (n < kFew) {
    const auto few = s.items.first(n);
    std::sort(few.begin(), few.end(),
              [](const Keyed& x, const Keyed& y) { return x.key != y.key ? x.key < y.key : x.stock < y.stock; });
    return few;
  }
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

// The stocks that have a value, in ascending order of it; every other stock's output becomes NaN.
inline std::span<Keyed> sort_row(const CrossArgs& a) noexcept {
  const RankScratch s = carve(a.scratch, a.n);
  std::size_t m = 0;
  for (std::size_t i = 0; i < a.n; ++i) {
    a.out[i] = kNaN;
    if (std::isfinite(a.in[0][i])) s.items[m++] = {ordered(a.in[0][i]), static_cast<std::uint32_t>(i)};
  }
  return m == 0 ? std::span<Keyed>{} : sort_items(s, m);
}

// Calls f(first, last) for every run of equal values in sorted order.
template <class F>
void each_tie(std::span<const Keyed> sorted, F f) noexcept {
  for (std::size_t first = 0; first < sorted.size();) {
    std::size_t last = first;
    while (last + 1 < sorted.size() && sorted[last + 1].key == sorted[first].key) ++last;
    f(first, last);
    first = last + 1;
  }
}

// Writes f(average rank from 1, number of values) on every stock that has a value.
template <class F>
void rank_row(const CrossArgs& a, F f) noexcept {
  const auto sorted = sort_row(a);
  const auto m = static_cast<double>(sorted.size());
  each_tie(sorted, [&](std::size_t first, std::size_t last) {
    const double value = f(0.5 * static_cast<double>(first + last) + 1.0, m);
    for (; first <= last; ++first) a.out[sorted[first].stock] = value;
  });
}

// Percentile rank in (0, 1]: average rank / number of values.
inline void cs_rank(const CrossArgs& a) noexcept {
  rank_row(a, [](double rank, double m) { return rank / m; });
}

// Centred percentile (rank - (m + 1) / 2) / m * sqrt 12: mean 0 and, for many stocks, deviation 1.
inline void cs_centred_rank(const CrossArgs& a) noexcept {
  constexpr double kRoot12 = 3.4641016151377544;
  rank_row(a, [](double rank, double m) { return (rank - 0.5 * (m + 1.0)) / m * kRoot12; });
}

// Percentile of the lowest rank among equals.
inline void cs_rank_min(const CrossArgs& a) noexcept {
  const auto sorted = sort_row(a);
  const auto m = static_cast<double>(sorted.size());
  each_tie(sorted, [&](std::size_t first, std::size_t last) {
    const double value = static_cast<double>(first + 1) / m;
    for (; first <= last; ++first) a.out[sorted[first].stock] = value;
  });
}

// Number of the distinct value, over the number of distinct values.
inline void cs_rank_dense(const CrossArgs& a) noexcept {
  const auto sorted = sort_row(a);
  double distinct = 0.0;
  each_tie(sorted, [&](std::size_t first, std::size_t last) {
    distinct += 1.0;
    for (; first <= last; ++first) a.out[sorted[first].stock] = distinct;
  });
  for (const auto& item : sorted) a.out[item.stock] /= distinct;
}

// Percentile with ties broken by the second argument, lowest first (decision 26: the order of codes).
inline void cs_rank_first(const CrossArgs& a) noexcept {
  const auto sorted = sort_row(a);
  const auto m = static_cast<double>(sorted.size());
  each_tie(sorted, [&](std::size_t first, std::size_t last) {
    const auto tied = sorted.subspan(first, last - first + 1);
    std::sort(tied.begin(), tied.end(), [&](const Keyed& x, const Keyed& y) {
      const auto kx = ordered(a.in[1][x.stock]), ky = ordered(a.in[1][y.stock]);  // a total order, NaN included
      return kx != ky ? kx < ky : x.stock < y.stock;
    });
    for (; first <= last; ++first) a.out[sorted[first].stock] = static_cast<double>(first + 1) / m;
  });
}

// Quantile bucket 0 .. count - 1 by the middle of the average rank; equals share a bucket.
inline void cs_bucket(const CrossArgs& a) noexcept {
  const double count = a.count;
  rank_row(a, [count](double rank, double m) { return std::min(count - 1.0, std::floor((rank - 0.5) / m * count)); });
}

// Normal score: the standard normal quantile of (average rank - 1/2) / number of values.
inline void cs_normal(const CrossArgs& a) noexcept {
  rank_row(a, [](double rank, double m) { return (rank - 0.5) / m; });
  map_row(a.out, a.out, a.n, normal_quantile);
}

// The k-th smallest (from 0) of the values, which are reordered.
inline double select_kth(std::span<double> values, std::size_t k) noexcept {
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(k);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

// Quantile by linear interpolation (type 7) of `values`, which are reordered.
inline double quantile_of(std::span<double> values, double q) noexcept {
  const double position = static_cast<double>(values.size() - 1) * q;
  const auto k = static_cast<std::size_t>(position);
  const double share = position - static_cast<double>(k);
  const double low = select_kth(values, k);
  if (share == 0.0) return low;
  const double high = *std::min_element(values.begin() + static_cast<std::ptrdiff_t>(k) + 1, values.end());
  return low + (high - low) * share;
}

// Values clipped to the date's quantiles `low` and `high`.
inline void cs_winsorize(const CrossArgs& a) noexcept {
  auto* values = static_cast<double*>(a.scratch);
  std::size_t m = 0;
  for (std::size_t i = 0; i < a.n; ++i) {
    values[m] = a.in[0][i];
    m += std::isfinite(a.in[0][i]) ? 1 : 0;
  }
  const std::span<double> row(values, m);
  const double low = m == 0 ? kNaN : quantile_of(row, a.low);
  const double high = m == 0 ? kNaN : quantile_of(row, a.high);
  map_row(a.in[0], a.out, a.n, [=](Vec x) { return select(x < low, splat(low), select(x > high, splat(high), x)); });
}

}  // namespace jqfast::JQFAST_TARGET
