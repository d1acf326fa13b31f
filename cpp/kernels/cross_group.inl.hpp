// The same within groups: stocks of a date are gathered group by group, handed to the plain kernel, and put back.
#pragma once

#include "cross_fit.inl.hpp"
#include "cross_order.inl.hpp"

namespace jqfast::JQFAST_TARGET {

inline std::size_t plain_scratch(std::size_t n) noexcept { return std::max(order_scratch(n), fit_scratch(n)); }

// For a kernel, the gathered arguments and result, and the order of stocks by group.
inline std::size_t cross_scratch(std::size_t n) noexcept {
  return plain_scratch(n) + (kMostExposures + 2) * n * sizeof(double) + order_scratch(n);
}

// Stocks sorted by group, within a group in their own order; those without a group get NaN.
inline std::span<Keyed> by_group(const CrossArgs& a, void* scratch) noexcept {
  CrossArgs groups = a;
  groups.in = &a.groups;
  groups.scratch = scratch;
  return sort_row(groups);
}

template <CrossKernel Kernel>
void grouped(const CrossArgs& a) noexcept {
  if (a.groups == nullptr) return Kernel(a);
  auto* room = reinterpret_cast<double*>(static_cast<std::byte*>(a.scratch) + plain_scratch(a.n));
  double* result = room + (kMostExposures + 1) * a.n;
  const auto sorted = by_group(a, result + a.n);
  each_tie(sorted, [&](std::size_t first, std::size_t last) {
    const std::size_t n = last - first + 1;
    const double* in[kMostExposures + 1];
    for (std::size_t k = 0; k < a.inputs; ++k) {
      double* column = room + k * a.n;
      for (std::size_t i = 0; i < n; ++i) column[i] = a.in[k][sorted[first + i].stock];
      in[k] = column;
    }
    CrossArgs one = a;
    one.in = in;
    one.groups = nullptr;
    one.n = n;
    one.out = result;
    Kernel(one);
    for (std::size_t i = 0; i < n; ++i) a.out[sorted[first + i].stock] = result[i];
  });
}

inline void fill_cross(KernelTable& t) noexcept {
  const auto set = [&t](Op op, CrossKernel kernel) { t.cross[static_cast<std::size_t>(op)] = kernel; };
  set(Op::cs_rank, grouped<cs_rank>);
  set(Op::cs_rank_min, grouped<cs_rank_min>);
  set(Op::cs_rank_dense, grouped<cs_rank_dense>);
  set(Op::cs_rank_first, grouped<cs_rank_first>);
  set(Op::cs_centred_rank, grouped<cs_centred_rank>);
  set(Op::cs_bucket, grouped<cs_bucket>);
  set(Op::cs_normal, grouped<cs_normal>);
  set(Op::cs_winsorize, grouped<cs_winsorize>);
  set(Op::cs_zscore, grouped<cs_zscore>);
  set(Op::cs_demean, grouped<cs_demean>);
  set(Op::cs_mean, grouped<cs_mean>);
  set(Op::cs_std, grouped<cs_std>);
  set(Op::cs_scale, grouped<cs_scale>);
  set(Op::cs_neutralize, grouped<cs_neutralize>);
  t.cross_scratch = cross_scratch;
}

}  // namespace jqfast::JQFAST_TARGET
