// Order across the stocks of one date or of each group: ranks by every tie rule, buckets, normal scores, clipping at
// quantiles.
#pragma once

#include <bit>

#include "cross_layout.inl.hpp"
#include "normal_quantile.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// The sorted stocks of one group, and room for a result for each of them.
struct Sequence {
  std::span<Ranked> sorted;
  double* result;
  [[nodiscard]] double size() const noexcept { return static_cast<double>(sorted.size()); }
};

inline std::size_t sequence_scratch(std::size_t n) noexcept {
  return order_scratch(n) + (n + kLanes) * (sizeof(Ranked) + sizeof(double));
}

// Calls f for every group, or once for all stocks; writes what f leaves in the sequence's `result`, and NaN for stocks
// without a value or a group.
template <class F>
void each_sequence(const CrossArgs& a, F f) noexcept {
  auto* grouped = reinterpret_cast<Ranked*>(static_cast<std::byte*>(a.scratch) + order_scratch(a.n));
  auto* result = reinterpret_cast<double*>(grouped + a.n + kLanes);
  std::fill_n(a.out, a.n, kNaN);
  const auto write = [&](std::span<Ranked> sorted) {
    if (sorted.empty()) return;
    f(Sequence{sorted, result});
    for (std::size_t i = 0; i < sorted.size(); ++i) a.out[sorted[i].stock] = result[i];
  };
  if (a.groups == nullptr) return write(sort_values(a.in[0], a.n, a.scratch));
  GroupLayout layout(a.layout, a.n);
  layout.update(a.groups, a.scratch);
  layout.distribute(sort_values(a.in[0], a.n, a.scratch), grouped, write);
}

// Calls g(first, last) for every run of equal values.
template <class G>
void each_tie(const double* x, std::span<const Ranked> sorted, G g) noexcept {
  for (std::size_t last = 1; last < sorted.size(); ++last) {
    if (x[sorted[last].stock] != x[sorted[last - 1].stock]) continue;
    const std::size_t first = last - 1;
    while (last + 1 < sorted.size() && x[sorted[last + 1].stock] == x[sorted[first].stock]) ++last;
    g(first, last);
  }
}

// 1, 2, ... as if all values differed.
inline void count_up(Sequence s) noexcept {
  for (std::size_t i = 0; i < s.sorted.size(); ++i) s.result[i] = static_cast<double>(i + 1);
}

// f(average rank from 1, number of values).
template <class F>
void rank_row(const CrossArgs& a, F f) noexcept {
  each_sequence(a, [&](Sequence s) {
    count_up(s);
    each_tie(a.in[0], s.sorted, [&](std::size_t first, std::size_t last) {
      std::fill(s.result + first, s.result + last + 1, 0.5 * static_cast<double>(first + last) + 1.0);
    });
    map_row(s.result, s.result, s.sorted.size(), [f, m = s.size()](Vec rank) { return f(rank, m); });
  });
}

// Percentile rank in (0, 1]: average rank / number of values.
inline void cs_rank(const CrossArgs& a) noexcept {
  rank_row(a, [](Vec rank, double m) { return rank / m; });
}

// Centred percentile (rank - (m + 1) / 2) / m * sqrt 12: mean 0 and, for many stocks, deviation 1.
inline void cs_centred_rank(const CrossArgs& a) noexcept {
  constexpr double kRoot12 = 3.4641016151377544;
  rank_row(a, [](Vec rank, double m) { return (rank - 0.5 * (m + 1.0)) / m * kRoot12; });
}

// Percentile of the lowest rank among equals.
inline void cs_rank_min(const CrossArgs& a) noexcept {
  each_sequence(a, [&](Sequence s) {
    count_up(s);
    each_tie(a.in[0], s.sorted, [&](std::size_t first, std::size_t last) {
      std::fill(s.result + first, s.result + last + 1, static_cast<double>(first + 1));
    });
    map_row(s.result, s.result, s.sorted.size(), [m = s.size()](Vec rank) { return rank / m; });
  });
}

// Number of the distinct value, over the number of distinct values.
inline void cs_rank_dense(const CrossArgs& a) noexcept {
  each_sequence(a, [&](Sequence s) {
    double distinct = 0.0, before = kNaN;
    for (std::size_t i = 0; i < s.sorted.size(); ++i) {
      const double x = a.in[0][s.sorted[i].stock];
      distinct += x != before ? 1.0 : 0.0;
      s.result[i] = distinct;
      before = x;
    }
    map_row(s.result, s.result, s.sorted.size(), [distinct](Vec rank) { return rank / distinct; });
  });
}

// Doubles as integers of the same order, NaN included; -0 and +0 are one value.
inline std::uint64_t ordered(double x) noexcept {
  const auto raw = std::bit_cast<std::uint64_t>(x + 0.0);
  return (raw >> 63) != 0 ? ~raw : raw | (1ull << 63);
}

// Percentile with ties broken by the second argument, lowest first (decision 26: the order of codes).
inline void cs_rank_first(const CrossArgs& a) noexcept {
  each_sequence(a, [&](Sequence s) {
    count_up(s);
    each_tie(a.in[0], s.sorted, [&](std::size_t first, std::size_t last) {
      const auto tied = s.sorted.subspan(first, last - first + 1);
      std::sort(tied.begin(), tied.end(), [&](const Ranked& x, const Ranked& y) {
        const auto kx = ordered(a.in[1][x.stock]), ky = ordered(a.in[1][y.stock]);
        return kx != ky ? kx < ky : x.stock < y.stock;
      });
    });
    map_row(s.result, s.result, s.sorted.size(), [m = s.size()](Vec rank) { return rank / m; });
  });
}

// Quantile bucket 0 .. count - 1 by the middle of the average rank; equals share a bucket.
inline void cs_bucket(const CrossArgs& a) noexcept {
  rank_row(a, [count = static_cast<double>(a.count)](Vec rank, double m) {
    const Vec place = (rank - 0.5) / m * count;
    const Vec whole = __builtin_convertvector(__builtin_convertvector(place, Mask), Vec);
    return select(whole < count - 1.0, whole, splat(count - 1.0));
  });
}

// Normal score: the standard normal quantile of (average rank - 1/2) / number of values.
inline void cs_normal(const CrossArgs& a) noexcept {
  rank_row(a, [](Vec rank, double m) { return normal_quantile((rank - 0.5) / m); });
}

}  // namespace jqfast::JQFAST_TARGET
