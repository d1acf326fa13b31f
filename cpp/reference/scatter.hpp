// A field in its cells by its definition: for every cell look for its row.
#pragma once

#include <cstddef>
#include <optional>

#include "jqfast/scatter.hpp"

namespace jqfast::reference {

// The value that a cell gets; none where no row goes there.
inline std::optional<double> scatter(const ScatterTask& task, std::size_t cell) {
  for (std::size_t k = 0; k < task.place.size(); ++k) {
    if (static_cast<std::size_t>(task.place[k]) != cell) continue;
    const std::size_t row = task.every ? k : static_cast<std::size_t>(task.kept[k]);
    double value = task.values[row] * task.times;
    for (std::size_t m = 0; m < task.moved.size(); ++m)
      if (static_cast<std::size_t>(task.moved[m]) == k) value *= task.factor[m];
    return value;
  }
  return std::nullopt;
}

}  // namespace jqfast::reference
