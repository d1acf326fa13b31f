// The tile interpreter.
//
// Plans of one time stage run tile by tile: a worker takes a block of stocks through all sessions, chunk after chunk,
// with the tile's state in its own memory. Plans with cross-sections run chunk by chunk: all tiles, a barrier, the
// dates of the chunk across all stocks, a barrier, the next stage; the state of every tile is kept between chunks.
// Plans of cross-sections alone run date by date, reading the panel's rows where they lie.
// A run that continues an earlier one finds the state of its tiles as that one left it.
#include "jqfast/executor.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "jqfast/thread_pool.hpp"
#include "memory.hpp"
#include "program.hpp"
#include "run.hpp"
#include "sections.hpp"
#include "sink.hpp"

namespace jqfast {
namespace {

// Steps that work row by row pass on strips of rows small enough that a handful of values stay in the first-level
// cache.
constexpr std::size_t kStripDoubles = 1024;
// Boundaries beyond this are written past the cache: they would be gone from it before the next stage reads them.
constexpr std::size_t kNearBytes = std::size_t{4} << 20;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// Everything one run needs to know, and the two kinds of task.
class Run {
 public:
  Run(const Task& task, const RunOptions& options)
      : program_(task.program),
        kernels_(task.kernels),
        inputs_(task.inputs),
        rows_(task.rows),
        out_(task.out),
        carried_(task.carried),
        scratch_(task.scratch),
        first_(task.first),
        continues_(task.continues),
        begun_(task.begun),
        sink_(out_, kernels_, program_.outputs),
        whole_(program_.stages.size() == 1),
        chunk_(carried_.shape().chunk),
        width_(carried_.shape().width),
        stride_(row_length(out_.stocks)),
        pitch_(carried_.shape().pitch),
        strip_(std::max<std::size_t>(1, kStripDoubles / width_)),
        direct_(sink_.direct(width_)),
        far_(program_.boundaries * chunk_ * stride_ * sizeof(double) > kNearBytes),
        crew_(std::min(options.threads, std::max<std::size_t>(1, busiest())), options.poll),
        sections_(task, sink_, program_.dated ? crew_.size() : chunk_) {
    scratch_.reserve(program_, kernels_, carried_, out_, crew_.size());
  }

  void go() {
    blank_other_rows();
    if (begun_ != nullptr) *begun_ = true;
    if (whole_) {
      run_by_tile();
    } else if (program_.dated) {
      run_by_date();
    } else {
      run_by_chunk();
    }
  }

 private:
  [[nodiscard]] std::size_t tiles() const { return carried_.shape().tiles; }
  [[nodiscard]] std::size_t blocks() const { return (rows_.size() + chunk_ - 1) / chunk_; }
  [[nodiscard]] std::size_t busiest() const {
    return whole_ ? tiles() : program_.dated ? blocks() : std::max(tiles(), chunk_);
  }

  void run_by_tile() {
    crew_.run(tiles(), [this](std::size_t worker, std::size_t tile) {
      double* own = carried_.of(0, continues_ ? tile : worker);
      if (!continues_) carried_.reset(program_, 0, own);
      for (std::size_t row0 = 0; row0 < rows_.size(); row0 += chunk_) {
        crew_.breathe(worker);
        time_task(worker, 0, tile, own, row0);
      }
      kernels_.store_fence();
    });
  }

  void run_by_chunk() {
    for (std::size_t row0 = 0; row0 < rows_.size(); row0 += chunk_) {
      for (std::size_t s = 0; s < program_.stages.size(); ++s) {
        if (program_.stages[s].cross && out_.stocks == 0) continue;
        if (program_.stages[s].cross) {
          const std::size_t dates = std::min(chunk_, rows_.size() - row0);
          crew_.run(dates, [&](std::size_t worker, std::size_t r) {
            sections_.run(worker, s, row0 + r, r);
            kernels_.store_fence();
          });
        } else if (!program_.stages[s].time.steps.empty()) {
          crew_.run(tiles(), [&](std::size_t worker, std::size_t tile) {
            if (!continues_ && row0 == 0) carried_.reset(program_, s, carried_.of(s, tile));
            time_task(worker, s, tile, carried_.of(s, tile), row0);
            kernels_.store_fence();
          });
        }
      }
    }
  }

  // A worker takes some dates in a row, whose groups are likely the same; its boundaries hold a single date.
  void run_by_date() {
    crew_.run(out_.stocks == 0 ? 0 : blocks(), [this](std::size_t worker, std::size_t block) {
      const std::size_t end = std::min(rows_.size(), (block + 1) * chunk_);
      for (std::size_t row = block * chunk_; row < end; ++row) {
        for (std::size_t s = 0; s < program_.stages.size(); ++s) {
          if (program_.stages[s].cross) sections_.run(worker, s, row, worker);
        }
      }
      kernels_.store_fence();
    });
  }

  // ---- time stages ----

  // Some rows of a chunk for a block of stocks.
  struct Tile {
    std::size_t worker, stage, first, lanes, stored;  // `lanes` are stocks, the rest of the width is padding
    std::size_t row0, at, rows;                       // the chunk's first row, ours within it, and how many
    double* state;
    std::uint64_t number;  // of our first row since the first session ever

    [[nodiscard]] Tile strip(std::size_t from, std::size_t most) const {
      Tile t = *this;
      t.at = from;
      t.rows = std::min(most, rows - from);
      t.number += from;
      return t;
    }
  };

  void time_task(std::size_t worker, std::size_t s, std::size_t tile, double* own, std::size_t row0) {
    const std::size_t first = tile * width_;
    const Tile t{worker,
                 s,
                 first,
                 within(out_.stocks, first),
                 within(out_.pitch, first),  // padding of the output's rows is filled with padding
                 row0,
                 0,
                 std::min(chunk_, rows_.size() - row0),
                 own,
                 first_ + row0};
    write_literals(t);
    for (const auto& chain : program_.stages[s].time.chains) {
      const std::size_t rows = chain.by_row ? strip_ : t.rows;
      for (std::size_t at = 0; at < t.rows; at += rows) {
        const Tile strip = t.strip(at, rows);
        const auto& steps = program_.stages[s].time.steps;
        for (std::size_t i = chain.begin; i < chain.end; ++i) {
          if (steps[i].direct && (steps[i + 1].kind == StepKind::to_output ? direct_ : far_)) {
            call_direct(strip, steps[i], steps[i + 1]);
            ++i;
          } else {
            execute(strip, steps[i]);
          }
        }
      }
    }
    if (out_.layout == Layout::sample) unstage_tile(t);
  }

  void execute(const Tile& t, const Step& step) {
    switch (step.kind) {
      case StepKind::panel: return load_panel(t, step);
      case StepKind::boundary: return load_boundary(t, step);
      case StepKind::kernel: return call(t, step);
      case StepKind::to_boundary: return save_boundary(t, step);
      case StepKind::to_output: return save_output(t, step);
    }
  }

  // How many of a tile's lanes lie before `end`; a tile may hold padding alone.
  [[nodiscard]] std::size_t within(std::size_t end, std::size_t first) const {
    return std::min(width_, end > first ? end - first : 0);
  }

  Ring ring(const Tile& t, std::uint32_t reg) {
    const auto& r = program_.stages[t.stage].time.registers[reg];
    const std::size_t offset = carried_.memory(t.stage).rings[reg] * pitch_;
    if (r.history > 0) return {t.state + offset, static_cast<std::uint32_t>(chunk_ + r.history)};
    return {scratch_.workers[t.worker].scratch.data() + offset, static_cast<std::uint32_t>(chunk_)};
  }

  double* literal(const Tile& t, std::size_t index) {
    const std::size_t slots = program_.stages[t.stage].time.scratch_slots * chunk_;
    return scratch_.workers[t.worker].scratch.data() + (slots + index) * pitch_;
  }

  void write_literals(const Tile& t) {
    const auto& literals = program_.stages[t.stage].time.literals;
    for (std::size_t i = 0; i < literals.size(); ++i) std::fill_n(literal(t, i), width_, literals[i]);
  }

  Operand operand(const Tile& t, const Source& source) {
    if (source.literal) return {{literal(t, source.index), 1}, 0};
    return {ring(t, source.index), source.lag};
  }

  double* row_of(const Ring& ring, std::uint64_t row) const { return ring.base + row % ring.rows * pitch_; }

  // The row an export reads: `lag` sessions before `row`. Sessions before the first are NaN rows of the ring.
  const double* late_row(const Operand& from, std::uint64_t row) const {
    return row_of(from.ring, row + from.ring.rows - from.lag % from.ring.rows);
  }

  void load_panel(const Tile& t, const Step& step) {
    const auto& input = inputs_[step.number];
    const Ring to = ring(t, step.out[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      double* row = row_of(to, t.number + r);
      const double* from = input.row(static_cast<std::size_t>(rows_[t.row0 + t.at + r]));
      if (program_.axes[step.number] == InputAxis::market) {
        std::fill_n(row, width_, *from);
      } else {
        take_lanes(t, from, row);
      }
    }
  }

  // A tile's part of a row; a tile of padding alone has none, and there may be no row either.
  void take_lanes(const Tile& t, const double* row, double* to) const {
    if (t.lanes > 0) std::memcpy(to, row + t.first, t.lanes * sizeof(double));
    std::fill(to + t.lanes, to + width_, kMissing);
  }

  void load_boundary(const Tile& t, const Step& step) {
    const Ring to = ring(t, step.out[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      take_lanes(t, sections_.boundary(step.number, t.at + r), row_of(to, t.number + r));
    }
  }

  void save_boundary(const Tile& t, const Step& step) {
    if (t.lanes == 0) return;
    const Operand from = operand(t, step.in[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      const double* row = late_row(from, t.number + r);
      double* to = sections_.boundary(step.number, t.at + r) + t.first;
      if (far_) {
        kernels_.stream_copy(row, to, t.lanes);
      } else {
        std::memcpy(to, row, t.lanes * sizeof(double));
      }
    }
  }

  // A kernel and the output, or the boundary, that its result is.
  void call_direct(const Tile& t, const Step& step, const Step& to) {
    constexpr std::size_t kMost = kStripDoubles / kGroup;
    float* rows[kMost];
    double* far[kMost];
    const bool out = to.kind == StepKind::to_output;
    for (std::size_t r = 0; r < t.rows; ++r) {
      if (out) {
        rows[r] = sink_.direct_row(to.number, session(t.row0 + t.at + r), t.first);
      } else {
        far[r] = sections_.boundary(to.number, t.at + r) + t.first;
      }
    }
    TimeArgs a;
    a.direct = out ? rows : nullptr;
    a.far = out ? nullptr : far;
    a.direct_lanes = static_cast<std::uint32_t>(out ? t.stored : within(stride_, t.first));
    call(t, step, a);
  }

  // What the same worker will load next into a value that is a column of the panel.
  Coming coming(const Tile& t, const Source& source) {
    if (!whole_ || source.literal || t.row0 + t.at + 2 * t.rows > rows_.size()) return {};
    const std::uint32_t panel = program_.stages[t.stage].time.registers[source.index].panel;
    if (panel == Register::kNotPanel || program_.axes[panel] != InputAxis::stock) return {};
    const auto& input = inputs_[panel];
    return {input.row(session(t.row0 + t.at + t.rows)) + t.first, input.row_stride};
  }

  void call(const Tile& t, const Step& step, TimeArgs a = {}) {
    Operand in[3];
    Ring out[kMostOutputs];
    for (std::size_t i = 0; i < step.in.size(); ++i) in[i] = operand(t, step.in[i]);
    for (std::size_t o = 0; o < step.out.size(); ++o) out[o] = ring(t, step.out[o]);
    a.in = in;
    for (std::size_t i = 0; i < std::min<std::size_t>(2, step.in.size()); ++i) a.coming[i] = coming(t, step.in[i]);
    a.out = out;
    a.give = step.give.data();
    a.outputs = step.out.size();
    a.state = t.state + step.state * pitch_;
    a.row0 = t.number;
    a.rows = static_cast<std::uint32_t>(t.rows);
    a.width = static_cast<std::uint32_t>(width_);
    a.pitch = static_cast<std::uint32_t>(pitch_);
    a.window = step.window;
    a.offset = step.offset;
    a.min_periods = step.min_periods;
    a.alpha = step.alpha;
    a.numbers = step.numbers.data();
    kernels_.time[static_cast<std::size_t>(step.op)](a);
  }

  // ---- outputs ----

  [[nodiscard]] std::size_t session(std::size_t row) const { return static_cast<std::size_t>(rows_[row]); }

  void save_output(const Tile& t, const Step& step) {
    const Operand from = operand(t, step.in[0]);
    for (std::size_t r = 0; r < t.rows; ++r) {
      const double* row = late_row(from, t.number + r);
      if (out_.layout == Layout::feature) {
        sink_.row(row, step.number, session(t.row0 + t.at + r), t.first, t.stored);
      } else {
        std::memcpy(scratch_.workers[t.worker].staging.data() + (step.staged * chunk_ + t.at + r) * width_, row,
                    width_ * sizeof(double));
      }
    }
  }

  void unstage_tile(const Tile& t) {
    const auto& outputs = program_.stages[t.stage].time.outputs;
    for (std::size_t r = 0; r < t.rows; ++r) {
      const double* staging = scratch_.workers[t.worker].staging.data() + r * width_;
      sink_.samples(staging, chunk_ * width_, outputs, session(t.row0 + t.at + r) * out_.stocks + t.first, t.lanes);
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

  const Program& program_;
  const KernelTable& kernels_;
  std::span<const PanelView<const double>> inputs_;
  std::span<const std::int64_t> rows_;
  const Output& out_;
  Carried& carried_;
  Scratch& scratch_;
  std::uint64_t first_;  // sessions before this run
  bool continues_;       // the state of every tile outlives the run
  bool* begun_;
  Sink sink_;
  bool whole_;  // a single time stage: tiles run through all sessions
  std::size_t chunk_, width_, stride_, pitch_, strip_;
  bool direct_;  // kernels store results themselves
  bool far_;     // the boundaries of a chunk are more than the second-level cache holds
  Crew crew_;
  Sections sections_;
};

}  // namespace

RunStats run_task(const Task& task, const RunOptions& options) {
  Run(task, options).go();
  return {.chunk = task.carried.shape().chunk,
          .width = task.carried.shape().width,
          .state_bytes = task.carried.bytes(),
          .scratch_bytes = task.scratch.worker_bytes(),
          .boundary_bytes = task.scratch.boundaries.size() * sizeof(double)};
}

Executor::Executor(Plan plan, const KernelTable& kernels)
    : plan_(std::move(plan)), kernels_(&kernels), program_(std::make_unique<Program>(assign(plan_, kernels))) {}
Executor::~Executor() = default;
Executor::Executor(Executor&&) noexcept = default;

std::size_t Executor::lookback() const noexcept { return program_->lookback; }

RunStats Executor::run(std::span<const PanelView<const double>> inputs, std::span<const std::int64_t> rows,
                       const Output& out, const RunOptions& options) const {
  Output target = out;
  if (target.pitch == 0) target.pitch = target.stocks;
  check_task(plan_, inputs, rows, target, options);
  if (out.sessions == 0 || out.stocks == 0) return {};
  const Shape shape = choose_shape(*program_, target.stocks, rows.size(), options);
  const bool by_tile = program_->stages.size() == 1;  // one state for each worker is enough
  Carried carried(*program_, shape, by_tile ? std::min(options.threads, shape.tiles) : shape.tiles);
  Scratch scratch;
  return run_task({*program_, *kernels_, inputs, rows, target, carried, scratch}, options);
}

}  // namespace jqfast
