// Statistics of all values since the first session; cumulative sums, products and extremes are among them.
//
// Moments by the updating formulas of Pebay 2008 (Sandia report SAND2008-6212), which add non-negative terms only; the
// sum is compensated.
#pragma once

#include "recursive.inl.hpp"
#include "rolling_moments.inl.hpp"

namespace jqfast::JQFAST_TARGET {

struct Growing {
  Vec n, high, low, mean, m2, m3, m4, least, most, product;

  static constexpr std::size_t kSlots = 10;
  static Growing from(const Slots& s) noexcept {
    Growing g{s.get(0), s.get(1), s.get(2), s.get(3), s.get(4), s.get(5), s.get(6), s.get(7), s.get(8), s.get(9)};
    const Mask empty = g.n == 0.0;  // carried state starts at zero
    g.least = select(empty, splat(kInf), g.least);
    g.most = select(empty, splat(-kInf), g.most);
    g.product = select(empty, splat(1.0), g.product);
    return g;
  }
  void save(const Slots& s) const noexcept {
    s.set(0, n), s.set(1, high), s.set(2, low), s.set(3, mean), s.set(4, m2);
    s.set(5, m3), s.set(6, m4), s.set(7, least), s.set(8, most), s.set(9, product);
  }

  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    const Vec count = n + 1.0;
    const Vec gap = x - mean, share = gap / count, square = share * share;
    const Vec step = gap * share * n;
    const auto keep = [ok](Vec now, Vec before) { return select(ok, now, before); };
    m4 = keep(m4 + step * square * (count * count - 3.0 * count + 3.0) + 6.0 * square * m2 - 4.0 * share * m3, m4);
    m3 = keep(m3 + step * share * (count - 2.0) - 3.0 * share * m2, m3);
    m2 = keep(m2 + step, m2);
    mean = keep(mean + share, mean);
    const auto [sum, error] = two_sum(high, select(ok, x, Vec{}));
    high = sum;
    low += error;
    least = keep(select(x < least, x, least), least);
    most = keep(select(x > most, x, most), most);
    product = keep(product * x, product);
    n = keep(count, n);
  }
};

inline Vec expanding_value(Expanding which, const Statistics& s, const Growing& g) noexcept {
  const Central c{g.n, g.high + g.low, g.m2, g.m3, g.m4, Vec{}, splat(1.0)};
  switch (which) {
    case Expanding::sum: return c.total;
    case Expanding::mean: return c.total / g.n;
    case Expanding::var: return s.get<Moment::var>(c);
    case Expanding::std: return s.get<Moment::std>(c);
    case Expanding::skew: return s.get<Moment::skew>(c);
    case Expanding::kurt: return s.get<Moment::kurt>(c);
    case Expanding::count: return g.n;
    case Expanding::min: return g.least;
    case Expanding::max: return g.most;
    case Expanding::product: return g.product;
  }
  return splat(kNaN);
}

inline void op_expanding(const TimeArgs& a) noexcept {
  const Vec least = splat(a.min_periods);
  const Statistics statistics(0);  // no window is ever full
  for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
    const Slots slots(a.state, Growing::kSlots, lane);
    Growing g = Growing::from(slots);
    Cursor x(a.in[0], a.row0, a.pitch);
    OutRows out(a);
    for (std::uint32_t r = 0; r < a.rows; ++r, x.next(), out.next()) {
      g.add(load(x.row() + lane));
      for (std::size_t o = 0; o < a.outputs; ++o) {
        const Vec v = expanding_value(static_cast<Expanding>(a.give[o]), statistics, g);
        store(out.row(o) + lane, select(g.n >= least, v, splat(kNaN)));
      }
    }
    g.save(slots);
  }
}

}  // namespace jqfast::JQFAST_TARGET
