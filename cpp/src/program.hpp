// A plan made ready to run: lags folded into operands, values given registers, stages told what they exchange.
// Private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "jqfast/kernel_table.hpp"
#include "jqfast/plan.hpp"

namespace jqfast {

// What an instruction reads: a register some sessions late, or a literal by its number.
struct Source {
  bool literal = false;
  std::uint32_t index = 0;
  std::uint32_t lag = 0;
};

// One value of a time stage. With history its rows survive the chunk and belong to the tile; without, it shares one
// of the worker's scratch slots with values that are not alive at the same time.
struct Register {
  std::uint32_t history = 0;
  std::uint32_t slot = 0;           // scratch slot when history == 0
  std::uint32_t panel = kNotPanel;  // the panel input that fills it
  static constexpr std::uint32_t kNotPanel = 0xFFFFFFFFu;
};

enum class StepKind : std::uint8_t { panel, boundary, kernel, to_boundary, to_output };

struct Step {
  StepKind kind{};
  Op op{};
  std::uint32_t number = 0;  // panel input, boundary or output
  std::vector<Source> in;
  std::vector<std::uint32_t> out;  // registers
  std::vector<std::uint8_t> give;
  std::uint32_t window = 0;
  std::uint32_t offset = 0;  // of TimeArgs
  std::uint32_t min_periods = 0;
  double alpha = 0.0;
  std::vector<double> numbers;
  std::size_t state = 0;   // offset in doubles per lane within the tile's kernel state
  std::size_t staged = 0;  // of an export to an output: its place among those of the stage
  std::size_t slots = 0;   // doubles per lane of it
  bool direct = false;     // elementwise, and the next step exports its result
};

// Steps in a row that all need no row but the current one of their arguments (and rows made before it), or one step
// that walks along time by itself.
struct Chain {
  std::size_t begin = 0, end = 0;
  bool by_row = false;
};

struct TimeStage {
  std::vector<Step> steps;
  std::vector<Chain> chains;  // cover the steps
  std::vector<Register> registers;
  std::vector<double> literals;
  std::size_t kernel_state = 0;  // doubles per lane
  std::size_t scratch_slots = 0;
  std::vector<std::uint32_t> outputs;  // stored here, in order of their steps
};

// Where a cross stage finds a date's values: in a boundary or, never copied, in a panel input.
struct RowSource {
  bool panel = false;
  std::uint32_t number = 0;
  friend bool operator==(const RowSource&, const RowSource&) = default;
};

// One instruction across the stocks of a date; `to` is a boundary or, with kNowhere, a row of scratch.
struct CrossStep {
  static constexpr std::uint32_t kNowhere = 0xFFFFFFFFu;
  Op op{};
  std::vector<RowSource> from;
  std::uint32_t by = kNowhere;  // index into the program's groupings
  std::uint32_t to = kNowhere;
  double low = 0.0, high = 1.0;
  std::uint32_t count = 0;
  std::vector<std::uint32_t> outputs;
};

struct RowStore {
  RowSource from;
  std::uint32_t output = 0;
};

struct CrossStage {
  std::vector<CrossStep> steps;
  std::vector<RowStore> direct;  // values of earlier stages
};

struct ProgramStage {
  bool cross = false;
  TimeStage time;
  CrossStage section;
};

struct Program {
  std::vector<InputAxis> axes;  // of the panel's inputs
  std::vector<ProgramStage> stages;
  std::vector<RowSource> groupings;  // all series of groups, each of which is prepared once
  std::uint32_t boundaries = 0;
  std::uint32_t outputs = 0;
  std::size_t lookback = 0;
  bool dated = false;  // cross-sections of panel inputs alone: dates have nothing to do with each other
};

inline constexpr std::size_t kEverything = SIZE_MAX / 2;

[[nodiscard]] Program assign(const Plan& plan, const KernelTable& kernels);

}  // namespace jqfast
