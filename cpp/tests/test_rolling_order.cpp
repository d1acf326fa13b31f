// Rolling ranks, quantiles and median absolute deviations against sorted windows.
#include <cmath>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;

void against_the_reference() {
  for (const auto& set : datasets()) {
    Random random(13);
    const Panel x = set.make(130, 3, random);
    for (const Op op : {Op::rolling_rank, Op::quantiles, Op::mad}) {
      for (const std::uint32_t w : {1u, 2u, 5u, 20u, 60u}) {
        for (const std::uint32_t least : {w, (w + 2) / 3}) {
          verify_operation(op, {x}, w, least, std::string(jqfast::facts(op).name) + " of " + set.name);
        }
      }
    }
  }
  for (const std::size_t N : {1, 7, 8, 9, 127, 129}) {
    for (const std::size_t T : {1, 4, 5, 6, 30}) {
      for (const Op op : {Op::rolling_rank, Op::quantiles, Op::mad}) {
        Random random(N * T);
        verify_operation(op, {gaps(T, N, random)}, 5, 3, "order statistics, N " + std::to_string(N));
      }
    }
  }
}

void by_hand() {
  Panel x(5, 1);
  x.values = {4.0, 1.0, 3.0, 3.0, 10.0};
  PlanText plan(1);
  plan.store(plan.add("quantiles v0 window=4 min_periods=4 at=0.5,0.25", 2));
  plan.store(2);
  plan.store(plan.add("mad v0 window=4 min_periods=4"));
  plan.store(plan.add("rolling_rank v0 window=4 min_periods=4"));
  const Outputs out = run(plan.text(), {x});
  check(std::isnan(out.at(0, 2, 0)) && out.at(0, 3, 0) == 3.0 && out.at(0, 4, 0) == 3.0, "median");
  check(out.at(1, 3, 0) == 2.5 && out.at(1, 4, 0) == 2.5, "lower quartile");
  check(out.at(2, 3, 0) == 0.5 && out.at(2, 4, 0) == 1.0, "median absolute deviation");
  check(out.at(3, 3, 0) == 2.5 / 4.0 && out.at(3, 4, 0) == 1.0, "rank of today's value");
}

}  // namespace

int main() {
  against_the_reference();
  by_hand();
  return report("rolling_order");
}
