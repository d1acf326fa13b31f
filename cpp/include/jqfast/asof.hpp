// Events to panels: the last known value of each stock on each session, and how old it is.
//
// An event says that from session `row` on a record about a stock is known. Of the records known on a session the
// one with the greatest `order` counts (a period, say, so that a late correction of an old period does not replace a
// newer one); among equals the one that became known last, and on one session the later in the input. Arrays are
// borrowed and C-contiguous. No arithmetic is done on values, so results do not depend on threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

namespace jqfast {

// `column`: a missing value in a record leaves the column's last known value; `record`: the record that
// counts is taken as a whole, missing values included.
enum class AsofMode : std::uint8_t { column, record };

struct AsofEvents {
  std::span<const std::int64_t> stock;  // (E,) 0 <= stock < N
  std::span<const std::int64_t> row;    // (E,) first session that knows it; below 0: known before the first session
  std::span<const std::int64_t> order;  // (E,) which record counts
  std::span<const std::int64_t> since;  // (E,) the session its age is counted from
  std::span<const double> values;       // (E, K), NaN where the record has no value
  std::size_t columns = 0;              // K
};

struct AsofTask {
  AsofEvents events;
  std::size_t first = 0, sessions = 0;                              // rows first .. first + T - 1 are filled
  std::size_t stocks = 0;                                           // N
  std::int64_t max_age = std::numeric_limits<std::int64_t>::max();  // older values are missing
  AsofMode mode = AsofMode::column;
  std::span<double> values;      // (K, T, N)
  std::span<double> ages;        // (K, T, N), in record mode (1, T, N); or empty
  std::span<const bool> listed;  // (T, N), where false nothing is said of a stock; or empty
  std::size_t threads = 1;
};

// Fills values and ages; NaN where nothing is known. Throws std::invalid_argument where sizes or indexes do not fit.
void asof(const AsofTask& task);

}  // namespace jqfast
