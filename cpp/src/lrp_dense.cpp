// LRP through dense nets: checks, the packing of the weights, and the strips dealt out to threads.
#include "jqfast/lrp.hpp"

#include <array>
#include <exception>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <utility>

#include "../kernels/lrp_dense.inl.hpp"

namespace jqfast {
namespace {

constexpr std::array<std::pair<std::string_view, Activation>, 8> kActivations = {{
    {"linear", Activation::linear},
    {"tanh", Activation::tanh},
    {"relu", Activation::relu},
    {"sigmoid", Activation::sigmoid},
    {"elu", Activation::elu},
    {"gelu", Activation::gelu},
    {"gelu_tanh", Activation::gelu_tanh},
    {"silu", Activation::silu},
}};

constexpr std::array<std::pair<std::string_view, LrpRule>, 8> kRules = {{
    {"lrp0", LrpRule::lrp0},
    {"epsilon", LrpRule::epsilon},
    {"gamma", LrpRule::gamma},
    {"alphabeta", LrpRule::alphabeta},
    {"zplus", LrpRule::zplus},
    {"wsquare", LrpRule::wsquare},
    {"flat", LrpRule::flat},
    {"zbox", LrpRule::zbox},
}};

template <class Table>
auto find_named(const Table& table, std::string_view name, std::string_view kind) {
  for (const auto& [known, value] : table)
    if (known == name) return value;
  throw std::invalid_argument("Unknown " + std::string(kind) + " `" + std::string(name) + "`.");
}

template <class Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  names.reserve(table.size());
  for (const auto& entry : table) names.emplace_back(entry.first);
  return names;
}

void require(bool fits, const std::string& message) {
  if (!fits) throw std::invalid_argument(message);
}

template <class T>
void check_rule(const DenseLayer<T>& layer, std::size_t index) {
  const RuleSpec<T>& rule = layer.rule;
  const std::string where = " (layer " + std::to_string(index) + ").";
  require(rule.epsilon >= T(0), "`epsilon` must be 0 or more" + where);
  require(rule.gamma >= T(0), "`gamma` must be 0 or more" + where);
  if (rule.rule == LrpRule::zbox) {
    require(index == 0, "Rule `zbox` is for the first layer only" + where);
    require(rule.low.size() == layer.inputs && rule.high.size() == layer.inputs,
            "`low` and `high` must have one value per input" + where);
  }
  if (rule.activation_denominator)
    require(rule.rule == LrpRule::epsilon || rule.rule == LrpRule::lrp0,
            "The activation as denominator is defined for `epsilon` and `lrp0` only" + where);
}

template <class T>
void check_layers(const LrpTask<T>& task) {
  require(!task.layers.empty(), "`weights` must hold at least one layer.");
  for (std::size_t l = 0; l < task.layers.size(); ++l) {
    const DenseLayer<T>& layer = task.layers[l];
    const std::string where = " (layer " + std::to_string(l) + ").";
    require(layer.inputs > 0 && layer.outputs > 0, "A layer needs at least one input and one output" + where);
    require(layer.weights.size() == layer.inputs * layer.outputs, "`weights` have the wrong size" + where);
    require(layer.bias.size() == layer.outputs, "`biases` must have one value per output" + where);
    require(l == 0 || layer.inputs == task.layers[l - 1].outputs,
            "A layer must have as many inputs as the one below has outputs" + where);
    check_rule(layer, l);
  }
  require(task.output < task.layers.back().outputs, "`output` must be less than the number of outputs.");
}

template <class T>
void check_arrays(const LrpTask<T>& task) {
  const std::size_t cells = task.samples * task.layers.front().inputs;
  const auto per_sample = [&](std::size_t size) { return size == 0 || size == task.samples; };
  require(task.x.size() == cells, "`x` must be samples x inputs of the first layer.");
  require(task.relevance.size() == cells, "`out` must have the shape of `x`.");
  require(per_sample(task.start.size()), "`start` must have one value per sample.");
  require(per_sample(task.residual.size()), "`residual` must have one value per sample.");
  require(per_sample(task.prediction.size()), "`prediction` must have one value per sample.");
  require(task.threads >= 1 && task.threads <= 1024, "`threads` must be 1 to 1024.");
}

template <class T>
std::vector<kernel::PackedLayer<T>> pack(const LrpTask<T>& task) {
  std::vector<kernel::PackedLayer<T>> packed;
  for (const DenseLayer<T>& layer : task.layers) {
    std::vector<std::size_t> columns(layer.outputs);
    std::iota(columns.begin(), columns.end(), std::size_t{0});
    if (&layer == &task.layers.back()) columns = {task.output};  // the other heads start with no relevance
    packed.push_back(kernel::pack_layer(layer, columns));
  }
  return packed;
}

template <class T>
void run_strips(const LrpTask<T>& task, std::span<const kernel::PackedLayer<T>> layers, std::size_t first,
                std::size_t last) {
  kernel::Strip<T, 16> strip(layers);
  for (std::size_t s = first * kernel::kLanes; s < std::min(last * kernel::kLanes, task.samples); s += kernel::kLanes)
    strip.run(task, s, std::min(kernel::kLanes, task.samples - s));
}

}  // namespace

Activation activation_from(std::string_view name) { return find_named(kActivations, name, "activation"); }
LrpRule lrp_rule_from(std::string_view name) { return find_named(kRules, name, "rule"); }
std::vector<std::string> activation_names() { return names_of(kActivations); }
std::vector<std::string> lrp_rule_names() { return names_of(kRules); }

template <class T>
void lrp_dense(const LrpTask<T>& task) {
  check_layers(task);
  check_arrays(task);
  const std::vector<kernel::PackedLayer<T>> layers = pack(task);
  const std::size_t strips = (task.samples + kernel::kLanes - 1) / kernel::kLanes;
  const std::size_t workers = std::max<std::size_t>(1, std::min<std::size_t>(task.threads, strips));
  if (workers == 1) return run_strips<T>(task, layers, 0, strips);

  std::vector<std::exception_ptr> failures(workers);
  {
    std::vector<std::jthread> threads;  // joined at the end of this block, also when starting one of them throws
    threads.reserve(workers);
    for (std::size_t w = 0; w < workers; ++w)
      threads.emplace_back([&, w] {
        try {
          run_strips<T>(task, layers, strips * w / workers, strips * (w + 1) / workers);
        } catch (...) {
          failures[w] = std::current_exception();
        }
      });
  }
  for (const std::exception_ptr& failure : failures)
    if (failure) std::rethrow_exception(failure);
}

template void lrp_dense<float>(const LrpTask<float>&);
template void lrp_dense<double>(const LrpTask<double>&);

}  // namespace jqfast
