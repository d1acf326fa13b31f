// Rolling statistics of two series, over the sessions on which both are finite: covariance, correlation, the regression
// of x on y (beta, intercept, today's residual, R2) and the mean of x weighted by y.
//
// As rolling_moments: powers of differences from the last pair of the block before, a lane from scratch where the
// cancellation exceeds kCancellation in either variance or a power leaves the range.
#pragma once

#include "rolling_moments.inl.hpp"

namespace jqfast::JQFAST_TARGET {

struct PairSums {
  static constexpr std::size_t kHead = 5;  // seen, last x, last y, anchor x, anchor y
  static constexpr std::size_t kPrefix = 6;
  static constexpr std::size_t kSuffix = kPrefix;

  Vec seen, last_x, last_y, anchor_x, anchor_y;
  Vec n, x, y, xx, yy, xy;

  void load_head(const Slots& s) noexcept {
    seen = s.get(0), last_x = s.get(1), last_y = s.get(2), anchor_x = s.get(3), anchor_y = s.get(4);
  }
  void save_head(const Slots& s) const noexcept {
    s.set(0, seen), s.set(1, last_x), s.set(2, last_y), s.set(3, anchor_x), s.set(4, anchor_y);
  }
  void begin_block() noexcept { anchor_x = last_x, anchor_y = last_y; }
  void stand_at(std::uint32_t, std::uint32_t) noexcept {}
  void reset() noexcept { n = x = y = xx = yy = xy = Vec{}; }

  static Mask valid(TwoValues v) noexcept { return is_finite(v.x) & is_finite(v.y); }

  void see(TwoValues v) noexcept {
    const Mask ok = valid(v);
    const Mask first = ok & (seen == 0.0);
    anchor_x = select(first, v.x, anchor_x);
    anchor_y = select(first, v.y, anchor_y);
    seen = select(ok, splat(1.0), seen);
    last_x = select(ok, v.x, last_x);
    last_y = select(ok, v.y, last_y);
  }

  void add(TwoValues v) noexcept {
    const Mask ok = valid(v);
    const Vec dx = select(ok, v.x - anchor_x, Vec{});
    const Vec dy = select(ok, v.y - anchor_y, Vec{});
    n += select(ok, splat(1.0), Vec{});
    x += dx, y += dy;
    xx += dx * dx, yy += dy * dy, xy += dx * dy;
  }

  void save_prefix(const Slots& s, std::size_t slot) const noexcept {
    s.set(slot, n), s.set(slot + 1, x), s.set(slot + 2, y);
    s.set(slot + 3, xx), s.set(slot + 4, yy), s.set(slot + 5, xy);
  }
  void save_suffix(const Slots& s, std::size_t slot) const noexcept { save_prefix(s, slot); }
  void load_prefix(const Slots& s, std::size_t slot) noexcept {
    n = s.get(slot), x = s.get(slot + 1), y = s.get(slot + 2);
    xx = s.get(slot + 3), yy = s.get(slot + 4), xy = s.get(slot + 5);
  }
  [[nodiscard]] PairSums merged(const Slots& s, std::size_t slot) const noexcept {
    PairSums m = *this;
    PairSums other;
    other.load_prefix(s, slot);
    m.n += other.n, m.x += other.x, m.y += other.y;
    m.xx += other.xx, m.yy += other.yy, m.xy += other.xy;
    return m;
  }
};

// Central second moments; x in units of `unit_x` above `base_x`, y likewise (powers of two, 1 but for recomputed
// lanes).
struct CentralPair {
  Vec n, xx, yy, xy, unit_x, unit_y;
  Vec base_x, base_y, mean_x, mean_y;
  Vec x, y;  // today's values
};

struct Extent {
  double newest = 0.0, unit = 1.0;
  [[nodiscard]] double of(double x) const noexcept { return (0.5 * x - 0.5 * newest) / unit; }
};

template <class Valid>
Extent extent(const LaneWindow& window, std::uint32_t w, Valid valid) noexcept {
  Extent e;
  for (std::uint32_t age = w; age-- > 0;) {
    if (valid(age)) e.newest = window[age];
  }
  double largest = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    if (valid(age)) largest = std::max(largest, std::fabs(0.5 * window[age] - 0.5 * e.newest));
  }
  int exponent = 0;
  std::frexp(largest, &exponent);
  if (largest > 0.0) e.unit = std::ldexp(1.0, exponent);
  return e;
}

inline void recompute_pair(const LaneWindow& wx, const LaneWindow& wy, std::uint32_t w, std::size_t lane,
                           CentralPair& c) noexcept {
  const auto valid = [&](std::uint32_t age) { return std::isfinite(wx[age]) && std::isfinite(wy[age]); };
  const Extent ex = extent(wx, w, valid);
  const Extent ey = extent(wy, w, valid);
  double n = 0.0, sum_x = 0.0, sum_y = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    if (valid(age)) n += 1.0, sum_x += ex.of(wx[age]), sum_y += ey.of(wy[age]);
  }
  const double mean_x = sum_x / n, mean_y = sum_y / n;
  double rest_x = 0.0, rest_y = 0.0, xx = 0.0, yy = 0.0, xy = 0.0;
  for (std::uint32_t age = 0; age < w; ++age) {
    if (!valid(age)) continue;
    const double dx = ex.of(wx[age]) - mean_x, dy = ey.of(wy[age]) - mean_y;
    rest_x += dx, rest_y += dy;
    xx += dx * dx, yy += dy * dy, xy += dx * dy;
  }
  c.xx[lane] = xx - rest_x * rest_x / n;
  c.yy[lane] = yy - rest_y * rest_y / n;
  c.xy[lane] = xy - rest_x * rest_y / n;
  c.unit_x[lane] = 2.0 * ex.unit, c.unit_y[lane] = 2.0 * ey.unit;
  c.base_x[lane] = ex.newest, c.base_y[lane] = ey.newest;
  c.mean_x[lane] = mean_x, c.mean_y[lane] = mean_y;
}

inline Mask lost(Vec central_square, Vec square, Vec sum) noexcept {
  const Mask cancelled = ~(central_square >= kCancellation * square) | ~is_finite(square);
  return cancelled | ((square < kTinySquare) & ((square > 0.0) | (sum != 0.0)));
}

inline void fill_pair(CentralPair& c, const TimeArgs& a, const PairSums& s, TwoValues today, std::uint32_t r,
                      std::size_t lane) noexcept {
  const Vec mean_x = s.x / s.n, mean_y = s.y / s.n;
  c = {s.n,
       s.xx - mean_x * s.x,
       s.yy - mean_y * s.y,
       s.xy - mean_x * s.y,
       splat(1.0),
       splat(1.0),
       s.anchor_x,
       s.anchor_y,
       mean_x,
       mean_y,
       today.x,
       today.y};
  const Mask again = (lost(c.xx, s.xx, s.x) | lost(c.yy, s.yy, s.y)) & (s.n >= 1.0);
  if (any(again)) [[unlikely]] {
    for (std::size_t l = 0; l < kLanes; ++l) {
      if (again[l] == 0) continue;
      const LaneWindow wx(a.in[0], a.row0 + r, a.pitch, lane + l);
      const LaneWindow wy(a.in[1], a.row0 + r, a.pitch, lane + l);
      recompute_pair(wx, wy, a.window, l, c);
    }
  }
}

inline Vec covariance(const CentralPair& c) noexcept {
  return given(c.n >= 2.0, c.xy / (c.n - 1.0) * c.unit_x * c.unit_y);
}

inline Vec correlation(const CentralPair& c) noexcept {
  const Vec r = c.xy / (sqrt(c.xx) * sqrt(c.yy));
  const Vec bounded = select(r > 1.0, splat(1.0), select(r < -1.0, splat(-1.0), r));
  return given((c.n >= 2.0) & (c.xx > 0.0) & (c.yy > 0.0), bounded);
}

inline Vec beta(const CentralPair& c) noexcept {
  return given((c.n >= 2.0) & (c.yy > 0.0), c.xy / c.yy * (c.unit_x / c.unit_y));
}

inline Vec level_x(const CentralPair& c) noexcept { return c.base_x + c.mean_x * c.unit_x; }
inline Vec level_y(const CentralPair& c) noexcept { return c.base_y + c.mean_y * c.unit_y; }

inline Vec pair_intercept(const CentralPair& c) noexcept { return level_x(c) - beta(c) * level_y(c); }

inline Vec pair_residual(const CentralPair& c) noexcept {
  const Vec x = (0.5 * c.x - 0.5 * c.base_x) / (0.5 * c.unit_x) - c.mean_x;
  const Vec y = (0.5 * c.y - 0.5 * c.base_y) / (0.5 * c.unit_y) - c.mean_y;
  const Mask ok = (c.n >= 2.0) & (c.yy > 0.0) & is_finite(c.x) & is_finite(c.y);
  return given(ok, (x - c.xy / c.yy * y) * c.unit_x);
}

inline Vec pair_rsquare(const CentralPair& c) noexcept {
  const Vec r = correlation(c);
  return r * r;
}

// Mean of x weighted by y: the plain mean plus covariance over mean weight.
inline Vec weighted_mean(const CentralPair& c) noexcept {
  return level_x(c) + c.xy * c.unit_x * (c.unit_y / (c.n * level_y(c)));
}

inline void put_pair(const Batch<CentralPair>& batch, std::size_t o, PairStat which) noexcept {
  switch (which) {
    case PairStat::cov: return batch.put(o, covariance);
    case PairStat::corr: return batch.put(o, correlation);
    case PairStat::beta: return batch.put(o, beta);
    case PairStat::intercept: return batch.put(o, pair_intercept);
    case PairStat::resid: return batch.put(o, pair_residual);
    case PairStat::rsquare: return batch.put(o, pair_rsquare);
    case PairStat::wmean: return batch.put(o, weighted_mean);
  }
}

inline void op_pairs(const TimeArgs& a) noexcept {
  const TwoInputs input{Cursor(a.in[0], a.row0, a.pitch), Cursor(a.in[1], a.row0, a.pitch)};
  const auto make = [&a](CentralPair& c, const PairSums& total, TwoValues v, std::uint32_t r, std::size_t lane) {
    fill_pair(c, a, total, v, r, lane);
  };
  slide_tile<PairSums, CentralPair>(a, input, make, [&a](const Batch<CentralPair>& batch) {
    for (std::size_t o = 0; o < a.outputs; ++o) put_pair(batch, o, static_cast<PairStat>(a.give[o]));
  });
}

inline std::size_t pairs_state(std::uint32_t window) noexcept { return slide_state<PairSums>(window); }

}  // namespace jqfast::JQFAST_TARGET
