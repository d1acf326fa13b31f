// Rolling least squares on time: slope per session, line at the oldest session, today's residual, R2; and the linearly
// decaying mean, which is made of the same sums.
//
// Time is counted from the start of the block (suffix rows -1, -2, ...; prefix rows 0, 1, ...), so that its sums are
// small integers and exact. Missing sessions keep their place in time.
#pragma once

#include "rolling_pairs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

struct TrendSums {
  static constexpr std::size_t kHead = 4;  // seen, last finite value, anchor, today's place in the block
  static constexpr std::size_t kPrefix = 6;
  static constexpr std::size_t kSuffix = kPrefix;

  Vec seen, last, anchor, today;
  Vec place;  // one after the row `add` is given: runs backward through suffixes
  Vec n, t, tt, y, yy, ty;

  void load_head(const Slots& s) noexcept { seen = s.get(0), last = s.get(1), anchor = s.get(2), today = s.get(3); }
  void save_head(const Slots& s) const noexcept { s.set(0, seen), s.set(1, last), s.set(2, anchor), s.set(3, today); }
  void begin_block() noexcept {
    anchor = last;
    today = splat(-1.0);
    place = Vec{};
  }
  void stand_at(std::uint32_t, std::uint32_t rows) noexcept { place = splat(-static_cast<double>(rows)); }
  void reset() noexcept { n = t = tt = y = yy = ty = Vec{}; }

  void see(Vec x) noexcept {
    const Mask ok = is_finite(x);
    anchor = select(ok & (seen == 0.0), x, anchor);
    seen = select(ok, splat(1.0), seen);
    last = select(ok, x, last);
    today += 1.0;
    place = today + 1.0;
  }

  void add(Vec x) noexcept {
    place -= 1.0;
    const Mask ok = is_finite(x);
    const Vec d = select(ok, x - anchor, Vec{});
    const Vec at = select(ok, place, Vec{});
    n += select(ok, splat(1.0), Vec{});
    t += at, tt += at * at;
    y += d, yy += d * d, ty += at * d;
  }

  void save_prefix(const Slots& s, std::size_t slot) const noexcept {
    s.set(slot, n), s.set(slot + 1, t), s.set(slot + 2, tt);
    s.set(slot + 3, y), s.set(slot + 4, yy), s.set(slot + 5, ty);
  }
  void save_suffix(const Slots& s, std::size_t slot) const noexcept { save_prefix(s, slot); }
  void load_prefix(const Slots& s, std::size_t slot) noexcept {
    n = s.get(slot), t = s.get(slot + 1), tt = s.get(slot + 2);
    y = s.get(slot + 3), yy = s.get(slot + 4), ty = s.get(slot + 5);
  }
  [[nodiscard]] TrendSums merged(const Slots& s, std::size_t slot) const noexcept {
    TrendSums m = *this;
    TrendSums other;
    other.load_prefix(s, slot);
    m.n += other.n, m.t += other.t, m.tt += other.tt;
    m.y += other.y, m.yy += other.yy, m.ty += other.ty;
    return m;
  }
};

// The line y = level + slope (t - mean time), with y in `unit`s above `base`.
struct Line {
  Vec n, tt, yy, ty, mean_t, mean_y, base, unit;
  Vec today, x;  // today's place and value
};

inline void recompute_line(const LaneWindow& window, const TrendSums& s, std::uint32_t w, std::size_t lane,
                           Line& line) noexcept {
  const auto valid = [&](std::uint32_t age) { return std::isfinite(window[age]); };
  const Extent e = extent(window, w, valid);
  double n = 0.0, sum = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    if (valid(age)) n += 1.0, sum += e.of(window[age]);
  }
  const double mean_y = sum / n, mean_t = line.mean_t[lane], today = s.today[lane];
  double rest = 0.0, yy = 0.0, ty = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    if (!valid(age)) continue;
    const double d = e.of(window[age]) - mean_y;
    rest += d;
    yy += d * d;
    ty += d * ((today - age) - mean_t);
  }
  line.yy[lane] = yy - rest * rest / n;
  line.ty[lane] = ty;
  line.mean_y[lane] = mean_y;
  line.base[lane] = e.newest;
  line.unit[lane] = 2.0 * e.unit;
}

inline void fill_line(Line& line, const TimeArgs& a, const TrendSums& s, Vec x, std::uint32_t r,
                      std::size_t lane) noexcept {
  const Vec mean_t = s.t / s.n, mean_y = s.y / s.n;
  line = {
      s.n, s.tt - mean_t * s.t, s.yy - mean_y * s.y, s.ty - mean_t * s.y, mean_t, mean_y, s.anchor, splat(1.0), s.today,
      x};
  // Also for a single value: the decaying mean must not carry the rounding of a distance to a far anchor.
  const Mask again = lost(line.yy, s.yy, s.y) & (s.n >= 1.0);
  if (any(again)) [[unlikely]] {
    for (std::size_t l = 0; l < kLanes; ++l) {
      if (again[l] != 0) {
        recompute_line(LaneWindow(a.in[0], a.row0 + r, a.pitch, lane + l), s, a.window, l, line);
      }
    }
  }
}

inline Vec slope(const Line& line) noexcept { return line.ty / line.tt; }

// The line at a place, in units above `base`.
inline Vec fitted(const Line& line, Vec place) noexcept { return line.mean_y + slope(line) * (place - line.mean_t); }

inline Vec residual(const Line& line) noexcept {
  const Vec y = (0.5 * line.x - 0.5 * line.base) / (0.5 * line.unit);
  return given((line.n >= 2.0) & is_finite(line.x), (y - fitted(line, line.today)) * line.unit);
}

inline Vec explained(const Line& line) noexcept {
  const Vec share = (line.ty / line.yy) * slope(line);
  const Vec bounded = select(share > 1.0, splat(1.0), select(share < 0.0, Vec{}, share));
  return given((line.n >= 2.0) & (line.yy > 0.0), bounded);
}

// Mean with weights 1 for the oldest session of the window to w for today: sum(weight x) / sum(weight) over the finite
// values. Weights are places shifted by a constant, so the sum of weight times deviation is that of place times
// deviation.
inline Vec decaying_mean(const Line& line, double oldest) noexcept {
  const Vec total = line.n * (line.mean_t - line.today + (oldest + 1.0));
  return line.base + (line.mean_y + line.ty / total) * line.unit;
}

inline void put_line(const Batch<Line>& batch, std::size_t o, TrendStat which, double oldest) noexcept {
  switch (which) {
    case TrendStat::slope:
      return batch.put(o, [](const Line& line) { return given(line.n >= 2.0, slope(line) * line.unit); });
    case TrendStat::intercept:
      return batch.put(o, [oldest](const Line& line) {
        return given(line.n >= 2.0, line.base + fitted(line, line.today - oldest) * line.unit);
      });
    case TrendStat::resid: return batch.put(o, residual);
    case TrendStat::rsquare: return batch.put(o, explained);
    case TrendStat::decay: return batch.put(o, [oldest](const Line& line) { return decaying_mean(line, oldest); });
  }
}

inline void op_trend(const TimeArgs& a) noexcept {
  const double oldest = a.window - 1.0;
  const OneInput input{Cursor(a.in[0], a.row0, a.pitch)};
  const auto make = [&a](Line& line, const TrendSums& total, Vec x, std::uint32_t r, std::size_t lane) {
    fill_line(line, a, total, x, r, lane);
  };
  slide_tile<TrendSums, Line>(a, input, make, [&a, oldest](const Batch<Line>& batch) {
    for (std::size_t o = 0; o < a.outputs; ++o) put_line(batch, o, static_cast<TrendStat>(a.give[o]), oldest);
  });
}

inline std::size_t trend_state(std::uint32_t window) noexcept { return slide_state<TrendSums>(window); }

}  // namespace jqfast::JQFAST_TARGET
