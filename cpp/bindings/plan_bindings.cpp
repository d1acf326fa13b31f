// Plans and their execution.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "jqfast/executor.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

py::dict run(const Executor& executor, const std::vector<py::array>& inputs, const py::array& rows, py::array out,
             const std::string& layout, std::size_t threads, std::size_t chunk, std::size_t width) {
  const RunArguments arguments = view_arguments(executor.plan(), inputs, rows, out, layout);
  RunStats stats;
  {
    // Safe: the arrays are held by this frame, their buffers are not touched by Python code until it returns, and
    // the executor calls back only through SignalPoll, which takes the GIL itself.
    const py::gil_scoped_release release;
    stats = executor.run(arguments.inputs, arguments.rows, arguments.out, {threads, chunk, width, SignalPoll{}});
  }
  return as_dict(stats);
}

py::list operators() {
  py::list names;
  for (std::size_t i = 0; i < kOpCount; ++i) {
    const auto name = facts(static_cast<Op>(i)).name;
    names.append(py::str(name.data(), name.size()));
  }
  return names;
}

}  // namespace

void bind_plan(py::module_& m) {
  py::class_<Executor>(m, "Plan", "A checked plan, ready to run. Immutable; any number of threads may run it.")
      .def(py::init([](const std::string& text) { return Executor(decode_plan(text), chosen_kernels()); }),
           py::arg("text"), "Decode and check plan text; raises PlanError naming the line and the rule.")
      .def_property_readonly("text", [](const Executor& e) { return e.plan().text; })
      .def_property_readonly("outputs", [](const Executor& e) { return e.plan().outputs; })
      .def_property_readonly("lookback", &Executor::lookback,
                             "Sessions before a row that the row may read; sys.maxsize or so for recursions.");
  m.def("run", &run, py::arg("plan"), py::arg("inputs"), py::arg("rows"), py::arg("out"), py::arg("layout"),
        py::arg("threads"), py::kw_only(), py::arg("chunk") = 0, py::arg("width") = 0,
        "Run a plan into `out`; returns what memory it took.");
  m.def("operators", &operators, "The names of all instructions.");
}

}  // namespace jqfast
