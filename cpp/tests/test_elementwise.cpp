// Elementwise operations: every one on special values. How exact the functions are is in test_elementary.
#include <cmath>
#include <limits>

#include "check.hpp"
#include "reference/elementwise.hpp"
#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Axis;
using jqfast::Op;

const std::vector<double>& special_values() {
  using Limits = std::numeric_limits<double>;
  static const std::vector<double> values{0.0,
                                          -0.0,
                                          1.0,
                                          -1.0,
                                          0.5,
                                          2.0,
                                          -3.5,
                                          1e-300,
                                          1e300,
                                          -1e300,
                                          Limits::infinity(),
                                          0.1,
                                          7.0,
                                          1e15,
                                          -1e155,
                                          710.5,
                                          -746,
                                          22.0,
                                          Limits::min(),
                                          Limits::denorm_min(),
                                          Limits::max(),
                                          -Limits::infinity(),
                                          100.0,
                                          -0.7,
                                          1e-9,
                                          64.0,
                                          -64.0,
                                          0.25,
                                          1e-20,
                                          Limits::quiet_NaN()};
  return values;
}

// All combinations of special values as operands, literals included.
void every_operation_on_special_values() {
  const auto& values = special_values();
  const std::size_t K = values.size();
  Panel x(K, K), y(K, K), z(K, K);
  for (std::size_t i = 0; i < K * K; ++i) {
    x.values[i] = values[i / K];
    y.values[i] = values[i % K];
    z.values[i] = values[(i / K + 3 * i) % K];
  }
  for (std::size_t i = 0; i < jqfast::kOpCount; ++i) {
    const auto op = static_cast<Op>(i);
    const auto& f = jqfast::facts(op);
    if (f.axis != Axis::elementwise) continue;
    PlanText plan(3);
    const char* literals[] = {"2.0", "nan", "-0.0", "inf", "0.5", "-3.0", "1.7"};
    for (const char* literal : literals) {
      std::vector<std::string> args{"v0", "v1", "v2"};
      if (f.literals > 0) args[f.args - 1u] = literal;
      if (f.literals > 1) args[f.args - 2u] = "-1.0";
      plan.store(plan.add(usual_words(op, args, 0, 0)));
      if (f.literals > 0 || f.args < 2) continue;
      plan.store(plan.add(usual_words(op, {literal, "v1", "v2"}, 0, 0)));
      plan.store(plan.add(usual_words(op, {"v1", literal, literal}, 0, 0)));
    }
    verify(plan.text(), {x, y, z}, std::string(f.name) + " on special values");
  }
}

void powers() {
  Panel x(40, 50);
  Random random(4);
  for (double& v : x.values) v = std::exp(3.0 * random.normal());
  PlanText plan(1);
  for (const char* y : {"0.0", "1.0", "2.0", "3.0", "-1.0", "-2.0", "0.5", "1.5", "-0.5", "0.3333333333333333", "12.25",
                        "-0.0", "64.0", "65.0", "-65.0", "1e300", "inf", "-inf", "nan"}) {
    plan.store(plan.add("power v0 " + std::string(y)));
  }
  verify(plan.text(), {x}, "powers");
}

}  // namespace

int main() {
  every_operation_on_special_values();
  powers();
  return report("elementwise");
}
