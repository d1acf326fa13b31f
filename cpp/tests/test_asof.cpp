// As-of joins against their definition: all sizes, corrections, ages, both modes, any thread count.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../reference/asof.hpp"
#include "check.hpp"
#include "jqfast/asof.hpp"
#include "random.hpp"

namespace {

using jqfast::AsofMode;
using jqfast::AsofTask;
using jqfast::test::check;
using jqfast::test::Random;
using jqfast::test::throws;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

struct Case {
  std::vector<std::int64_t> stock, row, order, since;
  std::vector<double> values, out, ages;
  AsofTask task;

  // Point the task at this object's arrays, with outputs of the right size.
  AsofTask& bind(std::size_t columns, std::size_t sessions, std::size_t stocks) {
    const std::size_t layers = task.mode == AsofMode::record ? 1 : columns;
    out.assign(columns * sessions * stocks, -1.0);
    ages.assign(layers * sessions * stocks, -1.0);
    task.events = {stock, row, order, since, values, columns};
    task.sessions = sessions;
    task.stocks = stocks;
    task.values = out;
    task.ages = ages;
    return task;
  }
};

Case random_case(std::size_t events, std::size_t columns, std::size_t sessions, std::size_t stocks, Random& random) {
  Case made;
  for (std::size_t e = 0; e < events; ++e) {
    const auto row = static_cast<std::int64_t>(random.below(sessions + 8)) - 4;
    made.stock.push_back(static_cast<std::int64_t>(random.below(stocks)));
    made.row.push_back(row);
    made.order.push_back(static_cast<std::int64_t>(random.below(5)) - 2);
    made.since.push_back(row - static_cast<std::int64_t>(random.below(4)));
    for (std::size_t k = 0; k < columns; ++k)
      made.values.push_back(random.below(4) == 0 ? kNaN : static_cast<double>(random.below(1000)));
  }
  return made;
}

bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

void compare(const Case& made, const std::string& name) {
  const AsofTask& task = made.task;
  std::size_t wrong = 0;
  for (std::size_t k = 0; k < task.events.columns; ++k)
    for (std::size_t t = 0; t < task.sessions; ++t)
      for (std::size_t n = 0; n < task.stocks; ++n) {
        const auto want = jqfast::reference::asof(task, k, n, static_cast<std::int64_t>(task.first + t));
        const std::size_t cell = (k * task.sessions + t) * task.stocks + n;
        if (!same(task.values[cell], want.value)) ++wrong;
        if (task.mode == AsofMode::column && !same(task.ages[cell], want.age)) ++wrong;
        if (task.mode == AsofMode::record && k == 0 && !same(task.ages[cell], want.age)) ++wrong;
      }
  check(wrong == 0, name + ": " + std::to_string(wrong) + " cells differ from the definition");
}

void against_the_definition() {
  Random random(7);
  const std::size_t stocks[] = {1, 3, 8, 65, 257};
  for (const std::size_t n : stocks)
    for (const AsofMode mode : {AsofMode::column, AsofMode::record})
      for (const std::int64_t age : {std::int64_t{0}, std::int64_t{3}, std::numeric_limits<std::int64_t>::max()}) {
        Case made = random_case(n < 100 ? 40 : 300, 2, 11, n, random);
        made.task.mode = mode;
        made.task.max_age = age;
        made.task.first = n % 3;
        made.task.threads = 1 + n % 3;
        jqfast::asof(made.bind(2, 11, n));
        compare(made, std::to_string(n) + " stocks, max_age " + std::to_string(age));
      }
}

void corrections_by_hand() {
  // Period 1 known from session 1, period 2 from 3, a correction of period 1 from 4, of period 2 from 5.
  Case made;
  made.stock = {0, 0, 0, 0};
  made.row = {1, 3, 4, 5};
  made.order = {1, 2, 1, 2};
  made.since = {1, 3, 4, 5};
  made.values = {10, 20, 11, 21};
  jqfast::asof(made.bind(1, 7, 1));
  const std::vector<double> want = {kNaN, 10, 10, 20, 20, 21, 21}, ages = {kNaN, 0, 1, 0, 1, 0, 1};
  for (std::size_t t = 0; t < want.size(); ++t) {
    check(same(made.out[t], want[t]), "value of session " + std::to_string(t));
    check(same(made.ages[t], ages[t]), "age of session " + std::to_string(t));
  }
}

void same_bits_for_any_thread_count() {
  Random random(11);
  Case made = random_case(4000, 3, 40, 1500, random);
  jqfast::asof(made.bind(3, 40, 1500));
  const std::vector<double> one = made.out;
  for (const std::size_t threads : {2U, 7U}) {
    made.task.threads = threads;
    jqfast::asof(made.bind(3, 40, 1500));
    check(std::memcmp(one.data(), made.out.data(), one.size() * sizeof(double)) == 0, "bits depend on threads");
  }
}

// Results too large for the cache are written past it, rows that begin inside a cache line included.
void same_bits_past_the_cache() {
  constexpr std::size_t kColumns = 3, kSessions = 150, kStocks = 1501;
  Random random(13);
  Case made = random_case(9000, kColumns, kSessions, kStocks, random);
  const auto listed = std::make_unique<bool[]>(kSessions * kStocks);
  for (std::size_t cell = 0; cell < kSessions * kStocks; ++cell) listed[cell] = random.below(3) > 0;
  for (const bool masked : {false, true}) {
    AsofTask& whole = made.bind(kColumns, kSessions, kStocks);
    if (masked) whole.listed = {listed.get(), kSessions * kStocks};
    whole.threads = 2;
    jqfast::asof(whole);
    const std::vector<double> far = made.out, far_ages = made.ages;
    std::size_t wrong = 0, missing = 0;
    for (std::size_t k = 0; k < kColumns; ++k) {
      Case alone = made;
      alone.task = {};
      alone.values.clear();
      for (std::size_t e = 0; e < made.stock.size(); ++e) alone.values.push_back(made.values[e * kColumns + k]);
      jqfast::asof(alone.bind(1, kSessions, kStocks));  // small enough to stay
      for (std::size_t cell = 0; cell < kSessions * kStocks; ++cell) {
        const bool there = !masked || listed[cell];
        const std::size_t place = k * kSessions * kStocks + cell;
        if (!same(far[place], there ? alone.out[cell] : kNaN)) ++wrong;
        if (!same(far_ages[place], there ? alone.ages[cell] : kNaN)) ++wrong;
        if (!there && !std::isnan(alone.out[cell])) ++missing;
      }
    }
    check(wrong == 0, std::to_string(wrong) + " cells differ past the cache");
    check(!masked || missing > 1000, "the mask had nothing to hide");
  }
}

void refusals() {
  Random random(3);
  const auto refused = [&](const char* fragment, auto change) {
    Case made = random_case(10, 2, 5, 4, random);
    AsofTask& task = made.bind(2, 5, 4);
    change(made, task);
    check(throws<std::invalid_argument>([&] { jqfast::asof(task); }, fragment), fragment);
  };
  refused("one entry per event", [](Case&, AsofTask& task) { task.events.row = task.events.row.first(9); });
  refused("events x columns", [](Case&, AsofTask& task) { task.events.values = task.events.values.first(3); });
  refused("at least one column", [](Case&, AsofTask& task) { task.events.columns = 0; });
  refused("0 <= stock < N", [](Case& made, AsofTask&) { made.stock[3] = 4; });
  refused("0 <= stock < N", [](Case& made, AsofTask&) { made.stock[3] = -1; });
  refused("between -2^52 and 2^52", [](Case& made, AsofTask&) { made.since[1] = INT64_MIN; });
  refused("`out` must be", [](Case&, AsofTask& task) { task.sessions = 6; });
  refused("`ages` must be", [](Case&, AsofTask& task) { task.ages = task.ages.first(7); });
  const bool some[3] = {};
  refused("`listed`", [&](Case&, AsofTask& task) { task.listed = some; });
  refused("`max_age`", [](Case&, AsofTask& task) { task.max_age = -1; });
  refused("`threads`", [](Case&, AsofTask& task) { task.threads = 0; });
  Case none;
  none.task.events.columns = 1;
  jqfast::asof(none.bind(1, 3, 2));
  check(std::isnan(none.out[0]) && std::isnan(none.ages[5]), "no events give missing values");
  jqfast::asof(none.bind(1, 0, 0));
}

}  // namespace

int main() {
  against_the_definition();
  corrections_by_hand();
  same_bits_for_any_thread_count();
  same_bits_past_the_cache();
  refusals();
  return jqfast::test::report("asof");
}
