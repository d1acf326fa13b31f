// Elementwise operations: every one on special values, the functions on dense grids against the C library.
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
      if (op == Op::power && !std::isfinite(std::stod(literal))) continue;  // exponents are finite
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

// Units in the last place between a result and the true value.
double ulps(double got, long double want) {
  const auto rounded = static_cast<double>(want);
  if (std::isnan(rounded) || std::isinf(rounded) || rounded == 0.0)
    return got == rounded || (std::isnan(got) && std::isnan(rounded)) ? 0.0 : 1e9;
  const double unit = std::max(std::nextafter(std::fabs(rounded), HUGE_VAL) - std::fabs(rounded),
                               std::numeric_limits<double>::denorm_min());
  return static_cast<double>(std::fabs(static_cast<long double>(got) - want) / static_cast<long double>(unit));
}

double worst_on_grid(const char* name, long double (*function)(long double), double low, double high) {
  constexpr std::size_t kRows = 500, kCols = 200;
  Panel x(kRows, kCols);
  Random random(17);
  for (std::size_t i = 0; i < x.values.size(); ++i) {
    x.values[i] =
        low + (high - low) * (static_cast<double>(i) + random.uniform()) / static_cast<double>(x.values.size());
  }
  PlanText plan(1);
  plan.store(plan.add(std::string(name) + " v0"));
  const Outputs out = run(plan.text(), {x});
  double worst = 0.0;
  for (std::size_t i = 0; i < x.values.size(); ++i) worst = std::max(worst, ulps(out.values[i], function(x.values[i])));
  return worst;
}

void functions_on_dense_grids() {
  struct Grid {
    const char* name;
    long double (*function)(long double);
    double low, high, bound;
  };
  const Grid grids[] = {{"log", std::log, 0.5, 2.0, 1.0},      {"log", std::log, 1e-300, 1e-3, 1.0},
                        {"log", std::log, 1.0, 1e6, 1.0},      {"log", std::log, 5e-324, 1e-307, 1.0},
                        {"log", std::log, 0.999, 1.001, 1.0},  {"exp", std::exp, -1.0, 1.0, 1.0},
                        {"exp", std::exp, -708.0, 709.7, 1.0}, {"exp", std::exp, -744.0, -708.0, 1.0},
                        {"tanh", std::tanh, -1.0, 1.0, 2.5},   {"tanh", std::tanh, -30.0, 30.0, 2.5},
                        {"tanh", std::tanh, -1e-3, 1e-3, 2.5}};
  for (const auto& grid : grids) {
    const double worst = worst_on_grid(grid.name, grid.function, grid.low, grid.high);
    check(worst <= grid.bound, std::string(grid.name) + " on [" + std::to_string(grid.low) + ", " +
                                   std::to_string(grid.high) + "] is off by " + std::to_string(worst) + " ulp");
  }
}

void powers() {
  Panel x(40, 50);
  Random random(4);
  for (double& v : x.values) v = std::exp(3.0 * random.normal());
  PlanText plan(1);
  for (const char* y : {"0.0", "1.0", "2.0", "3.0", "-1.0", "-2.0", "0.5", "1.5", "-0.5", "0.3333333333333333", "12.25",
                        "64.0", "65.0"}) {
    plan.store(plan.add("power v0 " + std::string(y)));
  }
  verify(plan.text(), {x}, "powers");
}

}  // namespace

int main() {
  every_operation_on_special_values();
  functions_on_dense_grids();
  powers();
  return report("elementwise");
}
