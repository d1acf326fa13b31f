// Rolling order statistics: rank of today's value, quantiles, median absolute deviation.
//
// Ranks are counted: w comparisons per value, eight stocks at a time, no state. Quantiles keep the window sorted, lane
// by lane in step: one sweep takes the leaving value out and puts the entering one in. Missing values stand at the
// end of the order as +inf.
#pragma once

#include <algorithm>

#include "window.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Percentile of today's value among the window's values, ties averaged: (below + (equal + 1) / 2) / n, in (0, 1].
inline void op_rolling_rank(const TimeArgs& a) noexcept {
  const Vec least = splat(a.min_periods);
  OutCursor out(a.out[0], a.row0, a.pitch);
  Cursor today(a.in[0], a.row0, a.pitch);
  for (std::uint32_t r = 0; r < a.rows; ++r, out.next(), today.next()) {
    for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
      const Vec x = load(today.row() + lane);
      Vec n{}, below{}, equal{};
      Cursor past = today;
      for (std::uint32_t age = 0; age < a.window; ++age, past.back()) {
        const Vec y = load(past.row() + lane);
        n += select(is_finite(y), splat(1.0), Vec{});
        below += select((y < x) & (y != -kInf), splat(1.0), Vec{});
        equal += select(y == x, splat(1.0), Vec{});
      }
      const Vec percentile = (below + 0.5 * (equal + 1.0)) / n;
      store(out.row() + lane, select((n >= least) & is_finite(x), percentile, splat(kNaN)));
    }
  }
}

// The sorted windows of one vector of lanes: slot i holds the i-th smallest value, +inf behind the last.
class SortedWindow {
 public:
  SortedWindow(const TimeArgs& a, std::size_t lane) noexcept : slots_(a.state, a.window + 2, lane), window_(a.window) {
    if (a.row0 != 0) return;
    for (std::uint32_t i = 0; i <= window_; ++i) slots_.set(i, splat(kInf));  // one more, as a sentinel
    slots_.set(window_ + 1, Vec{});
  }

  [[nodiscard]] Vec count() const noexcept { return slots_.get(window_ + 1); }
  [[nodiscard]] Vec at(std::uint32_t i) const noexcept { return slots_.get(i); }
  [[nodiscard]] double at(std::uint32_t i, std::size_t l) const noexcept { return slots_.one(i, l); }

  // With d = the window without `leaving`, the new i-th value is min(d[i], max(d[i - 1], entering)).
  void replace(Vec leaving, Vec entering) const noexcept {
    const Mask gone = is_finite(leaving), come = is_finite(entering);
    slots_.set(window_ + 1, count() + select(come, splat(1.0), Vec{}) - select(gone, splat(1.0), Vec{}));
    const Vec out = select(gone, leaving, splat(kInf)), in = select(come, entering, splat(kInf));
    Vec here = slots_.get(0), left = splat(-kInf);
    for (std::uint32_t i = 0; i < window_; ++i) {
      const Vec next = slots_.get(i + 1);
      const Vec without = select(here < out, here, next);
      const Vec at_least = select(left > in, left, in);
      slots_.set(i, select(without < at_least, without, at_least));
      left = without;
      here = next;
    }
  }

 private:
  Slots slots_;
  std::uint32_t window_;
};

// Linear interpolation between order statistics at position (n - 1) q (type 7 of Hyndman & Fan 1996, as NumPy).
inline double quantile_of(const SortedWindow& sorted, std::size_t l, double n, double q) noexcept {
  const double position = (n - 1.0) * q;
  const double floor = std::floor(position);
  const double low = sorted.at(static_cast<std::uint32_t>(floor), l);
  const double share = position - floor;
  if (share == 0.0) return low;
  const double high = sorted.at(static_cast<std::uint32_t>(floor) + 1, l);
  return low + (high - low) * share;
}

inline Vec quantile(const SortedWindow& sorted, Vec n, double q, std::uint32_t window) noexcept {
  if (all(n == static_cast<double>(window))) {  // the usual case: the same position in every lane
    const double position = (window - 1.0) * q;
    const double floor = std::floor(position);
    const double share = position - floor;
    const Vec low = sorted.at(static_cast<std::uint32_t>(floor));
    if (share == 0.0) return low;
    return low + (sorted.at(static_cast<std::uint32_t>(floor) + 1) - low) * share;
  }
  Vec v = splat(kNaN);
  for (std::size_t l = 0; l < kLanes; ++l) {
    if (n[l] > 0.0) v[l] = quantile_of(sorted, l, n[l], q);
  }
  return v;
}

// Runs the sorted windows through the rows of a tile; put(o, sorted, n) makes output o of a row.
template <class Put>
void run_sorted(const TimeArgs& a, Put put) noexcept {
  const Vec least = splat(a.min_periods);
  const Operand leaving{a.in[0].ring, a.in[0].lag + a.window};
  for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
    const SortedWindow sorted(a, lane);
    Cursor in(a.in[0], a.row0, a.pitch), gone(leaving, a.row0, a.pitch);
    OutRows out(a);
    for (std::uint32_t r = 0; r < a.rows; ++r, in.next(), gone.next(), out.next()) {
      sorted.replace(load(gone.row() + lane), load(in.row() + lane));
      const Vec n = sorted.count();
      for (std::size_t o = 0; o < a.outputs; ++o) {
        store(out.row(o) + lane, select(n >= least, put(o, sorted, n), splat(kNaN)));
      }
    }
  }
}

inline void op_quantiles(const TimeArgs& a) noexcept {
  run_sorted(a, [&a](std::size_t o, const SortedWindow& s, Vec n) { return quantile(s, n, a.numbers[o], a.window); });
}

// Median of |x - median| of one lane: distances grow to both sides of the median; walk outward, the nearer first.
inline double deviation_of(const SortedWindow& sorted, std::size_t l, double n) noexcept {
  const double median = quantile_of(sorted, l, n, 0.5);
  const auto count = static_cast<std::uint32_t>(n);
  std::uint32_t right = 0;
  while (right < count && sorted.at(right, l) < median) ++right;
  std::uint32_t left = right;  // values below are [0, left), above or equal [right, count)
  double before = 0.0, last = 0.0;
  for (std::uint32_t taken = 0; taken <= count / 2; ++taken) {
    const double down = left > 0 ? median - sorted.at(left - 1, l) : kInf;
    const double up = right < count ? sorted.at(right, l) - median : kInf;
    before = last;
    last = std::min(down, up);
    down < up ? --left : ++right;
  }
  return count % 2 == 1 ? last : before + (last - before) * 0.5;
}

inline void op_mad(const TimeArgs& a) noexcept {
  run_sorted(a, [](std::size_t, const SortedWindow& s, Vec n) {
    Vec v = splat(kNaN);
    for (std::size_t l = 0; l < kLanes; ++l) {
      if (n[l] > 0.0) v[l] = deviation_of(s, l, n[l]);
    }
    return v;
  });
}

inline std::size_t order_state(std::uint32_t window) noexcept { return window + std::size_t{2}; }

}  // namespace jqfast::JQFAST_TARGET
