// What the binding files share.
#pragma once

#include <pybind11/pybind11.h>

#include "jqfast/kernel_table.hpp"

namespace jqfast {

void bind_errors(pybind11::module_& m);
void bind_build(pybind11::module_& m);
void bind_plan(pybind11::module_& m);
void bind_session(pybind11::module_& m);
void bind_asof(pybind11::module_& m);
void bind_pages(pybind11::module_& m);
void bind_least_squares(pybind11::module_& m);
void bind_scatter(pybind11::module_& m);
void bind_lrp(pybind11::module_& m);

// The kernels chosen at import; loads them on first use.
const KernelTable& chosen_kernels();

}  // namespace jqfast
