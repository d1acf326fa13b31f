// Rolling products; one that overflowed is right again when the large value has left.
#include <cmath>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;

void against_the_reference() {
  for (const auto& set : datasets()) {
    Random random(19);
    const Panel x = set.make(130, 3, random);
    for (const std::uint32_t w : {1u, 2u, 5u, 20u, 60u}) {
      for (const std::uint32_t least : {w, (w + 2) / 3}) {
        verify_operation(Op::product, {x}, w, least, std::string("product of ") + set.name);
      }
    }
  }
  for (const std::size_t N : {1, 7, 8, 9, 127, 129}) {
    Random random(N);
    verify_operation(Op::product, {gaps(30, N, random)}, 5, 3, "product, N " + std::to_string(N));
  }
}

void overflow_leaves() {
  Panel x(6, 1, 3.0);
  x.at(1, 0) = 1e200;
  x.at(2, 0) = -1e200;
  PlanText plan(1);
  plan.store(plan.add("product v0 window=3 min_periods=1"));
  const Outputs out = run(plan.text(), {x});
  check(out.at(0, 0, 0) == 3.0 && std::isnan(out.at(0, 2, 0)) && std::isnan(out.at(0, 3, 0)), "overflow");
  check(out.at(0, 5, 0) == 27.0, "the product after the overflow");
}

}  // namespace

int main() {
  against_the_reference();
  overflow_leaves();
  return report("rolling_product");
}
