// Lag, exponential mean and variance, streaks, events and last valid value against their references and by hand.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

void against_the_reference() {
  for (const auto& set : datasets()) {
    Random random(41);
    const Panel x = set.make(150, 4, random);
    for (const Op op : {Op::lag, Op::ema, Op::ewm_var, Op::streak, Op::since, Op::last_valid}) {
      for (const std::uint32_t w : {1u, 2u, 20u, 70u, 149u, 200u}) {
        verify_operation(op, {x}, w, 3, std::string(jqfast::facts(op).name) + " of " + set.name);
      }
    }
  }
  for (const std::size_t N : {1, 7, 8, 127, 129}) {
    for (const std::size_t T : {1, 2, 65}) {
      for (const Op op : {Op::lag, Op::ema, Op::ewm_var, Op::streak, Op::since, Op::last_valid}) {
        Random random(N * T);
        verify_operation(op, {gaps(T, N, random)}, 3, 2, "recursions, N " + std::to_string(N));
      }
    }
  }
}

Outputs one(const std::string& words, const std::vector<double>& values) {
  Panel x(values.size(), 1);
  x.values = values;
  PlanText plan(1);
  plan.store(plan.add(words));
  return run(plan.text(), {x});
}

bool equals(const Outputs& out, const std::vector<double>& expected) {
  for (std::size_t t = 0; t < expected.size(); ++t) {
    const double got = out.at(0, t, 0);
    if (std::isnan(expected[t]) ? !std::isnan(got) : got != expected[t]) return false;
  }
  return true;
}

void by_hand() {
  check(equals(one("ema v0 alpha=0.5 min_periods=2", {kNaN, 4.0, kNaN, 8.0, 2.0}), {kNaN, kNaN, kNaN, 6.0, 4.0}),
        "the exponential mean starts at the first value and is carried over gaps");
  check(equals(one("ema v0 alpha=0.1 min_periods=1", {0.1, 0.1, kNaN, 0.1}), {0.1, 0.1, 0.1, 0.1}),
        "a constant stays itself");
  check(equals(one("streak v0", {1.0, 2.0, 0.0, -1.0, kNaN, 3.0}), {1.0, 2.0, 0.0, 1.0, kNaN, 1.0}), "streak");
  check(equals(one("since v0", {0.0, 2.0, 0.0, kNaN, 1.0, 0.0}), {kNaN, 0.0, 1.0, 2.0, 0.0, 1.0}), "since");
  check(equals(one("ewm_var v0 alpha=0.5 min_periods=2", {1.0, kNaN, 3.0}), {kNaN, kNaN, 2.0}), "exponential variance");
  check(equals(one("last_valid v0 limit=2", {kNaN, 5.0, kNaN, kNaN, kNaN, 7.0}), {kNaN, 5.0, 5.0, 5.0, kNaN, 7.0}),
        "last valid value with a limit");
  check(equals(one("lag v0 window=0", {1.0, -0.0}), {1.0, 0.0}), "a lag of 0; the stored zero is positive");
  check(equals(one("lag v0 window=2", {1.0, 2.0, 3.0}), {kNaN, kNaN, 1.0}), "a lag of 2");
}

}  // namespace

int main() {
  against_the_reference();
  by_hand();
  return report("recursive");
}
