// Python's door to LRP: check and view, borrow the outputs, release the GIL, run.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstddef>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "jqfast/lrp.hpp"

namespace py = pybind11;

namespace jqfast {
namespace {

// (weights, bias, activation, rule, epsilon, gamma, alpha, beta, activation as denominator)
using LayerArgument = std::tuple<py::array, py::array, std::string, std::string, double, double, double, double, bool>;
// (W_x, W_h, b)
using LstmArgument = std::tuple<py::array, py::array, py::array>;

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
std::span<T> view_mutable(std::optional<py::array>& array, const std::string& name, py::ssize_t dimensions) {
  if (!array) return {};
  const std::span<const T> values = view<T>(*array, name, dimensions);
  return {static_cast<T*>(array->mutable_data()), values.size()};  // mutable_data refuses read-only arrays
}

template <class T>
std::span<const T> view_optional(const std::optional<py::array>& array, const std::string& name,
                                 py::ssize_t dimensions) {
  if (!array) return {};
  return view<T>(*array, name, dimensions);
}

template <class T>
DenseLayer<T> layer_from(const LayerArgument& argument) {
  const auto& [weights, bias, activation, rule, epsilon, gamma, alpha, beta, denominator] = argument;
  DenseLayer<T> layer;
  layer.weights = view<T>(weights, "weights", 2);
  layer.bias = view<T>(bias, "biases", 1);
  layer.inputs = static_cast<std::size_t>(weights.shape(0));
  layer.outputs = static_cast<std::size_t>(weights.shape(1));
  layer.activation = activation_from(activation);
  layer.rule.rule = lrp_rule_from(rule);
  layer.rule.epsilon = static_cast<T>(epsilon);
  layer.rule.gamma = static_cast<T>(gamma);
  layer.rule.alpha = static_cast<T>(alpha);
  layer.rule.beta = static_cast<T>(beta);
  layer.rule.activation_denominator = denominator;
  return layer;
}

template <class T>
LstmLayer<T> layer_from(const LstmArgument& argument) {
  const auto& [w_x, w_h, bias] = argument;
  LstmLayer<T> layer;
  layer.w_x = view<T>(w_x, "W_x", 2);
  layer.w_h = view<T>(w_h, "W_h", 2);
  layer.bias = view<T>(bias, "b", 1);
  layer.inputs = static_cast<std::size_t>(w_x.shape(0));
  layer.hidden = static_cast<std::size_t>(w_h.shape(0));
  return layer;
}

template <class T, class Argument>
auto layers_from(const std::vector<Argument>& arguments) {
  std::vector<decltype(layer_from<T>(arguments.front()))> layers;
  layers.reserve(arguments.size());
  for (const Argument& argument : arguments) layers.push_back(layer_from<T>(argument));
  return layers;
}

// The arrays of a call as they came, kept alive while it runs.
struct Arguments {
  py::array x;
  std::vector<std::size_t> outputs;
  bool redistribute = false;
  unsigned threads = 1;
  std::optional<py::array> out = {}, residual = {}, prediction = {}, initial = {}, start = {}, low = {}, high = {},
                           groups = {}, sum = {}, size = {};
};

template <class T>
LrpArrays<T> arrays_from(Arguments& a, py::ssize_t dimensions) {
  LrpArrays<T> arrays;
  arrays.x = view<T>(a.x, "x", dimensions);
  arrays.samples = static_cast<std::size_t>(a.x.shape(0));
  arrays.start = view_optional<T>(a.start, "start", 2);
  arrays.relevance = view_mutable<T>(a.out, "out", dimensions + 1);
  arrays.residual = view_mutable<T>(a.residual, "residual", 2);
  arrays.prediction = view_mutable<T>(a.prediction, "prediction", 2);
  arrays.initial = view_mutable<T>(a.initial, "initial", 2);
  if (!a.out) {
    if (!a.groups) refuse("out", "given where `groups` is not");
    arrays.sums.group = view<std::int64_t>(*a.groups, "groups", 1);
    arrays.sums.sum = view_mutable<double>(a.sum, "sum", dimensions + 1);
    arrays.sums.size = view_mutable<double>(a.size, "size", dimensions + 1);
    arrays.sums.groups = a.sum ? static_cast<std::size_t>(a.sum->shape(1)) : 0;
  }
  arrays.threads = a.threads;
  return arrays;
}

template <class T>
std::size_t run_dense(Arguments& a, const std::vector<LayerArgument>& arguments) {
  const LrpArrays<T> arrays = arrays_from<T>(a, 2);
  std::vector<DenseLayer<T>> layers = layers_from<T>(arguments);
  if (!layers.empty()) {
    layers.front().rule.low = view_optional<T>(a.low, "low", 1);
    layers.front().rule.high = view_optional<T>(a.high, "high", 1);
    if (a.x.shape(1) != static_cast<py::ssize_t>(layers.front().inputs))
      refuse("x", "samples x inputs of the first layer");
  }
  const DenseNet<T> net{layers, a.outputs, a.redistribute};
  // Safe without the GIL: `net` and `arrays` hold plain pointers into arrays that the arguments keep alive; the poll
  // takes the GIL for itself.
  const py::gil_scoped_release unlocked;
  return lrp_dense(net, arrays, chosen_kernels(), SignalPoll());
}

struct Stack {
  std::vector<LstmArgument> layers;
  std::vector<LayerArgument> head;
  std::string pooling;
  std::optional<py::array> query;
  double epsilon = 0.0;
};

template <class T>
std::size_t run_lstm(Arguments& a, const Stack& stack) {
  const LrpArrays<T> arrays = arrays_from<T>(a, 3);
  const std::vector<LstmLayer<T>> layers = layers_from<T>(stack.layers);
  const std::vector<DenseLayer<T>> head = layers_from<T>(stack.head);
  if (!layers.empty() && a.x.shape(2) != static_cast<py::ssize_t>(layers.front().inputs))
    refuse("x", "samples x sessions x inputs of the first layer");
  LstmNet<T> net;
  net.layers = layers;
  net.head = {head, a.outputs, a.redistribute};
  net.length = static_cast<std::size_t>(a.x.shape(1));
  net.pooling = pooling_from(stack.pooling);
  net.query = view_optional<T>(stack.query, "query", 1);
  net.epsilon = static_cast<T>(stack.epsilon);
  // Safe without the GIL: as above.
  const py::gil_scoped_release unlocked;
  return lrp_lstm(net, arrays, chosen_kernels(), SignalPoll());
}

using Optional = std::optional<py::array>;

std::size_t dense(const py::array& x, const std::vector<LayerArgument>& layers, std::vector<std::size_t> outputs,
                  bool redistribute, unsigned threads, Optional out, Optional residual, Optional prediction,
                  Optional start, Optional low, Optional high, Optional groups, Optional sum, Optional size) {
  Arguments a{x, std::move(outputs), redistribute, threads};
  a.out = std::move(out);
  a.residual = std::move(residual);
  a.prediction = std::move(prediction);
  a.start = std::move(start);
  a.low = std::move(low);
  a.high = std::move(high);
  a.groups = std::move(groups);
  a.sum = std::move(sum);
  a.size = std::move(size);
  if (py::isinstance<py::array_t<float>>(x)) return run_dense<float>(a, layers);
  if (py::isinstance<py::array_t<double>>(x)) return run_dense<double>(a, layers);
  refuse("x", "float32 or float64");
}

std::size_t lstm(const py::array& x, std::vector<LstmArgument> layers, std::vector<LayerArgument> head,
                 std::string pooling, Optional query, double epsilon, std::vector<std::size_t> outputs,
                 bool redistribute, unsigned threads, Optional out, Optional residual, Optional prediction,
                 Optional initial, Optional start, Optional groups, Optional sum, Optional size) {
  const Stack stack{std::move(layers), std::move(head), std::move(pooling), std::move(query), epsilon};
  Arguments a{x, std::move(outputs), redistribute, threads};
  a.out = std::move(out);
  a.residual = std::move(residual);
  a.prediction = std::move(prediction);
  a.initial = std::move(initial);
  a.start = std::move(start);
  a.groups = std::move(groups);
  a.sum = std::move(sum);
  a.size = std::move(size);
  if (py::isinstance<py::array_t<float>>(x)) return run_lstm<float>(a, stack);
  if (py::isinstance<py::array_t<double>>(x)) return run_lstm<double>(a, stack);
  refuse("x", "float32 or float64");
}

}  // namespace

void bind_lrp(py::module_& module) {
  using py::arg;
  const py::none none;
  module.def("lrp_dense", &dense, arg("x"), arg("layers"), py::kw_only(), arg("outputs"), arg("redistribute") = false,
             arg("threads") = 1, arg("out") = none, arg("residual") = none, arg("prediction") = none,
             arg("start") = none, arg("low") = none, arg("high") = none, arg("groups") = none, arg("sum") = none,
             arg("size") = none,
             "Fill `out`, or `sum` and `size`; returns the first sample that is not finite, or their number. See "
             "jqfast.explain.lrp_dense.");
  module.def("lrp_lstm", &lstm, arg("x"), arg("layers"), arg("head"), py::kw_only(), arg("pooling") = "last",
             arg("query") = none, arg("epsilon") = 1e-3, arg("outputs"), arg("redistribute") = false,
             arg("threads") = 1, arg("out") = none, arg("residual") = none, arg("prediction") = none,
             arg("initial") = none, arg("start") = none, arg("groups") = none, arg("sum") = none, arg("size") = none,
             "The same for a stack of LSTM layers. See jqfast.explain.lrp_lstm.");
  module.def("activation_names", &activation_names, "The activations that lrp_dense knows.");
  module.def("lrp_rule_names", &lrp_rule_names, "The rules that lrp_dense knows.");
}

}  // namespace jqfast
