// Statistics of all values since the first session; cumulative sums, products and extremes are among them.
//
// Moments by the updating formulas of Pebay 2008 (Sandia report SAND2008-6212), on distances from the first value,
// which never leaves, so that its level costs no digits, and in units of the largest of them where powers leave the
// middle of the range. The sum is compensated.
#pragma once

#include "recursive.inl.hpp"
#include "rolling_moments.inl.hpp"

namespace jqfast::JQFAST_TARGET {

struct Growing {
  // `mean` is that of the distances from `anchor`; m2, m3 and m4 are in powers of the unit whose reciprocal is kept.
  Vec n, high, low, anchor, mean, m2, m3, m4, inverse, least, most, product;

  static constexpr std::size_t kSlots = 12;
  static Growing from(const Slots& s) noexcept {
    Growing g{s.get(0), s.get(1), s.get(2), s.get(3), s.get(4),  s.get(5),
              s.get(6), s.get(7), s.get(8), s.get(9), s.get(10), s.get(11)};
    const Mask empty = g.n == 0.0;  // carried state starts at zero
    g.inverse = select(empty, splat(1.0), g.inverse);
    g.least = select(empty, splat(kInf), g.least);
    g.most = select(empty, splat(-kInf), g.most);
    g.product = select(empty, splat(1.0), g.product);
    return g;
  }
  void save(const Slots& s) const noexcept {
    s.set(0, n), s.set(1, high), s.set(2, low), s.set(3, anchor), s.set(4, mean), s.set(5, m2);
    s.set(6, m3), s.set(7, m4), s.set(8, inverse), s.set(9, least), s.set(10, most), s.set(11, product);
  }

  [[nodiscard]] Vec unit() const noexcept { return reciprocal_of_power(inverse); }

  // Measures lanes in units of `gap`, so that its fourth power stays in range; what vanishes counted for nothing.
  void change_unit(Vec gap, Mask which) noexcept {
    const Vec next = reciprocal_of_power(power_near(gap));
    const Vec ratio = unit() * next, square = ratio * ratio;
    const Mask moved = which & (m2 != 0.0);
    m2 = select(moved, m2 * square, m2);
    m3 = select(moved, m3 * square * ratio, m3);
    m4 = select(moved, m4 * square * square, m4);
    inverse = select(which, next, inverse);
  }

  void add_powers(Vec x, Mask ok) noexcept {
    const auto keep = [ok](Vec now, Vec before) { return select(ok, now, before); };
    anchor = select(ok & (n == 0.0), x, anchor);
    const Vec gap = (x - anchor) - mean, size = abs(gap) * inverse;
    const Mask leaving = ok & ((size > 0x1p100) | ((size < 0x1p-100) & (m2 == 0.0) & (gap != 0.0)));
    if (any(leaving)) [[unlikely]]
      change_unit(gap, leaving);
    const Vec count = n + 1.0;
    const Vec scaled = gap * inverse, share = scaled / count, square = share * share;
    const Vec step = scaled * share * n;
    m4 = keep(m4 + step * square * (count * count - 3.0 * count + 3.0) + 6.0 * square * m2 - 4.0 * share * m3, m4);
    m3 = keep(m3 + step * share * (count - 2.0) - 3.0 * share * m2, m3);
    m2 = keep(m2 + step, m2);
    mean = keep(mean + share * unit(), mean);
  }

  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    const auto keep = [ok](Vec now, Vec before) { return select(ok, now, before); };
    add_powers(x, ok);
    const auto [sum, error] = two_sum(high, select(ok, x, Vec{}));
    high = sum;
    low += error;
    least = keep(select(x < least, x, least), least);
    most = keep(select(x > most, x, most), most);
    product = keep(product * x, product);
    n = keep(n + 1.0, n);
  }
};

inline Vec expanding_value(Expanding which, const Statistics& s, const Growing& g) noexcept {
  const Central c{g.n, g.high + g.low, g.m2, g.m3, g.m4, Vec{}, g.unit()};
  switch (which) {
    case Expanding::sum: return c.total;
    case Expanding::mean: return c.total / g.n;
    case Expanding::var: return given(g.n >= 2.0, s.get<Moment::var>(c));
    case Expanding::std: return given(g.n >= 2.0, s.get<Moment::std>(c));
    case Expanding::skew: return given(g.n >= 3.0, s.get<Moment::skew>(c));
    case Expanding::kurt: return given(g.n >= 4.0, s.get<Moment::kurt>(c));
    case Expanding::count: return g.n;
    case Expanding::min: return g.least;
    case Expanding::max: return g.most;
    case Expanding::product: return g.product;
  }
  return splat(kNaN);
}

inline void op_expanding(const TimeArgs& a) noexcept {
  const Vec least = splat(a.min_periods);
  const Statistics statistics(0, 0);  // no window is ever full
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
