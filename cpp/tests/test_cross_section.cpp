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

// Every operation over all stocks and, again, within the groups that the third series makes. The fourth is unique.
std::string every_cross_operation() {
  PlanText plan(4);
  const std::size_t groups = plan.add("sign v2");
  plan.stage(true);
  for (std::size_t i = 0; i < jqfast::kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    if (jqfast::facts(op).axis != Axis::cross) continue;
    const std::string words = usual_words(op, {"v0", op == Op::cs_rank_first ? "v3" : "v1"}, 0, 0);
    plan.store(plan.add(words));
    plan.store(plan.add(words + " by=v" + std::to_string(groups)));
  }
  return plan.text();
}

std::vector<Panel> beside(Panel x, Random& random) {
  Panel unique(x.rows, x.cols);
  for (auto& v : unique.values) v = random.normal();
  return {x, gaps(x.rows, x.cols, random), gaps(x.rows, x.cols, random), unique};
}

void against_the_reference() {
  const std::string text = every_cross_operation();
  for (const auto& set : datasets()) {
    Random random(7);
    verify(text, beside(set.make(9, 33, random), random), std::string("cross-sections of ") + set.name);
  }
  for (const std::size_t N : {1, 2, 7, 8, 9, 63, 64, 65}) {
    Random random(N);
    verify(text, beside(gaps(3, N, random), random), "cross-sections of " + std::to_string(N) + " stocks");
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
    const auto inputs = beside(set.make(20, 37, random), random);
    const Panel& x = inputs[0];
    const Outputs before = run(text, inputs);
    std::vector<std::size_t> order(50);
    std::iota(order.begin(), order.end(), 0u);
    for (std::size_t n = order.size(); n > 1; --n) std::swap(order[n - 1], order[random.below(n)]);
    std::vector<Panel> moved;
    for (const Panel& input : inputs) moved.push_back(rearranged(input, order, 50));
    const Outputs after = run(text, moved);
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

// A few large groups, many small ones and some stocks without one; every third date some stocks change theirs.
Panel uneven_groups(std::size_t T, std::size_t N, Random& random) {
  Panel groups(T, N);
  for (std::size_t t = 0; t < T; ++t) {
    for (std::size_t n = 0; n < N; ++n) {
      double& own = groups.at(t, n);
      own = random.chance(0.5) ? static_cast<double>(random.below(3)) : -static_cast<double>(random.below(40));
      if (random.chance(0.05)) own = std::numeric_limits<double>::quiet_NaN();
      if (t % 3 != 0 && random.chance(0.99)) own = groups.at(t - 1, n);
    }
  }
  return groups;
}

void groups_of_any_size() {
  PlanText plan(3);
  plan.stage(true);
  for (const char* words : {"cs_zscore v0", "cs_demean v0", "cs_scale v0", "cs_rank v0", "cs_rank_dense v0",
                            "cs_winsorize v0 low=0.1 high=0.8", "cs_neutralize v0 v2"}) {
    plan.store(plan.add(std::string(words) + " by=v1"));
  }
  for (const std::size_t N : {9, 150, 260}) {
    Random random(N);
    const std::vector<Panel> inputs{gaps(7, N, random), uneven_groups(7, N, random), noise(7, N, random)};
    verify(plan.text(), inputs, "uneven groups of " + std::to_string(N) + " stocks");
    const Outputs once = run(plan.text(), inputs);
    for (const std::size_t threads : {1, 2, 5}) {
      Setting setting;
      setting.threads = threads;
      setting.chunk = threads;
      check(same_bits(once, run(plan.text(), inputs, setting)), "dates apart, " + std::to_string(threads));
    }
  }
}

// Values that share all buckets but a few: powers of two, an outlier beside noise, a handful of values many times, and
// differences that leave the range of doubles.
void crowded_values() {
  const std::size_t N = 500;
  Random random(11);
  Panel x(6, N), other(6, N);
  for (std::size_t n = 0; n < N; ++n) {
    x.at(0, n) = std::ldexp(random.chance(0.5) ? 1.0 : -1.0, static_cast<int>(random.below(2000)) - 1000);
    x.at(1, n) = n == 3 ? 1e300 : random.normal();
    x.at(2, n) = static_cast<double>(random.below(5));
    x.at(3, n) = n < 2 ? (n == 0 ? 1.7e308 : -1.7e308) : random.normal();
    x.at(4, n) = random.chance(0.5) ? 1.0 + 1e-15 * random.uniform() : 1e9;
    x.at(5, n) = 4e-320 * static_cast<double>(random.below(9));
  }
  for (double& v : other.values) v = random.normal();
  PlanText plan(2);
  plan.stage(true);
  for (const char* words : {"cs_rank v0", "cs_rank_min v0", "cs_rank_dense v0", "cs_rank_first v0 v1",
                            "cs_winsorize v0 low=0.02 high=0.97", "cs_bucket v0 count=7"}) {
    plan.store(plan.add(words));
  }
  verify(plan.text(), {x, other}, "crowded values");
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
  groups_of_any_size();
  crowded_values();
  by_hand();
  return report("cross_section");
}
