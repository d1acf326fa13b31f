// Rolling extremes and their ages: exact on every input.
#include <cmath>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;

void against_the_reference() {
  for (const auto& set : datasets()) {
    Random random(3);
    const Panel x = set.make(130, 3, random);
    for (const std::uint32_t w : {1u, 2u, 5u, 20u, 60u, 140u}) {
      for (const std::uint32_t least : {w, (w + 2) / 3}) {
        verify_operation(Op::extrema, {x}, w, least, std::string("extrema of ") + set.name);
      }
    }
  }
  for (const std::size_t N : {1, 7, 8, 127, 129}) {
    for (const std::size_t T : {1, 4, 5, 6, 40}) {
      Random random(N * T);
      verify_operation(Op::extrema, {gaps(T, N, random)}, 5, 3, "extrema, N " + std::to_string(N));
    }
  }
}

// Ages without the values, and the values without ages, take another path than both together.
void parts_equal_the_whole() {
  Random random(8);
  const Panel x = datasets()[13].make(100, 9, random);
  PlanText plan(1);
  plan.add("extrema v0 window=6 min_periods=2 give=min,max,range,argmin,argmax", 5);
  plan.add("extrema v0 window=6 min_periods=2 give=range,max,min", 3);
  plan.add("extrema v0 window=6 min_periods=2 give=argmax");
  for (std::size_t v = 1; v <= 9; ++v) plan.store(v);
  const Outputs out = run(plan.text(), {x});
  for (const auto& [a, b] : {std::pair{0u, 7u}, {1u, 6u}, {2u, 5u}, {4u, 8u}}) {
    for (std::size_t t = 5; t < 100; ++t) check(out.at(a, t, 4) == out.at(b, t, 4), "a part of the statistics");
  }
}

void the_newest_of_equals() {
  Panel x(6, 1);
  x.values = {5.0, 3.0, 7.0, 3.0, 7.0, 6.0};
  PlanText plan(1);
  plan.add("extrema v0 window=5 min_periods=5 give=argmin,argmax", 2);
  plan.store(1);
  plan.store(2);
  const Outputs out = run(plan.text(), {x});
  check(std::isnan(out.at(0, 3, 0)), "a window that is not full");
  check(out.at(0, 4, 0) == 1.0 && out.at(0, 5, 0) == 2.0, "age of the newest minimum");
  check(out.at(1, 4, 0) == 0.0 && out.at(1, 5, 0) == 1.0, "age of the newest maximum");
}

}  // namespace

int main() {
  against_the_reference();
  parts_equal_the_whole();
  the_newest_of_equals();
  return report("rolling_extrema");
}
