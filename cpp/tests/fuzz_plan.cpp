// Mutates valid plan texts. What decodes must run; everything else must be refused by PlanError or
// std::invalid_argument. Arguments: seconds, seed.
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "runs.hpp"

namespace {

using namespace jqfast::test;

constexpr std::size_t kDeepest = 5000;  // longer windows are memory, not logic

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines(1);
  for (const char c : text) {
    lines.back() += c;
    if (c == '\n') lines.emplace_back();
  }
  return lines;
}

std::string mutate_lines(const std::string& text, Random& random) {
  auto lines = lines_of(text);
  const std::size_t a = random.below(lines.size()), b = random.below(lines.size());
  switch (random.below(4)) {
    case 0: std::swap(lines[a], lines[b]); break;
    case 1: lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(a)); break;
    case 2: lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(a), lines[b]); break;
    default: lines[a] = lines[a].substr(0, lines[a].size() / 2) + lines[b]; break;
  }
  std::string out;
  for (const auto& line : lines) out += line;
  return out;
}

std::string mutate_number(std::string text, Random& random) {
  static const char* const numbers[] = {"0",     "1",     "2",          "7",     "64",  "65", "-1",
                                        "65536", "65537", "4294967295", "1e308", "nan", "v0", "v9"};
  const std::size_t start = text.find_first_of("0123456789", random.below(text.size()));
  if (start == std::string::npos) return text;
  std::size_t end = start;
  while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
  return text.replace(start, end - start, numbers[random.below(std::size(numbers))]);
}

std::string mutate(std::string text, Random& random) {
  if (text.empty()) return text;
  switch (random.below(4)) {
    case 0: text[random.below(text.size())] = static_cast<char>(random.below(256)); return text;
    case 1: text.erase(random.below(text.size()), 1 + random.below(3)); return text;
    case 2: return mutate_number(std::move(text), random);
    default: return mutate_lines(text, random);
  }
}

// Returns whether the text was a plan.
bool attempt(const std::string& text, Random& random) {
  try {
    const jqfast::Executor executor(jqfast::decode_plan(text), jqfast::baseline_kernels());
    if (executor.lookback() > kDeepest && executor.lookback() < SIZE_MAX / 4) return true;
    const auto& plan = executor.plan();
    if (plan.outputs > 200) return true;
    std::uint32_t longest = 0;
    for (const auto& stage : plan.stages) {
      for (const auto& instr : stage.instrs) longest = std::max(longest, instr.window);
    }
    if (longest > kDeepest) return true;
    std::vector<Panel> inputs;
    for (const auto& input : plan.inputs)
      inputs.push_back(
          gaps(input.axis == jqfast::InputAxis::code ? 1 : 9, input.axis == jqfast::InputAxis::market ? 1 : 5, random));
    inputs.insert(inputs.begin(), Panel(9, 5));  // run() takes the shape of the first
    std::vector<jqfast::PanelView<const double>> views;
    for (std::size_t i = 1; i < inputs.size(); ++i) views.push_back(inputs[i].view());
    std::vector<double> out(std::size_t{plan.outputs} * 45);
    executor.run(views, all_rows(9), {nullptr, out.data(), jqfast::Layout::sample, 9, 5},
                 {2, 1 + random.below(10), 8, {}});
    return true;
  } catch (const std::invalid_argument&) {  // PlanError is one
    return false;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 3.0;
  const auto seed = std::uint64_t{argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1};
  Random random(seed);
  std::vector<std::string> seeds{every_operation()};
  PlanText small(1);
  small.store(small.add("moments v0 window=3 min_periods=2 give=mean,std", 2));
  small.stage(true);
  small.store(small.add("cs_rank v2"));
  seeds.push_back(small.text());
  const auto start = std::chrono::steady_clock::now();
  std::size_t tried = 0, valid = 0;
  while (std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() < seconds) {
    std::string text = seeds[random.chance(0.8) ? 1 : 0];
    for (std::size_t i = random.below(5); i-- > 0;) text = mutate(std::move(text), random);
    try {
      valid += attempt(text, random) ? 1 : 0;
    } catch (const std::exception& error) {
      std::fprintf(stderr, "seed %llu, text %zu: %s\n%s\n", static_cast<unsigned long long>(seed), tried, error.what(),
                   text.c_str());
      return 1;
    }
    ++tried;
  }
  std::printf("fuzz_plan: %zu texts, %zu of them plans\n", tried, valid);
  return tried > 0 && valid > 0 ? 0 : 1;
}
