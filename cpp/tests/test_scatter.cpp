// Fields in their cells against their definition: all sizes, rows left out, changed bases; several calls at once.
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../reference/scatter.hpp"
#include "check.hpp"
#include "jqfast/scatter.hpp"
#include "random.hpp"

namespace {

using jqfast::ScatterTask;
using jqfast::test::check;
using jqfast::test::Random;
using jqfast::test::throws;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kUntouched = -7.0;

struct Case {
  std::vector<double> values, factor, out;
  std::vector<std::int32_t> kept, moved;
  std::vector<std::int64_t> place;
  double times = 1.0;
  bool every = false;

  ScatterTask task() { return {values, every, kept, place, moved, factor, times, out}; }
};

// `rows` rows of which about one in five is left out where `some`, in cells of any order.
Case random_case(std::size_t rows, std::size_t cells, bool some, Random& random) {
  Case made;
  for (std::size_t row = 0; row < rows; ++row) {
    made.values.push_back(random.below(9) == 0 ? kNaN : static_cast<double>(random.below(100000)) / 7.0);
    if (!some || random.below(5) > 0) made.kept.push_back(static_cast<std::int32_t>(row));
  }
  std::vector<std::int64_t> order(cells);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t k = 0; k < made.kept.size(); ++k) {
    std::swap(order[k], order[k + random.below(cells - k)]);
    made.place.push_back(order[k]);
    if (random.below(3) > 0) continue;
    made.moved.push_back(static_cast<std::int32_t>(k));
    made.factor.push_back(1.0 / static_cast<double>(2 + random.below(9)));
  }
  made.every = !some;
  if (!some) made.kept.clear();
  made.times = some ? 1e6 : 1.0;
  made.out.assign(cells, kUntouched);
  return made;
}

bool same(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b) || (std::isnan(a) && std::isnan(b));
}

void against_the_definition() {
  Random random(5);
  for (const std::size_t rows : {1U, 2U, 7U, 64U, 301U})
    for (const bool some : {false, true}) {
      Case made = random_case(rows, rows + rows / 2 + 1, some, random);
      jqfast::scatter(made.task());
      std::size_t wrong = 0, filled = 0;
      for (std::size_t cell = 0; cell < made.out.size(); ++cell) {
        const auto want = jqfast::reference::scatter(made.task(), cell);
        if (want) ++filled;
        if (!same(made.out[cell], want.value_or(kUntouched))) ++wrong;
      }
      const std::string name = std::to_string(rows) + " rows" + (some ? ", some of them" : "");
      check(wrong == 0, name + ": " + std::to_string(wrong) + " cells differ from the definition");
      check(filled == made.place.size(), name + ": a cell was missed");
    }
}

// A split halves the price of the second row; the third row is of a code without a column.
void by_hand() {
  Case made;
  made.values = {10, 8, 99, kNaN};
  made.kept = {0, 1, 3};
  made.place = {2, 0, 1};
  made.moved = {1};
  made.factor = {0.5};
  made.times = 3.0;
  made.out = {-1, -1, -1, -1};
  jqfast::scatter(made.task());
  check(made.out[0] == 12.0 && std::isnan(made.out[1]) && made.out[2] == 30.0 && made.out[3] == -1.0, "by hand");
}

void same_bits_for_any_number_of_threads() {
  Random random(17);
  constexpr std::size_t kYears = 6, kCells = 5000;
  std::vector<Case> years;
  for (std::size_t year = 0; year < kYears; ++year) years.push_back(random_case(4000, kCells, year % 2 == 1, random));
  const auto run = [&](std::size_t threads) {
    std::vector<double> out(kYears * kCells, kUntouched);
    std::vector<std::thread> crew;
    for (std::size_t first = 0; first < threads; ++first)
      crew.emplace_back([&, first] {
        for (std::size_t year = first; year < kYears; year += threads) {
          ScatterTask task = years[year].task();
          task.out = std::span(out).subspan(year * kCells, kCells);
          jqfast::scatter(task);
        }
      });
    for (std::thread& each : crew) each.join();
    return out;
  };
  const std::vector<double> one = run(1);
  for (const std::size_t threads : {2U, 6U})
    check(std::memcmp(one.data(), run(threads).data(), one.size() * sizeof(double)) == 0, "bits depend on threads");
}

void refusals() {
  Random random(3);
  const auto refused = [&](const char* fragment, auto change) {
    Case made = random_case(20, 30, true, random);
    const std::vector<double> before = made.out;
    change(made);
    check(throws<std::invalid_argument>([&] { jqfast::scatter(made.task()); }, fragment), fragment);
    check(std::memcmp(before.data(), made.out.data(), made.out.size() * sizeof(double)) == 0, "written all the same");
  };
  refused("one entry per kept row", [](Case& made) { made.place.pop_back(); });
  refused("one entry per kept row", [](Case& made) { made.kept.clear(); });
  refused("one entry per kept row", [](Case& made) { made.every = true; });
  refused("one entry per moved row", [](Case& made) { made.factor.push_back(1.0); });
  refused("0 <= row < R", [](Case& made) { made.kept[2] = 20; });
  refused("0 <= row < R", [](Case& made) { made.kept[0] = -1; });
  refused("0 <= cell", [](Case& made) { made.place[1] = 30; });
  refused("0 <= cell", [](Case& made) { made.place[1] = INT64_MIN; });
  refused("0 <= index < K", [](Case& made) { made.moved[0] = static_cast<std::int32_t>(made.place.size()); });
  refused("0 <= index < K", [](Case& made) { made.moved[0] = -1; });
  Case none;  // no row of a year has a cell
  none.values = {1, 2};
  none.out = {kUntouched};
  jqfast::scatter(none.task());
  check(none.out[0] == kUntouched, "nothing was to be written");
}

}  // namespace

int main() {
  against_the_definition();
  by_hand();
  same_bits_for_any_number_of_threads();
  refusals();
  return jqfast::test::report("scatter");
}
