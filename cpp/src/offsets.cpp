#include "offsets.hpp"

#include <bit>

#include "hash.hpp"

namespace jqfast {
namespace {

std::uint64_t hash_of(std::initializer_list<std::uint64_t> words) noexcept {
  Hash hash;
  for (const auto word : words) hash.mix(word);
  return hash.value();
}

// What an instruction computes, but for the choice of statistics; `values` has that of its arguments. They count in any
// order: plans that share values turn them round where that makes no difference.
std::uint64_t identity_of(const Instr& instr, const std::vector<std::uint64_t>& values) noexcept {
  std::uint64_t arguments = 0;
  for (const Arg& arg : instr.args) {
    arguments += hash_of({arg.is_literal() ? std::bit_cast<std::uint64_t>(arg.literal) : values[arg.value]});
  }
  return hash_of(
      {static_cast<std::uint64_t>(instr.op), instr.window, std::bit_cast<std::uint64_t>(instr.alpha), arguments});
}

}  // namespace

std::vector<std::uint32_t> block_offsets(const Plan& plan) {
  std::vector<std::uint32_t> offsets(plan.values, 0);
  std::vector<std::uint64_t> values(plan.values, 0);
  for (const auto& stage : plan.stages) {
    for (const auto& instr : stage.instrs) {
      const bool is_input = instr.op == Op::input;
      const std::uint64_t own =
          is_input ? hash_of(std::as_bytes(std::span(plan.inputs[instr.window].name))) : identity_of(instr, values);
      if (!is_input && instr.window > 0) offsets[instr.first] = static_cast<std::uint32_t>(own % instr.window);
      for (std::uint32_t i = 0; i < instr.give.size(); ++i) values[instr.first + i] = hash_of({own, instr.give[i]});
    }
  }
  return offsets;
}

}  // namespace jqfast
