// log, exp and tanh of our own: the same bits on every processor, no library call, no fused multiply-add.
//
// Argument reduction and minimax coefficients follow the well-known double-precision scheme of Sun's fdlibm
// (errors below 1 ulp); the code is branch-free so that lanes go through it together.
#pragma once

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

inline constexpr double kLn2High = 6.93147180369123816490e-01;  // 32 leading bits, so that k * kLn2High is exact
inline constexpr double kLn2Low = 1.90821492927058770002e-10;

// Small integers held in doubles, from the low bits of x + 1.5 * 2^52.
inline constexpr double kRounder = 6755399441055744.0;

// ln x. log(0) = -inf, log(x < 0) = NaN, log(inf) = inf.
inline Vec log(Vec x) noexcept {
  const Mask tiny = x < 0x1p-1022;
  const Vec y = select(tiny, x * 0x1p54, x);
  // Write y = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2)): take the bits of sqrt(1/2) off the exponent.
  const Bits raw = bits(y);
  const Bits shifted = raw - 0x3FE6A09E00000000ull;
  const Bits mantissa = (shifted & 0x000FFFFFFFFFFFFFull) + 0x3FE6A09E00000000ull;
  const Mask exponent = reinterpret_cast<Mask>(shifted) >> 52;
  Vec k = from_bits(reinterpret_cast<Bits>(exponent) + 0x4338000000000000ull) - kRounder;
  k = k - select(tiny, splat(54.0), Vec{});
  const Vec f = from_bits(mantissa) - 1.0;
  const Vec s = f / (2.0 + f);
  const Vec z = s * s;
  const Vec w = z * z;
  const Vec even = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  const Vec odd = z * (6.666666666666735130e-01 +
                       w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860510658591e-01)));
  const Vec half_square = 0.5 * f * f;
  Vec result = k * kLn2High - ((half_square - (s * (half_square + (even + odd)) + k * kLn2Low)) - f);
  result = select(x == kInf, splat(kInf), result);
  result = select(x == 0.0, splat(-kInf), result);
  return select((x < 0.0) | is_nan(x), splat(kNaN), result);
}

// 2^k for integral k in [-1022, 1023], held in doubles.
inline Vec exp2_integral(Vec k) noexcept { return from_bits((bits(k + kRounder) + 1023ull) << 52); }

struct Reduced {
  Vec k, high, low;  // x = k ln 2 + (high - low)
};

inline Reduced reduce_ln2(Vec x) noexcept {
  const Vec k = (x * 1.44269504088896338700e+00 + kRounder) - kRounder;
  return {k, x - k * kLn2High, k * kLn2Low};
}

// e^x, overflowing to inf above 709.78 and underflowing to 0 below -745.13.
inline Vec exp(Vec x) noexcept {
  const Vec bounded = select(x > 710.0, splat(710.0), select(x < -746.0, splat(-746.0), x));
  const auto [k, high, low] = reduce_ln2(bounded);
  const Vec r = high - low;
  const Vec t = r * r;
  const Vec c =
      r -
      t * (1.66666666666666019037e-01 +
           t * (-2.77777777770155933842e-03 +
                t * (6.61375632143793436117e-05 + t * (-1.65339022054652515390e-06 + t * 4.13813679705723846039e-08))));
  const Vec y = 1.0 - ((low - (r * c) / (2.0 - c)) - high);
  // Scale in two steps: 2^k itself leaves the range of normal numbers at both ends.
  const Vec half = (0.5 * k + kRounder) - kRounder;
  const Vec result = y * exp2_integral(half) * exp2_integral(k - half);
  return select(is_nan(x), splat(kNaN), result);
}

// e^x - 1 without cancellation near zero, for |x| <= 45.
inline Vec expm1(Vec x) noexcept {
  const auto [k, high, low] = reduce_ln2(x);
  const Vec r = high - low;
  const Vec c = (high - r) - low;
  const Vec half = 0.5 * r;
  const Vec hxs = r * half;
  const Vec poly = 1.0 + hxs * (-3.33333333333331316428e-02 +
                                hxs * (1.58730158725481460165e-03 +
                                       hxs * (-7.93650757867487942473e-05 +
                                              hxs * (4.00821782732936239552e-06 + hxs * -2.01099218183624371326e-07))));
  const Vec t = 3.0 - poly * half;
  Vec e = hxs * ((poly - t) / (6.0 - r * t));
  const Vec small = r - (r * e - hxs);
  e = (r * (e - c) - c) - hxs;
  // 2^k (1 + r - e) - 1, adding the small part first.
  const Vec scale = exp2_integral(k);
  const Vec large = (scale - 1.0) + scale * (r - e);
  return select(k == 0.0, small, large);
}

// tanh x from expm1 of 2|x|, odd in x; 1 beyond 22, where the difference from 1 is below half an ulp.
inline Vec tanh(Vec x) noexcept {
  const Vec size = abs(x);
  const Vec bounded = select(size < 22.0, size, splat(22.0));
  const Mask far = bounded >= 1.0;
  const Vec t = expm1(select(far, 2.0 * bounded, -2.0 * bounded));
  const Vec near_value = -t / (t + 2.0);
  const Vec far_value = 1.0 - 2.0 / (t + 2.0);
  const Vec value = select(size >= 22.0, splat(1.0), select(far, far_value, near_value));
  return select(is_nan(x), splat(kNaN), select(x < 0.0, -value, value));
}

}  // namespace jqfast::JQFAST_TARGET
