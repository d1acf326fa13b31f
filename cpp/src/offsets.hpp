// Where the blocks of each windowed instruction begin. Private to the library.
#pragma once

#include <cstdint>
#include <vector>

#include "jqfast/plan.hpp"

namespace jqfast {

// For every instruction, by the number of its first value, the place of the first session within a block of its
// window. Blocks of equal windows would otherwise all begin in the same session, and an update of that session would
// wait for the work of many. A place depends on what the instruction computes alone: a feature has the same bits
// whatever else is asked for.
[[nodiscard]] std::vector<std::uint32_t> block_offsets(const Plan& plan);

}  // namespace jqfast
