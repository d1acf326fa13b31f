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

// The newest value of each lane's window and the power of two that brings all distances from it below 2; in halves, so
// that distances of opposite extremes stay finite.
struct Extent {
  Vec newest = {}, unit = {};

  [[nodiscard]] Vec of(Vec x) const noexcept { return (0.5 * x - 0.5 * newest) / unit; }
};

template <class Each>
Extent extent(Each each) noexcept {
  Extent e;
  Mask seen{};
  each([&](Vec x, Mask ok) {
    e.newest = select(ok & ~seen, x, e.newest);
    seen |= ok;
  });
  Vec largest{};
  each([&](Vec x, Mask ok) {
    const Vec distance = select(ok, abs(0.5 * x - 0.5 * e.newest), Vec{});
    largest = select(distance > largest, distance, largest);
  });
  const Vec power = from_bits(bits(largest) & 0x7FF0000000000000ull);
  const Vec least = splat(std::numeric_limits<double>::min());
  e.unit = select(largest == 0.0, splat(1.0), select(power < least, least, power));
  return e;
}

// The pair of windows from scratch: distances from their newest pair, scaled, in two passes.
[[gnu::noinline, gnu::cold]] inline CentralPair recomputed(const Column& wx, const Column& wy,
                                                           std::uint32_t w) noexcept {
  CentralPair c{};
  const auto pairs = [&](auto f) {
    for (std::uint32_t age = 0; age < w; ++age) {
      const Vec x = wx.before(age), y = wy.before(age);
      f(x, y, is_finite(x) & is_finite(y));
    }
  };
  const Extent ex = extent([&](auto f) { pairs([&](Vec x, Vec, Mask ok) { f(x, ok); }); });
  const Extent ey = extent([&](auto f) { pairs([&](Vec, Vec y, Mask ok) { f(y, ok); }); });
  Vec sum_x{}, sum_y{};
  pairs([&](Vec x, Vec y, Mask ok) {
    c.n += select(ok, splat(1.0), Vec{});
    sum_x += select(ok, ex.of(x), Vec{});
    sum_y += select(ok, ey.of(y), Vec{});
  });
  c.mean_x = sum_x / c.n, c.mean_y = sum_y / c.n;
  Vec rest_x{}, rest_y{};
  pairs([&](Vec x, Vec y, Mask ok) {
    const Vec dx = select(ok, ex.of(x) - c.mean_x, Vec{}), dy = select(ok, ey.of(y) - c.mean_y, Vec{});
    rest_x += dx, rest_y += dy;
    c.xx += dx * dx, c.yy += dy * dy, c.xy += dx * dy;
  });
  c.xx -= rest_x * rest_x / c.n, c.yy -= rest_y * rest_y / c.n, c.xy -= rest_x * rest_y / c.n;
  c.unit_x = 2.0 * ex.unit, c.unit_y = 2.0 * ey.unit;
  c.base_x = ex.newest, c.base_y = ey.newest;
  return c;
}

inline Mask lost(Vec central_square, Vec square, Vec sum) noexcept {
  const Mask kept = (central_square >= kCancellation * square) & (square >= kTinySquare) & (square <= kLargeSquare);
  return ~kept & ~((square == 0.0) & (sum == 0.0));
}

[[gnu::always_inline]] inline CentralPair central_pair(const TimeArgs& a, const ByCount<inverse>& share_of,
                                                       const PairSums& s, TwoValues today, std::uint32_t r,
                                                       std::size_t lane) noexcept {
  const Vec share = share_of(s.n);
  const Vec mean_x = s.x * share, mean_y = s.y * share;
  CentralPair c{s.n,
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
  const Flags trusted = also(sound(c.xx, s.xx), sound(c.yy, s.yy));
  if (any_of(but_not(at_least(s.n, share_of.least()), trusted))) [[unlikely]] {
    const Mask again = (s.n >= share_of.least()) & (lost(c.xx, s.xx, s.x) | lost(c.yy, s.yy, s.y));
    if (any(again)) {
      const Column x(a.in[0], a.row0 + r, a.pitch, lane), y(a.in[1], a.row0 + r, a.pitch, lane);
      const CentralPair redone = recomputed(x, y, a.window);
      // Member by member, so that `c` can stay in registers.
      const auto adopt = [again](Vec& old, const Vec& v) { old = select(again, v, old); };
      adopt(c.xx, redone.xx), adopt(c.yy, redone.yy), adopt(c.xy, redone.xy);
      adopt(c.unit_x, redone.unit_x), adopt(c.unit_y, redone.unit_y);
      adopt(c.base_x, redone.base_x), adopt(c.base_y, redone.base_y);
      adopt(c.mean_x, redone.mean_x), adopt(c.mean_y, redone.mean_y);
    }
  }
  return c;
}

inline Vec covariance(const CentralPair& c) noexcept {
  return given(c.n >= 2.0, c.xy / (c.n - 1.0) * c.unit_x * c.unit_y);
}

inline Vec correlation(const CentralPair& c) noexcept {
  const Vec r = c.xy / sqrt(c.xx * c.yy);
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

template <PairStat which>
Vec pair_statistic(const CentralPair& c) noexcept {
  switch (which) {
    case PairStat::cov: return covariance(c);
    case PairStat::corr: return correlation(c);
    case PairStat::beta: return beta(c);
    case PairStat::intercept: return pair_intercept(c);
    case PairStat::resid: return pair_residual(c);
    case PairStat::rsquare: return pair_rsquare(c);
    case PairStat::wmean: return weighted_mean(c);
  }
}

inline TwoInputs both(const TimeArgs& a) noexcept {
  return {Cursor(a.in[0], a.row0, a.pitch), Cursor(a.in[1], a.row0, a.pitch)};
}

template <PairStat... Which>
bool pairs_ran(const TimeArgs& a) noexcept {
  if (!gives<Which...>(a)) return false;
  const ByCount<inverse> share_of(a.window, a.min_periods);
  const Vec least = splat(a.min_periods);
  const auto make = [&](const PairSums& total, TwoValues v, std::uint32_t r, std::size_t lane)
                        __attribute__((always_inline)) {
                          const CentralPair c = central_pair(a, share_of, total, v, r, lane);
                          return RowOf<sizeof...(Which)>{{given(c.n >= least, pair_statistic<Which>(c))...}};
                        };
  slide_straight<PairSums, sizeof...(Which)>(a, both(a), make);
  return true;
}

inline void put_pair(const Batch<CentralPair>& batch, std::size_t o, PairStat which) noexcept {
  using enum PairStat;
  switch (which) {
    case cov: return batch.put(o, pair_statistic<cov>);
    case corr: return batch.put(o, pair_statistic<corr>);
    case PairStat::beta: return batch.put(o, pair_statistic<PairStat::beta>);
    case intercept: return batch.put(o, pair_statistic<intercept>);
    case resid: return batch.put(o, pair_statistic<resid>);
    case rsquare: return batch.put(o, pair_statistic<rsquare>);
    case wmean: return batch.put(o, pair_statistic<wmean>);
  }
}

inline void op_pairs(const TimeArgs& a) noexcept {
  using enum PairStat;
  if (pairs_ran<corr>(a) || pairs_ran<PairStat::beta>(a) || pairs_ran<cov>(a) || pairs_ran<wmean>(a)) return;
  const ByCount<inverse> share_of(a.window, a.min_periods);
  const auto make = [&](CentralPair& c, const PairSums& total, TwoValues v, std::uint32_t r, std::size_t lane) {
    c = central_pair(a, share_of, total, v, r, lane);
  };
  slide_tile<PairSums, CentralPair>(a, both(a), make, [&a](const Batch<CentralPair>& batch) {
    for (std::size_t o = 0; o < a.outputs; ++o) put_pair(batch, o, static_cast<PairStat>(a.give[o]));
  });
}

inline std::size_t pairs_state(std::uint32_t window) noexcept { return slide_state<PairSums>(window); }

}  // namespace jqfast::JQFAST_TARGET
