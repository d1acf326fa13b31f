// The standard normal quantile, within 1 ulp of the exact quantile of the double p: 0.88 ulp is the most that
// tests/test_elementary.cpp finds.
//
// Near one half it is q (R0 + D(q^2)) with q = p - 1/2, elsewhere r - (C0 + D(r)) with r = sqrt(-2 ln p). The constants
// carry the bulk and are added with their rounding errors, so that the errors of D, a ratio of polynomials from
// tests/coefficients.py, count for little. Near p = 1/2 the result is small, and as exact relative to itself.
#pragma once

#include "elementary.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// D(t) / t with t the distance from `centre`, where D = 0.
struct QuantileFit {
  double centre, value, value_low;
  double top[8], bottom[8];  // the denominator starts with 1
};

inline constexpr QuantileFit kNearHalf{
    0.03125,
    2.59482270983975,
    -1.3308649565873337e-16,
    {3.038176971526457, -30.961605558774295, 107.86609180373378, -147.07665018454543, 62.91783002801144,
     -1.1222809848573967},
    {-12.682815329198457, 59.412861530139374, -125.19399584588638, 113.7477164418427, -33.00068067633736}};
inline constexpr QuantileFit kTails[4] = {
    {1.875,
     0.9303610756253532,
     -1.4782792854644332e-17,
     {-0.26605534772549144, -0.26929577957124085, -0.08378571271413046, -0.008007594669510839, -0.00014167247496964014},
     {1.358848327308749, 0.6547882856445321, 0.13145366850181914, 0.00963510555205934, 0.00015228636007948493}},
    {2.75,
     0.7508151926986891,
     -1.1107218982011698e-17,
     {-0.159118023962901, -0.1289297365488543, -0.03389833178278001, -0.00311487247585102, -7.199596170781126e-05},
     {1.0618616177599356, 0.412156342049362, 0.07025661296479664, 0.0048897585120818545, 9.69692949971501e-05,
      2.046835223589398e-09}},
    {5.0,
     0.5196853012296401,
     -2.326820590245527e-17,
     {-0.06714445311833434, -0.048501023288080654, -0.014179994562733094, -0.0021270597168932103,
      -0.00017082328911650414, -6.978557362267963e-06, -1.2425991099579858e-07, -6.513626340050896e-10},
     {0.8721882931545616, 0.31805761921793824, 0.062474788174774226, 0.007085395849046325, 0.0004611837433940934,
      1.6089522000496198e-05, 2.563245595641857e-07, 1.2589142829912063e-09}},
    {12.0,
     0.28564238115107643,
     -1.1509248630659988e-17,
     {-0.0170765596598775, -0.0041668410725556985, -0.0003909635545770146, -1.7849148436964893e-05,
      -4.144630257627096e-07, -4.671841187513803e-09, -2.2027144607891607e-11, -2.951160400805257e-14},
     {0.31155382360410727, 0.03915254630015768, 0.002546882429306835, 9.163027999733656e-05, 1.8080819890347306e-06,
      1.824798792328047e-08, 8.018511496008739e-11, 1.0352407258024093e-13}}};

inline Vec near_half(Vec q) noexcept {
  constexpr const QuantileFit& c = kNearHalf;
  const Vec t = q * q - c.centre;
  Vec top = splat(c.top[5]), bottom = splat(c.bottom[4]);
  for (int i = 4; i >= 0; --i) top = top * t + c.top[i];
  for (int i = 3; i >= 0; --i) bottom = bottom * t + c.bottom[i];
  const Pair bulk = exact_product(q, splat(c.value));
  return bulk.high + (bulk.low + q * (c.value_low + t * (top / (1.0 + t * bottom))));
}

// The quantile of 1 - p for p up to 1/4.
inline Vec upper_tail(Vec p) noexcept {
  const Pair ln = log_pair(p);
  const Vec r = sqrt(-2.0 * ln.high);
  const Pair square = exact_product(r, r);
  const Vec r_low = ((-2.0 * ln.high - square.high) - square.low - 2.0 * ln.low) * (0.5 / r);
  const Mask second = r > 2.5, third = r > 4.0, last = r > 10.0;
  const auto choose = [&](auto part) {
    const Vec low = select(second, splat(part(kTails[1])), splat(part(kTails[0])));
    return select(last, splat(part(kTails[3])), select(third, splat(part(kTails[2])), low));
  };
  const Vec t = r - choose([](const QuantileFit& c) { return c.centre; });
  Vec top = choose([](const QuantileFit& c) { return c.top[7]; });
  Vec bottom = choose([](const QuantileFit& c) { return c.bottom[7]; });
  for (int i = 6; i >= 0; --i) {
    top = top * t + choose([i](const QuantileFit& c) { return c.top[i]; });
    bottom = bottom * t + choose([i](const QuantileFit& c) { return c.bottom[i]; });
  }
  const Vec slope = top / (1.0 + t * bottom);
  const Pair bulk = exact_sum(r, -choose([](const QuantileFit& c) { return c.value; }));
  const Vec rest = t * slope + choose([](const QuantileFit& c) { return c.value_low; });
  return bulk.high + (bulk.low + ((r_low - r_low * slope) - rest));
}

// -inf at 0, inf at 1, NaN outside.
inline Vec normal_quantile(Vec p) noexcept {
  const Vec q = p - 0.5;
  const Mask lower = q < 0.0;
  const Vec size = upper_tail(select(lower, p, 1.0 - p));
  const Vec tail = select((p == 0.0) | (p == 1.0), splat(kInf), size);
  const Vec value = select((p >= 0.25) & (p <= 0.75), near_half(q), select(lower, -tail, tail));
  return select((p >= 0.0) & (p <= 1.0), value, splat(kNaN));
}

}  // namespace jqfast::JQFAST_TARGET
