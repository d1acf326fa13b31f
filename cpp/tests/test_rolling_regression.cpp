// Rolling regression on time against exact arithmetic.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;

void adversarial_inputs() {
  for (const auto& set : datasets()) {
    Random random(31);
    const Panel x = set.make(130, 2, random);
    for (const std::uint32_t w : {1u, 2u, 3u, 20u, 60u}) {
      for (const std::uint32_t least : {w, (w + 2) / 3}) {
        verify_operation(Op::trend, {x}, w, least, std::string("trend of ") + set.name);
      }
    }
  }
}

void sizes_around_the_vector() {
  for (const std::size_t N : {1, 7, 8, 9, 127, 129}) {
    for (const std::size_t T : {1, 4, 5, 6, 30}) {
      Random random(N + T);
      verify_operation(Op::trend, {gaps(T, N, random)}, 5, 3, "trend, N " + std::to_string(N));
    }
  }
}

// A straight line with a hole: its slope, its value at the oldest session, nothing left over.
void a_line() {
  Panel x(50, 1);
  for (std::size_t t = 0; t < 50; ++t) x.at(t, 0) = 3.0 + 0.5 * static_cast<double>(t);
  x.at(30, 0) = std::numeric_limits<double>::quiet_NaN();
  PlanText plan(1);
  plan.add("trend v0 window=10 min_periods=9 give=slope,intercept,resid,rsquare", 4);
  for (std::size_t v = 1; v <= 4; ++v) plan.store(v);
  const Outputs out = run(plan.text(), {x});
  for (std::size_t t = 9; t < 50; ++t) {
    const double oldest = 3.0 + 0.5 * static_cast<double>(t - 9);
    check(std::fabs(out.at(0, t, 0) - 0.5) < 1e-13, "slope of a line");
    check(std::fabs(out.at(1, t, 0) - oldest) < 1e-12, "intercept is the line at the oldest session");
    check(t == 30 ? std::isnan(out.at(2, t, 0)) : std::fabs(out.at(2, t, 0)) < 1e-12, "residual of a line");
    check(std::fabs(out.at(3, t, 0) - 1.0) < 1e-12 && out.at(3, t, 0) <= 1.0, "a line explains everything");
  }
}

}  // namespace

int main() {
  adversarial_inputs();
  sizes_around_the_vector();
  a_line();
  return report("rolling_regression");
}
