// The final rounding: NaN and Inf become the canonical NaN, -0 becomes +0, float64 becomes float32 once.
//
// The streaming forms send whole cache lines past the cache: into an output too large to stay there, an ordinary store
// would first fetch the line it is about to overwrite.
#pragma once

#include <algorithm>

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

inline constexpr std::size_t kLine = 64;

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
// NOLINTEND(misc-redundant-expression)

// One whole line, aligned.
inline void stream_line(const void* from, void* to) noexcept {
#if defined(__AVX512F__)
  _mm512_stream_si512(static_cast<__m512i*>(to), _mm512_loadu_si512(from));
#elif defined(__AVX2__)
  const auto* source = static_cast<const __m256i*>(from);
  auto* target = static_cast<__m256i*>(to);
  for (int i = 0; i < 2; ++i) _mm256_stream_si256(target + i, _mm256_loadu_si256(source + i));
#elif defined(__x86_64__)
  const auto* source = static_cast<const __m128i*>(from);
  auto* target = static_cast<__m128i*>(to);
  for (int i = 0; i < 4; ++i) _mm_stream_si128(target + i, _mm_loadu_si128(source + i));
#else
  std::memcpy(to, from, kLine);
#endif
}

template <class T>
void stream_into(const double* in, T* out, std::size_t n) noexcept {
  constexpr std::size_t kPerLine = kLine / sizeof(T);
  const std::size_t off = reinterpret_cast<std::uintptr_t>(out) % kLine / sizeof(T);
  const std::size_t head = std::min(n, (kPerLine - off) % kPerLine);
  round_into(in, out, head);
  std::size_t i = head;
  for (; i + kPerLine <= n; i += kPerLine) {
    T line[kPerLine];
    round_into(in + i, line, kPerLine);
    stream_line(line, out + i);
  }
  round_into(in + i, out + i, n - i);
}

inline void store_f64(const double* in, double* out, std::size_t n) { round_into(in, out, n); }
inline void store_f32(const double* in, float* out, std::size_t n) { round_into(in, out, n); }
inline void stream_f64(const double* in, double* out, std::size_t n) { stream_into(in, out, n); }
inline void stream_f32(const double* in, float* out, std::size_t n) { stream_into(in, out, n); }

// Streamed lines are ordered before what a task does next only by a fence.
inline void store_fence() {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

}  // namespace jqfast::JQFAST_TARGET
