#include "arrays.hpp"

#include <pybind11/stl.h>

#include <algorithm>

namespace py = pybind11;

namespace jqfast {
namespace {

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

}  // namespace

void SignalPoll::operator()() {
  const auto now = std::chrono::steady_clock::now();
  if (now - last_ < std::chrono::milliseconds(50)) return;
  last_ = now;
  const py::gil_scoped_acquire gil;
  if (PyErr_CheckSignals() != 0) throw py::error_already_set();
}

RunArguments view_arguments(const Plan& plan, const std::vector<py::array>& inputs, const py::array& rows,
                            py::array& out, const std::string& layout) {
  if (inputs.size() != plan.inputs.size()) {
    throw py::value_error("The plan needs " + std::to_string(plan.inputs.size()) + " inputs; got " +
                          std::to_string(inputs.size()) + ".");
  }
  require_array<std::int64_t>(rows, "rows");
  if (rows.ndim() != 1) throw py::value_error("`rows` must have one axis.");
  RunArguments views;
  views.out = view_output(out, layout, plan.outputs);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    views.inputs.push_back(view_input(inputs[i], plan.inputs[i], views.out.sessions));
    refuse_overlap(inputs[i], out);
  }
  views.rows = {static_cast<const std::int64_t*>(rows.data()), static_cast<std::size_t>(rows.shape(0))};
  return views;
}

py::dict as_dict(const RunStats& stats) {
  py::dict result;
  result["chunk"] = stats.chunk;
  result["width"] = stats.width;
  result["state_bytes"] = stats.state_bytes;
  result["scratch_bytes"] = stats.scratch_bytes;
  result["boundary_bytes"] = stats.boundary_bytes;
  return result;
}

}  // namespace jqfast
