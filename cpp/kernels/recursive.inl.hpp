// Instructions that carry their own past: exponential means and variances, streaks, events, the last valid value.
#pragma once

#include "double_double.inl.hpp"
#include "window_outputs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Walks rows outside and lanes inside, so that independent lanes hide the latency of the recursion.
template <std::size_t States, class F>
void recur(const TimeArgs& a, F f) noexcept {
  Cursor x(a.in[0], a.row0, a.pitch);
  OutCursor out(a.out[0], a.row0, a.pitch);
  for (std::uint32_t r = 0; r < a.rows; ++r, x.next(), out.next()) {
    for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
      store(out.row() + lane, f(Slots(a.state, States, lane), load(x.row() + lane)));
    }
  }
}

// e <- e + alpha (x - e), started at the first finite x and carried over missing ones; a constant stays itself.
inline constexpr std::size_t kEmaState = 2;  // mean, number of values so far
inline void op_ema(const TimeArgs& a) noexcept {
  const Vec least = splat(a.min_periods);
  const double alpha = a.alpha;
  recur<kEmaState>(a, [least, alpha](const Slots& s, Vec x) {
    const Vec before = s.get(0), n = s.get(1);
    const Mask ok = is_finite(x);
    const Vec next = select(n == 0.0, x, before + alpha * (x - before));
    const Vec mean = select(ok, next, before);
    const Vec count = n + select(ok, splat(1.0), Vec{});
    s.set(0, mean);
    s.set(1, count);
    return select(count >= least, mean, splat(kNaN));
  });
}

// Exponentially weighted variance, bias corrected, as pandas ewm(adjust=False, ignore_na=True).var():
// v <- (1 - alpha) (v + alpha (x - e)^2), divided by c = 1 - sum of squared weights.
//
// The mean e is a sum of two doubles, as its rounding error would count against the deviations. v is in squares of a
// unit, a power of two: 1 unless squares leave the middle of the range.
inline constexpr std::size_t kEwmVarState = 6;  // mean, its low part, v, c, number of values, 1 / unit (0: 1)

struct Weighted {
  Vec v, inverse;

  // Another unit for the lanes whose squares are about to leave the range, the larger of the deviations.
  void change_unit(Vec gap, Mask which) noexcept {
    const Vec past = sqrt(v) * reciprocal_of_power(inverse), size = abs(gap);
    const Vec next = reciprocal_of_power(power_near(select(size > past, size, past)));
    const Vec ratio = reciprocal_of_power(inverse) * next;
    v = select(which & (v != 0.0), v * ratio * ratio, v);
    inverse = select(which, next, inverse);
  }
};

inline void op_ewm_var(const TimeArgs& a) noexcept {
  const Vec least = splat(a.min_periods);
  const double alpha = a.alpha, keep = 1.0 - a.alpha;
  recur<kEwmVarState>(a, [least, alpha, keep](const Slots& s, Vec x) {
    const Vec mean = s.get(0), low = s.get(1), correction = s.get(3), n = s.get(4), unset = s.get(5);
    Weighted w{s.get(2), select(unset == 0.0, splat(1.0), unset)};
    const Mask ok = is_finite(x);
    const Mask first = n == 0.0;
    const Vec gap = select(first, Vec{}, (x - mean) - low);
    const Vec size = abs(gap) * w.inverse;
    const Mask small = (w.v < 0x1p-400) & (size < 0x1p-200) & ((w.v > 0.0) | (size > 0.0));
    const Mask leaving = ok & ((size > 0x1p200) | small);
    if (any(leaving)) [[unlikely]]
      w.change_unit(gap, leaving);
    const Vec scaled = gap * w.inverse;
    const Vec next = keep * (w.v + alpha * (scaled * scaled));
    const auto [sum, error] = two_sum(mean, alpha * gap);
    const Pair moved = exact_sum(sum, low + error);
    s.set(0, select(ok, select(first, x, moved.high), mean));
    s.set(1, select(ok & ~first, moved.low, low));
    s.set(2, select(ok, next, w.v));
    s.set(3, select(ok & ~first, keep * (keep * correction + 2.0 * alpha), correction));
    s.set(4, n + select(ok, splat(1.0), Vec{}));
    s.set(5, w.inverse);
    const Vec unit = reciprocal_of_power(w.inverse);
    const Vec corrected = s.get(2) / s.get(3) * unit * unit;
    return select((s.get(4) >= least) & (s.get(4) >= 2.0), corrected, splat(kNaN));
  });
}

// Sessions since the flag was last true: 0 on the session itself, NaN before the first. Missing counts as not true.
inline constexpr std::size_t kSinceState = 1;  // sessions + 1, 0 before the first
inline void op_since(const TimeArgs& a) noexcept {
  recur<kSinceState>(a, [](const Slots& s, Vec c) {
    const Vec before = s.get(0);
    const Vec later = select(before == 0.0, Vec{}, before + 1.0);
    const Vec now = select((c != 0.0) & ~is_nan(c), splat(1.0), later);
    s.set(0, now);
    return select(now == 0.0, splat(kNaN), now - 1.0);
  });
}

inline constexpr std::size_t kStreakState = 1;
inline void op_streak(const TimeArgs& a) noexcept {
  recur<kStreakState>(a, [](const Slots& s, Vec c) {
    const Mask missing = is_nan(c);
    const Vec run = select((c != 0.0) & ~missing, s.get(0) + 1.0, Vec{});
    s.set(0, run);
    return select(missing, splat(kNaN), run);
  });
}

inline constexpr std::size_t kLastValidState = 2;  // value, age + 1 (0: none yet)
inline void op_last_valid(const TimeArgs& a) noexcept {
  const double limit = a.window;
  recur<kLastValidState>(a, [limit](const Slots& s, Vec x) {
    const Mask ok = is_finite(x);
    const Vec before = s.get(1);
    const Vec value = select(ok, x, s.get(0));
    const Vec age = select(ok, splat(1.0), select(before == 0.0, Vec{}, before + 1.0));
    s.set(0, value);
    s.set(1, age);
    return select((age > 0.0) & (age <= limit + 1.0), value, splat(kNaN));
  });
}

}  // namespace jqfast::JQFAST_TARGET
