// How every windowed aggregate walks: blocks, suffixes and prefixes, so that nothing is ever subtracted.
//
// Rows are cut into blocks of the window's length. A window that ends inside a block is a suffix of the block before
// plus a prefix of its own. Suffixes are made once when a block begins, prefixes grow by one row a session: constant
// work per row for any window, and a value that has left the window has left the arithmetic too. Blocks depend on the
// instruction and the session number alone, so chunks cannot change a result.
#pragma once

#include <algorithm>

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET {

// The slots of carried state of one vector of lanes: slot s of lane l lies at 8 s + l within its group.
class Slots {
 public:
  Slots(double* state, std::size_t slots, std::size_t lane) noexcept
      : base_(state + lane / kGroup * slots * kGroup + lane % kGroup) {}
  [[nodiscard]] Vec get(std::size_t slot) const noexcept { return load(base_ + slot * kGroup); }
  void set(std::size_t slot, Vec v) const noexcept { store(base_ + slot * kGroup, v); }
  [[nodiscard]] double one(std::size_t slot, std::size_t l) const noexcept { return base_[slot * kGroup + l]; }
  // Calls slots [first, first + count) of a later group into the cache; `distance` is in doubles.
  void prefetch(std::size_t first, std::size_t count, std::size_t distance) const noexcept {
    for (std::size_t slot = first; slot < first + count; ++slot)
      __builtin_prefetch(base_ + distance + slot * kGroup, 1);
  }

 private:
  double* base_;
};

// The rows of one lane's window, newest first, for the rare lane that must be computed again from scratch.
class LaneWindow {
 public:
  LaneWindow(const Operand& operand, std::uint64_t row, std::size_t pitch, std::size_t lane) noexcept
      : operand_(&operand), row_(row), pitch_(pitch), lane_(lane) {}
  [[nodiscard]] double operator[](std::uint32_t age) const noexcept {
    const std::uint64_t rows = operand_->ring.rows;
    const std::uint64_t late = (std::uint64_t{operand_->lag} + age) % rows;
    return operand_->ring.base[(row_ + rows - late) % rows * pitch_ + lane_];
  }

 private:
  const Operand* operand_;
  std::uint64_t row_;
  std::size_t pitch_, lane_;
};

// The last rows of one column of lanes, seen from a row that moves on.
class Column {
 public:
  Column(const Operand& x, std::uint64_t row, std::size_t pitch, std::size_t lane) noexcept
      : base_(x.ring.base + lane), pitch_(pitch), rows_(x.ring.rows) {
    at_ = static_cast<std::uint32_t>((row + rows_ - x.lag % rows_) % rows_);
  }
  [[nodiscard]] Vec today() const noexcept { return load(base_ + at_ * pitch_); }
  [[nodiscard]] Vec before(std::uint32_t age) const noexcept {
    return load(base_ + (at_ >= age ? at_ - age : at_ + rows_ - age) * pitch_);
  }
  void next() noexcept { at_ = at_ + 1 == rows_ ? 0 : at_ + 1; }

  // f(value) for the `count` newest rows, in two straight runs where the ring wraps.
  template <class F>
  void each(std::uint32_t count, F f) const noexcept {
    const std::uint32_t run = std::min(count, at_ + 1);
    straight(at_, run, f);
    straight(rows_ - 1, count - run, f);
  }

 private:
  template <class F>
  void straight(std::uint32_t from, std::uint32_t count, F f) const noexcept {
    const double* p = base_ + from * pitch_;
    for (std::uint32_t i = 0; i < count; ++i, p -= pitch_) f(load(p));
  }

  const double* base_;
  std::size_t pitch_;
  std::uint32_t rows_, at_;
};

// Where an aggregate keeps what it carries: its head, the prefix, whether suffixes are left to make, w - 1 suffixes,
// and the marks from which runs of them can be made later.
template <class A>
struct Places {
  static constexpr std::uint32_t kRun = 16;
  static constexpr std::size_t kPrefix = A::kHead;
  static constexpr std::size_t kOpen = kPrefix + A::kPrefix;
  static constexpr std::size_t suffix(std::uint32_t rows) noexcept {  // rows >= 1
    return kOpen + 1 + A::kSuffix * (rows - std::size_t{1});
  }
  static constexpr std::size_t mark(std::uint32_t window, std::uint32_t run) noexcept {  // run >= 1
    return suffix(window) + A::kPrefix * (run - std::size_t{1});
  }
  static constexpr std::size_t size(std::uint32_t window) noexcept { return mark(window, 1 + (window - 1) / kRun); }
};

// Doubles of carried state per lane of an aggregate over a window.
template <class A>
constexpr std::size_t slide_state(std::uint32_t window) noexcept {
  return Places<A>::size(window);
}

// Adds rows first + 1 to last of the block before, counted from its end, and calls keep(aggregate, rows) after each;
// `past` stands at the row after the first.
template <class A, class Inputs, class Keep>
[[gnu::always_inline]] inline void walk_back(A& aggregate, Inputs past, std::size_t lane, std::uint32_t first,
                                             std::uint32_t last, Keep keep) noexcept {
  for (std::uint32_t rows = first + 1; rows <= last; ++rows) {
    past.back();
    aggregate.add(past.load(lane));
    keep(aggregate, rows);
  }
}

// Makes the suffixes of first + 1 to last rows while the block has come to `phase`; `in` stands at that row. The walk
// goes on from where the block's beginning left a mark, so that every sum is the one a batch has made.
template <class A, class Inputs>
[[gnu::noinline]] void make_suffixes(const Slots& slots, std::uint32_t window, Inputs in, std::size_t lane,
                                     std::uint32_t phase, std::uint32_t first, std::uint32_t last) noexcept {
  using P = Places<A>;
  A past;
  past.load_head(slots);
  if (first == 0) {
    past.reset();
  } else {
    past.load_prefix(slots, P::mark(window, first / P::kRun));
  }
  past.stand_at(phase, first);
  in.back(phase + first);
  walk_back(past, in, lane, first, last,
            [&](const A& sums, std::uint32_t rows) { sums.save_suffix(slots, P::suffix(rows)); });
}

// The session of a row within its block.
inline std::uint32_t phase_of(const TimeArgs& a) noexcept {
  return static_cast<std::uint32_t>((a.row0 + a.offset) % a.window);
}

// The state before the first session where that stands inside a block: the rows before it are missing.
template <class A, class Inputs>
[[gnu::noinline, gnu::cold]] void start_inside(const Slots& slots, const TimeArgs& a, const Inputs& in,
                                               std::size_t lane) noexcept {
  A nothing;
  nothing.load_head(slots);
  nothing.reset();
  nothing.save_prefix(slots, Places<A>::kPrefix);
  const std::uint32_t phase = phase_of(a);
  make_suffixes<A>(slots, a.window, in, lane, phase, 0, a.window - 1 - phase);
}

inline constexpr std::size_t kAhead = 4;  // groups

// Sessions that come one at a time: making all suffixes when a block begins would let one session wait for w rows of
// work. The walk back is made then, as today's window needs its end, but only marks are kept of it, and each run of
// suffixes is made in the session that first needs one.
template <class A, class Inputs, class Emit>
[[gnu::noinline]] void slide_one(const TimeArgs& a, std::size_t lane, const Inputs& in, Emit emit) noexcept {
  using P = Places<A>;
  const std::uint32_t w = a.window;
  const Slots slots(a.state, P::size(w), lane);
  const std::uint32_t phase = phase_of(a);
  const std::uint32_t older = w - 1 - phase;
  if (a.row0 == 0 && phase != 0) start_inside<A>(slots, a, in, lane);
  // Each group of stocks has its state in another page, where the hardware does not look ahead.
  const std::size_t ahead = kAhead * P::size(w) * kGroup;
  slots.prefetch(0, P::kOpen, ahead);
  slots.prefetch(P::suffix(older + 1) - A::kSuffix, A::kSuffix, ahead);
  A aggregate;
  aggregate.load_head(slots);
  if (phase == 0) {
    const std::uint32_t made = w > 1 ? (w - 2) / P::kRun * P::kRun : 0;  // the last run is needed from now on
    aggregate.begin_block();
    aggregate.reset();
    walk_back(aggregate, in, lane, 0, w - 1, [&](const A& sums, std::uint32_t rows) {
      if (rows > made) {
        sums.save_suffix(slots, P::suffix(rows));
      } else if (rows % P::kRun == 0) {
        sums.save_prefix(slots, P::mark(w, rows / P::kRun));
      }
    });
    slots.set(P::kOpen, splat(made > 0 ? 1.0 : 0.0));
    aggregate.reset();
  } else {
    aggregate.load_prefix(slots, P::kPrefix);
    if (older > 0 && older % P::kRun == 0 && slots.one(P::kOpen, 0) != 0.0) {
      make_suffixes<A>(slots, w, in, lane, phase, older - P::kRun, older);
    }
  }
  const auto values = in.load(lane);
  aggregate.see(values);
  aggregate.add(values);
  if (older == 0) {
    emit(aggregate, values, 0);
  } else {
    emit(aggregate.merged(slots, P::suffix(older)), values, 0);
  }
  aggregate.save_head(slots);
  aggregate.save_prefix(slots, P::kPrefix);
}

// Calls what an operand will be filled with next into the cache, a row at a time.
class Prefetcher {
 public:
  Prefetcher(const TimeArgs& a, std::size_t operand, std::size_t lane) noexcept
      : at_(a.coming[operand].rows), stride_(a.coming[operand].stride) {
    if (at_ == nullptr)
      at_ = a.state, stride_ = 0;  // something that is near
    else
      at_ += lane;
  }
  void next() noexcept {
    __builtin_prefetch(at_, 0, 2);
    at_ += stride_;
  }

 private:
  const double* at_;
  std::size_t stride_;
};

// Drives an aggregate `A` over one vector of lanes. A has
//   kHead, load_head, save_head      what it carries besides partial aggregates
//   kPrefix, load_prefix, save_prefix  the aggregate of the rows of the block so far
//   kSuffix, save_suffix, merged     the aggregate of the last rows of the block before; merged(slots, slot) adds it
//   begin_block(), reset(), see(values) for today's row, add(values) for every row
//   stand_at(phase, rows)            before `add` goes on with the suffix of `rows` rows, at `phase` of the next block
// and `emit(aggregate, values, r)` receives the aggregate of the whole window, emit.left() rows in a run at most, with
// emit.forward(rows) after it.
// The aggregate is a local variable and everything is inlined, so that it stays in registers. Runs end where a block, a
// ring or the call does, so that a row of a run knows of none of them.
template <class A, class Inputs, class Emit>
[[gnu::always_inline]] inline void slide(const TimeArgs& a, std::size_t lane, Inputs inputs, Emit emit) noexcept {
  A aggregate;
  using P = Places<A>;
  const std::uint32_t w = a.window;
  if (a.rows == 1) return slide_one<A>(a, lane, inputs, emit);
  const Slots slots(a.state, P::size(w), lane);
  std::uint32_t phase = phase_of(a);
  Inputs in = inputs;
  if (a.row0 == 0 && phase != 0) start_inside<A>(slots, a, in, lane);
  if (slots.one(P::kOpen, 0) != 0.0) [[unlikely]] {
    if (phase != 0) make_suffixes<A>(slots, w, in, lane, phase, 0, w - 1 - phase);
    slots.set(P::kOpen, Vec{});
  }
  aggregate.load_head(slots);
  aggregate.load_prefix(slots, P::kPrefix);
  Prefetcher x(a, 0, lane), y(a, 1, lane);
  for (std::uint32_t r = 0, straight = 0; r < a.rows;) {
    if (phase == 0) {
      aggregate.begin_block();
      aggregate.reset();
      walk_back(aggregate, in, lane, 0, w - 1,
                [&](const A& sums, std::uint32_t rows) { sums.save_suffix(slots, P::suffix(rows)); });
      aggregate.reset();
    }
    if (straight == 0) straight = std::min(in.left(), emit.left());
    const std::uint32_t end = r + std::min({a.rows - r, w - phase, straight});
    straight -= end - r;
    auto row = in.straight(lane, a.pitch);
    in.forward(end - r);
    const auto add = [&]() __attribute__((always_inline)) {
      x.next();
      if constexpr (Inputs::kOperands > 1) y.next();
      const auto values = row.load();
      row.next();
      aggregate.see(values);
      aggregate.add(values);
      return values;
    };
    const std::uint32_t begin = r, closes = r + (w - 1 - phase);  // the row whose window is its own block
    for (const std::uint32_t open = std::min(end, closes); r < open; ++r) {
      const auto values = add();
      emit(aggregate.merged(slots, P::suffix(closes - r)), values, r);
    }
    if (r < end) {
      const auto values = add();
      emit(aggregate, values, r);
      ++r;
    }
    phase = end > closes ? 0 : phase + (end - begin);
    emit.forward(end - begin);
  }
  aggregate.save_head(slots);
  aggregate.save_prefix(slots, P::kPrefix);
}

// One operand, or two in step. `straight` gives rows that lie one after the other.
struct OneInput {
  static constexpr std::size_t kOperands = 1;
  struct Straight {
    const double* x;
    std::size_t pitch;
    [[nodiscard]] Vec load() const noexcept { return JQFAST_TARGET::load(x); }
    void next() noexcept { x += pitch; }
  };

  Cursor x;
  [[nodiscard]] Vec load(std::size_t lane) const noexcept { return JQFAST_TARGET::load(x.row() + lane); }
  [[nodiscard]] Straight straight(std::size_t lane, std::size_t pitch) const noexcept {
    return {x.row() + lane, pitch};
  }
  [[nodiscard]] std::uint32_t left() const noexcept { return x.left(); }
  void forward(std::uint32_t rows) noexcept { x.forward(rows); }
  void back() noexcept { x.back(); }
  void back(std::uint32_t rows) noexcept { x.back(rows); }
};

struct TwoValues {
  Vec x, y;
};

struct TwoInputs {
  static constexpr std::size_t kOperands = 2;
  struct Straight {
    const double *x, *y;
    std::size_t pitch;
    [[nodiscard]] TwoValues load() const noexcept { return {JQFAST_TARGET::load(x), JQFAST_TARGET::load(y)}; }
    void next() noexcept { x += pitch, y += pitch; }
  };

  Cursor x, y;
  [[nodiscard]] TwoValues load(std::size_t lane) const noexcept {
    return {JQFAST_TARGET::load(x.row() + lane), JQFAST_TARGET::load(y.row() + lane)};
  }
  [[nodiscard]] Straight straight(std::size_t lane, std::size_t pitch) const noexcept {
    return {x.row() + lane, y.row() + lane, pitch};
  }
  [[nodiscard]] std::uint32_t left() const noexcept { return std::min(x.left(), y.left()); }
  void forward(std::uint32_t rows) noexcept {
    x.forward(rows);
    y.forward(rows);
  }
  void next() noexcept {
    x.next();
    y.next();
  }
  void back() noexcept {
    x.back();
    y.back();
  }
  void back(std::uint32_t rows) noexcept {
    x.back(rows);
    y.back(rows);
  }
};

}  // namespace jqfast::JQFAST_TARGET
