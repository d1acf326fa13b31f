// The tile interpreter.
//
// Plans of one time stage run tile by tile: a worker takes a block of stocks through all sessions, chunk after chunk,
// with the tile's state in its own memory. Plans with cross-sections run chunk by chunk: all tiles, a barrier, the
// dates of the chunk across all stocks, a barrier, the next stage; the state of every tile is kept between chunks.
#include "jqfast/executor.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "jqfast/error.hpp"
#include "jqfast/thread_pool.hpp"
#include "memory.hpp"
#include "program.hpp"
#include "sink.hpp"

namespace jqfast {
namespace {

// A tile's state and scratch should stay near the core. Narrow tiles cost more than a state that spills into the last
// level: below 64 stocks each row of an output is only a few cache lines.
constexpr std::size_t kCacheBudget = std::size_t{4} << 20;
constexpr std::size_t kMinWidth = 64;
constexpr std::size_t kMaxWidth = 128;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Everything one run needs to know, and the two kinds of task.
class Run {
 public:
  Run(const Program& program, const KernelTable& kernels, std::span<const PanelView<const double>> inputs,
      std::span<const std::int64_t> rows, const Output& out)
      : program_(program),
        kernels_(kernels),
        inputs_(inputs),
        rows_(rows),
        out_(out),
        sink_(out, kernels, program.outputs) {}

  RunStats go(const RunOptions& options) {
    choose_sizes(options);
    const std::size_t workers = std::min(options.threads, std::max<std::size_t>(1, busiest()));
    Crew crew(workers, options.poll);
    allocate(crew.size());
    blank_other_rows();
    if (whole_) {
      run_by_tile(crew);
    } else {
      run_by_chunk(crew);
    }
    return stats_;
  }

 private:
  [[nodiscard]] std::size_t tiles() const { return (out_.stocks + width_ - 1) / width_; }
  [[nodiscard]] std::size_t busiest() const { return whole_ ? tiles() : std::max(tiles(), chunk_); }

  void choose_sizes(const RunOptions& options) {
    whole_ = program_.stages.size() == 1;
    chunk_ = options.chunk != 0 ? options.chunk : 64;
    chunk_ = std::min(chunk_, std::max<std::size_t>(1, rows_.size()));
    for (const auto& stage : program_.stages) memory_.push_back(lay_out(stage.time, chunk_));
    std::size_t per_lane = 1;
    for (const auto& m : memory_) per_lane = std::max(per_lane, (m.state + m.scratch) * sizeof(double));
    const std::size_t fitting = kCacheBudget / per_lane;
    width_ = options.width != 0 ? options.width : balanced_width(fitting, options.threads);
    width_ = std::min(width_, (std::max<std::size_t>(1, out_.stocks) + kGroup - 1) / kGroup * kGroup);
    pitch_ = width_ == kGroup ? kGroup : width_ + kGroup;
    stats_.chunk = chunk_;
    stats_.width = width_;
  }

  // The width within bounds, in whole cache lines of float32, at which the busiest worker has least to do.
  [[nodiscard]] std::size_t balanced_width(std::size_t fitting, std::size_t threads) const {
    constexpr std::size_t kStep = 16;
    const std::size_t most = std::clamp(fitting, kMinWidth + 2 * kStep, kMaxWidth);
    std::size_t best = kMinWidth, least = SIZE_MAX;
    for (std::size_t width = kMinWidth; width <= most; width += kStep) {
      const std::size_t tiles = (out_.stocks + width - 1) / width;
      const std::size_t work = (tiles + threads - 1) / threads * width;
      if (work < least) best = width, least = work;
    }
    return best;
  }

  void allocate(std::size_t workers) {
    std::size_t scratch = 0;
    for (std::size_t s = 0; s < memory_.size(); ++s) {
      scratch = std::max(scratch, memory_[s].scratch * pitch_);
      states_.emplace_back();
      if (program_.stages[s].cross) continue;
      states_[s].resize(memory_[s].state * pitch_ * (whole_ ? workers : tiles()));
      stats_.state_bytes += states_[s].size() * sizeof(double);
    }
    stride_ = (out_.stocks + kGroup - 1) / kGroup * kGroup;
    boundaries_.resize(whole_ ? 0 : program_.boundaries * chunk_ * stride_);
    workers_.resize(workers);
    for (auto& w : workers_) {
      w.scratch.resize(scratch);
      w.row.resize(stride_);
      w.sort.resize(whole_ ? 0 : kernels_.cross_scratch(out_.stocks) / sizeof(double) + 1);
      if (out_.layout == Layout::sample) w.staging.resize(staging_size());
      stats_.scratch_bytes += (w.scratch.size() + w.row.size() + w.sort.size() + w.staging.size()) * sizeof(double);
    }
    stats_.boundary_bytes = boundaries_.size() * sizeof(double);
    if (!whole_) {
      for (std::size_t s = 0; s < memory_.size(); ++s) {
        for (std::size_t tile = 0; tile < tiles() && !program_.stages[s].cross; ++tile) reset(s, state(s, tile));
      }
    }
  }

  // Room for the outputs of the widest stage, before they are turned into samples.
  [[nodiscard]] std::size_t staging_size() const {
    std::size_t most = 0;
    for (const auto& stage : program_.stages) {
      most = std::max(most, stage.time.outputs.size() * chunk_ * width_);
      std::size_t outputs = stage.section.direct.size();
      for (const auto& step : stage.section.steps) outputs += step.outputs.size();
      most = std::max(most, outputs * stride_);
    }
    return most;
  }

  double* state(std::size_t stage, std::size_t owner) {
    return states_[stage].data() + owner * memory_[stage].state * pitch_;
  }

  // Kernel state starts at zero, rings at NaN: the sessions before the first are missing.
  void reset(std::size_t stage, double* state) {
    const auto& m = memory_[stage];
    const std::size_t kernels = program_.stages[stage].time.kernel_state * pitch_;
    std::fill_n(state, kernels, 0.0);
    std::fill_n(state + kernels, m.state * pitch_ - kernels, kMissing);
  }

  void run_by_tile(Crew& crew) {
    crew.run(tiles(), [this](std::size_t worker, std::size_t tile) {
      double* own = state(0, worker);
      reset(0, own);
      for (std::size_t row0 = 0; row0 < rows_.size(); row0 += chunk_) time_task(worker, 0, tile, own, row0);
      kernels_.store_fence();
    });
  }

  void run_by_chunk(Crew& crew) {
    for (std::size_t row0 = 0; row0 < rows_.size(); row0 += chunk_) {
      for (std::size_t s = 0; s < program_.stages.size(); ++s) {
        if (program_.stages[s].cross) {
          const std::size_t dates = std::min(chunk_, rows_.size() - row0);
          crew.run(dates, [&](std::size_t worker, std::size_t r) {
            cross_task(worker, s, row0, r);
            kernels_.store_fence();
          });
        } else {
          crew.run(tiles(),
                   [&](std::size_t worker, std::size_t tile) { time_task(worker, s, tile, state(s, tile), row0); });
        }
      }
    }
  }

  // ---- time stages ----

  struct Tile {
    std::size_t worker, stage, first, lanes, stored, row0,
        rows;  // `lanes` are stocks, the rest of the width is padding
    double* state;
  };

  void time_task(std::size_t worker, std::size_t s, std::size_t tile, double* own, std::size_t row0) {
    const std::size_t first = tile * width_;
    const Tile t{worker,
                 s,
                 first,
                 std::min(width_, out_.stocks - first),
                 std::min(width_, out_.pitch - first),  // padding of the output's rows is filled with padding
                 row0,
                 std::min(chunk_, rows_.size() - row0),
                 own};
    write_literals(t);
    std::size_t staged = 0;
    for (const auto& step : program_.stages[s].time.steps) {
      switch (step.kind) {
        case StepKind::panel: load_panel(t, step); break;
        case StepKind::boundary: load_boundary(t, step); break;
        case StepKind::kernel: call(t, step); break;
        case StepKind::to_boundary: save_boundary(t, step); break;
        case StepKind::to_output: save_output(t, step, staged++); break;
      }
    }
    if (out_.layout == Layout::sample) unstage_tile(t);
  }

  Ring ring(const Tile& t, std::uint32_t reg) {
    const auto& r = program_.stages[t.stage].time.registers[reg];
    const std::size_t offset = memory_[t.stage].rings[reg] * pitch_;
    if (r.history > 0) return {t.state + offset, static_cast<std::uint32_t>(chunk_ + r.history)};
    return {workers_[t.worker].scratch.data() + offset, static_cast<std::uint32_t>(chunk_)};
  }

  double* literal(const Tile& t, std::size_t index) {
    const std::size_t slots = program_.stages[t.stage].time.scratch_slots * chunk_;
    return workers_[t.worker].scratch.data() + (slots + index) * pitch_;
  }

  void write_literals(const Tile& t) {
    const auto& literals = program_.stages[t.stage].time.literals;
    for (std::size_t i = 0; i < literals.size(); ++i) std::fill_n(literal(t, i), width_, literals[i]);
  }

  Operand operand(const Tile& t, const Source& source) {
    if (source.literal) return {{literal(t, source.index), 1}, 0};
    return {ring(t, source.index), source.lag};
  }

  double* row_of(const Ring& ring, std::size_t row) const { return ring.base + row % ring.rows * pitch_; }

  // The row an export reads: `lag` sessions before `row`. Sessions before the first are NaN rows of the ring.
  const double* late_row(const Operand& from, std::size_t row) const {
    return row_of(from.ring, row + from.ring.rows - from.lag % from.ring.rows);
  }

  void load_panel(const Tile& t, const Step& step) {
    const auto& input = inputs_[step.number];
    const Ring to = ring(t, step.out[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      double* row = row_of(to, t.row0 + r);
      const double* from = input.row(static_cast<std::size_t>(rows_[t.row0 + r]));
      if (input.cols == 1) {
        std::fill_n(row, width_, *from);
      } else {
        std::memcpy(row, from + t.first, t.lanes * sizeof(double));
        std::fill(row + t.lanes, row + width_, kMissing);
      }
    }
  }

  double* boundary(std::uint32_t number, std::size_t r) { return boundaries_.data() + (number * chunk_ + r) * stride_; }

  void load_boundary(const Tile& t, const Step& step) {
    const Ring to = ring(t, step.out[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      double* row = row_of(to, t.row0 + r);
      std::memcpy(row, boundary(step.number, r) + t.first, t.lanes * sizeof(double));
      std::fill(row + t.lanes, row + width_, kMissing);
    }
  }

  void save_boundary(const Tile& t, const Step& step) {
    const Operand from = operand(t, step.in[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      std::memcpy(boundary(step.number, r) + t.first, late_row(from, t.row0 + r), t.lanes * sizeof(double));
    }
  }

  void call(const Tile& t, const Step& step) {
    Operand in[3];
    Ring out[kMostOutputs];
    for (std::size_t i = 0; i < step.in.size(); ++i) in[i] = operand(t, step.in[i]);
    for (std::size_t o = 0; o < step.out.size(); ++o) out[o] = ring(t, step.out[o]);
    TimeArgs a;
    a.in = in;
    a.out = out;
    a.give = step.give.data();
    a.outputs = step.out.size();
    a.state = t.state + step.state * pitch_;
    a.row0 = t.row0;
    a.rows = static_cast<std::uint32_t>(t.rows);
    a.width = static_cast<std::uint32_t>(width_);
    a.pitch = static_cast<std::uint32_t>(pitch_);
    a.window = step.window;
    a.min_periods = step.min_periods;
    a.alpha = step.alpha;
    a.numbers = step.numbers.data();
    kernels_.time[static_cast<std::size_t>(step.op)](a);
  }

  // ---- outputs ----

  [[nodiscard]] std::size_t session(std::size_t row) const { return static_cast<std::size_t>(rows_[row]); }

  void save_output(const Tile& t, const Step& step, std::size_t staged) {
    const Operand from = operand(t, step.in[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      const double* row = late_row(from, t.row0 + r);
      if (out_.layout == Layout::feature) {
        sink_.row(row, step.number, session(t.row0 + r), t.first, t.stored);
      } else {
        std::memcpy(workers_[t.worker].staging.data() + (staged * t.rows + r) * width_, row, width_ * sizeof(double));
      }
    }
  }

  void unstage_tile(const Tile& t) {
    const auto& outputs = program_.stages[t.stage].time.outputs;
    for (std::size_t r = 0; r < t.rows; ++r) {
      const double* staging = workers_[t.worker].staging.data() + r * width_;
      sink_.samples(staging, t.rows * width_, outputs, session(t.row0 + r) * out_.stocks + t.first, t.lanes);
    }
  }

  // Rows that are no sessions stay in the output, without values.
  void blank_other_rows() {
    std::size_t next = 0;
    for (std::size_t t = 0; t < out_.sessions; ++t) {
      if (next < rows_.size() && session(next) == t) {
        ++next;
      } else {
        sink_.blank(t);
      }
    }
  }

  // ---- cross-sections ----

  void cross_task(std::size_t worker, std::size_t s, std::size_t row0, std::size_t r) {
    const auto& stage = program_.stages[s].section;
    auto& own = workers_[worker];
    std::vector<std::uint32_t> staged;
    for (const auto& step : stage.steps) {
      double* to = step.to == CrossStep::kNowhere ? own.row.data() : boundary(step.to, r);
      call_cross(step, r, to, own.sort.data());
      for (const auto output : step.outputs) save_row(own, to, output, row0 + r, staged);
    }
    for (const auto& store : stage.direct) save_row(own, boundary(store.value, r), store.output, row0 + r, staged);
    if (out_.layout == Layout::sample) {
      sink_.samples(own.staging.data(), stride_, staged, session(row0 + r) * out_.stocks, out_.stocks);
    }
  }

  void call_cross(const CrossStep& step, std::size_t r, double* to, void* scratch) {
    const double* in[kMostExposures + 1];
    for (std::size_t i = 0; i < step.from.size(); ++i) in[i] = boundary(step.from[i], r);
    CrossArgs a;
    a.in = in;
    a.inputs = step.from.size();
    a.groups = step.by == CrossStep::kNowhere ? nullptr : boundary(step.by, r);
    a.out = to;
    a.n = out_.stocks;
    a.scratch = scratch;
    a.low = step.low;
    a.high = step.high;
    a.count = step.count;
    kernels_.cross[static_cast<std::size_t>(step.op)](a);
  }

  struct Worker {
    Buffer scratch, row, staging, sort;
  };

  void save_row(Worker& own, const double* row, std::uint32_t output, std::size_t t,
                std::vector<std::uint32_t>& staged) {
    if (out_.layout == Layout::feature) {
      sink_.row(row, output, session(t), 0, out_.stocks);
    } else {
      std::memcpy(own.staging.data() + staged.size() * stride_, row, out_.stocks * sizeof(double));
      staged.push_back(output);
    }
  }

  const Program& program_;
  const KernelTable& kernels_;
  std::span<const PanelView<const double>> inputs_;
  std::span<const std::int64_t> rows_;
  const Output& out_;
  Sink sink_;
  bool whole_ = false;  // a single time stage: tiles run through all sessions
  std::size_t chunk_ = 0, width_ = 0, stride_ = 0;
  // Rows of a ring lie one cache line further apart than they are wide: a power of two would map the rows of a column
  // to a handful of cache sets, and kernels walk down columns.
  std::size_t pitch_ = 0;
  std::vector<Memory> memory_;  // per stage
  std::vector<Buffer> states_;  // per stage: per worker or per tile
  Buffer boundaries_;           // (boundary, row of the chunk, stock)
  std::vector<Worker> workers_;
  RunStats stats_;
};

void check(const Plan& plan, std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows,
           const Output& out, const RunOptions& options) {
  if (inputs.size() != plan.inputs.size()) throw std::invalid_argument("The plan needs another number of inputs.");
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::size_t cols = plan.inputs[i].axis == InputAxis::market ? 1 : out.stocks;
    if (inputs[i].rows != out.sessions || inputs[i].cols != cols ||
        (inputs[i].row_stride < cols && plan.inputs[i].axis != InputAxis::code)) {
      throw std::invalid_argument("Input `" + plan.inputs[i].name + "` has another shape than the output.");
    }
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const bool in_range = rows[i] >= 0 && static_cast<std::size_t>(rows[i]) < out.sessions;
    if (!in_range || (i > 0 && rows[i] <= rows[i - 1])) {
      throw std::invalid_argument("`rows` must be ascending session numbers of the panel.");
    }
  }
  if (options.threads < 1 || options.threads > 1024) {
    throw std::invalid_argument("`threads` must be from 1 to 1024; got " + std::to_string(options.threads) + ".");
  }
  if (out.pitch < out.stocks)
    throw std::invalid_argument("The rows of the output are shorter than the number of stocks.");
  if (options.width % kGroup != 0) throw std::invalid_argument("`width` must be a multiple of 8.");
}

}  // namespace

Executor::Executor(Plan plan, const KernelTable& kernels)
    : plan_(std::move(plan)), kernels_(&kernels), program_(std::make_unique<Program>(assign(plan_, kernels))) {}
Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;

std::size_t Executor::lookback() const noexcept { return program_->lookback; }

RunStats Executor::run(std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows,
                       const Output& out, const RunOptions& options) const {
  Output target = out;
  if (target.pitch == 0) target.pitch = target.stocks;
  check(plan_, inputs, rows, target, options);
  if (out.sessions == 0 || out.stocks == 0) return {};
  return Run(*program_, *kernels_, inputs, rows, target).go(options);
}

}  // namespace jqfast
