// Unevaluated sums of two doubles, for the few places where 53 bits are not enough (Dekker 1971).
#pragma once

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

struct Pair {
  Vec high, low;  // the value is high + low
};

// The leading 26 bits: products of such parts are exact without a fused multiply-add.
inline Vec leading_half(Vec x) noexcept { return from_bits(bits(x) & 0xFFFFFFFFF8000000ull); }

// a * b, as long as no partial product leaves the normal range.
inline Pair exact_product(Vec a, Vec b) noexcept {
  const Vec a1 = leading_half(a), a2 = a - a1;
  const Vec b1 = leading_half(b), b2 = b - b1;
  const Vec p = a * b;
  return {p, (((a1 * b1 - p) + a1 * b2) + a2 * b1) + a2 * b2};
}

// a + b exactly, for |a| >= |b|.
inline Pair exact_sum(Vec a, Vec b) noexcept {
  const Vec s = a + b;
  return {s, b - (s - a)};
}

inline Pair operator*(Pair a, Pair b) noexcept {
  const Pair p = exact_product(a.high, b.high);
  return exact_sum(p.high, p.low + (a.high * b.low + a.low * b.high));
}

// a / b, rounded once but for about 2^-10 ulp.
inline Vec quotient(Pair a, Pair b) noexcept {
  const Vec inverse = 1.0 / b.high;
  const Vec q = a.high * inverse;
  const Pair back = exact_product(q, b.high);
  return q + (((a.high - back.high) - back.low) + (a.low - q * b.low)) * inverse;
}

}  // namespace jqfast::JQFAST_TARGET
