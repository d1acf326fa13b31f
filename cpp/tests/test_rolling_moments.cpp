// Rolling moments against exact arithmetic, and what they promise beyond accuracy.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;

void adversarial_inputs() {
  for (const auto& set : datasets()) {
    Random random(11);
    const Panel x = set.make(130, 3, random);
    for (const std::uint32_t w : {1u, 2u, 4u, 20u, 60u}) {
      for (const std::uint32_t least : {w, (w + 1) / 2}) {
        verify_operation(Op::moments, {x}, w, least, std::string("moments of ") + set.name);
      }
    }
  }
}

void sizes_around_the_vector() {
  for (const std::size_t N : {1, 7, 8, 9, 127, 129}) {
    for (const std::size_t T : {1, 4, 5, 6, 40}) {
      Random random(N + T);
      verify_operation(Op::moments, {gaps(T, N, random)}, 5, 3, "moments, N " + std::to_string(N));
    }
  }
}

// What else is asked for must not change a statistic: plans share passes.
void sharing_changes_nothing() {
  for (const auto& set : datasets()) {
    Random random(5);
    const Panel x = set.make(90, 5, random);
    PlanText joint(1);
    joint.add("moments v0 window=20 min_periods=7 give=sum,mean,var,std,skew,kurt,count,zscore", 8);
    for (std::size_t v = 1; v <= 8; ++v) joint.store(v);
    const Outputs all = run(joint.text(), {x});
    for (std::size_t i = 0; i < jqfast::kMomentNames.size(); ++i) {
      PlanText alone(1);
      alone.store(alone.add("moments v0 window=20 min_periods=7 give=" + std::string(jqfast::kMomentNames[i])));
      const Outputs one = run(alone.text(), {x});
      const auto from = all.values.begin() + static_cast<std::ptrdiff_t>(i * one.values.size());
      const Outputs part{1, one.rows, one.cols, {from, from + static_cast<std::ptrdiff_t>(one.values.size())}};
      check(same_bits(one, part), std::string(jqfast::kMomentNames[i]) + " alone differs on " + set.name);
    }
  }
}

void constants_and_hand_worked_numbers() {
  Random random(1);
  const Outputs flat = [&] {
    PlanText plan(1);
    const auto v = plan.add("moments v0 window=20 min_periods=20 give=var,std,mean", 3);
    for (std::size_t i = 0; i < 3; ++i) plan.store(v + i);
    return run(plan.text(), {Panel(200, 9, 0.1)});
  }();
  for (std::size_t t = 0; t < 200; ++t) {
    for (std::size_t n = 0; n < 9; ++n) {
      check(t < 19 ? std::isnan(flat.at(0, t, n)) : flat.at(0, t, n) == 0.0 && flat.at(1, t, n) == 0.0,
            "the variance of a constant is exactly 0");
    }
  }
  Panel x(5, 1);
  x.values = {1.0, 2.0, std::numeric_limits<double>::quiet_NaN(), 4.0, 9.0};
  PlanText plan(1);
  const auto v = plan.add("moments v0 window=4 min_periods=3 give=sum,mean,var,count", 4);
  for (std::size_t i = 0; i < 4; ++i) plan.store(v + i);
  const Outputs hand = run(plan.text(), {x});
  check(std::isnan(hand.at(0, 2, 0)) && hand.at(0, 3, 0) == 7.0 && hand.at(0, 4, 0) == 15.0, "sum by hand");
  check(hand.at(1, 4, 0) == 5.0 && hand.at(2, 4, 0) == 13.0 && hand.at(3, 4, 0) == 3.0, "mean, variance, count");
}

}  // namespace

int main() {
  adversarial_inputs();
  sizes_around_the_vector();
  sharing_changes_nothing();
  constants_and_hand_worked_numbers();
  return report("rolling_moments");
}
