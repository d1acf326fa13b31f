// How an LRP call runs. Private to the library.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "jqfast/lrp_kernels.hpp"

namespace jqfast {

// Explains all samples of all jobs; the arrays have been checked. Returns for each job the first sample that is not
// finite, or their number.
template <class T>
std::vector<std::size_t> run_lrp(std::span<const LrpJob<T>> jobs, std::size_t threads,
                                 const std::function<void()>& poll);

}  // namespace jqfast
