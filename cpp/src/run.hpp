// One run of a program over rows of a panel, with state and scratch that the caller owns. Private to the library.
#pragma once

#include <cstdint>
#include <span>

#include "jqfast/executor.hpp"
#include "memory.hpp"
#include "program.hpp"

namespace jqfast {

struct Task {
  const Program& program;
  const KernelTable& kernels;
  std::span<const PanelView<const double>> inputs;
  std::span<const std::int64_t> rows;
  const Output& out;
  Carried& carried;
  Scratch& scratch;
  std::uint64_t first = 0;  // sessions before the first of `rows`
  bool continues = false;   // `carried` has the state of every tile and keeps it; else it starts from nothing
  bool* begun = nullptr;    // set when everything is ready and `carried` is about to change
};

// Throws std::invalid_argument where the arguments do not fit the plan or each other.
void check_task(const Plan& plan, std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows,
                const Output& out, const RunOptions& options);

RunStats run_task(const Task& task, const RunOptions& options);

}  // namespace jqfast
