// What a run keeps in memory and where each value lies in it. Private to the library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

#include "jqfast/executor.hpp"
#include "program.hpp"

namespace jqfast {

// Doubles on cache-line boundaries: a vector that straddles two lines costs two accesses.
class Buffer {
 public:
  static constexpr std::size_t kAlign = 64;

  // `size` doubles, whatever they hold: who first writes to a page of them has it made, so that threads share the work.
  void allocate(std::size_t size);
  // `size` zeros.
  void resize(std::size_t size) {
    allocate(size);
    std::fill_n(data(), size, 0.0);
  }
  // At least `size` doubles, zeros where they are new.
  void reserve(std::size_t size) {
    if (size_ < size) resize(size);
  }
  [[nodiscard]] double* data() noexcept { return memory_.get(); }
  [[nodiscard]] const double* data() const noexcept { return memory_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Release {
    std::size_t alignment;
    void operator()(double* p) const noexcept { ::operator delete(p, std::align_val_t{alignment}); }
  };
  std::unique_ptr<double, Release> memory_{nullptr, Release{kAlign}};
  std::size_t size_ = 0;
};

// Offsets, in doubles per lane, of everything a stage keeps; depends on the chunk alone.
struct Memory {
  std::vector<std::size_t> rings;  // per register: offset in the state, or of its scratch slot
  std::size_t state = 0;           // kernel state first, then the rings with history
  std::size_t scratch = 0;         // slots, then one row per literal
};

[[nodiscard]] Memory lay_out(const TimeStage& stage, std::size_t chunk);

// How a run is cut: sessions per chunk, stocks per tile.
struct Shape {
  std::size_t chunk = 0, width = 0;
  // Rows of a ring lie one cache line further apart than they are wide: a power of two would map the rows of a column
  // to a handful of cache sets, and kernels walk down columns.
  std::size_t pitch = 0;
  std::size_t tiles = 0;

  Shape() = default;
  Shape(std::size_t chunk_, std::size_t width_, std::size_t lanes)
      : chunk(chunk_),
        width(width_),
        pitch(width_ == kGroup ? kGroup : width_ + kGroup),
        tiles((lanes + width_ - 1) / width_) {}
  [[nodiscard]] std::size_t lanes() const noexcept { return tiles * width; }
  [[nodiscard]] std::size_t groups() const noexcept { return lanes() / kGroup; }
};

// The shape of a run over all sessions at once, within the options' wishes.
[[nodiscard]] Shape choose_shape(const Program& program, std::size_t stocks, std::size_t rows,
                                 const RunOptions& options);

// What goes from session to session: per time stage the kernels' state and the rings, for each owner. An owner is a
// tile, or a worker where each tile runs through all sessions at once.
class Carried {
 public:
  Carried() = default;
  // Holds anything until it is reset.
  Carried(const Program& program, const Shape& shape, std::size_t owners);
  // One owner for each tile, before the first session.
  Carried(const Program& program, const Shape& shape) : Carried(program, shape, shape.tiles) { reset(program); }

  [[nodiscard]] const Shape& shape() const noexcept { return shape_; }
  [[nodiscard]] const Memory& memory(std::size_t stage) const noexcept { return memory_[stage]; }
  [[nodiscard]] std::size_t bytes() const noexcept;
  [[nodiscard]] double* of(std::size_t stage, std::size_t owner) noexcept {
    return states_[stage].data() + owner * memory_[stage].state * shape_.pitch;
  }
  [[nodiscard]] const double* of(std::size_t stage, std::size_t owner) const noexcept {
    return states_[stage].data() + owner * memory_[stage].state * shape_.pitch;
  }
  // The state before the first session.
  void reset(const Program& program, std::size_t stage, double* state) const noexcept;
  void reset(const Program& program) noexcept;

 private:
  Shape shape_;
  std::size_t owners_ = 0;
  std::vector<Memory> memory_;  // per stage
  std::vector<Buffer> states_;
};

struct Worker {
  Buffer scratch, row, staging, sort;
  std::vector<Buffer> groupings;  // what is known of each series of groups
  std::vector<std::uint32_t> staged;
};

// What is forgotten after each chunk; kept between runs only to spare its allocation.
struct Scratch {
  Buffer boundaries;  // (boundary, row of the chunk or worker, stock)
  std::vector<Worker> workers;

  void reserve(const Program& program, const KernelTable& kernels, const Carried& carried, const Output& out,
               std::size_t threads);
  [[nodiscard]] std::size_t worker_bytes() const noexcept;
};

// Stocks in whole groups: the length of a row across all stocks.
[[nodiscard]] inline std::size_t row_length(std::size_t stocks) noexcept {
  return (stocks + kGroup - 1) / kGroup * kGroup;
}

}  // namespace jqfast
