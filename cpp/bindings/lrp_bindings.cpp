// Python's door to LRP: nets packed once; then check and view, borrow the outputs, release the GIL, run.
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
#include <variant>
#include <vector>

#include "arrays.hpp"
#include "bindings.hpp"
#include "jqfast/lrp.hpp"
#include "views.hpp"

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

template <class T>
std::span<T> view_mutable(std::optional<py::array>& array, const std::string& name, py::ssize_t dimensions) {
  if (!array) return {};
  return view_output<T>(*array, name, dimensions);
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

template <class T>
using Model = LrpModel<T>;

// What Python holds: a packed net and its kind.
struct LrpNet {
  std::variant<Model<float>, Model<double>> model;
  py::ssize_t dimensions = 2;  // of its inputs: samples x inputs, or samples x sessions x inputs

  [[nodiscard]] std::size_t width() const {
    return std::visit([](const auto& one) { return one.width; }, model);
  }
  [[nodiscard]] std::size_t heads() const {
    return std::visit([](const auto& one) { return one.heads; }, model);
  }
};

using Optional = std::optional<py::array>;

// One net's arrays of a run as they came, kept alive while it runs.
struct LrpArguments {
  const LrpNet* net = nullptr;
  py::array x;
  Optional out = {}, residual = {}, prediction = {}, initial = {}, start = {}, groups = {}, sum = {}, size = {};
};

template <class T>
LrpJob<T> job_from(LrpArguments& a) {
  const auto* model = std::get_if<Model<T>>(&a.net->model);
  if (model == nullptr) refuse("x", "of the dtype of the net");
  const py::ssize_t dimensions = a.net->dimensions;
  LrpJob<T> job{*model, {}};
  LrpArrays<T>& arrays = job.arrays;
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
  return job;
}

template <class T>
std::vector<std::size_t> run_all(std::vector<LrpArguments>& arguments, unsigned threads) {
  std::vector<LrpJob<T>> jobs;
  jobs.reserve(arguments.size());
  for (LrpArguments& a : arguments) jobs.push_back(job_from<T>(a));
  // Safe without the GIL: `jobs` holds packed nets and plain pointers into arrays that `arguments` keeps alive; the
  // poll takes the GIL for itself.
  const py::gil_scoped_release unlocked;
  return lrp_run<T>(jobs, threads, SignalPoll());
}

std::vector<std::size_t> run(std::vector<LrpArguments> arguments, unsigned threads) {
  if (arguments.empty()) return {};
  if (std::holds_alternative<Model<float>>(arguments.front().net->model)) return run_all<float>(arguments, threads);
  return run_all<double>(arguments, threads);
}

// (net, x, out, residual, prediction, initial, start)
using JobArgument = std::tuple<const LrpNet*, py::array, Optional, Optional, Optional, Optional, Optional>;

std::vector<std::size_t> run_jobs(const std::vector<JobArgument>& jobs, unsigned threads) {
  std::vector<LrpArguments> arguments;
  for (const auto& [net, x, out, residual, prediction, initial, start] : jobs) {
    if (net == nullptr) refuse("jobs", "(net, x, ...), each with a net");
    arguments.push_back({net, x, out, residual, prediction, initial, start});
  }
  return run(std::move(arguments), threads);
}

std::size_t run_means(const LrpNet& net, const py::array& x, const py::array& groups, const py::array& sum,
                      const py::array& size, Optional residual, Optional prediction, Optional start, unsigned threads) {
  LrpArguments a{&net, x};
  a.residual = std::move(residual);
  a.prediction = std::move(prediction);
  a.start = std::move(start);
  a.groups = groups;
  a.sum = sum;
  a.size = size;
  return run({a}, threads).front();
}

template <class T>
LrpNet dense_of(const std::vector<LayerArgument>& arguments, const std::vector<std::size_t>& outputs, bool redistribute,
                const Optional& low, const Optional& high) {
  std::vector<DenseLayer<T>> layers = layers_from<T>(arguments);
  layers.front().rule.low = view_optional<T>(low, "low", 1);
  layers.front().rule.high = view_optional<T>(high, "high", 1);
  return {lrp_model<T>(DenseNet<T>{layers, outputs, redistribute}, chosen_kernels()), 2};
}

LrpNet dense_net(const std::vector<LayerArgument>& layers, const std::vector<std::size_t>& outputs, bool redistribute,
                 const Optional& low, const Optional& high) {
  if (layers.empty()) refuse("weights", "given for at least one layer");
  const py::array& first = std::get<0>(layers.front());
  if (py::isinstance<py::array_t<float>>(first)) return dense_of<float>(layers, outputs, redistribute, low, high);
  if (py::isinstance<py::array_t<double>>(first)) return dense_of<double>(layers, outputs, redistribute, low, high);
  refuse("weights", "float32 or float64");
}

struct Stack {
  std::vector<LstmArgument> layers;
  std::vector<LayerArgument> head;
  std::size_t length = 0;
  std::string pooling;
  Optional query;
  double epsilon = 0.0;
};

template <class T>
LrpNet lstm_of(const Stack& stack, const std::vector<std::size_t>& outputs, bool redistribute) {
  const std::vector<LstmLayer<T>> layers = layers_from<T>(stack.layers);
  const std::vector<DenseLayer<T>> head = layers_from<T>(stack.head);
  LstmNet<T> net;
  net.layers = layers;
  net.head = {head, outputs, redistribute};
  net.length = stack.length;
  net.pooling = pooling_from(stack.pooling);
  net.query = view_optional<T>(stack.query, "query", 1);
  net.epsilon = static_cast<T>(stack.epsilon);
  return {lrp_model<T>(net, chosen_kernels()), 3};
}

LrpNet lstm_net(std::vector<LstmArgument> layers, std::vector<LayerArgument> head, std::size_t length,
                std::string pooling, Optional query, double epsilon, const std::vector<std::size_t>& outputs,
                bool redistribute) {
  if (layers.empty()) refuse("layers", "at least one LSTM layer");
  const py::array first = std::get<0>(layers.front());
  const Stack stack{std::move(layers), std::move(head), length, std::move(pooling), std::move(query), epsilon};
  if (py::isinstance<py::array_t<float>>(first)) return lstm_of<float>(stack, outputs, redistribute);
  if (py::isinstance<py::array_t<double>>(first)) return lstm_of<double>(stack, outputs, redistribute);
  refuse("W_x", "float32 or float64");
}

}  // namespace

void bind_lrp(py::module_& module) {
  using py::arg;
  const py::none none;
  py::class_<LrpNet>(module, "LrpNet", "A net packed for the instruction set, for any number of runs.")
      .def_property_readonly("width", &LrpNet::width, "Values per sample.")
      .def_property_readonly("heads", &LrpNet::heads, "Outputs that are explained.");
  module.def("lrp_dense_net", &dense_net, arg("layers"), py::kw_only(), arg("outputs"), arg("redistribute") = false,
             arg("low") = none, arg("high") = none, "A dense net. See jqfast.explain.lrp_dense.");
  module.def("lrp_lstm_net", &lstm_net, arg("layers"), arg("head"), py::kw_only(), arg("length"),
             arg("pooling") = "last", arg("query") = none, arg("epsilon") = 1e-3, arg("outputs"),
             arg("redistribute") = false, "A stack of LSTM layers. See jqfast.explain.lrp_lstm.");
  module.def("lrp_run", &run_jobs, arg("jobs"), py::kw_only(), arg("threads") = 1,
             "Fill the arrays of jobs (net, x, out, residual, prediction, initial, start); returns for each the first "
             "sample that is not finite, or their number.");
  module.def("lrp_means", &run_means, arg("net"), arg("x"), arg("groups"), arg("sum"), arg("size"), py::kw_only(),
             arg("residual") = none, arg("prediction") = none, arg("start") = none, arg("threads") = 1,
             "Add relevances and their sizes up by group; returns as lrp_run.");
  module.def("activation_names", &activation_names, "The activations that lrp_dense_net knows.");
  module.def("lrp_rule_names", &lrp_rule_names, "The rules that lrp_dense_net knows.");
}

}  // namespace jqfast
