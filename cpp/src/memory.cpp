#include "memory.hpp"

#include <limits>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace jqfast {
namespace {

// A tile's state and scratch should stay near the core. Narrow tiles cost more than a state that spills into the last
// level: below 64 stocks each row of an output is only a few cache lines. Plans of few instructions move memory above
// all: their tiles are as wide as fits into the second level, so that each row is a long run of it.
constexpr std::size_t kCacheBudget = std::size_t{4} << 20;
constexpr std::size_t kNearBudget = std::size_t{1} << 20;
constexpr std::size_t kMinWidth = 64;
constexpr std::size_t kMaxWidth = 128;
constexpr std::size_t kMaxNearWidth = 512;
constexpr std::size_t kBoundaryBudget = std::size_t{128} << 20;

// The width within bounds, in whole cache lines of float32, at which the busiest worker has least to do; of several the
// widest. A lane takes `bytes`.
std::size_t balanced_width(std::size_t stocks, std::size_t bytes, std::size_t threads) {
  constexpr std::size_t kStep = 16;
  const std::size_t far = std::clamp(kCacheBudget / bytes, kMinWidth + 2 * kStep, kMaxWidth);
  const std::size_t most = std::max(far, std::min(kNearBudget / bytes, kMaxNearWidth));
  std::size_t best = kMinWidth, least = SIZE_MAX;
  for (std::size_t width = kMinWidth; width <= most; width += kStep) {
    const std::size_t tiles = (stocks + width - 1) / width;
    const std::size_t work = (tiles + threads - 1) / threads * width;
    if (work <= least) best = width, least = work;
  }
  return best;
}

// Sessions per chunk. Each chunk of a plan with cross-sections ends at barriers and begins every kernel's walk anew:
// fewer, longer ones are better while their boundaries stay a small part of what such a plan reads and writes.
std::size_t usual_chunk(const Program& program, std::size_t stocks) {
  constexpr std::size_t kLong = 128, kUsual = 64, kDates = 16;
  if (program.dated) return kDates;
  const std::size_t boundaries = program.boundaries * kLong * row_length(stocks) * sizeof(double);
  return program.boundaries > 0 && boundaries <= kBoundaryBudget ? kLong : kUsual;
}

// Room for the outputs of the widest stage, before they are turned into samples.
std::size_t staging_size(const Program& program, const Shape& shape, std::size_t stride) {
  std::size_t most = 0;
  for (const auto& stage : program.stages) {
    most = std::max(most, stage.time.outputs.size() * shape.chunk * shape.width);
    std::size_t outputs = stage.section.direct.size();
    for (const auto& step : stage.section.steps) outputs += step.outputs.size();
    most = std::max(most, outputs * stride);
  }
  return most;
}

constexpr std::size_t kHugePage = std::size_t{2} << 20;

}  // namespace

// Large buffers ask for huge pages: a session reads a little of every stock's state, each in another page.
void Buffer::allocate(std::size_t size) {
  const std::size_t bytes = size * sizeof(double);
  const bool large = bytes >= 4 * kHugePage;
  const std::size_t alignment = large ? kHugePage : kAlign;
  auto* memory = static_cast<double*>(::operator new(bytes, std::align_val_t{alignment}));
  memory_ = std::unique_ptr<double, Release>(memory, Release{alignment});
#if defined(__linux__)
  if (large) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  size_ = size;
}

Memory lay_out(const TimeStage& stage, std::size_t chunk) {
  Memory m;
  m.state = stage.kernel_state;
  for (const auto& reg : stage.registers) {
    if (reg.history > 0) {
      m.rings.push_back(m.state);
      m.state += chunk + reg.history;
    } else {
      m.rings.push_back(reg.slot * chunk);
    }
  }
  m.scratch = stage.scratch_slots * chunk + stage.literals.size();
  return m;
}

Shape choose_shape(const Program& program, std::size_t stocks, std::size_t rows, const RunOptions& options) {
  const std::size_t wanted = options.chunk != 0 ? options.chunk : usual_chunk(program, stocks);
  const std::size_t chunk = std::min(wanted, std::max<std::size_t>(1, rows));
  std::size_t per_lane = 1;
  for (const auto& stage : program.stages) {
    const Memory m = lay_out(stage.time, chunk);
    per_lane = std::max(per_lane, (m.state + m.scratch) * sizeof(double));
  }
  std::size_t width = options.width;
  if (width == 0) width = balanced_width(stocks, per_lane, options.threads);
  return {chunk, std::min(width, row_length(std::max<std::size_t>(1, stocks))), stocks};
}

Carried::Carried(const Program& program, const Shape& shape, std::size_t owners)
    : shape_(shape), owners_(owners), states_(program.stages.size()) {
  for (const auto& stage : program.stages) memory_.push_back(lay_out(stage.time, shape.chunk));
  for (std::size_t s = 0; s < states_.size(); ++s) {
    if (!program.stages[s].cross) states_[s].allocate(memory_[s].state * shape.pitch * owners);
  }
}

std::size_t Carried::bytes() const noexcept {
  std::size_t doubles = 0;
  for (const auto& state : states_) doubles += state.size();
  return doubles * sizeof(double);
}

// Kernel state starts at zero, rings at NaN: the sessions before the first are missing.
void Carried::reset(const Program& program, std::size_t stage, double* state) const noexcept {
  const std::size_t kernels = program.stages[stage].time.kernel_state * shape_.pitch;
  std::fill_n(state, kernels, 0.0);
  std::fill_n(state + kernels, memory_[stage].state * shape_.pitch - kernels, std::numeric_limits<double>::quiet_NaN());
}

void Carried::reset(const Program& program) noexcept {
  for (std::size_t s = 0; s < states_.size(); ++s) {
    if (program.stages[s].cross) continue;
    for (std::size_t owner = 0; owner < owners_; ++owner) reset(program, s, of(s, owner));
  }
}

void Scratch::reserve(const Program& program, const KernelTable& kernels, const Carried& carried, const Output& out,
                      std::size_t threads) {
  const Shape& shape = carried.shape();
  const std::size_t stride = row_length(out.stocks);
  const bool crosses = program.stages.size() > 1;
  std::size_t scratch = 0;
  for (std::size_t s = 0; s < program.stages.size(); ++s) {
    scratch = std::max(scratch, carried.memory(s).scratch * shape.pitch);
  }
  const std::size_t between = program.boundaries * (program.dated ? threads : shape.chunk) * stride;
  if (boundaries.size() < between) boundaries.allocate(between);
  if (workers.size() < threads) workers.resize(threads);
  for (auto& w : workers) {
    w.scratch.reserve(scratch);
    w.row.reserve(stride);
    w.sort.reserve(crosses ? kernels.cross_scratch(out.stocks) / sizeof(double) + 1 : 0);
    w.groupings.resize(program.groupings.size());
    for (auto& g : w.groupings) g.reserve(kernels.group_scratch(out.stocks) / sizeof(double) + 1);
    if (out.layout == Layout::sample) w.staging.reserve(staging_size(program, shape, stride));
    w.staged.reserve(program.outputs);
  }
}

std::size_t Scratch::worker_bytes() const noexcept {
  std::size_t doubles = 0;
  for (const auto& w : workers) {
    doubles += w.scratch.size() + w.row.size() + w.sort.size() + w.staging.size();
    for (const auto& g : w.groupings) doubles += g.size();
  }
  return doubles * sizeof(double);
}

}  // namespace jqfast
