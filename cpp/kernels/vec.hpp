// A vector of doubles as wide as the instruction set this file is compiled for, and the few operations on it that
// the language does not have. Lanes never mix, so the width cannot change a result.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "jqfast/kernel_table.hpp"

#ifndef JQFAST_TARGET
#error "JQFAST_TARGET names the namespace of the instruction set and is set by targets/*.cpp"
#endif

namespace jqfast::JQFAST_TARGET {

#if defined(__AVX512F__)
inline constexpr std::size_t kLanes = 8;
#elif defined(__AVX2__)
inline constexpr std::size_t kLanes = 4;
#else
inline constexpr std::size_t kLanes = 2;
#endif

using Vec = double __attribute__((vector_size(kLanes * sizeof(double))));
using Mask = std::int64_t __attribute__((vector_size(kLanes * sizeof(double))));  // all bits set or none
using Bits = std::uint64_t __attribute__((vector_size(kLanes * sizeof(double))));

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInf = std::numeric_limits<double>::infinity();

inline Vec load(const double* p) noexcept {
  Vec v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

inline void store(double* p, Vec v) noexcept { std::memcpy(p, &v, sizeof v); }

// Written as a difference: x + 0 would turn -0 into 0 and is no plain broadcast.
inline Vec splat(double x) noexcept { return x - Vec{}; }

inline Vec select(Mask m, Vec yes, Vec no) noexcept { return m ? yes : no; }

inline Bits bits(Vec v) noexcept { return reinterpret_cast<Bits>(v); }
inline Vec from_bits(Bits b) noexcept { return reinterpret_cast<Vec>(b); }

inline Vec abs(Vec v) noexcept { return from_bits(bits(v) & 0x7FFFFFFFFFFFFFFFull); }

inline Mask is_nan(Vec v) noexcept { return v != v; }

// Inf - Inf and NaN - NaN are NaN, which equals nothing.
inline Mask is_finite(Vec v) noexcept { return (v - v) == Vec{}; }  // NOLINT(misc-redundant-expression): not for Inf

inline bool any(Mask m) noexcept {
#if defined(__AVX512DQ__)
  return _mm512_movepi64_mask(reinterpret_cast<__m512i>(m)) != 0;
#elif defined(__AVX2__)
  return _mm256_movemask_pd(reinterpret_cast<__m256d>(m)) != 0;
#elif defined(__x86_64__)
  return _mm_movemask_pd(reinterpret_cast<__m128d>(m)) != 0;
#else
  for (std::size_t i = 0; i < kLanes; ++i) {
    if (m[i] != 0) return true;
  }
  return false;
#endif
}

inline bool all(Mask m) noexcept { return !any(~m); }

// A condition that only a branch asks for. AVX-512 compares into registers of bits; as a `Mask` the compiler would
// widen them to lanes and back.
#if defined(__AVX512DQ__)
using Flags = __mmask8;
inline Flags at_least(Vec a, Vec b) noexcept {
  return _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), _CMP_GE_OQ);
}
inline Flags differ(Vec a, Vec b) noexcept {
  return _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), _CMP_NEQ_UQ);
}
inline Flags finite(Vec v) noexcept {
  return _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(v - v), _mm512_setzero_pd(), _CMP_EQ_OQ);
}
inline Flags equal(Vec a, Vec b) noexcept {
  return _mm512_cmp_pd_mask(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), _CMP_EQ_OQ);
}
inline bool same(Flags a, Flags b) noexcept { return a == b; }
inline Flags also(Flags a, Flags b) noexcept { return _kand_mask8(a, b); }
inline Flags either(Flags a, Flags b) noexcept { return _kor_mask8(a, b); }
inline Flags but_not(Flags a, Flags b) noexcept { return _kandn_mask8(b, a); }
inline bool any_of(Flags a) noexcept { return a != 0; }
#else
using Flags = Mask;
inline Flags at_least(Vec a, Vec b) noexcept { return a >= b; }
inline Flags differ(Vec a, Vec b) noexcept { return a != b; }
inline Flags finite(Vec v) noexcept { return is_finite(v); }
inline Flags equal(Vec a, Vec b) noexcept { return a == b; }
inline bool same(Flags a, Flags b) noexcept { return !any(a ^ b); }
inline Flags also(Flags a, Flags b) noexcept { return a & b; }
inline Flags either(Flags a, Flags b) noexcept { return a | b; }
inline Flags but_not(Flags a, Flags b) noexcept { return a & ~b; }
inline bool any_of(Flags a) noexcept { return any(a); }
#endif

inline Vec sqrt(Vec v) noexcept {
#if defined(__AVX512F__)
  // The zero-masked form: the plain one reads an undefined register in the header and trips -Wmaybe-uninitialized.
  return reinterpret_cast<Vec>(_mm512_maskz_sqrt_pd(0xFF, reinterpret_cast<__m512d>(v)));
#elif defined(__AVX2__)
  return reinterpret_cast<Vec>(_mm256_sqrt_pd(reinterpret_cast<__m256d>(v)));
#elif defined(__x86_64__)
  return reinterpret_cast<Vec>(_mm_sqrt_pd(reinterpret_cast<__m128d>(v)));
#else
  for (std::size_t i = 0; i < kLanes; ++i) v[i] = __builtin_sqrt(v[i]);
  return v;
#endif
}

// The power of two at or below |v|, kept within 2^-1000 and 2^1000 so that it has a reciprocal.
inline Vec power_near(Vec v) noexcept {
  const Vec p = from_bits(bits(v) & 0x7FF0000000000000ull);
  return select(p < 0x1p-1000, splat(0x1p-1000), select(p > 0x1p1000, splat(0x1p1000), p));
}

// 1 / 2^k, exactly: the exponent's bits the other way round.
inline Vec reciprocal_of_power(Vec power) noexcept { return from_bits(0x7FE0000000000000ull - bits(power)); }

// The lanes chosen by `m`, side by side; writes a whole vector and returns how many count.
template <class T>
std::size_t pack(T* to, Bits v, Mask m) noexcept {
  static_assert(sizeof(T) == sizeof(std::uint64_t));
#if defined(__AVX512DQ__)
  const __mmask8 mask = _mm512_movepi64_mask(reinterpret_cast<__m512i>(m));
  _mm512_storeu_si512(to, _mm512_maskz_compress_epi64(mask, reinterpret_cast<__m512i>(v)));
  return static_cast<std::size_t>(__builtin_popcount(mask));
#else
  std::size_t count = 0;
  for (std::size_t i = 0; i < kLanes; ++i) {
    const std::uint64_t bits = v[i];
    std::memcpy(to + count, &bits, sizeof bits);
    count += m[i] != 0 ? 1 : 0;
  }
  return count;
#endif
}

// base[at[i]] in lane i.
inline Vec gather(const double* base, const std::uint32_t* at) noexcept {
#if defined(__AVX512F__)
  const __m256i index = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
  return reinterpret_cast<Vec>(_mm512_mask_i32gather_pd(_mm512_setzero_pd(), 0xFF, index, base, sizeof(double)));
#else
  Vec v;
  for (std::size_t i = 0; i < kLanes; ++i) v[i] = base[at[i]];
  return v;
#endif
}

// Error-free transformation: a + b = sum + error exactly (Knuth 1969).
struct TwoSum {
  Vec sum, error;
};

inline TwoSum two_sum(Vec a, Vec b) noexcept {
  const Vec s = a + b;
  const Vec t = s - a;
  return {s, (a - (s - t)) + (b - t)};
}

// Walks the rows of an operand in time, wrapping around its ring.
class Cursor {
 public:
  Cursor(const Operand& operand, std::uint64_t row, std::size_t pitch) noexcept
      : begin_(operand.ring.base), size_(std::size_t{operand.ring.rows} * pitch), step_(pitch) {
    // Rows before the first session lie in the ring as NaN; a multiple of its size keeps the difference positive.
    const std::uint64_t rows = operand.ring.rows;
    const std::uint64_t late = operand.lag % rows;
    at_ = static_cast<std::size_t>((row + rows - late) % rows) * pitch;
  }
  [[nodiscard]] const double* row() const noexcept { return begin_ + at_; }
  void next() noexcept {
    at_ += step_;
    if (at_ == size_) at_ = 0;
  }
  void back() noexcept { at_ = (at_ == 0 ? size_ : at_) - step_; }
  void back(std::uint32_t rows) noexcept {  // fewer than the ring has
    const std::size_t by = rows * step_;
    at_ = (at_ < by ? at_ + size_ : at_) - by;
  }
  // Rows that lie one after the other from here on, and a step over some of them.
  [[nodiscard]] std::uint32_t left() const noexcept { return static_cast<std::uint32_t>((size_ - at_) / step_); }
  void forward(std::uint32_t rows) noexcept {
    at_ += rows * step_;
    if (at_ == size_) at_ = 0;
  }

 private:
  const double* begin_;
  std::size_t size_, step_;
  std::size_t at_;
};

// The same for an output.
class OutCursor {
 public:
  OutCursor() = default;
  OutCursor(const Ring& ring, std::uint64_t row, std::size_t pitch) noexcept
      : begin_(ring.base),
        size_(std::size_t{ring.rows} * pitch),
        step_(pitch),
        at_(static_cast<std::size_t>(row % ring.rows) * pitch) {}
  [[nodiscard]] double* row() const noexcept { return begin_ + at_; }
  void next() noexcept {
    at_ += step_;
    if (at_ == size_) at_ = 0;
  }
  [[nodiscard]] std::uint32_t left() const noexcept { return static_cast<std::uint32_t>((size_ - at_) / step_); }
  void forward(std::uint32_t rows) noexcept {
    at_ += rows * step_;
    if (at_ == size_) at_ = 0;
  }

 private:
  double* begin_ = nullptr;
  std::size_t size_ = 0, step_ = 1, at_ = 0;
};

}  // namespace jqfast::JQFAST_TARGET
