// What windowed aggregates write: statistics row by row, or in batches of rows.
#pragma once

#include <array>
#include <utility>

#include "window.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// The rows that an instruction of several outputs writes, side by side.
class OutRows {
 public:
  explicit OutRows(const TimeArgs& a) noexcept : out_(a.out), count_(a.outputs), pitch_(a.pitch) {
    for (std::size_t o = 0; o < count_; ++o) at_[o] = static_cast<std::uint32_t>(a.row0 % out_[o].rows);
  }
  [[nodiscard]] double* row(std::size_t o) const noexcept { return out_[o].base + at_[o] * pitch_; }
  void next() noexcept {
    for (std::size_t o = 0; o < count_; ++o) at_[o] = at_[o] + 1 == out_[o].rows ? 0 : at_[o] + 1;
  }

 private:
  const Ring* out_;
  std::size_t count_, pitch_;
  std::uint32_t at_[kMostOutputs];
};

// The values of one row of an instruction of several outputs.
template <std::size_t Count>
struct RowOf {
  Vec value[Count];
};

// Writes what make(aggregate, values, r, lane) gives of each row.
template <std::size_t Count, class Make>
class RowWriter {
 public:
  RowWriter(const TimeArgs& a, std::size_t lane, Make make) noexcept : pitch_(a.pitch), lane_(lane), make_(make) {
    for (std::size_t o = 0; o < Count; ++o) at_[o] = OutCursor(a.out[o], a.row0, a.pitch), stand(o);
  }
  template <class A, class Values>
  [[gnu::always_inline]] void operator()(const A& total, const Values& values, std::uint32_t r) noexcept {
    const RowOf<Count> row = make_(total, values, r, lane_);
    for (std::size_t o = 0; o < Count; ++o) store(to_[o], row.value[o]), to_[o] += pitch_;
  }
  [[nodiscard]] std::uint32_t left() const noexcept {
    std::uint32_t rows = at_[0].left();
    for (std::size_t o = 1; o < Count; ++o) rows = std::min(rows, at_[o].left());
    return rows;
  }
  void forward(std::uint32_t rows) noexcept {
    for (std::size_t o = 0; o < Count; ++o) at_[o].forward(rows), stand(o);
  }

 private:
  void stand(std::size_t o) noexcept { to_[o] = at_[o].row() + lane_; }

  OutCursor at_[Count];
  double* to_[Count];
  std::size_t pitch_, lane_;
  Make make_;
};

// Slides the aggregate over all lanes of a tile, make(aggregate, values, r, lane) giving the outputs of a row.
template <class A, std::size_t Count, class Inputs, class Make>
void slide_straight(const TimeArgs& a, const Inputs& inputs, Make make) noexcept {
  for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
    slide<A>(a, lane, inputs, RowWriter<Count, Make>(a, lane, make));
  }
}

// Whether the outputs asked for are these, in this order.
template <auto... Which>
bool gives(const TimeArgs& a) noexcept {
  std::size_t o = 0;
  return a.outputs == sizeof...(Which) && ((a.give[o++] == static_cast<std::uint8_t>(Which)) && ...);
}

// Collects the aggregates of consecutive rows, so that each statistic asked for is computed in a loop of its own: a
// choice inside the row loop would make the compiler prepare the divisions of every statistic for every row.
template <class Item>
class Batch {
 public:
  static constexpr std::uint32_t kRows = 32;

  Batch(const TimeArgs& a, std::size_t lane) noexcept : a_(a), lane_(lane), row_(a.row0) {}

  Item& next() noexcept { return items_[count_++]; }
  [[nodiscard]] std::uint32_t left() const noexcept { return kRows - count_; }
  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }

  // Writes output `o` as f(item), NaN where fewer than `min_periods` values, or than f needs, were in the window.
  template <class F>
  void put(std::size_t o, F f, std::uint32_t needed = 0) const noexcept {
    const Vec least = splat(std::max(a_.min_periods, needed));
    OutCursor out(a_.out[o], row_, a_.pitch);
    for (std::uint32_t i = 0; i < count_; ++i, out.next()) {
      store(out.row() + lane_, select(items_[i].n >= least, f(items_[i]), splat(kNaN)));
    }
  }

  void clear() noexcept {
    row_ += count_;
    count_ = 0;
  }

 private:
  const TimeArgs& a_;
  std::size_t lane_;
  std::uint64_t row_;
  std::uint32_t count_ = 0;
  Item items_[kRows];
};

// Fills a batch by make(item, aggregate, values, r, lane), and has put(batch) write it when it is full.
template <class Item, class Make, class Put>
struct BatchWriter {
  Batch<Item>& batch;
  std::size_t lane;
  Make make;
  Put put;

  template <class A, class Values>
  [[gnu::always_inline]] void operator()(const A& total, const Values& values, std::uint32_t r) const noexcept {
    make(batch.next(), total, values, r, lane);
  }
  [[nodiscard]] std::uint32_t left() const noexcept { return batch.left(); }
  void forward(std::uint32_t) const noexcept {
    if (batch.left() == 0) flush();
  }
  void flush() const noexcept {
    put(batch);
    batch.clear();
  }
};

// Slides the aggregate over all lanes of a tile: make(item, aggregate, values, r, lane) fills an item of a row, and
// put(batch) writes the statistics of up to kRows of them.
template <class A, class Item, class Inputs, class Make, class Put>
void slide_tile(const TimeArgs& a, const Inputs& inputs, Make make, Put put) noexcept {
  for (std::size_t lane = 0; lane < a.width; lane += kLanes) {
    Batch<Item> batch(a, lane);
    const BatchWriter<Item, Make, Put> writer{batch, lane, make, put};
    slide<A>(a, lane, inputs, writer);
    if (!batch.empty()) writer.flush();
  }
}

}  // namespace jqfast::JQFAST_TARGET
