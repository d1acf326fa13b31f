// Rolling order statistics: rank of today's value, quantiles, median absolute deviation.
//
// Ranks are counted, w comparisons per value: lane by lane down the column, so that its last w rows stay in the first
// level of cache, in integers, so that a comparison costs one addition of its mask. Quantiles keep the window sorted,
// lane by lane in step: one sweep takes the leaving value out and puts the entering one in. Missing values stand at the
// end of the order as +inf.
#pragma once

#include <algorithm>

#include "window_outputs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// One more in the lanes where `hit` holds.
inline Mask counted(Mask count, Mask hit) noexcept {
#if defined(__AVX512F__)
  return hit ? count + 1 : count;
#else
  return count - hit;
#endif
}

// A count as double: its bits below those of 2^52. No instruction set before AVX-512 converts 64-bit integers.
inline Vec as_double(Mask count) noexcept {
  constexpr double kUnit = 0x1p52;
  return from_bits(reinterpret_cast<Bits>(count) | bits(splat(kUnit))) - kUnit;
}

// How many values of a window there are, and how many are -inf: missing, but smaller than everything.
struct Present {
  Mask finite, lowest;
  void add(Vec x) noexcept {
    finite = counted(finite, is_finite(x));
    lowest = counted(lowest, x == -kInf);
  }
  void remove(Vec x) noexcept {
    finite += is_finite(x);
    lowest += x == -kInf;
  }
};

// Percentile of today's value among the window's values, ties averaged: (below + (equal + 1) / 2) / n, in (0, 1].
inline Vec percentile(const Column& column, std::uint32_t window, const Present& present) noexcept {
  const Vec x = column.today();
  Mask below{}, up_to{};
  column.each(window, [&](Vec y) {
    below = counted(below, y < x);
    up_to = counted(up_to, y <= x);
  });
  const Vec less = as_double(below - present.lowest), equal = as_double(up_to - below);
  return select(is_finite(x), (less + 0.5 * (equal + 1.0)) / as_double(present.finite), splat(kNaN));
}

inline void op_rolling_rank(const TimeArgs& a) noexcept {
  const Vec least = splat(a.min_periods);
  for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
    Column column(a.in[0], a.row0, a.pitch, lane);
    OutCursor out(a.out[0], a.row0, a.pitch);
    Present present{};
    for (std::uint32_t age = 1; age < a.window; ++age) present.add(column.before(age));
    for (std::uint32_t r = 0; r < a.rows; ++r, out.next(), column.next()) {
      present.add(column.today());
      const Vec rank = percentile(column, a.window, present);
      const Vec n = as_double(present.finite);
      present.remove(column.before(a.window - 1));  // before the store: without history, output and input share a ring
      store(out.row() + lane, select(n >= least, rank, splat(kNaN)));
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

  // At most the window: counts become places in it, and a state that was not saved by a session may hold any number.
  [[nodiscard]] Vec count() const noexcept {
    const Vec n = slots_.get(window_ + 1), most = splat(window_);
    return select(n < most, n, most);
  }
  [[nodiscard]] Vec at(std::uint32_t i) const noexcept { return slots_.get(i); }

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

// f(n) in the lanes that have n values, for every n of at least `least` that occurs, the window's length first: in most
// vectors all lanes that matter have it, and a position in the order is then the same in every lane.
template <class F>
Vec by_count(Vec n, double least, double window, F f) noexcept {
  Vec v = splat(kNaN);
  Mask open = n >= least;
  double m = window;
  for (std::size_t l = 0; any(open);) {
    const Mask same = open & (n == m);
    if (any(same)) v = select(same, f(m), v);
    open = open & ~same;
    while (l < kLanes && open[l] == 0) ++l;
    if (l < kLanes) m = n[l];
  }
  return v;
}

// Linear interpolation between order statistics at position (n - 1) q (type 7 of Hyndman & Fan 1996, as NumPy).
inline Vec quantile(const SortedWindow& sorted, double n, double q) noexcept {
  const double position = (n - 1.0) * q;
  const double floor = std::floor(position);
  const double share = position - floor;
  const auto at = static_cast<std::uint32_t>(floor);
  const Vec low = sorted.at(at);
  return share == 0.0 ? low : low + (sorted.at(at + 1) - low) * share;
}

// Median of |x - median|. The k values nearest to the median are neighbours in the order, so the k-th smallest distance
// is the least, over all runs of k neighbours, of the larger distance of their two ends.
inline Vec deviation(const SortedWindow& sorted, double n) noexcept {
  const Vec median = quantile(sorted, n, 0.5);
  const auto count = static_cast<std::uint32_t>(n);
  const std::uint32_t half = count / 2;
  const auto larger = [](Vec a, Vec b) { return select(a > b, a, b); };
  const auto smaller = [](Vec a, Vec b) { return select(a < b, a, b); };
  Vec upper = splat(kInf);  // distance number half + 1
  if (count % 2 == 1) {
    for (std::uint32_t i = 0; i <= half; ++i) {
      upper = smaller(larger(median - sorted.at(i), sorted.at(i + half) - median), upper);
    }
    return upper;
  }
  Vec lower = splat(kInf);  // distance number half
  Vec end = sorted.at(half - 1) - median;
  for (std::uint32_t i = 0; i < half; ++i) {
    const Vec start = median - sorted.at(i);
    lower = smaller(larger(start, end), lower);
    end = sorted.at(i + half) - median;
    upper = smaller(larger(start, end), upper);
  }
  lower = smaller(larger(median - sorted.at(half), end), lower);
  return lower + (upper - lower) * 0.5;
}

// Runs the sorted windows through the rows of a tile; f(o, sorted, n) makes output o of lanes with n values.
template <class F>
void run_sorted(const TimeArgs& a, F f) noexcept {
  const Operand leaving{a.in[0].ring, a.in[0].lag + a.window};
  for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
    const SortedWindow sorted(a, lane);
    Cursor in(a.in[0], a.row0, a.pitch), gone(leaving, a.row0, a.pitch);
    OutRows out(a);
    for (std::uint32_t r = 0; r < a.rows; ++r, in.next(), gone.next(), out.next()) {
      sorted.replace(load(gone.row() + lane), load(in.row() + lane));
      for (std::size_t o = 0; o < a.outputs; ++o) {
        const auto of = [&](double n) { return f(o, sorted, n); };
        store(out.row(o) + lane, by_count(sorted.count(), a.min_periods, a.window, of));
      }
    }
  }
}

inline void op_quantiles(const TimeArgs& a) noexcept {
  run_sorted(a, [&a](std::size_t o, const SortedWindow& s, double n) { return quantile(s, n, a.numbers[o]); });
}

inline void op_mad(const TimeArgs& a) noexcept {
  run_sorted(a, [](std::size_t, const SortedWindow& s, double n) { return deviation(s, n); });
}

inline std::size_t order_state(std::uint32_t window) noexcept { return window + std::size_t{2}; }

}  // namespace jqfast::JQFAST_TARGET
