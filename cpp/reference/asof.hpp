// The last known value by its definition: for every stock and session look at all events again.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "jqfast/asof.hpp"

namespace jqfast::reference {

struct LastKnown {
  double value = std::numeric_limits<double>::quiet_NaN();
  double age = std::numeric_limits<double>::quiet_NaN();
};

// Of the events of `stock` known at session `row`: the greatest order, then the latest row, then the last in the input.
inline LastKnown asof(const AsofTask& task, std::size_t column, std::size_t stock, std::int64_t row) {
  const AsofEvents& events = task.events;
  std::size_t best = events.stock.size();
  for (std::size_t e = 0; e < events.stock.size(); ++e) {
    if (static_cast<std::size_t>(events.stock[e]) != stock || events.row[e] > row) continue;
    if (task.mode == AsofMode::column && std::isnan(events.values[e * events.columns + column])) continue;
    const bool beaten =
        best < events.stock.size() && (events.order[e] < events.order[best] ||
                                       (events.order[e] == events.order[best] && events.row[e] < events.row[best]));
    if (!beaten) best = e;
  }
  LastKnown known;
  if (best == events.stock.size() || row - events.since[best] > task.max_age) return known;
  known.value = events.values[best * events.columns + column];
  known.age = static_cast<double>(row - events.since[best]);
  return known;
}

}  // namespace jqfast::reference
