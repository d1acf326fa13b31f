// Python's door to LRP: check and view, borrow the outputs, release the GIL, run.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "jqfast/lrp.hpp"

namespace py = pybind11;

namespace {

// (weights, bias, activation, rule, epsilon, gamma, alpha, beta, activation as denominator)
using LayerArgument = std::tuple<py::array, py::array, std::string, std::string, double, double, double, double, bool>;

[[noreturn]] void refuse(const std::string& name, const std::string& rule) {
  throw std::invalid_argument("`" + name + "` must be " + rule + ".");
}

// The array as it is, never a copy: dtype, dimensions and C order must fit.
template <class T>
std::span<const T> view(const py::array& array, const std::string& name, py::ssize_t dimensions) {
  if (!py::isinstance<py::array_t<T>>(array)) refuse(name, "of the dtype of `x`");
  if (array.ndim() != dimensions) refuse(name, std::to_string(dimensions) + "-dimensional");
  if ((static_cast<unsigned>(array.flags()) & static_cast<unsigned>(py::array::c_style)) == 0)
    refuse(name, "C-contiguous");
  return {static_cast<const T*>(array.data()), static_cast<std::size_t>(array.size())};
}

template <class T>
std::span<T> view_mutable(py::array& array, const std::string& name, py::ssize_t dimensions) {
  const std::span<const T> values = view<T>(array, name, dimensions);
  return {static_cast<T*>(array.mutable_data()), values.size()};  // mutable_data refuses read-only arrays
}

template <class T>
std::span<const T> view_optional(const py::object& array, const std::string& name) {
  if (array.is_none()) return {};
  return view<T>(array.cast<py::array>(), name, 1);
}

template <class T>
jqfast::DenseLayer<T> layer_from(const LayerArgument& argument) {
  const auto& [weights, bias, activation, rule, epsilon, gamma, alpha, beta, denominator] = argument;
  jqfast::DenseLayer<T> layer;
  layer.weights = view<T>(weights, "weights", 2);
  layer.bias = view<T>(bias, "biases", 1);
  layer.inputs = static_cast<std::size_t>(weights.shape(0));
  layer.outputs = static_cast<std::size_t>(weights.shape(1));
  layer.activation = jqfast::activation_from(activation);
  layer.rule.rule = jqfast::lrp_rule_from(rule);
  layer.rule.epsilon = static_cast<T>(epsilon);
  layer.rule.gamma = static_cast<T>(gamma);
  layer.rule.alpha = static_cast<T>(alpha);
  layer.rule.beta = static_cast<T>(beta);
  layer.rule.activation_denominator = denominator;
  return layer;
}

struct LrpArguments {
  py::array x;
  std::vector<LayerArgument> layers;
  py::array out, residual, prediction;
  std::size_t output = 0;
  bool redistribute = false;
  unsigned threads = 1;
  py::object start, low, high;
};

template <class T>
void run(LrpArguments& arguments) {
  jqfast::LrpTask<T> task;
  task.x = view<T>(arguments.x, "x", 2);
  task.samples = static_cast<std::size_t>(arguments.x.shape(0));
  std::vector<jqfast::DenseLayer<T>> layers;
  layers.reserve(arguments.layers.size());
  for (const LayerArgument& layer : arguments.layers) layers.push_back(layer_from<T>(layer));
  if (!layers.empty()) {
    layers.front().rule.low = view_optional<T>(arguments.low, "low");
    layers.front().rule.high = view_optional<T>(arguments.high, "high");
    if (arguments.x.shape(1) != static_cast<py::ssize_t>(layers.front().inputs))
      refuse("x", "samples x inputs of the first layer");
  }
  task.layers = layers;
  task.output = arguments.output;
  task.redistribute = arguments.redistribute;
  task.threads = arguments.threads;
  task.start = view_optional<T>(arguments.start, "start");
  task.relevance = view_mutable<T>(arguments.out, "out", 2);
  task.residual = view_mutable<T>(arguments.residual, "residual", 1);
  task.prediction = view_mutable<T>(arguments.prediction, "prediction", 1);
  // Safe without the GIL: `task` holds plain pointers into arrays that `arguments` keeps alive, and no Python runs
  // below.
  const py::gil_scoped_release unlocked;
  jqfast::lrp_dense(task);
}

void lrp_dense(const py::array& x, const std::vector<LayerArgument>& layers, const py::array& out,
               const py::array& residual, const py::array& prediction, std::size_t output, bool redistribute,
               unsigned threads, const py::object& start, const py::object& low, const py::object& high) {
  LrpArguments arguments{x, layers, out, residual, prediction, output, redistribute, threads, start, low, high};
  if (py::isinstance<py::array_t<float>>(x)) return run<float>(arguments);
  if (py::isinstance<py::array_t<double>>(x)) return run<double>(arguments);
  refuse("x", "float32 or float64");
}

}  // namespace

void bind_lrp(py::module_& module) {
  module.def("lrp_dense", &lrp_dense, py::arg("x"), py::arg("layers"), py::kw_only(), py::arg("out"),
             py::arg("residual"), py::arg("prediction"), py::arg("output") = 0, py::arg("redistribute") = false,
             py::arg("threads") = 1, py::arg("start") = py::none(), py::arg("low") = py::none(),
             py::arg("high") = py::none(),
             "Fill `out` with the relevance of each input; see jqfast.explain.lrp_dense.");
  module.def("activation_names", &jqfast::activation_names, "The activations that lrp_dense knows.");
  module.def("lrp_rule_names", &jqfast::lrp_rule_names, "The rules that lrp_dense knows.");
}
