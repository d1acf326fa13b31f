// Random valid plans on random panels, under random settings, against the references. Arguments: seconds, seed.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "verify.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Axis;
using jqfast::Op;

class RandomPlan {
 public:
  explicit RandomPlan(Random& random) : random_(random), plan_(4, 1) {
    const std::size_t stages = random_.below(4);
    fill(false);
    for (std::size_t s = 1; s <= stages; ++s) {
      plan_.stage(s % 2 == 1);
      fill(s % 2 == 1);
    }
  }
  [[nodiscard]] std::string text() const { return plan_.text(); }

 private:
  void fill(bool cross) {
    for (std::size_t i = 1 + random_.below(cross ? 3 : 8); i-- > 0;) add(cross);
    for (std::size_t i = 1 + random_.below(3); i-- > 0;) plan_.store(random_.below(plan_.values()));
  }

  void add(bool cross) {
    Op op{};
    do {
      op = static_cast<Op>(1 + random_.below(jqfast::kOpCount - 1));
    } while ((jqfast::facts(op).axis == Axis::cross) != cross);
    const auto& f = jqfast::facts(op);
    std::vector<std::string> args;
    for (std::size_t i = 0; i < 3; ++i) args.push_back("v" + std::to_string(usable_[random_.below(usable_.size())]));
    if (f.axis == Axis::elementwise && f.args > 1 && random_.chance(0.3)) args[random_.below(f.args)] = literal();
    for (std::size_t i = f.args; i-- > static_cast<std::size_t>(f.args - f.literals);) args[i] = literal();
    const auto window = static_cast<std::uint32_t>(1 + random_.below(random_.chance(0.8) ? 12 : 90));
    const auto least = static_cast<std::uint32_t>(1 + random_.below(window));
    if (op == Op::cs_rank_first) args[1] = kUnique;  // breaking ties by any other series is not defined
    const std::string groups = cross && random_.chance(0.3) ? kGroups : "";
    const std::size_t first = plan_.add(usual_words(op, args, window, least) + groups, statistics(op));
    // It may be Inf or NaN where it is not judged, both stored as NaN: what follows could not be judged either.
    if (op == Op::product) return;
    // Nor could what follows the last of these, the product and the weighted mean.
    const std::size_t usable = plan_.values() - (op == Op::pairs || op == Op::expanding ? 1 : 0);
    for (std::size_t v = first; v < usable; ++v) usable_.push_back(v);
  }

  std::string literal() {
    static const char* const usual[] = {"0.5", "2.0", "-1.0", "3.0", "-0.5", "0.0", "1.7"};
    return usual[random_.below(std::size(usual))];
  }

  static constexpr const char *kUnique = "v2", *kGroups = " by=v3";
  Random& random_;
  PlanText plan_;
  std::vector<std::size_t> usable_{0, 1, 2, 3, 4};
};

Setting random_setting(Random& random, std::size_t T) {
  Setting setting;
  setting.threads = 1 + random.below(4);
  setting.chunk = random.below(2) * (1 + random.below(80));
  setting.width = 8 * random.below(5);
  setting.layout = random.chance(0.5) ? jqfast::Layout::feature : jqfast::Layout::sample;
  for (std::size_t t = 0; t < T && random.chance(0.999); ++t) {
    if (random.chance(0.95)) setting.rows.push_back(static_cast<std::int64_t>(t));
  }
  return setting;
}

// The wildest sizes overflow in a way of their own in chains of operations; test_* has them one by one.
Panel random_panel(std::size_t T, std::size_t N, Random& random) {
  Panel p = datasets()[random.below(datasets().size())].make(T, N, random);
  for (double& v : p.values) {
    if (std::isfinite(v)) v = std::clamp(v, -1e18, 1e18);
  }
  return p;
}

Panel unique_panel(std::size_t T, std::size_t N) {
  Panel p(T, N);
  for (std::size_t i = 0; i < p.values.size(); ++i) p.values[i] = static_cast<double>(i * 7919 % 65537);
  return p;
}

Panel group_panel(std::size_t T, std::size_t N, Random& random) {
  Panel p(T, N);
  for (double& v : p.values) v = random.chance(0.05) ? std::nan("") : static_cast<double>(random.below(4));
  return p;
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 3.0;
  const auto seed = std::uint64_t{argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1};
  const auto start = std::chrono::steady_clock::now();
  std::size_t plans = 0, cells = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    Random random(seed * 1000003 + plans);
    const std::string text = RandomPlan(random).text();
    const std::size_t T = 1 + random.below(100), N = 1 + random.below(20);
    const std::vector<Panel> inputs{random_panel(T, N, random), random_panel(T, N, random), unique_panel(T, N),
                                    group_panel(T, N, random), random_panel(T, 1, random)};
    const std::string fault = first_fault(text, inputs, random_setting(random, T), cells);
    if (!fault.empty()) {
      std::fprintf(stderr, "seed %llu, plan %zu, T %zu, N %zu: %s\n%s", static_cast<unsigned long long>(seed), plans, T,
                   N, fault.c_str(), text.c_str());
      return 1;
    }
    ++plans;
  }
  std::printf("fuzz_operators: %zu plans, %zu cells\n", plans, cells);
  return cells > 0 ? 0 : 1;
}
