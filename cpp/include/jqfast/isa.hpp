// Which kernel build is used: chosen once, by what the processor has or by JQFAST_ISA.
#pragma once

#include <string>
#include <vector>

#include "jqfast/kernel_table.hpp"

namespace jqfast {

// The builds this processor can run, best last; "baseline" always is among them.
[[nodiscard]] std::vector<std::string> supported_isas();

// Loads the build named `wish` from `folder`, or the best supported one when `wish` is empty. Throws
// std::invalid_argument for a name that is unknown or that this processor cannot run, Error when the library is
// missing or does not fit. The library stays loaded for the life of the process.
[[nodiscard]] const KernelTable& load_kernels(const std::string& folder, const std::string& wish);

}  // namespace jqfast
