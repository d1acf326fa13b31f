// The final rounding: NaN and Inf become the canonical NaN, -0 becomes +0, float64 becomes float32 once.
//
// The streaming forms send whole cache lines past the cache: into an output too large to stay there, an ordinary store
// would first fetch the line it is about to overwrite.
#pragma once

#include <algorithm>

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

inline constexpr std::size_t kLine = 64;
template <class T>
inline constexpr std::size_t kPerLine = kLine / sizeof(T);

// How many of n elements come before the first whole line.
template <class T>
std::size_t before_line(const T* out, std::size_t n) noexcept {
  const std::size_t off = reinterpret_cast<std::uintptr_t>(out) % kLine / sizeof(T);
  return std::min(n, (kPerLine<T> - off) % kPerLine<T>);
}

// NOLINTBEGIN(misc-redundant-expression): x - x is 0 for finite x only
inline void round_into(const double* in, double* out, std::size_t n) noexcept {
  for (std::size_t i = 0; i < n; ++i) out[i] = in[i] - in[i] == 0.0 ? in[i] + 0.0 : kNaN;
}

inline void round_into(const double* in, float* out, std::size_t n) noexcept {
  constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < n; ++i) {
    const auto x = static_cast<float>(in[i] + 0.0);
    out[i] = x - x == 0.0f ? x : kMissing;  // also what overflows float32
  }
}

using VecF = float __attribute__((vector_size(kLanes * sizeof(float))));
using MaskF = std::int32_t __attribute__((vector_size(kLanes * sizeof(float))));

inline Vec rounded(Vec x, const double*) noexcept { return select(is_finite(x), x + 0.0, splat(kNaN)); }

inline VecF rounded(Vec x, const float*) noexcept {
  const VecF missing = VecF{} + std::numeric_limits<float>::quiet_NaN();
  const VecF f = __builtin_convertvector(x + 0.0, VecF);
  const MaskF fits = (f - f) == VecF{};  // also false for what overflows float32
  return fits ? f : missing;
}

// NOLINTEND(misc-redundant-expression)

// A vector past the cache; `to` is aligned to its size. Vectors of one line leave together.
inline void stream(double* to, Vec v) noexcept {
#if defined(__AVX512F__)
  _mm512_stream_pd(to, reinterpret_cast<__m512d>(v));
#elif defined(__AVX2__)
  _mm256_stream_pd(to, reinterpret_cast<__m256d>(v));
#elif defined(__x86_64__)
  _mm_stream_pd(to, reinterpret_cast<__m128d>(v));
#else
  store(to, v);
#endif
}

inline void stream(float* to, VecF v) noexcept {
#if defined(__AVX512F__)
  _mm256_stream_ps(to, reinterpret_cast<__m256>(v));
#elif defined(__AVX2__)
  _mm_stream_ps(to, reinterpret_cast<__m128>(v));
#elif defined(__x86_64__)
  long long bits = 0;
  std::memcpy(&bits, &v, sizeof bits);
  _mm_stream_si64(reinterpret_cast<long long*>(to), bits);
#else
  std::memcpy(to, &v, sizeof v);
#endif
}

template <class T>
void stream_into(const double* in, T* out, std::size_t n) noexcept {
  std::size_t i = before_line(out, n);
  round_into(in, out, i);
  for (; i + kPerLine<T> <= n; i += kPerLine<T>) {
    for (std::size_t k = 0; k < kPerLine<T>; k += kLanes) stream(out + i + k, rounded(load(in + i + k), out));
  }
  round_into(in + i, out + i, n - i);
}

inline void store_f64(const double* in, double* out, std::size_t n) { round_into(in, out, n); }
inline void store_f32(const double* in, float* out, std::size_t n) { round_into(in, out, n); }
inline void stream_f64(const double* in, double* out, std::size_t n) { stream_into(in, out, n); }
inline void stream_f32(const double* in, float* out, std::size_t n) { stream_into(in, out, n); }

// A copy past the cache, bit for bit, for rows that another stage reads long after.
inline void stream_copy(const double* in, double* out, std::size_t n) {
  std::size_t i = before_line(out, n);
  std::copy(in, in + i, out);
  for (; i + kPerLine<double> <= n; i += kPerLine<double>) {
    for (std::size_t k = 0; k < kPerLine<double>; k += kLanes) stream(out + i + k, load(in + i + k));
  }
  std::copy(in + i, in + n, out + i);
}

// Streamed lines are ordered before what a task does next only by a fence.
inline void store_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace jqfast::JQFAST_TARGET
