#include "panels.hpp"

#include <cmath>
#include <limits>

namespace jqfast::test {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

// cell(random, t, n) everywhere.
template <class Cell>
Panel filled(std::size_t T, std::size_t N, Random& random, Cell cell) {
  Panel p(T, N);
  for (std::size_t t = 0; t < T; ++t) {
    for (std::size_t n = 0; n < N; ++n) p.at(t, n) = cell(random, t, n);
  }
  return p;
}

// `value` with the given chance in place of what is there.
Panel sprinkled(Panel p, Random& random, double share, double value) {
  for (double& v : p.values) {
    if (random.chance(share)) v = value;
  }
  return p;
}

Panel scaled(Panel p, double factor, double level = 0.0) {
  for (double& v : p.values) v = level + factor * v;
  return p;
}

Panel prices(std::size_t T, std::size_t N, Random& random) {
  Panel p(T, N, 1000.0);
  for (std::size_t t = 1; t < T; ++t) {
    for (std::size_t n = 0; n < N; ++n) p.at(t, n) = p.at(t - 1, n) * std::exp(0.02 * random.normal());
  }
  return p;
}

Panel leading_gap(std::size_t T, std::size_t N, Random& random) {
  Panel p = noise(T, N, random);
  for (std::size_t n = 0; n < N; ++n) {
    for (std::size_t t = 0; t < std::min(T, 3 + 7 * n); ++t) p.at(t, n) = kNaN;
  }
  return p;
}

Panel drop(std::size_t T, std::size_t N, Random& random) {
  return filled(T, N, random, [T](Random& r, std::size_t t, std::size_t n) {
    return (t < T / 2 + n ? 1e10 : 1e-3) * (1.0 + 0.1 * r.normal());
  });
}

// 0.1 throughout, after a first stretch on another level for some stocks.
Panel constant(std::size_t T, std::size_t N, Random& random) {
  return filled(T, N, random,
                [T](Random&, std::size_t t, std::size_t n) { return t < T / 3 && n % 2 == 1 ? 7e3 : 0.1; });
}

Panel ties(std::size_t T, std::size_t N, Random& random) {
  return filled(T, N, random,
                [](Random& r, std::size_t, std::size_t) { return static_cast<double>(r.below(3)) - 1.0; });
}

Panel mixed_sizes(std::size_t T, std::size_t N, Random& random) {
  return filled(T, N, random, [](Random& r, std::size_t, std::size_t) {
    return r.normal() * std::pow(10.0, 40.0 * (r.uniform() - 0.5));
  });
}

}  // namespace

Panel noise(std::size_t T, std::size_t N, Random& random) {
  return filled(T, N, random, [](Random& r, std::size_t, std::size_t) { return r.normal(); });
}

Panel gaps(std::size_t T, std::size_t N, Random& random) { return sprinkled(noise(T, N, random), random, 0.05, kNaN); }

const std::vector<Dataset>& datasets() {
  using Size = std::size_t;
  static const std::vector<Dataset> sets{
      {"noise", noise},
      {"prices", prices},
      {"gaps", gaps},
      {"leading gap", leading_gap},
      {"nothing", [](Size T, Size N, Random&) { return Panel(T, N, kNaN); }},
      {"Inf in and out",
       [](Size T, Size N, Random& r) { return sprinkled(sprinkled(gaps(T, N, r), r, 0.02, kInf), r, 0.02, -kInf); }},
      {"spikes 1e15", [](Size T, Size N, Random& r) { return sprinkled(noise(T, N, r), r, 0.02, 1e15); }},
      {"spikes 1e80", [](Size T, Size N, Random& r) { return sprinkled(noise(T, N, r), r, 0.02, -1e80); }},
      {"spikes 1e155", [](Size T, Size N, Random& r) { return sprinkled(noise(T, N, r), r, 0.02, 1e155); }},
      {"drop of level", drop},
      {"1e8 + 1e-3 noise", [](Size T, Size N, Random& r) { return scaled(noise(T, N, r), 1e-3, 1e8); }},
      {"1e12 + noise", [](Size T, Size N, Random& r) { return scaled(noise(T, N, r), 1.0, 1e12); }},
      {"constant 0.1", constant},
      {"ties", ties},
      {"1e-90", [](Size T, Size N, Random& r) { return scaled(noise(T, N, r), 1e-90); }},
      {"1e-170", [](Size T, Size N, Random& r) { return scaled(gaps(T, N, r), 1e-170); }},
      {"mixed sizes", mixed_sizes},
  };
  return sets;
}

}  // namespace jqfast::test
