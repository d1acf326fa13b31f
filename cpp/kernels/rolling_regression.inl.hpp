// Rolling least squares on time: slope per session, line at the oldest session, today's residual, R2; and the linearly
// decaying mean, which counts ages in the same way.
//
// Sums with values are kept with time counted from the start of the block (suffix rows -1, -2, ...; prefix rows 0, 1,
// ...). Sums of the places alone are small integers of ages, carried along exactly; the full window's never change, so
// that only windows with gaps divide by them. Missing sessions keep their place in time. The decaying mean is judged by
// the size of the values, not by their spread: its sums are of the values themselves and compensated, as the mean's.
#pragma once

#include "rolling_pairs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Today's value and the window's oldest, whose age is `most`.
struct TrendValues {
  Vec today, oldest;
  double most;
};

struct TrendInputs {
  static constexpr std::size_t kOperands = 1;
  struct Straight {
    const double *today, *oldest;
    std::size_t pitch;
    double most;
    [[nodiscard]] TrendValues load() const noexcept {
      return {JQFAST_TARGET::load(today), JQFAST_TARGET::load(oldest), most};
    }
    void next() noexcept { today += pitch, oldest += pitch; }
  };

  Cursor today, oldest;
  double most;

  explicit TrendInputs(const TimeArgs& a) noexcept
      : today(a.in[0], a.row0, a.pitch),
        oldest({a.in[0].ring, a.in[0].lag + a.window - 1}, a.row0, a.pitch),
        most(a.window - 1.0) {}
  [[nodiscard]] TrendValues load(std::size_t lane) const noexcept {
    return {JQFAST_TARGET::load(today.row() + lane), JQFAST_TARGET::load(oldest.row() + lane), most};
  }
  [[nodiscard]] Straight straight(std::size_t lane, std::size_t pitch) const noexcept {
    return {today.row() + lane, oldest.row() + lane, pitch, most};
  }
  [[nodiscard]] std::uint32_t left() const noexcept { return std::min(today.left(), oldest.left()); }
  void forward(std::uint32_t rows) noexcept {
    today.forward(rows);
    oldest.forward(rows);
  }
  void back() noexcept {
    today.back();
    oldest.back();
  }
  void back(std::uint32_t rows) noexcept {
    today.back(rows);
    oldest.back(rows);
  }
};

// Number of values, sum of their ages, sum of the squares.
struct Ages {
  Vec n, sum, squares;
};

// What is asked for: statistics of the line, the decaying mean.
struct TrendNeeds {
  bool line = false, decay = false;
};

template <TrendNeeds Needs>
struct TrendSums {
  static constexpr std::size_t kHead = 7;  // seen, last finite value, anchor, today's place in the block, rest
  static constexpr std::size_t kPrefix = (Needs.line ? 3 : 0) + (Needs.decay ? 4 : 0);
  static constexpr std::size_t kSuffix = (Needs.line ? 3 : 0) + (Needs.decay ? 2 : 0);  // complete sums are rounded

  Vec seen, last, anchor, today;
  Ages rest, ages;                 // of the window without its oldest session, of the whole window
  bool steady = false;             // every lane's window is full or empty, which `full` tells, ...
  Flags full{};                    // ... and stays so while today's values do the same
  Vec place;                       // one after the row `add` is given: runs backward through suffixes
  Vec y, yy, ty;                   // of distances from the anchor
  Vec sum, low, total, total_low;  // of the values, and of the values by their place

  void load_head(const Slots& s) noexcept {
    seen = s.get(0), last = s.get(1), anchor = s.get(2), today = s.get(3);
    rest = {s.get(4), s.get(5), s.get(6)};
  }
  void save_head(const Slots& s) const noexcept {
    s.set(0, seen), s.set(1, last), s.set(2, anchor), s.set(3, today);
    s.set(4, rest.n), s.set(5, rest.sum), s.set(6, rest.squares);
  }
  void begin_block() noexcept {
    anchor = last;
    today = splat(-1.0);
    place = Vec{};
  }
  void stand_at(std::uint32_t, std::uint32_t rows) noexcept { place = splat(-static_cast<double>(rows)); }
  void reset() noexcept {
    if constexpr (Needs.line) y = yy = ty = Vec{};
    if constexpr (Needs.decay) sum = low = total = total_low = Vec{};
  }

  void see(const TrendValues& v) noexcept {
    const Mask ok = is_finite(v.today);
    anchor = select(ok & (seen == 0.0), v.today, anchor);
    seen = select(ok, splat(1.0), seen);
    last = select(ok, v.today, last);
    today += 1.0;
    place = today + 1.0;
    const Flags here = finite(v.today);
    if (steady && same(here, full)) return;
    grow_older(v);
    full = equal(ages.n, splat(v.most + 1.0));
    steady = same(either(full, equal(ages.n, Vec{})), equal(Vec{}, Vec{}));
  }

  // Everybody is a session older.
  void grow_older(const TrendValues& v) noexcept {
    const Mask ok = is_finite(v.today), leaves = is_finite(v.oldest);
    ages.squares = rest.squares + (2.0 * rest.sum + rest.n);
    ages.sum = rest.sum + rest.n;
    ages.n = select(ok, rest.n + 1.0, rest.n);
    rest.n = select(leaves, ages.n - 1.0, ages.n);
    rest.sum = select(leaves, ages.sum - v.most, ages.sum);
    rest.squares = select(leaves, ages.squares - v.most * v.most, ages.squares);
  }

  void add(const TrendValues& v) noexcept {
    place -= 1.0;
    const Mask ok = is_finite(v.today);
    if constexpr (Needs.line) {
      const Vec d = select(ok, v.today - anchor, Vec{});
      y += d, yy += d * d, ty += place * d;
    }
    if constexpr (Needs.decay) {
      const Vec x = select(ok, v.today, Vec{}), term = place * x;
      const Vec more = sum + x, more_total = total + term;
      low += (sum - more) + x, total_low += (total - more_total) + term;
      sum = more, total = more_total;
    }
  }

  void save_prefix(const Slots& s, std::size_t slot) const noexcept {
    if constexpr (Needs.decay) s.set(slot++, low), s.set(slot++, total_low);
    save(s, slot, sum, total);
  }
  void save_suffix(const Slots& s, std::size_t slot) const noexcept { save(s, slot, sum + low, total + total_low); }
  void load_prefix(const Slots& s, std::size_t slot) noexcept {
    if constexpr (Needs.decay) low = s.get(slot++), total_low = s.get(slot++);
    load(s, slot);
  }
  [[nodiscard]] TrendSums merged(const Slots& s, std::size_t slot) const noexcept {
    TrendSums other;
    other.load(s, slot);
    TrendSums m = *this;
    if constexpr (Needs.line) m.y += other.y, m.yy += other.yy, m.ty += other.ty;
    if constexpr (Needs.decay) m.low += other.sum, m.total_low += other.total;
    return m;
  }

  // Mean with weights 1 for the oldest session of the window to `most` + 1 for today: sum(weight x) / sum(weight) over
  // the finite values.
  [[nodiscard]] Vec decaying_mean(double most) const noexcept {
    const Vec shift = (most + 1.0) - today;
    const Vec weighted = (total + shift * sum) + (total_low + shift * low);
    return weighted / (ages.n * (most + 1.0) - ages.sum);
  }

 private:
  void save(const Slots& s, std::size_t slot, Vec of_values, Vec by_place) const noexcept {
    if constexpr (Needs.line) s.set(slot++, y), s.set(slot++, yy), s.set(slot++, ty);
    if constexpr (Needs.decay) s.set(slot++, of_values), s.set(slot++, by_place);
  }
  void load(const Slots& s, std::size_t slot) noexcept {
    if constexpr (Needs.line) y = s.get(slot++), yy = s.get(slot++), ty = s.get(slot++);
    if constexpr (Needs.decay) sum = s.get(slot++), total = s.get(slot++);
  }
};

// What the places of the values amount to: 1 / n, mean age, 1 / sum of squared distances from it. The numerator of the
// latter's reciprocal is an exact integer up to windows of 10,000 sessions.
struct Times {
  Vec share, mean_age, inverse_tt;
};

inline Times times(const Ages& a) noexcept { return {1.0 / a.n, a.sum / a.n, a.n / (a.n * a.squares - a.sum * a.sum)}; }

// The same, computed once for the full window.
class TimesOfWindow {
 public:
  TimesOfWindow(std::uint32_t window, std::uint32_t least) noexcept : full_n_(splat(window)), least_(splat(least)) {
    const double w = window;
    full_ = times({full_n_, splat(w * (w - 1.0) / 2.0), splat(w * (w - 1.0) * (2.0 * w - 1.0) / 6.0)});
  }
  [[nodiscard]] Times operator()(const Ages& a) const noexcept {
    if (any_of(also(differ(a.n, full_n_), at_least(a.n, least_)))) return times(a);
    return full_;
  }
  [[nodiscard]] Vec least() const noexcept { return least_; }

 private:
  Vec full_n_, least_;
  Times full_;
};

// The line y = mean + slope (mean age - age), with y in `unit`s above `base`.
struct Line {
  Vec n, mean_age, inverse_tt, yy, ty, mean, base, unit;
  Vec x;  // today's value
  Vec decaying_mean;
};

// The line from scratch: distances from the newest value, scaled, in two passes.
[[gnu::noinline, gnu::cold]] inline Line refitted(const Column& column, std::uint32_t w, Vec n, Vec mean_age) noexcept {
  const auto values = [&](auto f) {
    for (std::uint32_t age = 0; age < w; ++age) {
      const Vec x = column.before(age);
      f(x, is_finite(x), age);
    }
  };
  const Extent e = extent([&](auto f) { values([&](Vec x, Mask ok, double) { f(x, ok); }); });
  Vec sum{}, rest{};
  values([&](Vec x, Mask ok, double) { sum += select(ok, e.of(x), Vec{}); });
  Line line{};
  line.mean = sum / n;
  values([&](Vec x, Mask ok, double age) {
    const Vec d = select(ok, e.of(x) - line.mean, Vec{});
    rest += d;
    line.yy += d * d;
    line.ty += d * (mean_age - age);
  });
  line.yy -= rest * rest / n;
  line.base = e.newest;
  line.unit = 2.0 * e.unit;
  return line;
}

template <TrendNeeds Needs>
[[gnu::always_inline]] inline Line fit(const TimeArgs& a, const TimesOfWindow& times_of, const TrendSums<Needs>& s,
                                       const TrendValues& v, std::uint32_t r, std::size_t lane) noexcept {
  Line line;
  line.n = s.ages.n;
  if constexpr (Needs.decay) line.decaying_mean = s.decaying_mean(v.most);
  if constexpr (!Needs.line) return line;
  const Times t = times_of(s.ages);
  const Vec mean = s.y * t.share, mean_place = s.today - t.mean_age;
  line.mean_age = t.mean_age, line.inverse_tt = t.inverse_tt;
  line.yy = s.yy - mean * s.y, line.ty = s.ty - mean_place * s.y, line.mean = mean;
  line.base = s.anchor, line.unit = splat(1.0), line.x = v.today;
  if (any_of(but_not(at_least(line.n, times_of.least()), sound(line.yy, s.yy)))) [[unlikely]] {
    const Mask again = (line.n >= times_of.least()) & lost(line.yy, s.yy, s.y);
    if (any(again)) {
      const Line redone = refitted(Column(a.in[0], a.row0 + r, a.pitch, lane), a.window, line.n, line.mean_age);
      // Member by member, so that `line` can stay in registers.
      const auto adopt = [again](Vec& old, const Vec& now) { old = select(again, now, old); };
      adopt(line.yy, redone.yy), adopt(line.ty, redone.ty), adopt(line.mean, redone.mean);
      adopt(line.base, redone.base), adopt(line.unit, redone.unit);
    }
  }
  return line;
}

inline Vec slope(const Line& line) noexcept { return line.ty * line.inverse_tt; }

// The line at an age, in units above `base`.
inline Vec fitted(const Line& line, Vec age) noexcept { return line.mean + slope(line) * (line.mean_age - age); }

inline Vec residual(const Line& line) noexcept {
  const Vec y = (0.5 * line.x - 0.5 * line.base) * (2.0 / line.unit);
  return given((line.n >= 2.0) & is_finite(line.x), (y - fitted(line, Vec{})) * line.unit);
}

inline Vec explained(const Line& line) noexcept {
  const Vec share = (line.ty / line.yy) * slope(line);
  const Vec bounded = select(share > 1.0, splat(1.0), select(share < 0.0, Vec{}, share));
  return given((line.n >= 2.0) & (line.yy > 0.0), bounded);
}

template <TrendStat which>
Vec trend_statistic(const Line& line, double most) noexcept {
  switch (which) {
    case TrendStat::slope: return given(line.n >= 2.0, slope(line) * line.unit);
    case TrendStat::intercept: return given(line.n >= 2.0, line.base + fitted(line, splat(most)) * line.unit);
    case TrendStat::resid: return residual(line);
    case TrendStat::rsquare: return explained(line);
    case TrendStat::decay: return line.decaying_mean;
  }
}

constexpr TrendNeeds also_needs(TrendNeeds needs, TrendStat which) noexcept {
  return {needs.line || which != TrendStat::decay, needs.decay || which == TrendStat::decay};
}

template <TrendStat Which>
bool trend_ran(const TimeArgs& a) noexcept {
  if (!gives<Which>(a)) return false;
  using Sums = TrendSums<also_needs({}, Which)>;
  const TimesOfWindow times_of(a.window, a.min_periods);
  const Vec least = splat(a.min_periods);
  const auto make = [&](const Sums& total, const TrendValues& v, std::uint32_t r, std::size_t lane)
                        __attribute__((always_inline)) {
                          const Line line = fit(a, times_of, total, v, r, lane);
                          return RowOf<1>{{given(line.n >= least, trend_statistic<Which>(line, v.most))}};
                        };
  slide_straight<Sums, 1>(a, TrendInputs(a), make);
  return true;
}

inline void put_line(const Batch<Line>& batch, std::size_t o, TrendStat which, double most) noexcept {
  using enum TrendStat;
  const auto put = [&](auto f) { batch.put(o, [f, most](const Line& line) { return f(line, most); }); };
  switch (which) {
    case TrendStat::slope: return put(trend_statistic<TrendStat::slope>);
    case intercept: return put(trend_statistic<intercept>);
    case resid: return put(trend_statistic<resid>);
    case rsquare: return put(trend_statistic<rsquare>);
    case decay: return put(trend_statistic<decay>);
  }
}

template <TrendNeeds Needs>
void trend_as(const TimeArgs& a) noexcept {
  const TimesOfWindow times_of(a.window, a.min_periods);
  const auto make = [&](Line& line, const TrendSums<Needs>& total, const TrendValues& v, std::uint32_t r,
                        std::size_t lane) { line = fit(a, times_of, total, v, r, lane); };
  slide_tile<TrendSums<Needs>, Line>(a, TrendInputs(a), make, [&a](const Batch<Line>& batch) {
    for (std::size_t o = 0; o < a.outputs; ++o) {
      put_line(batch, o, static_cast<TrendStat>(a.give[o]), a.window - 1.0);
    }
  });
}

inline constexpr TrendNeeds kLineAlone{true, false}, kDecayAlone{false, true}, kLineAndDecay{true, true};

inline TrendNeeds trend_needs(const std::uint8_t* give, std::size_t outputs) noexcept {
  TrendNeeds needs;
  for (std::size_t o = 0; o < outputs; ++o) needs = also_needs(needs, static_cast<TrendStat>(give[o]));
  return needs;
}

inline void op_trend(const TimeArgs& a) noexcept {
  using enum TrendStat;
  if (trend_ran<TrendStat::slope>(a) || trend_ran<intercept>(a) || trend_ran<resid>(a) || trend_ran<rsquare>(a) ||
      trend_ran<decay>(a))
    return;
  trend_needs(a.give, a.outputs).decay ? trend_as<kLineAndDecay>(a) : trend_as<kLineAlone>(a);
}

inline std::size_t trend_state(const std::uint8_t* give, std::size_t outputs, std::uint32_t window) noexcept {
  const TrendNeeds needs = trend_needs(give, outputs);
  if (!needs.decay) return slide_state<TrendSums<kLineAlone>>(window);
  return needs.line ? slide_state<TrendSums<kLineAndDecay>>(window) : slide_state<TrendSums<kDecayAlone>>(window);
}

}  // namespace jqfast::JQFAST_TARGET
