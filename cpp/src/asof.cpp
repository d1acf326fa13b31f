// As-of joins: events in order of sessions, one state per stock and column, whole rows copied from it.
//
// A task is one column over some of its sessions, so that each thread writes memory from front to back; it replays the
// events before its first session, which costs little beside the writing.
#include "jqfast/asof.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "jqfast/kernel_table.hpp"
#include "jqfast/thread_pool.hpp"

namespace jqfast {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();
constexpr std::int64_t kFar = std::int64_t{1} << 52U;
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kForever = std::numeric_limits<std::int64_t>::max();
// Results beyond this leave the cache before anybody reads them, so they are written past it: an ordinary store would
// first fetch the line that it replaces.
constexpr std::size_t kNearBytes = std::size_t{4} << 20;

void require(bool fits, const std::string& message) {
  if (!fits) throw std::invalid_argument(message);
}

void check(const AsofTask& task) {
  const AsofEvents& events = task.events;
  const std::size_t count = events.stock.size();
  require(events.columns > 0, "`values` must have at least one column.");
  require(events.row.size() == count && events.order.size() == count && events.since.size() == count,
          "`stock`, `row`, `order` and `since` must have one entry per event.");
  require(events.values.size() == count * events.columns, "`values` must be events x columns.");
  const std::size_t layer = task.sessions * task.stocks;
  require(task.values.size() == events.columns * layer, "`out` must be columns x sessions x stocks.");
  const std::size_t layers = task.mode == AsofMode::record ? 1 : events.columns;
  require(task.ages.empty() || task.ages.size() == layers * layer, "`ages` must be layers x sessions x stocks.");
  require(task.listed.empty() || task.listed.size() == layer, "`listed` must be sessions x stocks.");
  require(task.max_age >= 0, "`max_age` must be 0 or more.");
  require(task.threads > 0, "`threads` must be 1 or more.");
  for (const std::int64_t stock : events.stock)
    require(stock >= 0 && static_cast<std::size_t>(stock) < task.stocks, "`stock` must lie in 0 <= stock < N.");
  for (const std::int64_t since : events.since)  // ages are exact and cannot overflow
    require(since > -kFar && since < kFar, "`since` must be a session between -2^52 and 2^52.");
}

// What is known of each stock in one column: value, the order that won, the session its age is counted from.
struct State {
  std::vector<double> value;
  std::vector<std::int64_t> order, since;

  explicit State(std::size_t stocks) : value(stocks, kMissing), order(stocks, kNever), since(stocks, 0) {}

  void take(std::size_t stock, double v, std::int64_t o, std::int64_t s) {
    if (o < order[stock]) return;
    value[stock] = v;
    order[stock] = o;
    since[stock] = s;
  }
};

// One value column (in record mode also the ages) over sessions low .. high - 1 of the result.
class Walk {
 public:
  Walk(const AsofTask& task, std::size_t column)
      : task_(task), column_(column), far_(task.values.size_bytes() > kNearBytes), state_(task.stocks) {
    if (!plain() || !task.ages.empty()) line_.resize(task.stocks);
  }

  void run(std::span<const std::size_t> events, std::size_t low, std::size_t high) {
    const AsofEvents& from = task_.events;
    std::size_t next = 0;
    for (std::size_t t = low; t < high; ++t) {
      const auto row = static_cast<std::int64_t>(task_.first + t);
      for (; next < events.size() && from.row[events[next]] <= row; ++next) learn(events[next]);
      write(t, row);
    }
    kernels_.store_fence();
  }

 private:
  void learn(std::size_t event) {
    const AsofEvents& from = task_.events;
    const double value = from.values[event * from.columns + column_];
    if (task_.mode == AsofMode::column && std::isnan(value)) return;
    state_.take(static_cast<std::size_t>(from.stock[event]), std::isnan(value) ? kMissing : value, from.order[event],
                from.since[event]);
  }

  // Whether a row of values is the state as it stands.
  bool plain() const { return task_.max_age == kForever && task_.listed.empty(); }

  void write(std::size_t t, std::int64_t row) {
    const std::size_t stocks = state_.value.size();
    const std::size_t place = (column_ * task_.sessions + t) * stocks;
    const bool* listed = task_.listed.empty() ? nullptr : task_.listed.data() + t * stocks;
    put(plain() ? state_.value.data() : values(row, listed), task_.values.data() + place);
    if (task_.ages.empty() || (task_.mode == AsofMode::record && column_ > 0)) return;
    put(ages(row, listed), task_.ages.data() + place);
  }

  const double* values(std::int64_t row, const bool* listed) {
    const double* value = state_.value.data();
    const std::int64_t* since = state_.since.data();
    for (std::size_t n = 0; n < line_.size(); ++n) line_[n] = row - since[n] <= task_.max_age ? value[n] : kMissing;
    return masked(listed);
  }

  const double* ages(std::int64_t row, const bool* listed) {
    for (std::size_t n = 0; n < line_.size(); ++n) {
      const std::int64_t old = row - state_.since[n];
      const bool known = state_.order[n] != kNever && old <= task_.max_age;
      line_[n] = known ? static_cast<double>(old) : kMissing;
    }
    return masked(listed);
  }

  const double* masked(const bool* listed) {
    for (std::size_t n = 0; listed != nullptr && n < line_.size(); ++n) line_[n] = listed[n] ? line_[n] : kMissing;
    return line_.data();
  }

  void put(const double* from, double* to) const {
    if (far_) {
      kernels_.stream_copy(from, to, task_.stocks);
    } else {
      std::copy_n(from, task_.stocks, to);
    }
  }

  const AsofTask& task_;
  const KernelTable& kernels_ = baseline_kernels();
  std::size_t column_;
  bool far_;
  State state_;
  std::vector<double> line_;  // the row on its way out
};

}  // namespace

void asof(const AsofTask& task) {
  check(task);
  if (task.sessions == 0 || task.stocks == 0) return;
  const auto last = static_cast<std::int64_t>(task.first + task.sessions);
  std::vector<std::size_t> index;
  index.reserve(task.events.stock.size());
  for (std::size_t e = 0; e < task.events.stock.size(); ++e)
    if (task.events.row[e] < last) index.push_back(e);
  const auto earlier = [&](std::size_t a, std::size_t b) { return task.events.row[a] < task.events.row[b]; };
  if (!std::is_sorted(index.begin(), index.end(), earlier)) std::stable_sort(index.begin(), index.end(), earlier);
  const std::size_t columns = task.events.columns;
  const std::size_t parts = std::clamp<std::size_t>(2 * task.threads / columns, 1, task.sessions);
  Crew crew(task.threads, [] {});
  crew.run(columns * parts, [&](std::size_t, std::size_t number) {
    const std::size_t part = number % parts;
    Walk(task, number / parts).run(index, task.sessions * part / parts, task.sessions * (part + 1) / parts);
  });
}

}  // namespace jqfast
