// All kernels of one instruction set, gathered into its table. Included once by each file of targets/.
#pragma once

#include "cross_section.inl.hpp"
#include "elementwise.inl.hpp"
#include "recursive.inl.hpp"
#include "rolling_extrema.inl.hpp"
#include "rolling_moments.inl.hpp"
#include "rolling_pairs.inl.hpp"
#include "rolling_regression.inl.hpp"

namespace jqfast::JQFAST_TARGET {

inline std::size_t state_size(Op op, const std::uint8_t* give, std::size_t outputs, std::uint32_t window) {
  switch (op) {
    case Op::moments: return moments_state(give, outputs, window);
    case Op::extrema: return extrema_state(give, outputs, window);
    case Op::pairs: return pairs_state(window);
    case Op::trend: return trend_state(window);
    case Op::ema: return kEmaState;
    case Op::streak: return kStreakState;
    case Op::last_valid: return kLastValidState;
    default: return 0;
  }
}

// Adding +0 turns -0 into +0. Both loops are left to the compiler, which vectorises them.
inline void store_f64(const double* in, double* out, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) out[i] = in[i] - in[i] == 0.0 ? in[i] + 0.0 : kNaN;
}

inline void store_f32(const double* in, float* out, std::size_t n) {
  constexpr float kMissing = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t i = 0; i < n; ++i) {
    const auto x = static_cast<float>(in[i] + 0.0);
    out[i] = x - x == 0.0f ? x : kMissing;  // also what overflows float32
  }
}

inline KernelTable make_table(const char* isa) noexcept {
  KernelTable t;
  t.isa = isa;
  fill_elementwise(t);
  fill_cross(t);
  const auto set = [&t](Op op, TimeKernel kernel) { t.time[static_cast<std::size_t>(op)] = kernel; };
  set(Op::moments, op_moments);
  set(Op::extrema, op_extrema);
  set(Op::pairs, op_pairs);
  set(Op::trend, op_trend);
  set(Op::ema, op_ema);
  set(Op::streak, op_streak);
  set(Op::last_valid, op_last_valid);
  t.state_size = state_size;
  t.store_f32 = store_f32;
  t.store_f64 = store_f64;
  return t;
}

}  // namespace jqfast::JQFAST_TARGET
