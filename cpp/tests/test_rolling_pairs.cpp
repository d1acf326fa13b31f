// Rolling covariance, correlation and beta against exact arithmetic.
#include <cmath>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;

// Every kind of series against noise, against itself shifted, and against the next kind.
void adversarial_inputs() {
  for (std::size_t k = 0; k < datasets().size(); ++k) {
    Random random(21);
    const Panel x = datasets()[k].make(120, 2, random);
    const Panel y = gaps(120, 2, random);
    const Panel z = datasets()[(k + 1) % datasets().size()].make(120, 2, random);
    for (const std::uint32_t w : {2u, 5u, 20u, 60u}) {
      const std::string name = datasets()[k].name;
      verify_operation(Op::pairs, {x, y}, w, w, "pairs of " + name);
      verify_operation(Op::pairs, {y, x}, w, (w + 1) / 2, "pairs of noise and " + name);
      verify_operation(Op::pairs, {x, z}, w, 2, "pairs of " + name + " and the next");
      verify_operation(Op::pairs, {x, x}, w, w, "pairs of " + name + " and itself");
    }
  }
}

void sizes_around_the_vector() {
  for (const std::size_t N : {1, 7, 8, 9, 127, 129}) {
    for (const std::size_t T : {1, 4, 5, 6, 30}) {
      Random random(N + T);
      const Panel x = gaps(T, N, random);
      verify_operation(Op::pairs, {x, gaps(T, N, random)}, 5, 3, "pairs, N " + std::to_string(N));
    }
  }
}

// A series and its multiple: correlation within [-1, 1] and of the right sign, beta the factor.
void proportional_series() {
  Random random(2);
  const Panel x = noise(100, 9, random);
  Panel y = x;
  for (double& v : y.values) v = 1e5 - 4.0 * v;
  PlanText plan(2);
  plan.add("pairs v1 v0 window=20 min_periods=20 give=corr,beta", 2);
  plan.store(2);
  plan.store(3);
  const Outputs out = run(plan.text(), {x, y});
  for (std::size_t t = 19; t < 100; ++t) {
    check(out.at(0, t, 8) >= -1.0 && out.at(0, t, 8) < -1.0 + 1e-9, "correlation of opposites");
    check(std::fabs(out.at(1, t, 8) + 4.0) < 1e-9, "beta of a multiple");
  }
}

}  // namespace

int main() {
  adversarial_inputs();
  sizes_around_the_vector();
  proportional_series();
  return report("rolling_pairs");
}
