// How an LRP call runs. Private to the library.
#pragma once

#include <cstddef>
#include <functional>

#include "jqfast/lrp_kernels.hpp"

namespace jqfast {

// Explains all samples; the arrays have been checked. Returns the first sample that is not finite, or their number.
template <class T>
std::size_t run_lrp(const LrpPacked<T>& net, std::size_t heads, std::size_t width, const LrpArrays<T>& arrays,
                    const std::function<void()>& poll);

}  // namespace jqfast
