// Sorting the stocks of a date by value.
//
// Values are spread evenly over a few thousand squared buckets by their distance from the smallest, which keeps their
// order; stocks are sorted by bucket with two counting passes, and the few that share a bucket by their values. Where
// many do, as beside an outlier, the same happens to them again.
#pragma once

#include <algorithm>
#include <bit>
#include <span>
#include <utility>

#include "cross_sums.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// A stock and the bucket of its value; ordered by bucket, then by stock.
struct Ranked {
  std::uint32_t stock, bucket;
};

inline constexpr unsigned kMostDigitBits = 11;
inline constexpr std::size_t kMostDigits = std::size_t{1} << kMostDigitBits;

struct SortRoom {
  std::span<Ranked> items, spare;
  std::span<std::uint32_t> counts;  // 2 * kMostDigits
};

inline std::size_t order_scratch(std::size_t n) noexcept {
  return 2 * (n + kLanes) * sizeof(Ranked) + 2 * kMostDigits * sizeof(std::uint32_t);
}

inline SortRoom sort_room(void* scratch, std::size_t n) noexcept {
  auto* items = static_cast<Ranked*>(scratch);
  auto* counts = reinterpret_cast<std::uint32_t*>(items + 2 * (n + kLanes));
  return {{items, n + kLanes}, {items + n + kLanes, n + kLanes}, {counts, 2 * kMostDigits}};
}

// Numbers of buckets for values between two bounds: monotone in the value, below `count`. All are 0 where the range
// of the values is no number to divide by.
struct Buckets {
  double low = 0.0, factor = 0.0;
  Buckets(double smallest, double largest, double count) noexcept {
    const double range = largest - smallest;
    if (range > 1e-290 && range < kInf) low = smallest, factor = (count - 1.0) / range;
  }
  [[nodiscard]] Bits of(Vec x) const noexcept { return bits((x - low) * factor + 0x1p52) & 0xFFFFFFFFu; }
  [[nodiscard]] std::uint32_t of(double x) const noexcept {
    return static_cast<std::uint32_t>(std::bit_cast<std::uint64_t>((x - low) * factor + 0x1p52));
  }
};

// The stocks that have a value, with their buckets; `items` has room for a vector more than there are.
inline std::size_t gather_items(const double* in, std::size_t n, Buckets buckets, Ranked* items) noexcept {
  Bits place;
  for (std::size_t i = 0; i < kLanes; ++i) place[i] = i;
  std::size_t m = 0;
  each(in, n, [&](Vec x, std::size_t i) { m += pack(items + m, (buckets.of(x) << 32) | (place + i), is_finite(x)); });
  return m;
}

class Sorter {
 public:
  Sorter(const double* values, SortRoom room) noexcept : x_(values), room_(room) {}

  // Sorts items [first, first + m) by value, then by stock; they are in the order of stocks now.
  void sort(std::size_t first, std::size_t m, unsigned digit_bits) noexcept {
    counting_sort(first, m, digit_bits);
    auto* item = room_.items.data() + first;
    for (std::size_t i = 1; i < m; ++i) {
      if (item[i].bucket != item[i - 1].bucket) continue;
      const std::size_t start = i - 1;
      while (i < m && item[i].bucket == item[start].bucket) ++i;
      refine(first + start, i - start);
    }
  }

  static unsigned digit_bits(std::size_t m) noexcept {
    return std::clamp(static_cast<unsigned>(std::bit_width(m)) - 1u, 8u, kMostDigitBits);
  }

 private:
  static constexpr std::size_t kFew = 24, kSome = 256;

  void counting_sort(std::size_t first, std::size_t m, unsigned digit_bits) noexcept {
    const std::size_t digits = std::size_t{1} << digit_bits, mask = digits - 1;
    auto *low = room_.counts.data(), *high = low + digits;
    std::fill_n(low, 2 * digits, 0u);
    auto *from = room_.items.data() + first, *to = room_.spare.data() + first;
    for (std::size_t i = 0; i < m; ++i) {
      ++low[from[i].bucket & mask];
      ++high[from[i].bucket >> digit_bits];
    }
    std::uint32_t low_start = 0, high_start = 0;
    for (std::size_t d = 0; d < digits; ++d) {
      low_start += std::exchange(low[d], low_start);
      high_start += std::exchange(high[d], high_start);
    }
    for (std::size_t i = 0; i < m; ++i) to[low[from[i].bucket & mask]++] = from[i];
    for (std::size_t i = 0; i < m; ++i) from[high[to[i].bucket >> digit_bits]++] = to[i];
  }

  // Items of one bucket, in the order of stocks.
  void refine(std::size_t first, std::size_t m) noexcept {
    auto* item = room_.items.data() + first;
    if (m <= kFew) return insert(item, m);
    double low = kInf, high = -kInf;
    for (std::size_t i = 0; i < m; ++i) {
      low = std::min(low, x_[item[i].stock]);
      high = std::max(high, x_[item[i].stock]);
    }
    if (low == high) return;
    const unsigned bits = digit_bits(m);
    const Buckets buckets(low, high, static_cast<double>(std::size_t{1} << (2 * bits)));
    if (m <= kSome || buckets.factor == 0.0) {
      std::sort(item, item + m, [this](const Ranked& a, const Ranked& b) {
        return x_[a.stock] != x_[b.stock] ? x_[a.stock] < x_[b.stock] : a.stock < b.stock;
      });
      return;
    }
    for (std::size_t i = 0; i < m; ++i) item[i].bucket = buckets.of(x_[item[i].stock]);
    sort(first, m, bits);
  }

  void insert(Ranked* item, std::size_t m) const noexcept {
    for (std::size_t i = 1; i < m; ++i) {
      const Ranked own = item[i];
      const double x = x_[own.stock];
      std::size_t to = i;
      for (; to > 0 && x_[item[to - 1].stock] > x; --to) item[to] = item[to - 1];
      item[to] = own;
    }
  }

  const double* x_;
  SortRoom room_;
};

// The stocks that have a value, in ascending order of it, equals in the order of stocks.
inline std::span<Ranked> sort_values(const double* in, std::size_t n, void* scratch) noexcept {
  const SortRoom room = sort_room(scratch, n);
  const Limits e = limits(in, n);
  const unsigned bits = Sorter::digit_bits(static_cast<std::size_t>(e.count[0]));
  const Buckets buckets(e.low[0], e.high[0], static_cast<double>(std::size_t{1} << (2 * bits)));
  const std::size_t m = gather_items(in, n, buckets, room.items.data());
  Sorter(in, room).sort(0, m, bits);
  return room.items.first(m);
}

}  // namespace jqfast::JQFAST_TARGET
