// Statistics over weeks and quarters against their reference and by hand.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Op;
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Periods of a few sessions each; some of them, and some sessions, are missing, some sessions speak of an older one.
Panel weeks(std::size_t T, std::size_t N, Random& random) {
  Panel p(T, N);
  for (std::size_t n = 0; n < N; ++n) {
    double week = static_cast<double>(random.below(3)) - 1.0;
    for (std::size_t t = 0; t < T; ++t) {
      if (random.chance(0.25)) week += 1.0 + static_cast<double>(random.below(2));
      p.at(t, n) = random.chance(0.05) ? kNaN : random.chance(0.05) ? week - 1.0 : week;
    }
  }
  return p;
}

void against_the_reference() {
  for (const auto& set : datasets()) {
    Random random(43);
    const Panel x = set.make(120, 4, random), period = weeks(120, 4, random);
    for (const std::uint32_t w : {1u, 2u, 5u, 40u, 300u}) {
      for (const std::uint32_t least : {1u, std::min(w, 3u)}) {
        verify_operation(Op::periods, {x, period}, w, least, std::string("periods of ") + set.name);
      }
    }
  }
  for (const std::size_t N : {1, 7, 8, 127, 129}) {
    for (const std::size_t T : {1, 2, 65}) {
      Random random(N * T);
      const Panel x = gaps(T, N, random), period = weeks(T, N, random);
      verify_operation(Op::periods, {x, period}, 3, 2, "periods, N " + std::to_string(N));
    }
  }
}

bool gives(const std::string& words, const std::vector<double>& x, const std::vector<double>& period,
           const std::vector<double>& expected) {
  Panel a(x.size(), 1), b(x.size(), 1);
  a.values = x;
  b.values = period;
  PlanText plan(2);
  plan.store(plan.add("periods v0 v1 " + words));
  const Outputs out = run(plan.text(), {a, b});
  for (std::size_t t = 0; t < expected.size(); ++t) {
    const double got = out.at(0, t, 0);
    if (std::isnan(expected[t]) ? !std::isnan(got) : got != expected[t]) return false;
  }
  return true;
}

void by_hand() {
  const std::vector<double> week{kNaN, 3, 3, 3, 5, 5, 4, 9, kNaN, 9};
  const std::vector<double> x{7, 1, 2, kNaN, 6, kNaN, 100, 4, 50, -4};
  check(gives("window=2 min_periods=1 give=sum", x, week, {kNaN, 1, 2, 2, 8, 8, 8, 10, kNaN, 2}),
        "a revision replaces its period's value, a gap keeps it, an older period is not heard");
  check(gives("window=2 min_periods=2 give=oldest", x, week, {kNaN, kNaN, kNaN, kNaN, 2, 2, 2, 6, kNaN, 6}),
        "the value of the period before");
  check(gives("window=5 min_periods=1 give=streak", {1, 2, 0, kNaN, 3, 3}, {1, 2, 3, 4, 5, 6}, {1, 2, 0, kNaN, 1, 2}),
        "consecutive periods");
  check(gives("window=3 min_periods=2 give=mean", {1, 2, 6}, {1, 2, 3}, {kNaN, 1.5, 3}), "mean of periods");
  check(gives("window=3 min_periods=2 give=std", {1, 3, 0.1}, {1, 2, 2.5}, {kNaN, std::sqrt(2.0)}), "deviation");
  check(gives("window=2 min_periods=1 give=zscore", {5, 5, 7}, {1, 2, 3}, {kNaN, kNaN, 1.0 / std::sqrt(2.0)}),
        "equal values have no z score");
}

}  // namespace

int main() {
  against_the_reference();
  by_hand();
  return report("periods");
}
