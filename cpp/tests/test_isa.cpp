// The instruction sets: each gives the bits of the baseline, for every operation, on every kind of input.
#include <string>

#include "check.hpp"
#include "jqfast/error.hpp"
#include "jqfast/isa.hpp"
#include "runs.hpp"

#ifndef JQFAST_KERNELS
#define JQFAST_KERNELS "."
#endif

namespace {

using namespace jqfast::test;

void every_isa_gives_the_same_bits() {
  const std::string text = every_operation();
  for (const auto& isa : jqfast::supported_isas()) {
    Setting setting;
    setting.kernels = &jqfast::load_kernels(JQFAST_KERNELS, isa);
    check(setting.kernels->isa == isa, "the table says which it is");
    for (const auto& set : datasets()) {
      Random random(51);
      const Panel x = set.make(70, 19, random);
      const std::vector<Panel> inputs{x, gaps(70, 19, random), noise(70, 1, random)};
      check(same_bits(run(text, inputs), run(text, inputs, setting)), isa + " on " + set.name);
    }
  }
}

void choosing() {
  const auto names = jqfast::supported_isas();
  check(!names.empty() && names.front() == "baseline", "the baseline is always there");
  check(jqfast::load_kernels(JQFAST_KERNELS, "").isa == names.back(), "the best is chosen");
  check(&jqfast::load_kernels("/nowhere", "baseline") == &jqfast::baseline_kernels(), "the baseline needs no file");
  const auto load = [](const char* folder, const std::string& isa) { (void)jqfast::load_kernels(folder, isa); };
  check(throws<std::invalid_argument>([&] { load(".", "sse9"); }, "(baseline"), "an unknown name lists the known");
  if (names.size() > 1) {
    check(throws<jqfast::Error>([&] { load("/nowhere", names.back()); }, "does not load"), "a library that is missing");
  }
}

}  // namespace

int main() {
  choosing();
  every_isa_gives_the_same_bits();
  return report("isa");
}
