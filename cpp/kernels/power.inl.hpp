// x^y for a literal y, within 1 ulp: 0.78 ulp is the most that tests/test_elementary.cpp finds.
//
// Special cases are those of IEEE 754 pow, but for y = 0.5, which is the square root: (-0)^0.5 = -0 and
// (-inf)^0.5 = NaN there.
#pragma once

#include "elementary.inl.hpp"

namespace jqfast::JQFAST_TARGET {

inline constexpr double kMostFactors = 64.0;  // whole powers up to here by multiplication

// x^n for n other than 0, as (mantissa of x)^n, which stays in range, times a power of two.
inline Vec whole_power(Vec x, int n) noexcept {
  const Mask tiny = abs(x) < 0x1p-1022;
  const Vec y = select(tiny, x * 0x1p54, x);
  const Bits exponent = (bits(y) >> 52) & 0x7FFull;
  const Vec k = from_bits(exponent + 0x4338000000000000ull) - (kRounder + 1023.0) - select(tiny, splat(54.0), Vec{});
  Pair square{from_bits((bits(y) & 0x800FFFFFFFFFFFFFull) | 0x3FF0000000000000ull), Vec{}};
  Pair product{splat(1.0), Vec{}};
  for (auto left = static_cast<unsigned>(n < 0 ? -n : n);;) {
    if ((left & 1u) != 0) product = product * square;
    left >>= 1;
    if (left == 0) break;
    square = square * square;
  }
  const Vec mantissa = n < 0 ? quotient({splat(1.0), Vec{}}, product) : product.high;
  const Vec most = splat(2000.0), scale = k * static_cast<double>(n);
  const Vec result = scale_by(mantissa, select(scale > most, most, select(scale < -most, -most, scale)));
  const Vec odd = (n % 2) != 0 ? x : abs(x);  // the limits 0, inf and NaN
  return select((x == 0.0) | ~is_finite(x), n < 0 ? 1.0 / odd : odd, result);
}

inline bool is_odd(double y) noexcept { return y == std::trunc(y) && 0.5 * y != std::trunc(0.5 * y); }

// |x|^y = e^(y ln |x|) with ln |x| and the product to about 2^-64, then the sign and the limits.
inline Vec real_power(Vec x, double y) noexcept {
  // Beyond 2^66 every |x| other than 1 overflows or underflows, and every y is even.
  const double exponent = y > 0x1p66 ? 0x1p66 : y < -0x1p66 ? -0x1p66 : y;
  const Vec size = abs(x);
  const Pair ln = log_pair(size);
  const Pair product = exact_product(ln.high, splat(exponent));
  Vec result = exp(Pair{product.high, product.low + ln.low * exponent});
  const double at_zero = y > 0.0 ? 0.0 : kInf;
  result = select(size == 0.0, splat(at_zero), result);
  result = select(size == kInf, splat(y > 0.0 ? kInf : 0.0), result);
  if (y != std::trunc(y)) result = select((x < 0.0) & (size != kInf), splat(kNaN), result);
  if (is_odd(y)) result = from_bits(bits(result) | (bits(x) & 0x8000000000000000ull));
  return select(is_nan(x), x, result);
}

// Calls map(f) with the function f(x) = x^y: which way y takes is decided once, outside the loops.
template <class Map>
void with_power(double y, Map map) noexcept {
  if (y == 0.0) return map([](Vec) { return splat(1.0); });
  if (std::isnan(y)) return map([](Vec x) { return select(x == 1.0, splat(1.0), splat(kNaN)); });
  if (y == 1.0) return map([](Vec x) { return x; });
  if (y == 2.0) return map([](Vec x) { return x * x; });
  if (y == -1.0) return map([](Vec x) { return 1.0 / x; });
  if (y == 0.5) return map([](Vec x) { return sqrt(x); });
  if (y == std::trunc(y) && std::fabs(y) <= kMostFactors) {
    return map([n = static_cast<int>(y)](Vec x) { return whole_power(x, n); });
  }
  map([y](Vec x) { return real_power(x, y); });
}

}  // namespace jqfast::JQFAST_TARGET
