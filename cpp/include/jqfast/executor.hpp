// Runs a plan over a panel: a vectorised interpreter over tiles (a block of stocks times a chunk of sessions).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "jqfast/kernel_table.hpp"
#include "jqfast/panel_view.hpp"
#include "jqfast/plan.hpp"

namespace jqfast {

enum class Layout : std::uint8_t { feature, sample };  // (F, T, N) or (T, N, F)

// The destination of a run; exactly one of the pointers is set.
struct Output {
  float* f32 = nullptr;
  double* f64 = nullptr;
  Layout layout = Layout::feature;
  std::size_t sessions = 0;  // T
  std::size_t stocks = 0;    // N
  // Elements from one session to the next in the feature layout, at least N; 0 for N. Rows that begin on cache lines
  // are written faster; what lies between N and the pitch is overwritten.
  std::size_t pitch = 0;
};

struct RunOptions {
  std::size_t threads = 1;
  std::size_t chunk = 0;  // sessions per tile; 0 chooses. Results do not depend on it.
  std::size_t width = 0;  // stocks per tile, a multiple of 8; 0 chooses. Results do not depend on it.
  std::function<void()> poll;
};

// What a run took, in bytes; the reported memory figure.
struct RunStats {
  std::size_t chunk = 0, width = 0;
  std::size_t state_bytes = 0;     // carried from chunk to chunk, all tiles
  std::size_t scratch_bytes = 0;   // per worker, all workers
  std::size_t boundary_bytes = 0;  // values between stages
};

struct Program;  // a plan with registers assigned

class Executor {
 public:
  Executor(Plan plan, const KernelTable& kernels);
  ~Executor();
  Executor(Executor&&) noexcept;

  [[nodiscard]] const Plan& plan() const noexcept { return plan_; }

  // Sessions before row t that row t may read; saturates for instructions that remember everything.
  [[nodiscard]] std::size_t lookback() const noexcept;

  // Computes rows `rows` (ascending panel rows that are sessions) of all outputs; other rows become NaN.
  RunStats run(std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows, const Output& out,
               const RunOptions& options) const;

 private:
  friend class Session;
  Plan plan_;
  const KernelTable* kernels_;
  std::unique_ptr<Program> program_;
};

}  // namespace jqfast
