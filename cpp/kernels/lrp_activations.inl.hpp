// Activations over whole vectors, without libm: the same bits whatever the vector width and the C library.
//
// Accuracy against exact arithmetic: exp, expm1, tanh, sigmoid, elu and silu within 5 units in the last place; gelu
// within 4 of its size times the relative error of exp(-x^2/2), that is 1e-14 in double where the value is below 1e-9.
// NaN goes through every function as NaN.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include "jqfast/lrp.hpp"
#include "lrp_product.inl.hpp"

namespace jqfast::JQFAST_TARGET::lrp {

template <class T>
struct FloatTraits;

template <>
struct FloatTraits<float> {
  using Bits [[gnu::vector_size(kBytes)]] = std::uint32_t;
  static constexpr int kMantissa = 23;
  static constexpr std::uint32_t kBias = 127;
  static constexpr int kTerms = 7;
  static constexpr float kRound = 12582912.0f;     // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  static constexpr float kLn2High = 0.693359375f;  // 9 bits, so that n * kLn2High is exact
  static constexpr float kLn2Low = -2.12194440e-4f;
  static constexpr float kExpLimit = 87.0f;
};

template <>
struct FloatTraits<double> {
  using Bits [[gnu::vector_size(kBytes)]] = std::uint64_t;
  static constexpr int kMantissa = 52;
  static constexpr std::uint64_t kBias = 1023;
  static constexpr int kTerms = 14;
  static constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double kLn2High = 6.93147180369123816490e-01;
  static constexpr double kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kExpLimit = 708.0;
  static constexpr double kTanhLimit = 44.0;  // 2|x| beyond which tanh is 1 to the last bit
};

// 1/k!, the coefficients of expm1.
template <class T>
inline constexpr T kInverseFactorial[] = {T(1.0),
                                          T(1.0),
                                          T(1.0 / 2),
                                          T(1.0 / 6),
                                          T(1.0 / 24),
                                          T(1.0 / 120),
                                          T(1.0 / 720),
                                          T(1.0 / 5040),
                                          T(1.0 / 40320),
                                          T(1.0 / 362880),
                                          T(1.0 / 3628800),
                                          T(1.0 / 39916800),
                                          T(1.0 / 479001600),
                                          T(1.0 / 6227020800),
                                          T(1.0 / 87178291200)};

// Written as a difference: x + 0 would turn -0 into 0 and is no plain broadcast.
template <class T>
inline Reg<T> splat(T x) noexcept {
  return x - Reg<T>{};
}

// x = n ln 2 + r with |r| <= ln 2 / 2; gives expm1(r) by its Taylor series and 2^n exactly.
template <class T>
struct ExpParts {
  Reg<T> expm1_r;
  Reg<T> power;
};

template <class T>
inline ExpParts<T> exp_parts(Reg<T> x) noexcept {
  using Traits = FloatTraits<T>;
  const Reg<T> shifted = fused(x, splat(T(1.4426950408889634074)), splat(Traits::kRound));
  const Reg<T> n = shifted - Traits::kRound;
  const Reg<T> r = fused(-n, splat(Traits::kLn2Low), fused(-n, splat(Traits::kLn2High), x));
  Reg<T> sum = splat(kInverseFactorial<T>[Traits::kTerms]);
  for (int k = Traits::kTerms - 1; k >= 2; --k) sum = fused(sum, r, splat(kInverseFactorial<T>[k]));
  // NaN gives a meaningless power, and NaN * power is NaN all the same.
  using Bits = typename Traits::Bits;
  const Bits power = (reinterpret_cast<Bits>(shifted) + Traits::kBias) << Traits::kMantissa;
  return {fused(r * r, sum, r), reinterpret_cast<Reg<T>>(power)};
}

template <class T>
inline Reg<T> clamp(Reg<T> x, T low, T high) noexcept {
  return at_most(high, at_least(low, x));
}

// Never infinite; 0 where the value would be about to leave the normal numbers.
template <class T>
inline Reg<T> exp_value(Reg<T> x) noexcept {
  const auto [expm1_r, power] = exp_parts<T>(clamp(x, -FloatTraits<T>::kExpLimit, FloatTraits<T>::kExpLimit));
  return x < -FloatTraits<T>::kExpLimit ? Reg<T>{} : fused(power, expm1_r, power);
}

template <class T>
inline Reg<T> expm1_value(Reg<T> x) noexcept {
  const auto [expm1_r, power] = exp_parts<T>(clamp(x, -FloatTraits<T>::kExpLimit, FloatTraits<T>::kExpLimit));
  return fused(power, expm1_r, power - T(1));
}

// tanh x = x P(x^2) / Q(x^2) up to 9.02, where it is 1 to the last bit; relative error below 7e-9 before rounding.
// The coefficients are from tests/coefficients.py.
inline constexpr float kTanhP[] = {0.9999999932F,    0.1308314187F,    0.003102984522F,  1.114407957e-5F,
                                   -2.018325356e-8F, 5.257436258e-11F, -8.435165538e-14F};
inline constexpr float kTanhQ[] = {1.0F, 0.4641646883F, 0.02449131417F, 0.0002544726629F};

template <std::size_t N>
inline Reg<float> polynomial(const float (&c)[N], Reg<float> u) noexcept {
  Reg<float> sum = splat(c[N - 1]);
  for (std::size_t k = N - 1; k-- > 0;) sum = fused(sum, u, splat(c[k]));
  return sum;
}

inline Reg<float> tanh_value(Reg<float> x) noexcept {
  const Reg<float> v = clamp(x, -9.02F, 9.02F);
  const Reg<float> u = v * v;
  return clamp(v * polynomial(kTanhP, u) / polynomial(kTanhQ, u), -1.0F, 1.0F);
}

// tanh|x| = m / (m + 2) with m = expm1(2|x|): no cancellation anywhere.
inline Reg<double> tanh_value(Reg<double> x) noexcept {
  const Reg<double> size = x < 0.0 ? -x : x;
  const Reg<double> m = expm1_value<double>(clamp(2.0 * size, 0.0, FloatTraits<double>::kTanhLimit));
  const Reg<double> value = m / (m + 2.0);
  return x < 0.0 ? -value : value;
}

template <class T>
inline Reg<T> sigmoid_value(Reg<T> x) noexcept {
  const Reg<T> e = exp_value<T>(x < T(0) ? x : -x);
  return (x < T(0) ? e : splat(T(1))) / (T(1) + e);
}

// (1 + 2u) exp(u^2) erfc(u) for u >= 0 as a Chebyshev series in (u - 3.75) / (u + 3.75); computed with 50 digits by
// interpolation in 60 Chebyshev nodes. The next coefficient is below 1e-16.
inline constexpr double kErfcSeries[] = {
    1.1775789345674017541,       -0.0045900545806464773311,  -0.084249133366517915584,   0.059209939998191890498,
    -0.026658668435305752277,    0.009074997670705265094,    -0.0024131635404176081907,  0.00049077583652580863255,
    -0.000069169733025012063423, 4.1390279860730103461e-6,   7.7403830661984914221e-7,   -2.1886401049234399884e-7,
    1.0764999465670759016e-8,    4.5219598112180559131e-9,   -7.7544002088340089886e-10, -6.3180883409116005948e-11,
    2.8687950109122239093e-11,   1.945586853734368849e-13,   -9.654696748116101303e-13,  3.252548162272925026e-14,
    3.3478119705881692909e-14,   -1.8645626191082272869e-15, -1.2507948041998103338e-15};

template <class T>
inline Reg<T> erfc_of_positive(Reg<T> u) noexcept {
  const Reg<T> t = (u - T(3.75)) / (u + T(3.75));
  Reg<T> high{};
  Reg<T> low{};
  for (std::size_t k = std::size(kErfcSeries) - 1; k > 0; --k) {
    const Reg<T> next = T(2) * t * high - low + T(kErfcSeries[k]);
    low = high;
    high = next;
  }
  const Reg<T> scaled = t * high - low + T(kErfcSeries[0]);
  return scaled / (T(1) + T(2) * u) * exp_value<T>(-u * u);
}

// x Phi(x), the exact form.
template <class T>
inline Reg<T> gelu_value(Reg<T> x) noexcept {
  const Reg<T> size = x < T(0) ? -x : x;
  const Reg<T> tail = erfc_of_positive<T>(clamp(size, T(0), T(40)) * T(0.70710678118654752440));
  return T(0.5) * x * (x < T(0) ? tail : T(2) - tail);
}

// The tanh approximation that jax.nn.gelu computes unless told otherwise.
template <class T>
inline Reg<T> gelu_tanh_value(Reg<T> x) noexcept {
  const Reg<T> inner = T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
  return T(0.5) * x * (T(1) + tanh_value(clamp(inner, T(-100), T(100))));
}

// `count` is a multiple of the vector.
template <class T, class Function>
inline void map_into(const T* z, std::size_t count, T* out, Function function) {
  for (std::size_t k = 0; k < count; k += kPer<T>) store<T>(out + k, function(load(z + k)));
}

template <class T>
void activate(Activation activation, const T* z, std::size_t count, T* out) {
  using V = Reg<T>;
  switch (activation) {
    case Activation::linear: return map_into(z, count, out, [](V v) { return v; });
    case Activation::tanh: return map_into(z, count, out, [](V v) { return tanh_value(v); });
    case Activation::relu: return map_into(z, count, out, [](V v) { return v < T(0) ? V{} : v; });
    case Activation::sigmoid: return map_into(z, count, out, [](V v) { return sigmoid_value<T>(v); });
    case Activation::elu: return map_into(z, count, out, [](V v) { return v < T(0) ? expm1_value<T>(v) : v; });
    case Activation::gelu: return map_into(z, count, out, [](V v) { return gelu_value<T>(v); });
    case Activation::gelu_tanh: return map_into(z, count, out, [](V v) { return gelu_tanh_value<T>(v); });
    case Activation::silu: return map_into(z, count, out, [](V v) { return v * sigmoid_value<T>(v); });
  }
}

}  // namespace jqfast::JQFAST_TARGET::lrp
