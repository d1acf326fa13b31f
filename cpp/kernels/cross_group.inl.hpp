// Cross-sections with and without groups, as the executor calls them.
#pragma once

#include "cross_fit.inl.hpp"
#include "cross_winsorize.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// A statistic over all stocks, or by group: several groups at a time, one in each lane.
template <class Statistic, class To>
void by_lanes_to(const CrossArgs& a, const To& to) noexcept {
  const double* next = a.next[0] != nullptr ? a.next[0] : a.in[0];
  if (a.groups == nullptr) {
    return Statistic::template apply<true>({a.in[0], a.n, next, reach(a.in[0], a.n)}, to);
  }
  GroupLayout layout(a.layout, a.n);
  layout.update(a.groups, a.scratch);
  const double* next_groups = a.next[1] != nullptr ? a.next[1] : a.groups;
  auto* slots = static_cast<double*>(a.scratch);
  for (const LaneBlock& block : layout.blocks()) {
    double* own = slots + block.first;
    const auto found = layout.fetch(block, a.in[0], next_groups + block.first, own);
    const Row row{own, block.steps * kLanes, next + block.first,
                  block.joined ? found.total<true>() : found.total<false>()};
    if (block.joined) {
      Statistic::template apply<true>(row, NearRow{own});
    } else {
      Statistic::template apply<false>(row, NearRow{own});
    }
  }
  layout.put_back(slots, to);
}

template <class Statistic>
void by_lanes(const CrossArgs& a) noexcept {
  if (a.far_f32 != nullptr) return by_lanes_to<Statistic>(a, FarRow<float>{a.far_f32});
  if (a.far_f64 != nullptr) return by_lanes_to<Statistic>(a, FarRow<double>{a.far_f64});
  by_lanes_to<Statistic>(a, NearRow{a.out});
}

// A kernel group after group: arguments are brought together, results put back.
template <CrossKernel Kernel>
void one_by_one(const CrossArgs& a) noexcept {
  if (a.groups == nullptr) return Kernel(a);
  GroupLayout layout(a.layout, a.n);
  layout.update(a.groups, a.scratch);
  auto* room = reinterpret_cast<double*>(static_cast<std::byte*>(a.scratch) + fit_scratch(a.n));
  double* result = room + a.inputs * a.n;
  std::fill_n(a.out, a.n, kNaN);
  for (std::size_t g = 0; g < layout.groups(); ++g) {
    const auto members = layout.members(g);
    const double* in[kMostExposures + 1];
    for (std::size_t k = 0; k < a.inputs; ++k) {
      double* column = room + k * a.n;
      for (std::size_t i = 0; i < members.size(); ++i) column[i] = a.in[k][members[i]];
      in[k] = column;
    }
    CrossArgs one = a;
    one.in = in;
    one.groups = nullptr;
    one.n = members.size();
    one.out = result;
    Kernel(one);
    for (std::size_t i = 0; i < members.size(); ++i) a.out[members[i]] = result[i];
  }
}

inline std::size_t cross_scratch(std::size_t n) noexcept {
  const std::size_t lanes = (GroupLayout::most_slots(n) + 1) * sizeof(double);
  const std::size_t fit = fit_scratch(n) + (kMostExposures + 2) * n * sizeof(double);
  return std::max({sequence_scratch(n), lanes, fit});
}

inline void fill_cross(KernelTable& t) noexcept {
  const auto set = [&t](Op op, CrossKernel kernel) { t.cross[static_cast<std::size_t>(op)] = kernel; };
  set(Op::cs_rank, cs_rank);
  set(Op::cs_rank_min, cs_rank_min);
  set(Op::cs_rank_dense, cs_rank_dense);
  set(Op::cs_rank_first, cs_rank_first);
  set(Op::cs_centred_rank, cs_centred_rank);
  set(Op::cs_bucket, cs_bucket);
  set(Op::cs_normal, cs_normal);
  set(Op::cs_winsorize, cs_winsorize);
  const auto set_far = [&](Op op, CrossKernel kernel) {
    set(op, kernel);
    t.writes_far[static_cast<std::size_t>(op)] = true;
  };
  set_far(Op::cs_zscore, by_lanes<ZScore>);
  set_far(Op::cs_demean, by_lanes<Demean>);
  set_far(Op::cs_mean, by_lanes<GroupMean>);
  set_far(Op::cs_std, by_lanes<Deviation>);
  set_far(Op::cs_scale, by_lanes<Scale>);
  set(Op::cs_neutralize, one_by_one<cs_neutralize>);
  t.cross_scratch = cross_scratch;
  t.group_scratch = GroupLayout::bytes;
}

}  // namespace jqfast::JQFAST_TARGET
