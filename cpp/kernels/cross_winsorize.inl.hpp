// Values of a date clipped at two of its quantiles.
#pragma once

#include "cross_order.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Where a quantile lies among m sorted values (type 7): at place `index` and `share` of the way to the next.
struct Position {
  std::size_t index;
  double share;
  Position(std::size_t m, double q) noexcept {
    const double at = static_cast<double>(m - 1) * q;
    index = static_cast<std::size_t>(at);
    share = at - static_cast<double>(index);
  }
  [[nodiscard]] std::size_t last() const noexcept { return share == 0.0 ? index : index + 1; }
  [[nodiscard]] double between(double low, double high) const noexcept {
    return share == 0.0 ? low : low + (high - low) * share;
  }
};

// Quantiles of a row that is not sorted: values are counted by bucket, and only those in the buckets of the places
// asked for are looked at.
class Selection {
 public:
  Selection(const double* in, std::size_t n, void* scratch) noexcept
      : in_(in), room_(sort_room(scratch, n)), values_(reinterpret_cast<double*>(room_.spare.data())) {
    const Limits e = limits(in, n);
    m_ = gather_items(in, n, Buckets(e.low[0], e.high[0], static_cast<double>(kBuckets)), room_.items.data());
    std::fill_n(room_.counts.data(), kBuckets, 0u);
    for (std::size_t i = 0; i < m_; ++i) ++room_.counts[room_.items[i].bucket];
  }

  [[nodiscard]] bool empty() const noexcept { return m_ == 0; }

  double quantile(double q) noexcept {
    const Position at(m_, q);
    const auto [bucket, before] = find(at.index);
    std::size_t last = bucket;
    if (before + room_.counts[bucket] <= at.last()) {
      do ++last;
      while (room_.counts[last] == 0);
    }
    double* end = collect(bucket, last);
    double* place = values_ + (at.index - before);
    std::nth_element(values_, place, end);
    return at.between(*place, at.share == 0.0 ? *place : *std::min_element(place + 1, end));
  }

 private:
  static constexpr std::size_t kBuckets = 2 * kMostDigits;

  struct Found {
    std::size_t bucket, before;  // values in lower buckets
  };

  // The bucket of the k-th smallest value, from the nearer end.
  [[nodiscard]] Found find(std::size_t k) const noexcept {
    if (k < m_ / 2) {
      std::size_t before = 0, bucket = 0;
      while (before + room_.counts[bucket] <= k) before += room_.counts[bucket++];
      return {bucket, before};
    }
    std::size_t before = m_, bucket = kBuckets;
    do before -= room_.counts[--bucket];
    while (before > k);
    return {bucket, before};
  }

  // The values of buckets [first, last]; returns their end.
  double* collect(std::size_t first, std::size_t last) noexcept {
    double* end = values_;
    for (std::size_t i = 0; i < m_; i += kLanes) {
      Bits item;
      std::memcpy(&item, room_.items.data() + i, sizeof item);
      if (!any(((item >> 32) >= first) & ((item >> 32) <= last))) continue;
      for (std::size_t k = i; k < std::min(m_, i + kLanes); ++k) {
        *end = in_[room_.items[k].stock];
        end += room_.items[k].bucket >= first && room_.items[k].bucket <= last ? 1 : 0;
      }
    }
    return end;
  }

  const double* in_;
  SortRoom room_;
  double* values_;
  std::size_t m_ = 0;
};

inline void cs_winsorize(const CrossArgs& a) noexcept {
  const auto clipped = [](double low, double high) {
    return [=](Vec x) { return select(x < low, splat(low), select(x > high, splat(high), x)); };
  };
  if (a.groups != nullptr) {
    return each_sequence(a, [&](Sequence s) {
      for (std::size_t i = 0; i < s.sorted.size(); ++i) s.result[i] = a.in[0][s.sorted[i].stock];
      const auto quantile = [&](double q) {
        const Position at(s.sorted.size(), q);
        return at.between(s.result[at.index], s.result[at.last()]);
      };
      map_row(s.result, s.result, s.sorted.size(), clipped(quantile(a.low), quantile(a.high)));
    });
  }
  Selection row(a.in[0], a.n, a.scratch);
  if (row.empty()) return static_cast<void>(std::fill_n(a.out, a.n, kNaN));
  const double low = row.quantile(a.low), high = row.quantile(a.high);
  map_row(a.in[0], a.out, a.n, [&](Vec x) { return select(is_finite(x), clipped(low, high)(x), x); });
}

}  // namespace jqfast::JQFAST_TARGET
