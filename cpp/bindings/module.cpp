// The Python module `_core`. Each function: check and view, allocate or take the output, release the GIL, run.
#include <pybind11/pybind11.h>

#include "bindings.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
  m.doc() = "The compiled part of jqfast: plan execution and layer-wise relevance propagation.";
  jqfast::bind_errors(m);
  jqfast::bind_build(m);
  jqfast::bind_plan(m);
  jqfast::bind_session(m);
  jqfast::bind_asof(m);
  jqfast::bind_pages(m);
  jqfast::bind_least_squares(m);
  jqfast::bind_scatter(m);
  jqfast::bind_lrp(m);
}
