// Panels to test with: seeded noise and the inputs on which careless arithmetic fails.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jqfast/panel_view.hpp"
#include "random.hpp"

namespace jqfast::test {

struct Panel {
  std::size_t rows = 0, cols = 0;
  std::vector<double> values;

  Panel(std::size_t T, std::size_t N, double fill = 0.0) : rows(T), cols(N), values(T * N, fill) {}
  double& at(std::size_t t, std::size_t n) { return values[t * cols + n]; }
  [[nodiscard]] double at(std::size_t t, std::size_t n) const { return values[t * cols + n]; }
  [[nodiscard]] PanelView<const double> view() const { return {values.data(), rows, cols, cols}; }
};

struct Dataset {
  const char* name;
  Panel (*make)(std::size_t T, std::size_t N, Random& random);
};

// Prices, noise, gaps, Inf and spikes that come and go, drops of level, small noise on high levels, constants, ties,
// sizes whose squares leave the range of doubles.
const std::vector<Dataset>& datasets();

Panel noise(std::size_t T, std::size_t N, Random& random);
Panel gaps(std::size_t T, std::size_t N, Random& random);  // noise with 5 % missing

}  // namespace jqfast::test
