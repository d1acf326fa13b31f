#include "lanes.hpp"

#include <cstring>
#include <vector>

namespace jqfast {
namespace {

// visit(pointer, count) for every piece of a group's state, in the order of the program.
template <class State, class Visit>
void each_piece(const Program& program, State& carried, std::uint64_t rows, std::size_t group, Visit visit) {
  const Shape& shape = carried.shape();
  const std::size_t tile = group * kGroup / shape.width, lane = group * kGroup % shape.width;
  for (std::size_t s = 0; s < program.stages.size(); ++s) {
    if (program.stages[s].cross) continue;
    const TimeStage& stage = program.stages[s].time;
    auto* state = carried.of(s, tile);
    for (const auto& step : stage.steps) {
      if (step.slots > 0) visit(state + step.state * shape.pitch + lane * step.slots, step.slots * kGroup);
    }
    for (std::size_t reg = 0; reg < stage.registers.size(); ++reg) {
      const std::uint64_t history = stage.registers[reg].history, length = shape.chunk + history;
      auto* ring = state + carried.memory(s).rings[reg] * shape.pitch + lane;
      for (std::uint64_t age = history; age > 0; --age) {  // a multiple of the length keeps the difference positive
        visit(ring + (rows + length - age) % length * shape.pitch, kGroup);
      }
    }
  }
}

}  // namespace

std::size_t group_size(const Program& program) noexcept {
  std::size_t doubles = 0;
  for (const auto& stage : program.stages) {
    doubles += stage.time.kernel_state;
    for (const auto& reg : stage.time.registers) doubles += reg.history;
  }
  return doubles * kGroup;
}

void read_group(const Program& program, const Carried& carried, std::uint64_t rows, std::size_t group, double* to) {
  each_piece(program, carried, rows, group, [&to](const double* piece, std::size_t count) {
    std::memcpy(to, piece, count * sizeof(double));
    to += count;
  });
}

void write_group(const Program& program, Carried& carried, std::uint64_t rows, std::size_t group, const double* from) {
  each_piece(program, carried, rows, group, [&from](double* piece, std::size_t count) {
    std::memcpy(piece, from, count * sizeof(double));
    from += count;
  });
}

void spread_ghost(const Program& program, Carried& carried, std::uint64_t rows, std::size_t ghost, std::size_t first) {
  std::vector<double> group(group_size(program));
  read_group(program, carried, rows, ghost / kGroup, group.data());
  for (std::size_t i = 0; i < group.size(); i += kGroup) {
    std::fill_n(group.data() + i, kGroup, group[i + ghost % kGroup]);
  }
  for (std::size_t g = first; g < carried.shape().groups(); ++g) {
    write_group(program, carried, rows, g, group.data());
  }
}

Carried reshaped(const Program& program, const Carried& from, std::uint64_t rows, std::size_t ghost, const Shape& to) {
  Carried result(program, to);  // rings are longer than the histories that are copied
  std::vector<double> group(group_size(program));
  const std::size_t known = std::min(from.shape().groups(), to.groups());
  for (std::size_t g = 0; g < known; ++g) {
    read_group(program, from, rows, g, group.data());
    write_group(program, result, rows, g, group.data());
  }
  spread_ghost(program, result, rows, ghost, known);
  return result;
}

}  // namespace jqfast
