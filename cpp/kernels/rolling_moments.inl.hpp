// Rolling count, sum, mean, variance, deviation, skewness, kurtosis and z-score of one (x, window), in one pass.
//
// Powers are taken of x - K, where K is the last finite value of the block before: K stands in all windows of the
// block but its last, so that the cancellation in S2 - S1^2 / n is at most n-fold there, constants give exactly 0,
// and x - K is exact for neighbouring prices. A lane is computed again in two passes, on differences from its own
// newest value and scaled to unit size, where the cancellation exceeds kCancellation or a power leaves the range.
// The raw sum is compensated: what an addition loses is summed beside it (Dekker 1971). The loss is exact while the sum
// is larger than the value, and known to half an ulp of the value where it is not, so that the error of the sum stays a
// few half ulps of sum|x| whatever the order and the window.
#pragma once

#include <algorithm>

#include "moment_statistics.inl.hpp"
#include "window_outputs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

inline constexpr double kCancellation = 1.0 / 64.0;
inline constexpr double kTinySquare = 1e-140;  // below it fourth powers leave the normal range
inline constexpr double kLargeSquare = 1e140;  // above it they near the end of the range

template <int Order, bool Raw>
struct MomentSums {
  static constexpr std::size_t kHead = Order >= 2 ? 3 : 0;  // seen, last finite value, anchor
  static constexpr std::size_t kPowers = (Order >= 2 ? 2 : 0) + (Order >= 4 ? 2 : 0);
  static constexpr std::size_t kPrefix = 1 + (Raw ? 2 : 0) + kPowers;
  static constexpr std::size_t kSuffix = 1 + (Raw ? 1 : 0) + kPowers;  // a suffix is complete: its sum is rounded

  // Members are left unset on purpose: clearing all of them costs more than a row of work.
  Vec seen, last, anchor;
  bool settled;  // every lane has seen a value
  Vec n, high, low, s1, s2, s3, s4;

  void load_head(const Slots& s) noexcept {
    if constexpr (Order >= 2) seen = s.get(0), last = s.get(1), anchor = s.get(2), settled = all(seen != 0.0);
  }
  void save_head(const Slots& s) const noexcept {
    if constexpr (Order >= 2) s.set(0, seen), s.set(1, last), s.set(2, anchor);
  }
  void begin_block() noexcept {
    if constexpr (Order >= 2) anchor = last;
  }
  void stand_at(std::uint32_t, std::uint32_t) noexcept {}
  void reset() noexcept {
    n = Vec{};
    if constexpr (Raw) high = low = Vec{};
    if constexpr (Order >= 2) s1 = s2 = Vec{};
    if constexpr (Order >= 4) s3 = s4 = Vec{};
  }

  void see(Vec x) noexcept {
    if constexpr (Order >= 2) {
      const Mask ok = is_finite(x);
      last = select(ok, x, last);
      if (!settled) {
        anchor = select(ok & (seen == 0.0), x, anchor);
        seen = select(ok, splat(1.0), seen);
        settled = all(seen != 0.0);
      }
    }
  }

  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    n += select(ok, splat(1.0), Vec{});
    if constexpr (Raw) {
      const Vec value = select(ok, x, Vec{});
      const Vec sum = high + value;
      low += (high - sum) + value;
      high = sum;
    }
    if constexpr (Order >= 2) {
      const Vec d = select(ok, x - anchor, Vec{});
      const Vec square = d * d;
      s1 += d;
      s2 += square;
      if constexpr (Order >= 4) {
        s3 += square * d;
        s4 += square * square;
      }
    }
  }

  void save_prefix(const Slots& s, std::size_t slot) const noexcept {
    if constexpr (Raw) s.set(slot++, low);
    save(s, slot, high);
  }
  void save_suffix(const Slots& s, std::size_t slot) const noexcept { save(s, slot, high + low); }

  void load_prefix(const Slots& s, std::size_t slot) noexcept {
    if constexpr (Raw) low = s.get(slot++);
    load(s, slot);
  }

  [[nodiscard]] MomentSums merged(const Slots& s, std::size_t slot) const noexcept {
    MomentSums other;
    other.load(s, slot);
    MomentSums m = *this;
    m.n += other.n;
    if constexpr (Raw) m.low = other.high + low;
    if constexpr (Order >= 2) m.s1 += other.s1, m.s2 += other.s2;
    if constexpr (Order >= 4) m.s3 += other.s3, m.s4 += other.s4;
    return m;
  }

 private:
  void save(const Slots& s, std::size_t slot, Vec sum) const noexcept {
    s.set(slot++, n);
    if constexpr (Raw) s.set(slot++, sum);
    if constexpr (Order >= 2) s.set(slot++, s1), s.set(slot++, s2);
    if constexpr (Order >= 4) s.set(slot++, s3), s.set(slot++, s4);
  }
  void load(const Slots& s, std::size_t slot) noexcept {
    n = s.get(slot++);
    if constexpr (Raw) high = s.get(slot++);
    if constexpr (Order >= 2) s1 = s.get(slot++), s2 = s.get(slot++);
    if constexpr (Order >= 4) s3 = s.get(slot++), s4 = s.get(slot++);
  }
};

// One lane from scratch: differences from its newest finite value, scaled, two passes.
[[gnu::noinline, gnu::cold]] inline void recompute(const LaneWindow& window, std::uint32_t w, std::size_t lane,
                                                   Central& c) noexcept {
  double newest = 0.0;
  for (std::uint32_t age = w; age-- > 0;) {
    const double x = window[age];
    if (std::isfinite(x)) newest = x;
  }
  double largest = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    const double x = window[age];
    if (std::isfinite(x)) largest = std::max(largest, std::fabs(0.5 * x - 0.5 * newest));
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  const double unit = largest == 0.0 ? 1.0 : std::ldexp(1.0, exponent);
  const double inverse = 1.0 / unit;  // halves, so that differences of opposite extremes stay finite
  double n = 0.0, sum = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    const double x = window[age];
    if (std::isfinite(x)) n += 1.0, sum += (0.5 * x - 0.5 * newest) * inverse;
  }
  const double mean = sum / n;
  double rest = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    const double x = window[age];
    if (!std::isfinite(x)) continue;
    const double d = (0.5 * x - 0.5 * newest) * inverse - mean;
    rest += d;
    m2 += d * d;
    m3 += d * d * d;
    m4 += d * d * d * d;
  }
  c.m2[lane] = m2 - rest * rest / n;
  c.m3[lane] = m3 - 3.0 * (rest / n) * m2;
  c.m4[lane] = m4 - 4.0 * (rest / n) * m3;
  c.today[lane] = std::isfinite(window[0]) ? (0.5 * window[0] - 0.5 * newest) * inverse - mean : kNaN;
  c.unit[lane] = 2.0 * unit;
}

// A central square that can be used: little was cancelled, and products of two squares stay in the normal range.
inline Flags sound(Vec central_square, Vec square) noexcept {
  const Flags in_range = also(at_least(square, splat(kTinySquare)), at_least(splat(kLargeSquare), square));
  return also(in_range, at_least(central_square, kCancellation * square));
}

// The rows whose sums may not do: lanes that truly have lost too much are computed again. Constants have not.
[[gnu::noinline]] inline Central repaired(const TimeArgs& a, Central c, Vec s1, Vec s2, std::uint32_t r,
                                          std::size_t lane) noexcept {
  const Mask cancelled = ~(c.m2 >= kCancellation * s2) | ~(s2 <= kLargeSquare);
  const Mask tiny = (s2 < kTinySquare) & ((s2 > 0.0) | (s1 != 0.0));
  const Mask again = (cancelled | tiny) & (c.n >= 2.0);
  for (std::size_t l = 0; l < kLanes; ++l) {
    if (again[l] != 0) recompute(LaneWindow(a.in[0], a.row0 + r, a.pitch, lane + l), a.window, l, c);
  }
  return c;
}

template <int Order, bool Raw>
[[gnu::always_inline]] inline Central central(const TimeArgs& a, const Statistics& statistics,
                                              const MomentSums<Order, Raw>& s, Vec x, std::uint32_t r,
                                              std::size_t lane) noexcept {
  Central c;
  c.n = s.n;
  if constexpr (Raw) c.total = s.high + s.low;
  if constexpr (Order >= 2) {
    const Vec mean = s.s1 * statistics.inverse(s.n);
    c.unit = splat(1.0);
    c.m2 = s.s2 - mean * s.s1;
    c.today = select(is_finite(x), (x - s.anchor) - mean, splat(kNaN));
    if constexpr (Order >= 4) {
      c.m3 = s.s3 - mean * (3.0 * s.s2 - 2.0 * mean * s.s1);
      c.m4 = s.s4 - mean * (4.0 * s.s3 - mean * (6.0 * s.s2 - 3.0 * mean * s.s1));
    }
    // Asked in every order alike, so that a statistic's bits are the same whatever else is asked for.
    const Flags enough = also(at_least(s.n, splat(2.0)), at_least(s.n, statistics.least()));
    if (any_of(but_not(enough, sound(c.m2, s.s2)))) [[unlikely]]
      c = repaired(a, c, s.s1, s.s2, r, lane);
  }
  return c;
}

struct MomentNeeds {
  int order = 1;
  bool raw = false;
};

constexpr void note_need(MomentNeeds& needs, Moment which) noexcept {
  if (which == Moment::sum || which == Moment::mean) needs.raw = true;
  if (which == Moment::var || which == Moment::std || which == Moment::zscore) needs.order = std::max(needs.order, 2);
  if (which == Moment::skew || which == Moment::kurt) needs.order = 4;
}

constexpr MomentNeeds completed(MomentNeeds needs) noexcept {
  if (needs.order == 1) needs.raw = true;  // counts alone ride on sums
  return needs;
}

inline MomentNeeds moment_needs(const std::uint8_t* give, std::size_t outputs) noexcept {
  MomentNeeds needs;
  for (std::size_t o = 0; o < outputs; ++o) note_need(needs, static_cast<Moment>(give[o]));
  return completed(needs);
}

inline void put_moment(const Batch<Central>& batch, const Statistics& s, std::size_t o, Moment which) noexcept {
  const auto put = [&](auto statistic) { batch.put(o, statistic, values_needed(which)); };
  switch (which) {
    case Moment::count: return put([&s](const Central& c) { return s.get<Moment::count>(c); });
    case Moment::sum: return put([&s](const Central& c) { return s.get<Moment::sum>(c); });
    case Moment::mean: return put([&s](const Central& c) { return s.get<Moment::mean>(c); });
    case Moment::var: return put([&s](const Central& c) { return s.get<Moment::var>(c); });
    case Moment::std: return put([&s](const Central& c) { return s.get<Moment::std>(c); });
    case Moment::zscore: return put([&s](const Central& c) { return s.get<Moment::zscore>(c); });
    case Moment::skew: return put([&s](const Central& c) { return s.get<Moment::skew>(c); });
    case Moment::kurt: return put([&s](const Central& c) { return s.get<Moment::kurt>(c); });
  }
}

template <Moment... Which>
constexpr MomentNeeds needs_of() noexcept {
  MomentNeeds needs;
  (note_need(needs, Which), ...);
  return completed(needs);
}

// The sets of statistics that features ask for most have loops of their own, without a buffer between: the divisions
// of one row run beside the additions of the next.
template <Moment... Which>
void moments_of(const TimeArgs& a) noexcept {
  constexpr MomentNeeds kNeeds = needs_of<Which...>();
  using Sums = MomentSums<kNeeds.order, kNeeds.raw>;
  const Statistics statistics(a.window, a.min_periods);
  const RowOf<sizeof...(Which)> least{{splat(std::max(a.min_periods, values_needed(Which)))...}};
  const auto make = [&](const Sums& sums, Vec x, std::uint32_t r, std::size_t lane) __attribute__((always_inline)) {
    const Central c = central(a, statistics, sums, x, r, lane);
    std::size_t o = 0;
    return RowOf<sizeof...(Which)>{{given(c.n >= least.value[o++], statistics.template get<Which>(c))...}};
  };
  slide_straight<Sums, sizeof...(Which)>(a, OneInput{Cursor(a.in[0], a.row0, a.pitch)}, make);
}

template <int Order, bool Raw>
void moments_as(const TimeArgs& a) noexcept {
  using Sums = MomentSums<Order, Raw>;
  const Statistics statistics(a.window, a.min_periods);
  const OneInput input{Cursor(a.in[0], a.row0, a.pitch)};
  const auto make = [&](Central& c, const Sums& total, Vec x, std::uint32_t r, std::size_t lane) {
    c = central(a, statistics, total, x, r, lane);
  };
  slide_tile<Sums, Central>(a, input, make, [&](const Batch<Central>& batch) {
    for (std::size_t o = 0; o < a.outputs; ++o) put_moment(batch, statistics, o, static_cast<Moment>(a.give[o]));
  });
}

template <Moment... Which>
bool ran(const TimeArgs& a) noexcept {
  if (!gives<Which...>(a)) return false;
  moments_of<Which...>(a);
  return true;
}

inline void op_moments(const TimeArgs& a) noexcept {
  using enum Moment;
  if (ran<mean>(a) || ran<Moment::sum>(a) || ran<Moment::count>(a) || ran<Moment::var>(a) || ran<Moment::std>(a) ||
      ran<zscore>(a))
    return;
  if (ran<mean, Moment::std>(a) || ran<mean, zscore>(a) || ran<Moment::sum, Moment::var>(a) || ran<skew>(a) ||
      ran<kurt>(a))
    return;
  const auto [order, raw] = moment_needs(a.give, a.outputs);
  if (order == 4) return raw ? moments_as<4, true>(a) : moments_as<4, false>(a);
  if (order == 2) return raw ? moments_as<2, true>(a) : moments_as<2, false>(a);
  moments_as<1, true>(a);
}

template <int Order, bool Raw>
constexpr std::size_t moment_slots(std::uint32_t window) noexcept {
  return slide_state<MomentSums<Order, Raw>>(window);
}

inline std::size_t moments_state(const std::uint8_t* give, std::size_t outputs, std::uint32_t window) noexcept {
  const auto [order, raw] = moment_needs(give, outputs);
  if (order == 4) return raw ? moment_slots<4, true>(window) : moment_slots<4, false>(window);
  if (order == 2) return raw ? moment_slots<2, true>(window) : moment_slots<2, false>(window);
  return moment_slots<1, true>(window);
}

}  // namespace jqfast::JQFAST_TARGET
