// Holds a plan against the references, value by value.
#pragma once

#include <string>
#include <vector>

#include "runs.hpp"

namespace jqfast::test {

// Runs `text` with every value of the plan stored and compares each with its reference, fed with the values that
// the executor itself computed for its arguments, so that errors do not add up along a plan. Then runs the plan as
// it stands: its outputs must be the same bits. Returns what went wrong first, "" if nothing did; `compared` counts
// cells.
std::string first_fault(const std::string& text, const std::vector<Panel>& inputs, const Setting& setting,
                        std::size_t& compared);

// The same as a check.
void verify(const std::string& text, const std::vector<Panel>& inputs, const std::string& label,
            const Setting& setting = {});

// verify() on one instruction, given as usual_words() does, over two or fewer inputs.
void verify_operation(Op op, const std::vector<Panel>& inputs, std::uint32_t window, std::uint32_t min_periods,
                      const std::string& label);

}  // namespace jqfast::test
