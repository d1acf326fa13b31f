// Statistics over the last periods of a series that is known by week or quarter, not by session.
//
// A second series names the period that a session's value belongs to; a larger number begins a new one. The values of
// the last `window` periods are carried, newest first, each the last finite one seen in its period. Periods change
// rarely, so that everything is computed again from these values when one of them does, and held in between.
#pragma once

#include "double_double.inl.hpp"
#include "window_outputs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// What is carried: the period, how many there were (at most `window`), an output per statistic, the values.
inline constexpr std::size_t kPeriodHead = 2;
inline std::size_t periods_state(std::size_t outputs, std::uint32_t window) noexcept {
  return kPeriodHead + outputs + window;
}

// The values of the last periods of one vector of lanes; NaN is a period without one.
class Periods {
 public:
  Periods(const Slots& slots, std::size_t first, std::uint32_t window) noexcept
      : slots_(slots), first_(first), window_(window), known_(slots.get(1)) {}

  [[nodiscard]] Vec value(std::uint32_t age) const noexcept {
    return select(known_ > splat(age), slots_.get(first_ + age), splat(kNaN));
  }

  // f(value) for each period, newest first.
  template <class F>
  void each(F f) const noexcept {
    for (std::uint32_t age = 0; age < window_; ++age) f(value(age));
  }

  [[nodiscard]] Vec count() const noexcept {
    Vec n{};
    each([&n](Vec x) { n += select(is_finite(x), splat(1.0), Vec{}); });
    return n;
  }

  [[nodiscard]] Vec sum() const noexcept {
    Pair total{Vec{}, Vec{}};
    each([&total](Vec x) {
      const auto [sum, error] = two_sum(total.high, select(is_finite(x), x, Vec{}));
      total = {sum, total.low + error};
    });
    return select(is_finite(total.high), total.high + total.low, total.high);
  }

  [[nodiscard]] Vec oldest() const noexcept { return value(window_ - 1); }

  // Of the newest periods, how many in a row had a value other than 0.
  [[nodiscard]] Vec streak() const noexcept {
    Vec run{};
    Mask on = known_ > 0.0;
    each([&](Vec x) {
      on = on & is_finite(x) & (x != 0.0);
      run += select(on, splat(1.0), Vec{});
    });
    return select(is_finite(value(0)), run, splat(kNaN));
  }

 private:
  const Slots& slots_;
  std::size_t first_;
  std::uint32_t window_;
  Vec known_;
};

// Deviations from the mean, as distances from the newest value there is: equal values have none. Squares are taken in a
// unit of the largest distance.
struct PeriodSpread {
  Vec n, gap, std;  // the number of values, newest minus mean (NaN where the newest is missing), deviation

  explicit PeriodSpread(const Periods& p) noexcept : n(p.count()) {
    Vec origin = splat(kNaN), largest{}, sum{}, left{}, squares{};
    p.each([&](Vec x) { origin = select(is_nan(origin) & is_finite(x), x, origin); });
    p.each([&](Vec x) {
      const Vec away = abs(x - origin);
      largest = select(is_finite(x) & (away > largest), away, largest);
    });
    const Vec unit = power_near(largest), inverse = reciprocal_of_power(unit);
    const auto distance = [&](Vec x) { return select(is_finite(x), (x - origin) * inverse, Vec{}); };
    p.each([&](Vec x) { sum += distance(x); });
    const Vec mean = sum / n;
    p.each([&](Vec x) {
      const Vec d = select(is_finite(x), distance(x) - mean, Vec{});
      left += d;
      squares += d * d;
    });
    const Vec variance = (squares - left * left / n) / (n - 1.0);
    std = select(n >= 2.0, sqrt(select(variance > 0.0, variance, Vec{})) * unit, splat(kNaN));
    gap = ((p.value(0) - origin) * inverse - mean) * unit;
  }
};

inline Vec period_statistic(PeriodStat which, const Periods& p) noexcept {
  switch (which) {
    case PeriodStat::sum: return p.sum();
    case PeriodStat::mean: return p.sum() / p.count();
    case PeriodStat::std: return PeriodSpread(p).std;
    case PeriodStat::zscore: {
      const PeriodSpread s(p);
      return select(s.std > 0.0, s.gap / s.std, splat(kNaN));
    }
    case PeriodStat::oldest: return p.oldest();
    case PeriodStat::streak: return p.streak();
  }
  return splat(kNaN);
}

// Takes a session's value in; true where some lane's periods changed.
inline bool take_in(const Slots& s, std::size_t first, std::uint32_t window, Vec x, Vec period) noexcept {
  const Vec now = s.get(0), known = s.get(1), newest = s.get(first);
  const Mask there = is_finite(period);
  const Mask begins = there & ((known == 0.0) | (period > now));
  const Mask revised = there & (known > 0.0) & (period == now) & is_finite(x) & (x != newest);
  if (any(begins)) {
    for (std::uint32_t age = window - 1; age > 0; --age) {
      s.set(first + age, select(begins, s.get(first + age - 1), s.get(first + age)));
    }
    s.set(0, select(begins, period, now));
    s.set(1, select(begins & (known < splat(window)), known + 1.0, known));
  }
  s.set(first, select(revised, x, select(begins, select(is_finite(x), x, splat(kNaN)), newest)));
  return any(begins | revised);
}

inline void op_periods(const TimeArgs& a) noexcept {
  const std::size_t first = kPeriodHead + a.outputs;
  for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
    const Slots s(a.state, periods_state(a.outputs, a.window), lane);
    TwoInputs in{Cursor(a.in[0], a.row0, a.pitch), Cursor(a.in[1], a.row0, a.pitch)};
    OutRows out(a);
    for (std::uint32_t r = 0; r < a.rows; ++r, in.next(), out.next()) {
      const auto [x, period] = in.load(lane);
      if (take_in(s, first, a.window, x, period)) {
        const Periods p(s, first, a.window);
        const Mask enough = p.count() >= splat(a.min_periods);
        for (std::size_t o = 0; o < a.outputs; ++o) {
          const Vec value = period_statistic(static_cast<PeriodStat>(a.give[o]), p);
          s.set(kPeriodHead + o, select(enough, value, splat(kNaN)));
        }
      }
      const Mask ever = is_finite(period) & (s.get(1) > 0.0);
      for (std::size_t o = 0; o < a.outputs; ++o) {
        store(out.row(o) + lane, select(ever, s.get(kPeriodHead + o), splat(kNaN)));
      }
    }
  }
}

}  // namespace jqfast::JQFAST_TARGET
