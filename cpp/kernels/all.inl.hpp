// All kernels of one instruction set, gathered into its table. Included once by each file of targets/.
#pragma once

#include "cross_group.inl.hpp"
#include "elementwise.inl.hpp"
#include "expanding.inl.hpp"
#include "least_squares.inl.hpp"
#include "periods.inl.hpp"
#include "recursive.inl.hpp"
#include "rolling_extrema.inl.hpp"
#include "rolling_moments.inl.hpp"
#include "rolling_order.inl.hpp"
#include "rolling_pairs.inl.hpp"
#include "rolling_product.inl.hpp"
#include "rolling_regression.inl.hpp"
#include "store.inl.hpp"

namespace jqfast::JQFAST_TARGET {

const LrpKernels& lrp_kernels() noexcept;  // targets/lrp_*.cpp

inline std::size_t state_size(Op op, const std::uint8_t* give, std::size_t outputs, std::uint32_t window) {
  switch (op) {
    case Op::moments: return moments_state(give, outputs, window);
    case Op::extrema: return extrema_state(give, outputs, window);
    case Op::pairs: return pairs_state(window);
    case Op::trend: return trend_state(give, outputs, window);
    case Op::product: return product_state(window);
    case Op::quantiles:
    case Op::mad: return order_state(window);
    case Op::ema: return kEmaState;
    case Op::ewm_var: return kEwmVarState;
    case Op::expanding: return Growing::kSlots;
    case Op::since: return kSinceState;
    case Op::streak: return kStreakState;
    case Op::last_valid: return kLastValidState;
    case Op::periods: return periods_state(outputs, window);
    default: return 0;
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
  set(Op::product, op_product);
  set(Op::rolling_rank, op_rolling_rank);
  set(Op::quantiles, op_quantiles);
  set(Op::mad, op_mad);
  set(Op::ema, op_ema);
  set(Op::ewm_var, op_ewm_var);
  set(Op::expanding, op_expanding);
  set(Op::since, op_since);
  set(Op::streak, op_streak);
  set(Op::last_valid, op_last_valid);
  set(Op::periods, op_periods);
  t.state_size = state_size;
  t.store_f32 = store_f32;
  t.store_f64 = store_f64;
  t.stream_f32 = stream_f32;
  t.stream_f64 = stream_f64;
  t.stream_copy = stream_copy;
  t.store_fence = store_fence;
  t.read_series = op_read_series;
  t.least_squares = op_least_squares;
  t.lrp = &lrp_kernels();
  return t;
}

}  // namespace jqfast::JQFAST_TARGET
