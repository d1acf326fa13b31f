// The references by the names of operations.
#pragma once

#include <vector>

#include "jqfast/plan.hpp"
#include "reference/window.hpp"

namespace jqfast::test {

// Output `i` of an instruction of a time stage, for one stock.
std::vector<reference::Judged> by_reference(const Instr& instr, std::size_t i,
                                            const std::vector<reference::Series>& args);

// One date of an instruction of a cross stage.
std::vector<reference::Judged> across_by_reference(const Instr& instr, const std::vector<std::vector<double>>& args,
                                                   const std::vector<double>* groups);

// The largest error allowed, in units of the reference's scale.
double goal(const Instr& instr, std::size_t i);

}  // namespace jqfast::test
