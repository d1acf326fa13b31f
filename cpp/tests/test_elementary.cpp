// The functions of kernels/elementary, power and normal_quantile against the C library in long double, whose errors are
// a thousandth of an ulp here. Every result must be within 1 ulp of the true value.
//
// Without arguments: every 4099th float32 (fewer for the less usual powers), all powers of two with their neighbours,
// and random doubles. With `all`: every float32 there is, for powers every 61st or 257th (ctest -C Slow -R
// elementary_exhaustive, twenty minutes of one core). It found at most 0.80 ulp for log, 0.76 for exp, 0.57 for tanh,
// 0.88 for the normal quantile and 0.78 for powers.
#define JQFAST_TARGET elementary_test
#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "check.hpp"
#include "kernels/normal_quantile.inl.hpp"
#include "kernels/power.inl.hpp"
#include "panels.hpp"

namespace {

namespace own = jqfast::elementary_test;
using jqfast::test::check;
using Wide = long double;

struct Function {
  std::string name;
  std::function<void(const double*, double*, std::size_t)> apply;
  std::function<Wide(double argument, double got)> exact;
  double low, high;          // of the random doubles
  std::uint32_t stride = 1;  // of the float32 arguments in the exhaustive run
};

template <class F>
std::function<void(const double*, double*, std::size_t)> over(F f) {
  return [f](const double* in, double* out, std::size_t n) {
    for (std::size_t i = 0; i < n; i += own::kLanes) own::store(out + i, f(own::load(in + i)));
  };
}

// One Newton step from `got` on the error function, in the tail on that side: far more exact than what it judges.
Wide exact_quantile(double p, double got) {
  constexpr Wide kRootHalf = 0.707106781186547524400844362104849039L, kRoot2Pi = 2.50662827463100050241576528481104525L;
  if (!(p > 0.0 && p < 1.0)) return p == 0.0 ? -HUGE_VALL : p == 1.0 ? HUGE_VALL : std::nanl("");
  if (!std::isfinite(got)) return 0.0L;
  const Wide z = got, density = std::exp(-0.5L * z * z) / kRoot2Pi;
  Wide miss = 0.0L;
  if (std::fabs(p - 0.5) <= 0.25)
    miss = 0.5L * std::erf(z * kRootHalf) - (Wide(p) - 0.5L);
  else if (p < 0.5)
    miss = 0.5L * std::erfc(-z * kRootHalf) - Wide(p);
  else
    miss = (1.0L - Wide(p)) - 0.5L * std::erfc(z * kRootHalf);
  return z - miss / density;
}

Function power_of(double y, double low, double high, std::uint32_t stride = 1) {
  Function f{"power " + std::to_string(y),
             {},
             [y](double x, double) { return std::pow(Wide(x), Wide(y)); },
             low,
             high,
             stride};
  if (y == 0.5) f.exact = [](double x, double) { return std::sqrt(Wide(x)); };
  own::with_power(y, [&f](auto g) { f.apply = over(g); });
  return f;
}

// The library takes its time over results that are clear: of the float32 nine in ten are so small that three terms of
// the series are exact to the last bit of a long double (what is left out is below 2^-90 of the result).
Wide exact_log(Wide x) { return x < 0.0L ? std::nanl("") : std::log(x); }
Wide exact_exp(Wide x) {
  if (std::fabs(x) < 0x1p-22L) return 1.0L + (x + x * x * (0.5L + x / 6.0L));
  return x > 800.0L ? HUGE_VALL : x < -800.0L ? 0.0L : std::exp(x);
}
Wide exact_tanh(Wide x) {
  const Wide size = std::fabs(x), square = x * x;
  if (size < 0x1p-16L) return x * (1.0L - square * (1.0L / 3.0L - square * (2.0L / 15.0L)));
  return size > 24.0L ? std::copysign(1.0L, x) : std::tanh(x);  // 1 - 2 exp(-48) is 1 in a long double
}

std::vector<Function> functions() {
  const auto of = [](Wide (*g)(Wide)) { return [g](double x, double) { return g(Wide(x)); }; };
  std::vector<Function> all{
      {"log", over([](own::Vec x) { return own::log(x); }), of(exact_log), 0.2, 5.0},
      {"exp", over([](own::Vec x) { return own::exp(x); }), of(exact_exp), -746.0, 711.0},
      {"tanh", over([](own::Vec x) { return own::tanh(x); }), of(exact_tanh), -3.0, 3.0},
      {"normal quantile", over([](own::Vec x) { return own::normal_quantile(x); }), exact_quantile, 0.0, 1.0},
  };
  for (const double y : {0.0, 1.0, 2.0, -1.0, 0.5}) all.push_back(power_of(y, 0.1, 10.0, 257));
  for (const double y : {3.0, 1.7, -0.5}) all.push_back(power_of(y, -10.0, 10.0, 61));
  for (const double y : {-2.0, 4.0, 5.0, -7.0, 64.0, 65.0, -101.0, 1.5, 1.0 / 3.0, -12.25, 200.3, 1e-3}) {
    all.push_back(power_of(y, -4.0, 4.0, 257));
  }
  all.push_back(power_of(2100.5, 0.71, 1.41, 257));  // ln x far from 0 and y ln x as large as it gets
  all.push_back(power_of(-1e6, 0.9994, 1.0006, 257));
  return all;
}

double ulps(double got, Wide want) {
  const auto rounded = static_cast<double>(want);
  if (std::isnan(rounded) || std::isinf(rounded) || rounded == 0.0) {
    if (rounded == 0.0 && want != 0.0L && std::fabs(got) <= 0x1p-1074)
      return static_cast<double>(std::fabs(got - want) / 0x1p-1074L);
    return (std::isnan(got) && std::isnan(rounded)) ||
                   std::bit_cast<std::uint64_t>(got) == std::bit_cast<std::uint64_t>(rounded)
               ? 0.0
               : 1e9;
  }
  int exponent = 0;
  std::frexp(want, &exponent);
  return static_cast<double>(std::fabs(Wide(got) - want) / std::ldexp(1.0L, std::max(exponent - 53, -1074)));
}

struct Worst {
  double ulp = 0.0, argument = 0.0, got = 0.0;
  std::size_t judged = 0;
  void join(const Worst& other) {
    const std::size_t sum = judged + other.judged;
    if (other.ulp > ulp) *this = other;
    judged = sum;
  }
};

constexpr std::size_t kBatch = 4096;

Worst judge(const Function& f, const std::vector<double>& x) {
  std::vector<double> y(x.size());
  f.apply(x.data(), y.data(), x.size());
  Worst worst;
  worst.judged = x.size();
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double off = ulps(y[i], f.exact(x[i], y[i]));
    if (!(off <= worst.ulp)) worst.ulp = off, worst.argument = x[i], worst.got = y[i];
  }
  return worst;
}

// The float32 of the bit patterns first, first + stride, ...
Worst over_floats(const Function& f, std::uint64_t first, std::uint64_t last, std::uint64_t stride) {
  Worst worst;
  std::vector<double> x(kBatch);
  for (std::uint64_t bits = first; bits < last;) {
    for (double& v : x) {
      v = std::bit_cast<float>(static_cast<std::uint32_t>(std::min<std::uint64_t>(bits, 0xFFFFFFFFu)));
      bits += stride;
    }
    worst.join(judge(f, x));
  }
  return worst;
}

// Powers of two, small multiples of powers of two and of ln 2, and where the functions change their ways; with
// neighbours.
std::vector<double> special_arguments() {
  std::vector<double> at{0.0,
                         0.25,
                         0.75,
                         0.5,
                         22.0,
                         709.78271289338397,
                         -745.13321910194122,
                         -708.39641853226408,
                         0x1p-28,
                         std::exp(-8.0),
                         std::exp(-50.0),
                         1.0 - std::exp(-8.0),
                         HUGE_VAL,
                         std::nan("")};
  for (int e = -1074; e <= 1023; ++e) {
    for (const double m : {1.0, 1.5, 1.4142135623730951}) at.push_back(std::ldexp(m, e));
  }
  for (int k = 1; k < 2200; ++k) at.push_back(0.5 * k * 0.69314718055994531);
  std::vector<double> all;
  for (const double v : at) {
    double below = v, above = v;
    for (int i = 0; i < 2; ++i) {
      for (const double w : {below, above}) all.insert(all.end(), {w, -w, 1.0 + w, 1.0 - w});
      below = std::nextafter(below, -HUGE_VAL), above = std::nextafter(above, HUGE_VAL);
    }
  }
  all.resize(all.size() / own::kLanes * own::kLanes);
  return all;
}

// Evenly over the interval of interest, over all of the doubles, and densely near 0 and 1.
std::vector<double> random_arguments(const Function& f, std::size_t n, std::uint64_t seed) {
  jqfast::test::Random random(seed);
  std::vector<double> x(4 * n);
  for (std::size_t i = 0; i < n; ++i) {
    const auto word = static_cast<std::uint64_t>(random.uniform() * 0x1p32) << 32 |
                      static_cast<std::uint64_t>(random.uniform() * 0x1p32);
    x[4 * i] = f.low + (f.high - f.low) * random.uniform();
    x[4 * i + 1] = std::bit_cast<double>(word);
    x[4 * i + 2] = std::ldexp(random.uniform() - 0.5, -static_cast<int>(random.below(40)));
    x[4 * i + 3] = 1.0 + std::ldexp(random.uniform() - 0.5, -static_cast<int>(random.below(52)));
  }
  return x;
}

void settle(const Function& f, const char* kind, const Worst& worst) {
  std::printf("%-20s %-14s %12zu arguments, worst %.4f ulp at %.17g\n", f.name.c_str(), kind, worst.judged, worst.ulp,
              worst.argument);
  std::fflush(stdout);
  check(worst.ulp <= 1.0, f.name + " on " + kind + " gives " + std::to_string(worst.got));
}

void some(const Function& f) {
  settle(f, "float32", over_floats(f, 0, 1ull << 32, f.stride < 100 ? 4099 : 32771));
  settle(f, "special", judge(f, special_arguments()));
  settle(f, "float64", judge(f, random_arguments(f, 1 << 13, 7)));
}

void exhaustive(const Function& f) {
  const std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<Worst> found(threads), dense(threads);
  std::vector<std::thread> pool;
  for (std::size_t i = 0; i < threads; ++i) {
    pool.emplace_back([&, i] {
      const std::uint64_t step = (1ull << 32) / 64;
      for (std::uint64_t part = i; part < 64; part += threads) {
        found[i].join(over_floats(f, part * step, (part + 1) * step, f.stride));
      }
      for (std::uint64_t seed = i; seed < 64; seed += threads)
        dense[i].join(judge(f, random_arguments(f, 1 << 16, seed)));
    });
  }
  for (auto& thread : pool) thread.join();
  for (std::size_t i = 1; i < threads; ++i) found[0].join(found[i]), dense[0].join(dense[i]);
  settle(f, f.stride == 1 ? "every float32" : "float32", found[0]);
  settle(f, "float64", dense[0]);
}

}  // namespace

int main(int argc, char** argv) {
  const bool all = argc > 1 && std::strcmp(argv[1], "all") == 0;
  const std::string only = argc > 2 ? argv[2] : "";
  for (const auto& f : functions()) {
    if (f.name.find(only) == std::string::npos) continue;
    if (all)
      exhaustive(f);
    else
      some(f);
  }
  return jqfast::test::report("elementary");
}
