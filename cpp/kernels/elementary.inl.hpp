// log, exp and tanh of our own: the same bits on every processor, no library call, no fused multiply-add.
//
// The code is branch-free so that lanes go through it together. Errors are below 1 ulp: the largest that
// tests/test_elementary.cpp finds are 0.80 for log, 0.76 for exp and 0.57 for tanh. log and the reduction of exp
// follow the well-known scheme of Sun's fdlibm; the other polynomials come from tests/coefficients.py.
#pragma once

#include "double_double.inl.hpp"

namespace jqfast::JQFAST_TARGET {

inline constexpr double kLn2High = 6.93147180369123816490e-01;  // 32 leading bits, so that k * kLn2High is exact
inline constexpr double kLn2Low = 1.90821492927058770002e-10;

// Small integers held in doubles, from the low bits of x + 1.5 * 2^52.
inline constexpr double kRounder = 6755399441055744.0;

inline Vec round_small(Vec x) noexcept { return (x + kRounder) - kRounder; }

// 2^k for integral k in [-1022, 1023], held in doubles.
inline Vec exp2_integral(Vec k) noexcept { return from_bits((bits(k + kRounder) + 1023ull) << 52); }

// y * 2^k for integral k in [-2044, 2046]; in two steps, as 2^k itself leaves the range at both ends.
inline Vec scale_by(Vec y, Vec k) noexcept {
  const Vec half = round_small(0.5 * k);
  return y * exp2_integral(half) * exp2_integral(k - half);
}

struct Reduced {
  Vec k, f;  // x = 2^k (1 + f) with 1 + f in [sqrt(1/2), sqrt(2))
};

// Of a positive finite x, subnormal ones included.
inline Reduced split_exponent(Vec x) noexcept {
  const Mask tiny = x < 0x1p-1022;
  const Vec y = select(tiny, x * 0x1p54, x);
  const Bits shifted = bits(y) - 0x3FE6A09E00000000ull;  // takes the bits of sqrt(1/2) off the exponent
  const Bits mantissa = (shifted & 0x000FFFFFFFFFFFFFull) + 0x3FE6A09E00000000ull;
  const Mask exponent = reinterpret_cast<Mask>(shifted) >> 52;
  const Vec k = from_bits(reinterpret_cast<Bits>(exponent) + 0x4338000000000000ull) - kRounder;
  return {k - select(tiny, splat(54.0), Vec{}), from_bits(mantissa) - 1.0};
}

// ln x. log(0) = -inf, log(x < 0) = NaN, log(inf) = inf.
inline Vec log(Vec x) noexcept {
  const auto [k, f] = split_exponent(x);
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

// ln x to about 2^-65 of itself, for positive finite x: 2 artanh s with s = f / (2 + f).
inline Pair log_pair(Vec x) noexcept {
  const auto [k, f] = split_exponent(x);
  const Vec d = 2.0 + f, d_low = f - (d - 2.0), inverse = 1.0 / d;
  const Vec s = f * inverse;
  const Pair back = exact_product(s, d);
  const Vec s_low = (((f - back.high) - back.low) - s * d_low) * inverse;
  const Pair square = exact_product(s, s);
  const Vec z = square.high, w = z * z, z_low = square.low + 2.0 * s * s_low;
  // artanh s = s (1 + z (1/3 + z (1/5 + z P(z)))): the first terms need more than 53 bits, P does not.
  const Vec even = 0.142857142857143 + w * (0.0909090911304029 + w * (0.06667101024572636 + w * 0.05783180209405219));
  const Vec odd = 0.11111111111070332 + w * (0.07692303194530649 + w * 0.05860905995273481);
  constexpr double kThird = 1.0 / 3.0, kThirdLow = 1.850371707708594e-17;
  const Pair fifth = exact_product(z, splat(0.2));
  const Pair c = exact_sum(splat(kThird), fifth.high);
  const Vec c_low = (c.low + kThirdLow) + (fifth.low + 0.2 * z_low) + w * (even + z * odd);
  const Pair zc = exact_product(z, c.high);
  const Pair t = exact_sum(zc.high, zc.low + (z * c_low + z_low * c.high));
  const Pair st = exact_product(s, t.high);
  const Pair a = exact_sum(k * kLn2High, 2.0 * s);
  const Pair b = exact_sum(a.high, 2.0 * st.high);
  const Vec rest = 2.0 * (s_low + (st.low + (s * t.low + s_low * t.high))) + k * kLn2Low;
  return exact_sum(b.high, (a.low + b.low) + rest);
}

// x = k ln 2 + r with |r| <= ln(2) / 2.
struct Remainder {
  Vec k;
  Pair r;
};

inline Remainder reduce_ln2(Pair x) noexcept {
  const Vec k = round_small(x.high * 1.44269504088896338700e+00);
  const auto [r, error] = two_sum(x.high - k * kLn2High, x.low - k * kLn2Low);
  return {k, {r, error}};
}

// (e^r - 1 - r - r^2 / 2) / r^3 on the interval of reduce_ln2.
inline Vec exp_cubic(Vec r) noexcept {
  const Vec t = r * r, w = t * t;
  const Vec low =
      (0.16666666666666669 + r * 0.041666666666666664) + t * (0.008333333333330062 + r * 0.0013888888888886552);
  const Vec high =
      (0.00019841269863053618 + r * 2.4801587317144498e-05) + t * (2.7557268459997064e-06 + r * 2.755728296954995e-07);
  return low + w * (high + w * (2.510038549551032e-08 + r * 2.0911236630261545e-09));
}

// e^(x.high + x.low), overflowing to inf above 709.78 and underflowing to 0 below -745.13.
inline Vec exp(Pair x) noexcept {
  const Vec bounded = select(x.high > 710.0, splat(710.0), select(x.high < -746.0, splat(-746.0), x.high));
  const auto [k, r] = reduce_ln2({bounded, select(bounded == x.high, x.low, Vec{})});
  const Vec square = r.high * r.high;
  const Vec tail = (r.low + r.high * r.low) + square * (0.5 + r.high * exp_cubic(r.high));
  const Pair y = exact_sum(splat(1.0), r.high);
  return select(is_nan(x.high), splat(kNaN), scale_by(y.high + (y.low + tail), k));
}

inline Vec exp(Vec x) noexcept {
  const Vec bounded = select(x > 710.0, splat(710.0), select(x < -746.0, splat(-746.0), x));
  const Vec k = round_small(bounded * 1.44269504088896338700e+00);
  const Vec high = bounded - k * kLn2High, low = k * kLn2Low;
  const Vec r = high - low;
  const Pair y = exact_sum(splat(1.0), high);
  const Vec tail = r * r * (0.5 + r * exp_cubic(r)) - low;
  return select(is_nan(x), splat(kNaN), scale_by(y.high + (y.low + tail), k));
}

// tanh x = u / (u + 2) with u = e^(2|x|) - 1 to about 2^-58 of itself; odd in x, x itself below 2^-28.
inline Vec tanh(Vec x) noexcept {
  const Vec size = abs(x);
  const auto [k, r] = reduce_ln2({2.0 * select(size < 22.0, size, splat(22.0)), Vec{}});
  const Pair square = exact_product(r.high, 0.5 * r.high);
  const Pair start = exact_sum(r.high, square.high);
  const Vec cubic = r.high * (r.high * r.high) * exp_cubic(r.high);
  const Pair e = exact_sum(start.high, start.low + (square.low + (r.low + r.high * r.low) + cubic));
  const Vec scale = exp2_integral(k);
  const auto [u, error] = two_sum(scale - 1.0, scale * e.high);
  const Vec u_low = error + scale * e.low;
  const auto [d, d_error] = two_sum(u, splat(2.0));
  const Vec value = quotient({u, u_low}, {d, d_error + u_low});
  const Vec result = select(size >= 22.0, splat(1.0), select(size < 0x1p-28, size, value));
  return select(is_nan(x), x, from_bits(bits(result) | (bits(x) & 0x8000000000000000ull)));
}

}  // namespace jqfast::JQFAST_TARGET
