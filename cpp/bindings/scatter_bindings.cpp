// Python's door to scattering: check and view, borrow the output, release the GIL, run.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>

#include "bindings.hpp"
#include "jqfast/scatter.hpp"
#include "views.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

void run_scatter(const py::array& values, std::optional<py::array> kept, const py::array& place, const py::array& moved,
                 const py::array& factor, double times, py::array out) {
  ScatterTask task;
  task.values = view<double>(values, "values", 1);
  task.every = !kept;
  if (kept) task.kept = view<std::int32_t>(*kept, "kept", 1);
  task.place = view<std::int64_t>(place, "place", 1);
  task.moved = view<std::int32_t>(moved, "moved", 1);
  task.factor = view<double>(factor, "factor", 1);
  task.times = times;
  task.out = view_output<double>(out, "out", 2);
  // Safe without the GIL: `task` holds plain pointers into arrays that the arguments keep alive, and no Python runs
  // below.
  const py::gil_scoped_release unlocked;
  scatter(task);
}

}  // namespace

void bind_scatter(py::module_& m) {
  m.def("scatter", &run_scatter, py::arg("values"), py::kw_only(), py::arg("kept"), py::arg("place"), py::arg("moved"),
        py::arg("factor"), py::arg("times"), py::arg("out"),
        "Put a field of a table's rows into its cells of `out`; see jqfast.data.stored.daily.");
}

}  // namespace jqfast
