// Matrix products of the relevance kernels: rows are samples, vectors lie along the units.
//
// Each sum runs over the depth from first to last in one accumulator, whatever the tile it is in, so neither vector
// width nor neighbours change a bit. Products are fused where the instruction set can; the rule that keeps features the
// same on every instruction set does not bind relevances.
#pragma once

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <new>
#include <vector>

#ifndef JQFAST_TARGET
#error "JQFAST_TARGET names the namespace of the instruction set and is set by targets/*.cpp"
#endif

namespace jqfast::JQFAST_TARGET::lrp {

// Vectors of a panel times rows of a tile fill the registers: 4 x 6 of 32, else 2 x 6 of 16. Narrower panels take
// more rows, so that as many sums are under way whatever the width.
#if defined(__AVX512F__)
inline constexpr std::size_t kBytes = 64;
inline constexpr std::size_t kWide = 4;
#elif defined(__AVX2__) && defined(__FMA__)
inline constexpr std::size_t kBytes = 32;
inline constexpr std::size_t kWide = 2;
#else
inline constexpr std::size_t kBytes = 16;
inline constexpr std::size_t kWide = 2;
#endif
inline constexpr std::size_t kTile = 6;

template <class T>
inline constexpr std::size_t kPer = kBytes / sizeof(T);

template <class T>
struct RegOf;
template <>
struct RegOf<float> {
  using Type [[gnu::vector_size(kBytes)]] = float;
};
template <>
struct RegOf<double> {
  using Type [[gnu::vector_size(kBytes)]] = double;
};
template <class T>
using Reg = typename RegOf<T>::Type;

template <class T>
inline Reg<T> load(const T* p) noexcept {
  Reg<T> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class T>
inline void store(T* p, Reg<T> v) noexcept {
  std::memcpy(p, &v, sizeof v);
}

// a b + c, rounded once where the instruction set can.
#if defined(__AVX512F__)
inline Reg<float> fused(Reg<float> a, Reg<float> b, Reg<float> c) noexcept {
  return reinterpret_cast<Reg<float>>(
      _mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
}
inline Reg<double> fused(Reg<double> a, Reg<double> b, Reg<double> c) noexcept {
  return reinterpret_cast<Reg<double>>(
      _mm512_fmadd_pd(reinterpret_cast<__m512d>(a), reinterpret_cast<__m512d>(b), reinterpret_cast<__m512d>(c)));
}
#elif defined(__AVX2__) && defined(__FMA__)
inline Reg<float> fused(Reg<float> a, Reg<float> b, Reg<float> c) noexcept {
  return reinterpret_cast<Reg<float>>(
      _mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
}
inline Reg<double> fused(Reg<double> a, Reg<double> b, Reg<double> c) noexcept {
  return reinterpret_cast<Reg<double>>(
      _mm256_fmadd_pd(reinterpret_cast<__m256d>(a), reinterpret_cast<__m256d>(b), reinterpret_cast<__m256d>(c)));
}
#else
inline Reg<float> fused(Reg<float> a, Reg<float> b, Reg<float> c) noexcept { return a * b + c; }
inline Reg<double> fused(Reg<double> a, Reg<double> b, Reg<double> c) noexcept { return a * b + c; }
#endif

// In each place the larger or smaller of `bound` and v; NaN where v is NaN.
#if defined(__AVX512F__)
inline Reg<float> at_least(float bound, Reg<float> v) noexcept {
  return reinterpret_cast<Reg<float>>(_mm512_maskz_max_ps(0xFFFF, _mm512_set1_ps(bound), reinterpret_cast<__m512>(v)));
}
inline Reg<float> at_most(float bound, Reg<float> v) noexcept {
  return reinterpret_cast<Reg<float>>(_mm512_maskz_min_ps(0xFFFF, _mm512_set1_ps(bound), reinterpret_cast<__m512>(v)));
}
#elif defined(__AVX2__) && defined(__FMA__)
inline Reg<float> at_least(float bound, Reg<float> v) noexcept {
  return reinterpret_cast<Reg<float>>(_mm256_max_ps(_mm256_set1_ps(bound), reinterpret_cast<__m256>(v)));
}
inline Reg<float> at_most(float bound, Reg<float> v) noexcept {
  return reinterpret_cast<Reg<float>>(_mm256_min_ps(_mm256_set1_ps(bound), reinterpret_cast<__m256>(v)));
}
#else
inline Reg<float> at_least(float bound, Reg<float> v) noexcept { return v < bound ? bound - Reg<float>{} : v; }
inline Reg<float> at_most(float bound, Reg<float> v) noexcept { return v > bound ? bound - Reg<float>{} : v; }
#endif
inline Reg<double> at_least(double bound, Reg<double> v) noexcept { return v < bound ? bound - Reg<double>{} : v; }
inline Reg<double> at_most(double bound, Reg<double> v) noexcept { return v > bound ? bound - Reg<double>{} : v; }

// Memory on cache lines: a vector that straddles two costs two accesses.
template <class T>
struct LineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kLine{64};
  LineAllocator() = default;
  template <class U>
  explicit LineAllocator(const LineAllocator<U>& /*other*/) noexcept {}
  T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kLine)); }
  void deallocate(T* p, std::size_t /*n*/) noexcept { ::operator delete(p, kLine); }
  bool operator==(const LineAllocator& /*other*/) const noexcept { return true; }
};
template <class T>
using Lines = std::vector<T, LineAllocator<T>>;

// Units in whole vectors: the distance between rows of every array here.
template <class T>
constexpr std::size_t padded(std::size_t units) noexcept {
  return (units + kPer<T> - 1) / kPer<T> * kPer<T>;
}

// A (depth, units) matrix in panels of kWide vectors of units, each panel contiguous along the depth. The last panel
// has the vectors that are left, the last vector is filled up with zeros.
template <class T>
class Packed {
 public:
  Packed() = default;

  template <class Element>
  Packed(std::size_t depth, std::size_t units, Element element)
      : depth_(depth), vectors_(padded<T>(units) / kPer<T>), data_(depth * padded<T>(units)) {
    for (std::size_t j = 0; j < units; ++j) {
      const std::size_t p = j / (kWide * kPer<T>);
      T* panel = data_.data() + p * kWide * kPer<T> * depth;
      for (std::size_t i = 0; i < depth; ++i) panel[i * width(p) * kPer<T> + j % (kWide * kPer<T>)] = element(i, j);
    }
  }

  [[nodiscard]] std::size_t depth() const noexcept { return depth_; }
  [[nodiscard]] std::size_t panels() const noexcept { return (vectors_ + kWide - 1) / kWide; }
  [[nodiscard]] std::size_t width(std::size_t p) const noexcept { return std::min(kWide, vectors_ - p * kWide); }
  [[nodiscard]] const T* panel(std::size_t p) const noexcept { return data_.data() + p * kWide * kPer<T> * depth_; }

 private:
  std::size_t depth_ = 0;
  std::size_t vectors_ = 0;
  Lines<T> data_;
};

// Memory that will be needed: some of its cache lines are asked for with every tile of a product. All at once would
// fill the queue of lines under way, and the core would wait.
class Ahead {
 public:
  Ahead() = default;
  Ahead(const void* from, std::size_t bytes) noexcept : at_(static_cast<const char*>(from)), end_(at_ + bytes) {}

  void some() noexcept {
    for (std::size_t line = 0; line < kLines && at_ < end_; ++line, at_ += 64) __builtin_prefetch(at_, 0, 2);
  }

 private:
  static constexpr std::size_t kLines = 7;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
};

// out = scale (first + a M), row by row; strides in elements.
template <class T>
struct Product {
  const T* a = nullptr;  // (rows, depth)
  std::size_t a_stride = 0;
  T* out = nullptr;  // (rows, padded units)
  std::size_t out_stride = 0;
  const T* first = nullptr;  // (padded units,) where the sums begin; null: at 0
  const T* scale = nullptr;  // (rows, padded units); null: 1
  std::size_t scale_stride = 0;
  bool add = false;  // to what `out` holds
  std::array<Ahead, 2>* ahead = nullptr;
};

template <class T, std::size_t kVectors, std::size_t kRows>
inline void product_tile(const T* weight, std::size_t depth, const Product<T>& task, std::size_t row,
                         std::size_t column) noexcept {
  if (task.ahead != nullptr)
    for (Ahead& memory : *task.ahead) memory.some();
  Reg<T> sum[kRows][kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) {
    const Reg<T> begin = task.first == nullptr ? Reg<T>{} : load(task.first + column + v * kPer<T>);
    for (std::size_t r = 0; r < kRows; ++r) sum[r][v] = begin;
  }
  const T* a = task.a + row * task.a_stride;
  for (std::size_t i = 0; i < depth; ++i, weight += kVectors * kPer<T>) {
    Reg<T> w[kVectors];
    for (std::size_t v = 0; v < kVectors; ++v) w[v] = load(weight + v * kPer<T>);
    for (std::size_t r = 0; r < kRows; ++r) {
      const Reg<T> value = a[r * task.a_stride + i] - Reg<T>{};
      for (std::size_t v = 0; v < kVectors; ++v) sum[r][v] = fused(value, w[v], sum[r][v]);
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    T* out = task.out + (row + r) * task.out_stride + column;
    for (std::size_t v = 0; v < kVectors; ++v) {
      Reg<T> value = sum[r][v];
      if (task.scale != nullptr) value *= load(task.scale + (row + r) * task.scale_stride + column + v * kPer<T>);
      if (task.add) value += load(out + v * kPer<T>);
      store(out + v * kPer<T>, value);
    }
  }
}

// One panel: tiles of more rows first where the panel is narrow, tiles of kTile for the rest.
template <class T, std::size_t kVectors>
inline void product_panel(const T* weight, std::size_t depth, std::size_t rows, const Product<T>& task,
                          std::size_t column) noexcept {
  constexpr std::size_t kMany = kWide / kVectors * kTile;
  std::size_t row = 0;
  for (; row + kMany <= rows; row += kMany) product_tile<T, kVectors, kMany>(weight, depth, task, row, column);
  for (; row < rows; row += kTile) product_tile<T, kVectors, kTile>(weight, depth, task, row, column);
}

// `rows` is a multiple of kTile.
template <class T>
void product(const Packed<T>& matrix, std::size_t rows, const Product<T>& task) noexcept {
  const std::size_t depth = matrix.depth();
  for (std::size_t p = 0; p < matrix.panels(); ++p) {
    const std::size_t column = p * kWide * kPer<T>;
    const T* weight = matrix.panel(p);
    switch (matrix.width(p)) {
      case 1: product_panel<T, 1>(weight, depth, rows, task, column); break;
      case 2: product_panel<T, 2>(weight, depth, rows, task, column); break;
      case 3: product_panel<T, std::min<std::size_t>(3, kWide)>(weight, depth, rows, task, column); break;
      default: product_panel<T, kWide>(weight, depth, rows, task, column); break;
    }
  }
}

}  // namespace jqfast::JQFAST_TARGET::lrp
