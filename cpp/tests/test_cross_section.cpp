// Cross-sections: against the references, independent of the order of stocks and of stocks without a value.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Axis;
using jqfast::Op;

std::string every_cross_operation() {
  PlanText plan(1);
  plan.stage(true);
  for (std::size_t i = 0; i < jqfast::kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    if (jqfast::facts(op).axis == Axis::cross) plan.store(plan.add(usual_words(op, {"v0"}, 0, 0)));
  }
  return plan.text();
}

void against_the_reference() {
  const std::string text = every_cross_operation();
  for (const auto& set : datasets()) {
    Random random(7);
    verify(text, {set.make(40, 61, random)}, std::string("cross-sections of ") + set.name);
  }
  for (const std::size_t N : {1, 2, 7, 8, 9, 127, 129}) {
    Random random(N);
    verify(text, {gaps(7, N, random)}, "cross-sections of " + std::to_string(N) + " stocks");
  }
}

// Stock k of `x` goes to place order[k]; the remaining places stay without a value.
Panel rearranged(const Panel& x, const std::vector<std::size_t>& order, std::size_t N) {
  Panel y(x.rows, N, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t t = 0; t < x.rows; ++t) {
    for (std::size_t n = 0; n < x.cols; ++n) y.at(t, order[n]) = x.at(t, n);
  }
  return y;
}

void order_and_company_do_not_matter() {
  const std::string text = every_cross_operation();
  for (const auto& set : datasets()) {
    Random random(9);
    const Panel x = set.make(20, 37, random);
    const Outputs before = run(text, {x});
    std::vector<std::size_t> order(50);
    std::iota(order.begin(), order.end(), 0u);
    for (std::size_t n = order.size(); n > 1; --n) std::swap(order[n - 1], order[random.below(n)]);
    const Outputs after = run(text, {rearranged(x, order, 50)});
    std::vector<double> back;
    for (std::size_t f = 0; f < before.features; ++f) {
      for (std::size_t t = 0; t < x.rows; ++t) {
        for (std::size_t n = 0; n < x.cols; ++n) back.push_back(after.at(f, t, order[n]));
      }
    }
    const Outputs unpermuted{before.features, x.rows, x.cols, back};
    check(same_bits(before, unpermuted), std::string("permuted and padded: ") + set.name);
  }
}

void by_hand() {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  Panel x(1, 6);
  x.values = {3.0, nan, 1.0, 3.0, std::numeric_limits<double>::infinity(), 5.0};
  PlanText plan(1);
  plan.stage(true);
  for (const char* words : {"cs_rank v0", "cs_centred_rank v0", "cs_mean v0", "cs_demean v0"})
    plan.store(plan.add(words));
  const Outputs out = run(plan.text(), {x});
  check(out.at(0, 0, 0) == 2.5 / 4.0 && out.at(0, 0, 3) == 2.5 / 4.0, "ties share their rank");
  check(out.at(0, 0, 2) == 0.25 && out.at(0, 0, 5) == 1.0, "lowest and highest rank");
  check(std::isnan(out.at(0, 0, 1)) && std::isnan(out.at(0, 0, 4)), "NaN and Inf have no rank");
  check(out.at(1, 0, 0) == 0.0 && out.at(1, 0, 2) == -out.at(1, 0, 5), "centred ranks are symmetric");
  check(out.at(2, 0, 5) == 3.0 && out.at(3, 0, 5) == 2.0 && std::isnan(out.at(2, 0, 1)), "mean and difference");
}

}  // namespace

int main() {
  against_the_reference();
  order_and_company_do_not_matter();
  by_hand();
  return report("cross_section");
}
