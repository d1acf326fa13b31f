// Cross-sections of a run: one date at a time, across all stocks. Private to the library.
#pragma once

#include <cstddef>
#include <cstdint>

#include "run.hpp"
#include "sink.hpp"

namespace jqfast {

class Sections {
 public:
  // `depth` rows of each boundary are kept.
  Sections(const Task& task, const Sink& sink, std::size_t depth) noexcept
      : task_(task), sink_(sink), stride_(row_length(task.out.stocks)), depth_(depth) {}

  // Stage `s` of the run's row `row`, whose values lie in the `r`-th rows of the boundaries.
  void run(std::size_t worker, std::size_t s, std::size_t row, std::size_t r) const;

  [[nodiscard]] double* boundary(std::uint32_t number, std::size_t r) const noexcept {
    return task_.scratch.boundaries.data() + (number * depth_ + r) * stride_;
  }

 private:
  [[nodiscard]] std::size_t session(std::size_t row) const { return static_cast<std::size_t>(task_.rows[row]); }
  [[nodiscard]] const double* values(RowSource from, std::size_t row, std::size_t r) const;
  [[nodiscard]] const double* next_row(RowSource from, std::size_t row) const;
  [[nodiscard]] CrossArgs arguments(Worker& own, const CrossStep& step, std::size_t row, std::size_t r) const;
  void save_row(Worker& own, const double* row, std::uint32_t output, std::size_t t) const;

  const Task& task_;
  const Sink& sink_;
  std::size_t stride_, depth_;
};

}  // namespace jqfast
