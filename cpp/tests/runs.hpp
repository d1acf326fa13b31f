// Plans as text, and their runs through the public door: decode_plan and Executor.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "jqfast/executor.hpp"
#include "panels.hpp"

namespace jqfast::test {

// Writes plan text: values are numbered as they come.
class PlanText {
 public:
  explicit PlanText(std::size_t stock_inputs, std::size_t market_inputs = 0);
  void stage(bool cross);
  // Adds `OP WORDS`, which defines `count` values; returns the first one's number.
  std::size_t add(const std::string& words, std::size_t count = 1);
  void store(std::size_t value);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::size_t values() const { return values_; }
  [[nodiscard]] std::size_t outputs() const { return outputs_; }

 private:
  std::string inputs_, body_;
  std::size_t values_ = 0, outputs_ = 0;
};

// How many values an operation defines when all its statistics are asked for.
std::size_t statistics(Op op);

// `op` on the values (or literals) `args` with small parameters, all its statistics given.
std::string usual_words(Op op, const std::vector<std::string>& args, std::uint32_t window, std::uint32_t min_periods);

// Every operation of the instruction set, in three stages, all values stored; two stock inputs, one market input.
std::string every_operation();

struct Setting {
  std::size_t threads = 1, chunk = 0, width = 0;
  Layout layout = Layout::feature;
  std::vector<std::int64_t> rows;  // empty: all
  const KernelTable* kernels = nullptr;
  std::function<void()> poll;
};

// (F, T, N), whatever the layout of the run.
struct Outputs {
  std::size_t features = 0, rows = 0, cols = 0;
  std::vector<double> values;
  [[nodiscard]] double at(std::size_t f, std::size_t t, std::size_t n) const {
    return values[(f * rows + t) * cols + n];
  }
};

Outputs run(const std::string& text, const std::vector<Panel>& inputs, const Setting& setting = {});
std::vector<float> run_f32(const std::string& text, const std::vector<Panel>& inputs);

bool same_bits(const Outputs& a, const Outputs& b);
std::vector<std::int64_t> all_rows(std::size_t T);

}  // namespace jqfast::test
