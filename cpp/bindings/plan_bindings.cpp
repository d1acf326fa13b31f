// Plans and their execution.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <chrono>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "jqfast/error.hpp"
#include "jqfast/executor.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

// Calls the interpreter's signal handlers twenty times a second, so that Ctrl-C ends a run.
class SignalPoll {
 public:
  void operator()() {
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < std::chrono::milliseconds(50)) return;
    last_ = now;
    const py::gil_scoped_acquire gil;
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
  }

 private:
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

template <class T>
void require_array(const py::array& array, const std::string& name) {
  if (!py::isinstance<py::array_t<T>>(array)) {
    throw py::type_error("`" + name + "` must have dtype " + std::string(py::str(py::dtype::of<T>())) + "; got " +
                         std::string(py::str(array.dtype())) + ".");
  }
  if ((array.flags() & py::array::c_style) == 0) throw py::value_error("`" + name + "` must be C-contiguous.");
}

PanelView<const double> view_input(const py::array& array, const Input& input, std::size_t sessions) {
  require_array<double>(array, input.name);
  const bool stock = input.axis == InputAxis::stock;
  if (array.ndim() != (stock ? 2 : 1)) {
    const char* shape = stock ? "(T, N)" : input.axis == InputAxis::market ? "(T,)" : "(N,)";
    throw py::value_error("Input `" + input.name + "` must be " + shape + ".");
  }
  const auto first = static_cast<std::size_t>(array.shape(0));
  const auto* data = static_cast<const double*>(array.data());
  if (input.axis == InputAxis::code) return {data, sessions, first, 0};  // every session reads the same row
  const auto cols = stock ? static_cast<std::size_t>(array.shape(1)) : std::size_t{1};
  return {data, first, cols, cols};
}

// The distance between sessions of an (F, T, N) array whose rows may be padded; 0 when it is laid out otherwise.
std::size_t feature_pitch(const py::array& out) {
  const auto item = out.itemsize(), F = out.shape(0), T = out.shape(1), N = out.shape(2);
  if (N > 1 && out.strides(2) != item) return 0;
  py::ssize_t bytes = std::max<py::ssize_t>(N, 1) * item;  // of one row, where no stride tells
  if (T > 1) {
    bytes = out.strides(1);
    if (F > 1 && out.strides(0) != bytes * T) return 0;
  } else if (F > 1) {
    bytes = out.strides(0);
  }
  return bytes % item == 0 && bytes >= N * item ? static_cast<std::size_t>(bytes / item) : 0;
}

template <class T>
T* writable(py::array& out, Layout layout, std::size_t& pitch) {
  if (layout == Layout::sample) require_array<T>(out, "out");
  pitch = layout == Layout::feature ? feature_pitch(out) : static_cast<std::size_t>(out.shape(1));
  if (pitch == 0 && out.size() > 0) throw py::value_error("`out` must be C-contiguous, rows padded at most.");
  return static_cast<T*>(out.mutable_data());
}

Output view_output(py::array& out, const std::string& layout, std::size_t features) {
  if (layout != "feature" && layout != "sample") {
    throw py::value_error("`layout` must be `feature` or `sample`; got `" + layout + "`.");
  }
  if (out.ndim() != 3) throw py::value_error("`out` must have three axes.");
  Output view;
  view.layout = layout == "feature" ? Layout::feature : Layout::sample;
  const bool by_feature = view.layout == Layout::feature;
  view.sessions = static_cast<std::size_t>(out.shape(by_feature ? 1 : 0));
  view.stocks = static_cast<std::size_t>(out.shape(by_feature ? 2 : 1));
  if (static_cast<std::size_t>(out.shape(by_feature ? 0 : 2)) != features) {
    throw py::value_error("`out` must hold " + std::to_string(features) + " features.");
  }
  if (py::isinstance<py::array_t<float>>(out)) {
    view.f32 = writable<float>(out, view.layout, view.pitch);
  } else if (py::isinstance<py::array_t<double>>(out)) {
    view.f64 = writable<double>(out, view.layout, view.pitch);
  } else {
    throw py::type_error("`out` must have dtype float32 or float64; got " + std::string(py::str(out.dtype())) + ".");
  }
  return view;
}

void refuse_overlap(const py::array& a, const py::array& out) {
  const auto* low = static_cast<const char*>(a.data());
  const auto* out_low = static_cast<const char*>(out.data());
  const auto extent = out.size() == 0 ? 0 : out.strides(0) * out.shape(0);
  if (low < out_low + extent && out_low < low + a.nbytes()) {
    throw py::value_error("`out` must not share memory with an input.");
  }
}

py::dict run(const Executor& executor, const std::vector<py::array>& inputs, const py::array& rows, py::array out,
             const std::string& layout, std::size_t threads, std::size_t chunk, std::size_t width) {
  const Plan& plan = executor.plan();
  if (inputs.size() != plan.inputs.size()) {
    throw py::value_error("The plan needs " + std::to_string(plan.inputs.size()) + " inputs; got " +
                          std::to_string(inputs.size()) + ".");
  }
  require_array<std::int64_t>(rows, "rows");
  if (rows.ndim() != 1) throw py::value_error("`rows` must have one axis.");
  const Output output = view_output(out, layout, plan.outputs);
  std::vector<PanelView<const double>> views;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    views.push_back(view_input(inputs[i], plan.inputs[i], output.sessions));
    refuse_overlap(inputs[i], out);
  }
  const std::span<const std::int64_t> sessions(static_cast<const std::int64_t*>(rows.data()),
                                               static_cast<std::size_t>(rows.shape(0)));
  RunOptions options{threads, chunk, width, SignalPoll{}};
  RunStats stats;
  {
    // Safe: the arrays are held by this frame, their buffers are not touched by Python code until it returns, and
    // the executor calls back only through SignalPoll, which takes the GIL itself.
    const py::gil_scoped_release release;
    stats = executor.run(views, sessions, output, options);
  }
  py::dict result;
  result["chunk"] = stats.chunk;
  result["width"] = stats.width;
  result["state_bytes"] = stats.state_bytes;
  result["scratch_bytes"] = stats.scratch_bytes;
  result["boundary_bytes"] = stats.boundary_bytes;
  return result;
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
