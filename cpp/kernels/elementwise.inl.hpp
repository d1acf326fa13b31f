// Elementwise instructions: one output row from the same row of each operand.
//
// Arithmetic follows IEEE 754. Comparisons and logic give 1, 0, or NaN where an operand is NaN. `minimum` and
// `maximum` are NaN if either side is; `fmin` and `fmax` take the other side then.
#pragma once

#include <array>
#include <utility>

#include "power.inl.hpp"
#include "store.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// f of the operands' rows into the row of the result; one that is also an output, or that a later stage reads, is
// streamed in the same loop, where the store waits beside the divider instead of after it.
template <std::size_t Operands, class F>
void map(const TimeArgs& a, F f) noexcept {
  auto in = [&a]<std::size_t... I>(std::index_sequence<I...>) {
    return std::array{Cursor(a.in[I], a.row0, a.pitch)...};
  }(std::make_index_sequence<Operands>{});
  OutCursor out(a.out[0], a.row0, a.pitch);
  const auto value = [&in, &f](std::size_t i) __attribute__((always_inline)) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) __attribute__((always_inline)) {
      return f(load(in[I].row() + i)...);
    }(std::make_index_sequence<Operands>{});
  };
  for (std::uint32_t r = 0; r < a.rows; ++r) {
    double* const row = out.row();
    std::size_t i = 0;
    if (a.direct != nullptr) {
      float* const direct = a.direct[r];
      for (; i < a.direct_lanes; i += kLanes) {
        const Vec v = value(i);
        store(row + i, v);
        stream(direct + i, rounded(v, direct));
      }
    } else if (a.far != nullptr) {
      double* const far = a.far[r];
      for (; i < a.direct_lanes; i += kLanes) {
        const Vec v = value(i);
        store(row + i, v);
        stream(far + i, v);
      }
    }
    for (; i < a.width; i += kLanes) store(row + i, value(i));
    for (auto& x : in) x.next();
    out.next();
  }
}

template <class F>
void map1(const TimeArgs& a, F f) noexcept {
  map<1>(a, f);
}
template <class F>
void map2(const TimeArgs& a, F f) noexcept {
  map<2>(a, f);
}
template <class F>
void map3(const TimeArgs& a, F f) noexcept {
  map<3>(a, f);
}

// 1 or 0 by `m`, NaN where x or y is missing.
inline Vec flag(Mask m, Vec x, Vec y) noexcept {
  return select(is_nan(x) | is_nan(y), splat(kNaN), select(m, splat(1.0), Vec{}));
}

inline Vec sign(Vec x) noexcept {
  const Vec s = select(x > 0.0, splat(1.0), select(x < 0.0, splat(-1.0), Vec{}));
  return select(is_nan(x), splat(kNaN), s);
}

inline Vec minimum(Vec x, Vec y) noexcept { return select(is_nan(x), x, select(y >= x, x, y)); }
inline Vec maximum(Vec x, Vec y) noexcept { return select(is_nan(x), x, select(y <= x, x, y)); }
inline Vec fmin(Vec x, Vec y) noexcept { return select(is_nan(y), x, select(x <= y, x, y)); }
inline Vec fmax(Vec x, Vec y) noexcept { return select(is_nan(y), x, select(x >= y, x, y)); }

inline void op_power(const TimeArgs& a) noexcept {
  with_power(a.in[1].ring.base[0], [&a](auto f) { map1(a, f); });
}

inline void fill_elementwise(KernelTable& t) noexcept {
  const auto set = [&t](Op op, TimeKernel kernel) { t.time[static_cast<std::size_t>(op)] = kernel; };
  set(Op::add, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return x + y; }); });
  set(Op::sub, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return x - y; }); });
  set(Op::mul, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return x * y; }); });
  set(Op::div, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return x / y; }); });
  set(Op::neg, [](const TimeArgs& a) { map1(a, [](Vec x) { return -x; }); });
  set(Op::abs, [](const TimeArgs& a) { map1(a, [](Vec x) { return abs(x); }); });
  set(Op::sqrt, [](const TimeArgs& a) { map1(a, [](Vec x) { return sqrt(x); }); });
  set(Op::log, [](const TimeArgs& a) { map1(a, [](Vec x) { return log(x); }); });
  set(Op::exp, [](const TimeArgs& a) { map1(a, [](Vec x) { return exp(x); }); });
  set(Op::sign, [](const TimeArgs& a) { map1(a, [](Vec x) { return sign(x); }); });
  set(Op::tanh, [](const TimeArgs& a) { map1(a, [](Vec x) { return tanh(x); }); });
  set(Op::power, op_power);
  set(Op::minimum, [](const TimeArgs& a) { map2(a, minimum); });
  set(Op::maximum, [](const TimeArgs& a) { map2(a, maximum); });
  set(Op::fmin, [](const TimeArgs& a) { map2(a, fmin); });
  set(Op::fmax, [](const TimeArgs& a) { map2(a, fmax); });
  set(Op::lt, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag(x < y, x, y); }); });
  set(Op::le, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag(x <= y, x, y); }); });
  set(Op::gt, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag(x > y, x, y); }); });
  set(Op::ge, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag(x >= y, x, y); }); });
  set(Op::eq, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag(x == y, x, y); }); });
  set(Op::ne, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag(x != y, x, y); }); });
  set(Op::logical_and,
      [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag((x != 0.0) & (y != 0.0), x, y); }); });
  set(Op::logical_or,
      [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return flag((x != 0.0) | (y != 0.0), x, y); }); });
  set(Op::logical_not, [](const TimeArgs& a) { map1(a, [](Vec x) { return flag(x == 0.0, x, x); }); });
  set(Op::where, [](const TimeArgs& a) {
    map3(a, [](Vec c, Vec x, Vec y) { return select(is_nan(c), c, select(c != 0.0, x, y)); });
  });
  set(Op::isnan, [](const TimeArgs& a) { map1(a, [](Vec x) { return select(is_nan(x), splat(1.0), Vec{}); }); });
  set(Op::fill, [](const TimeArgs& a) { map2(a, [](Vec x, Vec y) { return select(is_nan(x), y, x); }); });
  set(Op::clip, [](const TimeArgs& a) {
    map3(a, [](Vec x, Vec low, Vec high) { return select(x < low, low, select(x > high, high, x)); });
  });
}

}  // namespace jqfast::JQFAST_TARGET
