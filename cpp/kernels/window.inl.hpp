// How every windowed aggregate walks: blocks, suffixes and prefixes, so that nothing is ever subtracted.
//
// Rows are cut into blocks of the window's length, aligned to the first session. A window that ends inside a block
// is a suffix of the block before plus a prefix of its own. Suffixes are made once when a block begins, prefixes
// grow by one row a session: constant work per row for any window, and a value that has left the window has left
// the arithmetic too. Blocks depend on the session number alone, so chunks cannot change a result.
#pragma once

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

// The slots of carried state of one vector of lanes: slot s of lane l lies at 8 s + l within its group.
class Slots {
 public:
  Slots(double* state, std::size_t slots, std::size_t lane) noexcept
      : base_(state + lane / kGroup * slots * kGroup + lane % kGroup) {}
  [[nodiscard]] Vec get(std::size_t slot) const noexcept { return load(base_ + slot * kGroup); }
  void set(std::size_t slot, Vec v) const noexcept { store(base_ + slot * kGroup, v); }

 private:
  double* base_;
};

// The rows of one lane's window, newest first, for the rare lane that must be computed again from scratch.
class LaneWindow {
 public:
  LaneWindow(const Operand& operand, std::uint64_t row, std::size_t width, std::size_t lane) noexcept
      : operand_(&operand), row_(row), width_(width), lane_(lane) {}
  [[nodiscard]] double operator[](std::uint32_t age) const noexcept {
    const std::uint64_t rows = operand_->ring.rows;
    const std::uint64_t late = (std::uint64_t{operand_->lag} + age) % rows;
    return operand_->ring.base[(row_ + rows - late) % rows * width_ + lane_];
  }

 private:
  const Operand* operand_;
  std::uint64_t row_;
  std::size_t width_, lane_;
};

// Drives an aggregate `A` over one vector of lanes. A has
//   kSlots          doubles per lane of one partial aggregate (prefix or suffix)
//   kHead           doubles per lane of what it carries besides
//   load_head/save_head(Slots), begin_block(), reset(), add(row pointers), save(Slots, slot), merged(Slots, slot)
// and `emit(aggregate, row)` receives the aggregate of the whole window.
template <class A, class Inputs, class Emit>
void slide(const TimeArgs& a, std::size_t lane, A& aggregate, Inputs inputs, Emit emit) noexcept {
  const std::uint32_t w = a.window;
  const Slots slots(a.state, A::kHead + A::kSlots * w, lane);
  const std::size_t prefix_slot = A::kHead;
  const auto suffix_slot = [](std::uint32_t rows) { return A::kHead + A::kSlots * rows; };  // rows >= 1
  aggregate.load_head(slots);
  aggregate.load_sums(slots, prefix_slot);
  auto phase = static_cast<std::uint32_t>(a.row0 % w);
  Inputs in = inputs;
  for (std::uint32_t r = 0; r < a.rows; ++r, in.next()) {
    if (phase == 0) {
      aggregate.begin_block();
      aggregate.reset();
      Inputs past = in;
      for (std::uint32_t rows = 1; rows < w; ++rows) {
        past.back();
        aggregate.add(past.load(lane));
        aggregate.save_sums(slots, suffix_slot(rows));
      }
      aggregate.reset();
    }
    const auto values = in.load(lane);
    aggregate.see(values);
    aggregate.add(values);
    const std::uint32_t older = w - 1 - phase;
    if (older == 0) {
      emit(aggregate, values, r);
    } else {
      emit(aggregate.merged(slots, suffix_slot(older)), values, r);
    }
    phase = phase + 1 == w ? 0 : phase + 1;
  }
  aggregate.save_head(slots);
  aggregate.save_sums(slots, prefix_slot);
}

// One operand, or two in step.
struct OneInput {
  Cursor x;
  [[nodiscard]] Vec load(std::size_t lane) const noexcept { return JQFAST_TARGET::load(x.row() + lane); }
  void next() noexcept { x.next(); }
  void back() noexcept { x.back(); }
};

struct TwoValues {
  Vec x, y;
};

struct TwoInputs {
  Cursor x, y;
  [[nodiscard]] TwoValues load(std::size_t lane) const noexcept {
    return {JQFAST_TARGET::load(x.row() + lane), JQFAST_TARGET::load(y.row() + lane)};
  }
  void next() noexcept {
    x.next();
    y.next();
  }
  void back() noexcept {
    x.back();
    y.back();
  }
};

// Where an instruction's outputs go, row by row.
class Outputs {
 public:
  static constexpr std::size_t kMost = 8;
  explicit Outputs(const TimeArgs& a) noexcept : count_(a.outputs), width_(a.width) {
    for (std::size_t o = 0; o < count_; ++o) {
      row_[o] = static_cast<std::size_t>(a.row0 % a.out[o].rows);
      ring_[o] = a.out[o];
    }
  }
  void put(std::size_t o, std::size_t lane, Vec v) const noexcept { store(ring_[o].base + row_[o] * width_ + lane, v); }
  void next() noexcept {
    for (std::size_t o = 0; o < count_; ++o) row_[o] = row_[o] + 1 == ring_[o].rows ? 0 : row_[o] + 1;
  }

 private:
  std::size_t count_, width_;
  std::size_t row_[kMost];
  Ring ring_[kMost];
};

}  // namespace jqfast::JQFAST_TARGET
