// Rows of a table to the cells of a panel: one field of the rows of some days, each to its own cell.
//
// Where rows go is the same for all fields of a table; it is found out once and given with each field. Arrays are
// borrowed and C-contiguous. A row's arithmetic does not depend on others, and no two rows may have one cell: calls
// for different days can run at once on the same `out`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace jqfast {

struct ScatterTask {
  std::span<const double> values;       // (R,) the field, as it was read
  bool every = false;                   // every row has a cell: K = R, and `kept` is not looked at
  std::span<const std::int32_t> kept;   // (K,) rows that have a cell
  std::span<const std::int64_t> place;  // (K,) the cell of each
  std::span<const std::int32_t> moved;  // (M,) those among the K whose basis has changed ...
  std::span<const double> factor;       // (M,) ... and what their values are multiplied by, after `times`
  double times = 1.0;                   // factor of the unit
  std::span<double> out;                // the cells; those without a row stay as they are
};

// Throws std::invalid_argument, before anything is written, where sizes or indexes do not fit.
void scatter(const ScatterTask& task);

}  // namespace jqfast
