// Activations over rows of lanes, without libm: the same bits whatever the vector width and the C library.
//
// Accuracy against exact arithmetic: exp, expm1, tanh, sigmoid, elu and silu within 4 units in the last place; gelu
// within 4 of its size times the relative error of exp(-x^2/2), that is 1e-14 in double where the value is below 1e-9.
// The selects are branch-free so that compilers vectorise the loops; NaN goes through every function as NaN.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <type_traits>

#include "jqfast/lrp.hpp"

namespace jqfast::kernel {

template <class T>
struct FloatTraits;

template <>
struct FloatTraits<float> {
  using Bits = std::int32_t;
  static constexpr unsigned kMantissa = 23;
  static constexpr int kBias = 127;
  static constexpr int kTerms = 8;
  static constexpr float kRound = 12582912.0f;     // 1.5 * 2^23: adding it leaves the nearest integer in the low bits
  static constexpr float kLn2High = 0.693359375f;  // 9 bits, so that n * kLn2High is exact
  static constexpr float kLn2Low = -2.12194440e-4f;
  static constexpr float kExpLimit = 87.0f;
  static constexpr float kTanhLimit = 20.0f;  // 2|x| beyond which tanh is 1 to the last bit
};

template <>
struct FloatTraits<double> {
  using Bits = std::int64_t;
  static constexpr unsigned kMantissa = 52;
  static constexpr int kBias = 1023;
  static constexpr int kTerms = 14;
  static constexpr double kRound = 6755399441055744.0;  // 1.5 * 2^52
  static constexpr double kLn2High = 6.93147180369123816490e-01;
  static constexpr double kLn2Low = 1.90821492927058770002e-10;
  static constexpr double kExpLimit = 708.0;
  static constexpr double kTanhLimit = 44.0;
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

// x = n ln 2 + r with |r| <= ln 2 / 2; gives expm1(r) by its Taylor series and 2^n exactly.
template <class T>
struct ExpParts {
  T expm1_r;
  T power;
};

template <class T>
inline ExpParts<T> exp_parts(T x) {
  using Traits = FloatTraits<T>;
  using Bits = typename Traits::Bits;
  const T shifted = x * T(1.4426950408889634074) + Traits::kRound;
  const T n = shifted - Traits::kRound;
  const T r = (x - n * Traits::kLn2High) - n * Traits::kLn2Low;
  T sum = kInverseFactorial<T>[Traits::kTerms];
  for (int k = Traits::kTerms - 1; k >= 2; --k) sum = sum * r + kInverseFactorial<T>[k];
  // Unsigned arithmetic: NaN gives a meaningless power, and NaN * power is NaN all the same.
  using Unsigned = std::make_unsigned_t<Bits>;
  const auto raw = std::bit_cast<Unsigned>(shifted) + static_cast<Unsigned>(Traits::kBias);
  const T power = std::bit_cast<T>(static_cast<Unsigned>(raw << Traits::kMantissa));
  return {r + r * (r * sum), power};
}

template <class T>
inline T clamp(T x, T low, T high) {
  const T above = x < low ? low : x;
  return above > high ? high : above;
}

// Never infinite; 0 where the value would be about to leave the normal numbers.
template <class T>
inline T exp_value(T x) {
  const auto [expm1_r, power] = exp_parts(clamp(x, -FloatTraits<T>::kExpLimit, FloatTraits<T>::kExpLimit));
  return x < -FloatTraits<T>::kExpLimit ? T(0) : power + power * expm1_r;
}

template <class T>
inline T expm1_value(T x) {
  const auto [expm1_r, power] = exp_parts(clamp(x, -FloatTraits<T>::kExpLimit, FloatTraits<T>::kExpLimit));
  return power * expm1_r + (power - T(1));
}

// tanh|x| = m / (m + 2) with m = expm1(2|x|): no cancellation anywhere.
template <class T>
inline T tanh_value(T x) {
  const T size = x < T(0) ? -x : x;
  const T twice = T(2) * size;
  const T m = expm1_value(twice > FloatTraits<T>::kTanhLimit ? FloatTraits<T>::kTanhLimit : twice);
  const T value = m / (m + T(2));
  return x < T(0) ? -value : value;
}

template <class T>
inline T sigmoid_value(T x) {
  const T e = exp_value(x < T(0) ? x : -x);
  return (x < T(0) ? e : T(1)) / (T(1) + e);
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
inline T erfc_of_positive(T u) {
  const T t = (u - T(3.75)) / (u + T(3.75));
  T high = T(0);
  T low = T(0);
  for (std::size_t k = std::size(kErfcSeries) - 1; k > 0; --k) {
    const T next = T(2) * t * high - low + T(kErfcSeries[k]);
    low = high;
    high = next;
  }
  const T scaled = t * high - low + T(kErfcSeries[0]);
  return scaled / (T(1) + T(2) * u) * exp_value(-u * u);
}

// x Phi(x), the exact form.
template <class T>
inline T gelu_value(T x) {
  const T size = x < T(0) ? -x : x;
  const T tail = erfc_of_positive(clamp(size, T(0), T(40)) * T(0.70710678118654752440));
  return T(0.5) * x * (x < T(0) ? tail : T(2) - tail);
}

// The tanh approximation that jax.nn.gelu computes unless told otherwise.
template <class T>
inline T gelu_tanh_value(T x) {
  const T inner = T(0.79788456080286535588) * (x + T(0.044715) * x * x * x);
  return T(0.5) * x * (T(1) + tanh_value(clamp(inner, T(-100), T(100))));
}

template <class T, class Function>
inline void map_into(const T* z, std::size_t count, T* out, Function function) {
  for (std::size_t k = 0; k < count; ++k) out[k] = function(z[k]);
}

template <class T>
void activate(Activation activation, const T* z, std::size_t count, T* out) {
  switch (activation) {
    case Activation::linear: return map_into(z, count, out, [](T v) { return v; });
    case Activation::tanh: return map_into(z, count, out, [](T v) { return tanh_value(v); });
    case Activation::relu: return map_into(z, count, out, [](T v) { return v < T(0) ? T(0) : v; });
    case Activation::sigmoid: return map_into(z, count, out, [](T v) { return sigmoid_value(v); });
    case Activation::elu: return map_into(z, count, out, [](T v) { return v < T(0) ? expm1_value(v) : v; });
    case Activation::gelu: return map_into(z, count, out, [](T v) { return gelu_value(v); });
    case Activation::gelu_tanh: return map_into(z, count, out, [](T v) { return gelu_tanh_value(v); });
    case Activation::silu: return map_into(z, count, out, [](T v) { return v * sigmoid_value(v); });
  }
}

}  // namespace jqfast::kernel
