// How the stocks of a date lie side by side by group; kept from date to date while no stock changes its group.
#pragma once

#include <span>

#include "cross_sort.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Groups that are computed together, one in each lane, or one group over all lanes (`joined`).
struct LaneBlock {
  std::uint32_t first = 0, steps = 0;  // slots from `first` on, kLanes in a step
  bool joined = false;
  double sizes[kLanes] = {};  // steps in which the lane has a stock
};

// The arrays of a layout, in memory that lives as long as a run; zeros say that nothing is known yet.
class GroupLayout {
 public:
  GroupLayout(void* memory, std::size_t n) noexcept : n_(n) {
    auto* at = static_cast<std::byte*>(memory);
    const auto take = [&at]<class T>(T*& array, std::size_t count) {
      array = reinterpret_cast<T*>(at);
      at += (count * sizeof(T) + kLine - 1) / kLine * kLine;
    };
    take(head_, 1);
    take(groups_, n);
    take(blocks_, n);
    take(order_, n);
    take(starts_, n + 1);
    take(ends_, n);
    take(group_, n);
    take(place_, n);
    take(stock_, most_slots(n));
  }

  static std::size_t bytes(std::size_t n) noexcept {
    const std::size_t each = 2 * sizeof(double) + sizeof(LaneBlock) + 5 * sizeof(std::uint32_t);
    return n * each + most_slots(n) * sizeof(std::uint32_t) + 10 * kLine;
  }

  // Slots beyond n are those of lanes that end before the longest of their block. A block of lanes is taken only when
  // it is shorter than its groups would be joined, and no group of it is longer than the last one of the block before.
  static std::size_t most_slots(std::size_t n) noexcept { return 4 * n + 64 * kLanes; }

  // Makes the layout that of `groups`; `sort` holds order_scratch(n) bytes.
  void update(const double* groups, void* sort) noexcept {
    if (head_->stocks == n_ && std::memcmp(groups, groups_, n_ * sizeof(double)) == 0) return;
    std::memcpy(groups_, groups, n_ * sizeof(double));
    split(sort_values(groups, n_, sort));
    assign_lanes(sort);
    head_->stocks = n_;
  }

  // The stocks of each group in their own order, group after group.
  [[nodiscard]] std::size_t groups() const noexcept { return head_->groups; }
  [[nodiscard]] std::span<const std::uint32_t> members(std::size_t group) const noexcept {
    return {order_ + starts_[group], starts_[group + 1] - starts_[group]};
  }

  // Calls f(its part of `sorted`, in the same order) for every group; the parts are made in `room`.
  template <class F>
  void distribute(std::span<const Ranked> sorted, Ranked* room, F f) noexcept {
    std::copy(starts_, starts_ + head_->groups, ends_);
    for (const Ranked& item : sorted) {
      if (group_[item.stock] != kNobody) room[ends_[group_[item.stock]]++] = item;
    }
    for (std::size_t g = 0; g < head_->groups; ++g) f(std::span(room + starts_[g], ends_[g] - starts_[g]));
  }

  [[nodiscard]] std::span<const LaneBlock> blocks() const noexcept { return {blocks_, head_->blocks}; }

  // The values of a block's stocks, NaN where a lane has ended. Meanwhile as much from `next` on is called into the
  // cache.
  ReachSoFar fetch(const LaneBlock& block, const double* in, const double* next, double* slots) const noexcept {
    const Vec sizes = load(block.sizes);
    ReachSoFar found;
    for (std::size_t step = 0; step < block.steps; ++step) {
      __builtin_prefetch(next + step * kLanes, 0, 2);
      const Vec x = gather(in, stock_ + block.first + step * kLanes);
      const Vec own = select(sizes > static_cast<double>(step), x, splat(kNaN));
      store(slots + step * kLanes, own);
      found.add(own);
    }
    return found;
  }

  // The values of all slots, to the stocks they belong to; NaN for stocks without a group.
  template <class To>
  void put_back(double* slots, const To& to) const noexcept {
    slots[head_->slots] = kNaN;
    to.write(n_, [&](std::size_t i, std::size_t count) {
      if (count == kLanes) return gather(slots, place_ + i);
      Vec v{};
      for (std::size_t k = 0; k < count; ++k) v[k] = slots[place_[i + k]];
      return v;
    });
  }

 private:
  struct Head {
    std::size_t stocks;  // of the date it is of
    std::size_t groups, blocks, slots;
  };
  static constexpr std::size_t kLine = 64;

  void split(std::span<const Ranked> sorted) noexcept {
    head_->groups = 0;
    std::fill_n(group_, n_, kNobody);
    for (std::size_t i = 0; i < sorted.size(); ++i) {
      order_[i] = sorted[i].stock;
      if (i == 0 || groups_[sorted[i].stock] != groups_[sorted[i - 1].stock]) {
        starts_[head_->groups++] = static_cast<std::uint32_t>(i);
      }
      group_[sorted[i].stock] = static_cast<std::uint32_t>(head_->groups - 1);
    }
    starts_[head_->groups] = static_cast<std::uint32_t>(sorted.size());
  }

  [[nodiscard]] std::size_t size_of(std::size_t group) const noexcept { return starts_[group + 1] - starts_[group]; }

  // Largest groups first, so that groups of about one size share a block.
  void assign_lanes(void* sort) noexcept {
    auto* by_size = static_cast<std::uint32_t*>(sort);
    for (std::uint32_t g = 0; g < head_->groups; ++g) by_size[g] = g;
    std::sort(by_size, by_size + head_->groups, [this](std::uint32_t a, std::uint32_t b) {
      return size_of(a) != size_of(b) ? size_of(a) > size_of(b) : a < b;
    });
    head_->blocks = head_->slots = 0;
    for (std::size_t done = 0; done < head_->groups;) {
      const std::span<const std::uint32_t> next(by_size + done, std::min(kLanes, head_->groups - done));
      const bool join = joined_steps(next) < size_of(next[0]);
      add_block(join ? next.first(1) : next, join);
      done += join ? 1 : next.size();
    }
    std::fill_n(place_, n_, static_cast<std::uint32_t>(head_->slots));
    for (std::uint32_t slot = 0; slot < head_->slots; ++slot) {
      if (stock_[slot] != kNobody) place_[stock_[slot]] = slot;
    }
    std::replace(stock_, stock_ + head_->slots, kNobody, 0u);  // any stock: what is fetched for it is not used
  }

  // What the groups would take one after the other; bringing the lanes together is worth some steps.
  [[nodiscard]] std::size_t joined_steps(std::span<const std::uint32_t> groups) const noexcept {
    std::size_t steps = 0;
    for (const auto g : groups) steps += (size_of(g) + kLanes - 1) / kLanes + 3;
    return steps;
  }

  void add_block(std::span<const std::uint32_t> groups, bool join) noexcept {
    LaneBlock block;
    const std::size_t longest = size_of(groups[0]);
    block.joined = join;
    block.first = static_cast<std::uint32_t>(head_->slots);
    block.steps = static_cast<std::uint32_t>(join ? (longest + kLanes - 1) / kLanes : longest);
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const auto own = join ? members(groups[0]) : lane < groups.size() ? members(groups[lane]) : members_of_none();
      const std::size_t first = join ? lane : 0, stride = join ? kLanes : 1;
      for (std::size_t step = 0; step < block.steps; ++step) {
        const std::size_t at = first + step * stride;
        stock_[block.first + step * kLanes + lane] = at < own.size() ? own[at] : kNobody;
        if (at < own.size()) block.sizes[lane] = static_cast<double>(step + 1);
      }
    }
    head_->slots += block.steps * kLanes;
    blocks_[head_->blocks++] = block;
  }

  static std::span<const std::uint32_t> members_of_none() noexcept { return {}; }
  static constexpr std::uint32_t kNobody = 0xFFFFFFFFu;

  std::size_t n_;
  Head* head_ = nullptr;
  double* groups_ = nullptr;
  LaneBlock* blocks_ = nullptr;
  std::uint32_t *order_ = nullptr, *starts_ = nullptr, *ends_ = nullptr;
  std::uint32_t* group_ = nullptr;  // of each stock
  std::uint32_t* place_ = nullptr;  // slot of each stock
  std::uint32_t* stock_ = nullptr;  // of each slot
};

}  // namespace jqfast::JQFAST_TARGET
