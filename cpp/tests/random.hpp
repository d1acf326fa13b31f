// Random numbers to test with: a linear congruential generator, the same numbers on every platform.
#pragma once

#include <cstddef>
#include <cstdint>

namespace jqfast::test {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {
    for (int i = 0; i < 4; ++i) uniform();  // neighbouring seeds drift apart
  }

  // [0, 1)
  double uniform() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 11U) / 9007199254740992.0;
  }

  // Mean 0, deviation 1, within +-6.
  double normal() {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return sum;
  }

  std::size_t below(std::size_t bound) { return static_cast<std::size_t>(uniform() * static_cast<double>(bound)); }
  bool chance(double share) { return uniform() < share; }

 private:
  std::uint64_t state_;
};

}  // namespace jqfast::test
