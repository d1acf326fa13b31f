// What a run keeps in memory and where each value lies in it. Private to the library.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>
#include <vector>

#include "program.hpp"

namespace jqfast {

// Doubles on cache-line boundaries: a vector that straddles two lines costs two accesses.
class Buffer {
 public:
  static constexpr std::size_t kAlign = 64;

  void resize(std::size_t size) {
    memory_.reset(static_cast<double*>(::operator new(size * sizeof(double), std::align_val_t{kAlign})));
    size_ = size;
    std::fill_n(memory_.get(), size, 0.0);
  }
  [[nodiscard]] double* data() noexcept { return memory_.get(); }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Release {
    void operator()(double* p) const noexcept { ::operator delete(p, std::align_val_t{kAlign}); }
  };
  std::unique_ptr<double, Release> memory_;
  std::size_t size_ = 0;
};

// Offsets, in doubles per lane, of everything a stage keeps; depends on the chunk alone.
struct Memory {
  std::vector<std::size_t> rings;  // per register: offset in the state, or of its scratch slot
  std::size_t state = 0;           // kernel state first, then the rings with history
  std::size_t scratch = 0;         // slots, then one row per literal
};

inline Memory lay_out(const TimeStage& stage, std::size_t chunk) {
  Memory m;
  m.state = stage.kernel_state;
  for (const auto& reg : stage.registers) {
    if (reg.history > 0) {
      m.rings.push_back(m.state);
      m.state += chunk + reg.history;
    } else {
      m.rings.push_back(reg.slot * chunk);
    }
  }
  m.scratch = stage.scratch_slots * chunk + stage.literals.size();
  return m;
}

}  // namespace jqfast
