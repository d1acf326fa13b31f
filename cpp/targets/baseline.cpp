// The kernels for the baseline build.
#define JQFAST_TARGET baseline
#include "all.inl.hpp"

namespace jqfast {

const KernelTable& baseline_kernels() noexcept {
  static const KernelTable table = baseline::make_table("baseline");
  return table;
}

}  // namespace jqfast
