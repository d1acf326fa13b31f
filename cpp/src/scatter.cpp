#include "jqfast/scatter.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace jqfast {
namespace {

void require(bool fits, const std::string& message) {
  if (!fits) throw std::invalid_argument(message);
}

// Whether all indexes lie in 0 <= index < bound; branch-free, as nearly always all of them do.
template <class Index>
bool within(std::span<const Index> indexes, std::size_t bound) {
  bool fit = true;
  for (const Index index : indexes) fit &= index >= 0 && static_cast<std::size_t>(index) < bound;
  return fit;
}

void check(const ScatterTask& task) {
  const std::size_t count = task.place.size();
  require(count == (task.every ? task.values.size() : task.kept.size()), "`place` must have one entry per kept row.");
  require(task.moved.size() == task.factor.size(), "`factor` must have one entry per moved row.");
  require(task.every || within(task.kept, task.values.size()), "`kept` must lie in 0 <= row < R.");
  require(within(task.place, task.out.size()), "`place` must lie in 0 <= cell < size of `out`.");
  require(within(task.moved, count), "`moved` must lie in 0 <= index < K.");
}

}  // namespace

void scatter(const ScatterTask& task) {
  check(task);
  const std::int64_t* place = task.place.data();
  double* out = task.out.data();
  if (task.every) {
    for (std::size_t k = 0; k < task.place.size(); ++k) out[place[k]] = task.values[k] * task.times;
  } else {
    const std::int32_t* kept = task.kept.data();
    for (std::size_t k = 0; k < task.place.size(); ++k)
      out[place[k]] = task.values[static_cast<std::size_t>(kept[k])] * task.times;
  }
  for (std::size_t m = 0; m < task.moved.size(); ++m)
    out[place[static_cast<std::size_t>(task.moved[m])]] *= task.factor[m];
}

}  // namespace jqfast
