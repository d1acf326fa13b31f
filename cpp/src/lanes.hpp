// The carried state stock by stock, apart from how tiles are cut. Private to the library.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memory.hpp"

namespace jqfast {

// Doubles that a group of stocks carries, over all stages: kGroup for each slot of a kernel and each row of a history.
[[nodiscard]] std::size_t group_size(const Program& program) noexcept;

// Copies the state of group `group` after `rows` sessions; `to` and `from` hold group_size doubles, in an order that
// depends on the program alone.
void read_group(const Program& program, const Carried& carried, std::uint64_t rows, std::size_t group, double* to);
void write_group(const Program& program, Carried& carried, std::uint64_t rows, std::size_t group, const double* from);

// Gives the groups from `first` on the state of lane `ghost`, whose inputs have been missing since the first session.
void spread_ghost(const Program& program, Carried& carried, std::uint64_t rows, std::size_t ghost, std::size_t first);

// The same state in another shape; stocks beyond the old one get the state of lane `ghost`.
[[nodiscard]] Carried reshaped(const Program& program, const Carried& from, std::uint64_t rows, std::size_t ghost,
                               const Shape& to);

}  // namespace jqfast
