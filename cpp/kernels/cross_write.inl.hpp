// Where the results of a row go: into a row of doubles that is read again, or straight into the caller's array past
// the cache.
#pragma once

#include "store.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// The first `count` lanes from memory, fewer than there are; the others NaN.
[[gnu::noinline, gnu::cold]] inline Vec load_part(const double* in, std::size_t count) noexcept {
  double lanes[kLanes];
  for (std::size_t i = 0; i < kLanes; ++i) lanes[i] = i < count ? in[i] : kNaN;
  return load(lanes);
}

[[gnu::noinline, gnu::cold]] inline void store_part(double* out, Vec v, std::size_t count) noexcept {
  for (std::size_t i = 0; i < count; ++i) out[i] = v[i];
}

// write(n, make) puts make(i, count), the values of `count` places from i on, for all places up to n, as they are
// stored: NaN where they are not finite, and +0 for -0.
struct NearRow {
  double* out;

  template <class Make>
  void write(std::size_t n, Make make) const noexcept {
    for (std::size_t i = 0; i < n; i += kLanes) {
      const std::size_t count = std::min(kLanes, n - i);
      const Vec stored = rounded(make(i, count), out);
      if (count == kLanes) {
        store(out + i, stored);
      } else {
        store_part(out + i, stored, count);
      }
    }
  }
};

template <class T>
struct FarRow {
  T* out;

  template <class Make>
  void write(std::size_t n, Make make) const noexcept {
    const auto parts = [&](std::size_t from, std::size_t to) __attribute__((noinline)) {
      for (std::size_t i = from; i < to; i += kLanes) {
        double lanes[kLanes];
        store(lanes, make(i, std::min(kLanes, to - i)));
        round_into(lanes, out + i, std::min(kLanes, to - i));
      }
    };
    std::size_t i = before_line(out, n);
    parts(0, i);
    for (; i + kPerLine<T> <= n; i += kPerLine<T>) {
      for (std::size_t k = 0; k < kPerLine<T>; k += kLanes) stream(out + i + k, rounded(make(i + k, kLanes), out));
    }
    parts(i, n);
  }
};

// f(x) of every value; f keeps what is not finite as it is.
template <class To, class F>
void map_to(const double* in, const To& to, std::size_t n, F f) noexcept {
  to.write(n, [&](std::size_t i, std::size_t count) {
    return f(count == kLanes ? load(in + i) : load_part(in + i, count));
  });
}

template <class F>
void map_row(const double* in, double* out, std::size_t n, F f) noexcept {
  map_to(in, NearRow{out}, n, f);
}

}  // namespace jqfast::JQFAST_TARGET
