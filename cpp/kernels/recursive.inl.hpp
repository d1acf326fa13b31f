// Instructions that carry their own past: exponential means, streaks, the last valid value.
#pragma once

#include "window.inl.hpp"

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
