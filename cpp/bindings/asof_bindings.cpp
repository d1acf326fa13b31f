// Python's door to as-of joins: check and view, borrow the outputs, release the GIL, run.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <optional>

#include "bindings.hpp"
#include "jqfast/asof.hpp"
#include "views.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

void run_asof(const py::array& stock, const py::array& row, const py::array& order, const py::array& since,
              const py::array& values, py::array out, std::optional<py::array> ages, std::optional<py::array> listed,
              std::size_t first, std::optional<std::int64_t> max_age, bool record, std::size_t threads) {
  AsofTask task;
  task.events.stock = view<std::int64_t>(stock, "stock", 1);
  task.events.row = view<std::int64_t>(row, "row", 1);
  task.events.order = view<std::int64_t>(order, "order", 1);
  task.events.since = view<std::int64_t>(since, "since", 1);
  task.events.values = view<double>(values, "values", 2);
  task.events.columns = static_cast<std::size_t>(values.shape(1));
  task.values = view_output<double>(out, "out", 3);
  task.sessions = static_cast<std::size_t>(out.shape(1));
  task.stocks = static_cast<std::size_t>(out.shape(2));
  if (ages) task.ages = view_output<double>(*ages, "ages", 3);
  if (listed) task.listed = view<bool>(*listed, "listed", 2);
  task.first = first;
  if (max_age) task.max_age = *max_age;
  task.mode = record ? AsofMode::record : AsofMode::column;
  task.threads = threads;
  // Safe without the GIL: `task` holds plain pointers into arrays that the arguments keep alive, and no Python runs
  // below.
  const py::gil_scoped_release unlocked;
  asof(task);
}

}  // namespace

void bind_asof(py::module_& m) {
  m.def("asof", &run_asof, py::arg("stock"), py::arg("row"), py::arg("order"), py::arg("since"), py::arg("values"),
        py::kw_only(), py::arg("out"), py::arg("ages") = py::none(), py::arg("listed") = py::none(),
        py::arg("first") = 0, py::arg("max_age") = py::none(), py::arg("record") = false, py::arg("threads") = 1,
        "Fill `out` with the last known value of each stock on each session; see jqfast.data.asof.");
}

}  // namespace jqfast
