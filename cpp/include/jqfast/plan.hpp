// The plan: what the Python passes hand over. Plain text, one instruction a line, checked before anything runs.
//
//   jqfast-plan 1
//   input stock close
//   outputs 1
//   time
//   v0 = input 0
//   v1 = moments v0 window=20 min_periods=14 give=mean
//   store v1 0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "jqfast/opcodes.hpp"

namespace jqfast {

inline constexpr std::uint32_t kMaxWindow = 1u << 16;
inline constexpr std::size_t kMaxInstructions = 1u << 16;

// An argument: a value by its number, or a literal.
struct Arg {
  static constexpr std::uint32_t kLiteral = 0xFFFFFFFFu;
  std::uint32_t value = kLiteral;
  double literal = 0.0;
  [[nodiscard]] bool is_literal() const noexcept { return value == kLiteral; }
};

struct Instr {
  Op op{};
  std::vector<Arg> args;
  std::uint32_t first = 0;               // number of the first value it defines
  std::vector<std::uint8_t> give = {0};  // one entry per value it defines
  std::uint32_t window = 0;
  std::uint32_t min_periods = 0;
  double alpha = 0.0;
  std::vector<double> numbers;  // of `at=`
  double low = 0.0, high = 1.0;
  std::uint32_t count = 0;
  Arg by;  // groups of a cross-section; a literal for none
  std::uint32_t line = 0;
};

struct Store {
  std::uint32_t value = 0;
  std::uint32_t output = 0;
};

struct Stage {
  bool cross = false;
  std::vector<Instr> instrs;
  std::vector<Store> stores;
};

// (T, N), (T,) or, for what does not change, (N,).
enum class InputAxis : std::uint8_t { stock, market, code };

struct Input {
  InputAxis axis = InputAxis::stock;
  std::string name;
};

struct Plan {
  std::vector<Input> inputs;
  std::uint32_t outputs = 0;
  std::uint32_t values = 0;
  std::vector<Stage> stages;
  std::string text;
};

// Decodes and validates; throws PlanError naming the line and the rule.
[[nodiscard]] Plan decode_plan(std::string_view text);

}  // namespace jqfast
