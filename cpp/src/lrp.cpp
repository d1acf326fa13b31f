// LRP: the names of rules and activations, and the checks of nets and arrays.
#include "jqfast/lrp.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "lrp_run.hpp"

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

constexpr std::array<std::pair<std::string_view, Pooling>, 3> kPoolings = {{
    {"last", Pooling::last},
    {"mean", Pooling::mean},
    {"attention", Pooling::attention},
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
void check_net(const DenseNet<T>& net) {
  require(!net.layers.empty(), "`weights` must hold at least one layer.");
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    const DenseLayer<T>& layer = net.layers[l];
    const std::string where = " (layer " + std::to_string(l) + ").";
    require(layer.inputs > 0 && layer.outputs > 0, "A layer needs at least one input and one output" + where);
    require(layer.weights.size() == layer.inputs * layer.outputs, "`weights` have the wrong size" + where);
    require(layer.bias.size() == layer.outputs, "`biases` must have one value per output" + where);
    require(l == 0 || layer.inputs == net.layers[l - 1].outputs,
            "A layer must have as many inputs as the one below has outputs" + where);
    check_rule(layer, l);
  }
  require(!net.outputs.empty(), "`output` must name at least one output.");
  for (const std::size_t output : net.outputs)
    require(output < net.layers.back().outputs, "`output` must be less than the number of outputs.");
}

template <class T>
void check_net(const LstmNet<T>& net) {
  require(!net.layers.empty(), "`layers` must hold at least one LSTM layer.");
  require(net.length > 0, "A sample needs at least one session.");
  require(net.epsilon >= T(0), "`epsilon` must be 0 or more.");
  for (std::size_t l = 0; l < net.layers.size(); ++l) {
    const LstmLayer<T>& layer = net.layers[l];
    const std::string where = " (LSTM layer " + std::to_string(l) + ").";
    require(layer.inputs > 0 && layer.hidden > 0, "A layer needs at least one input and one unit" + where);
    require(layer.w_x.size() == layer.inputs * 4 * layer.hidden, "`W_x` must be (inputs, 4 hidden)" + where);
    require(layer.w_h.size() == layer.hidden * 4 * layer.hidden, "`W_h` must be (hidden, 4 hidden)" + where);
    require(layer.bias.size() == 4 * layer.hidden, "`b` must be (4 hidden,)" + where);
    require(l == 0 || layer.inputs == net.layers[l - 1].hidden,
            "A layer must have as many inputs as the one below has units" + where);
  }
  check_net(net.head);
  require((net.pooling == Pooling::attention) == !net.query.empty() &&
              (net.query.empty() || net.query.size() == net.layers.back().hidden),
          "`query` must have one value per unit with pooling `attention`, and none otherwise.");
  require(net.head.layers.front().inputs == net.layers.back().hidden,
          "The head must have as many inputs as the last layer has units.");
  require(net.head.layers.front().rule.rule != LrpRule::zbox, "Rule `zbox` is for inputs, not for a head.");
}

template <class T>
void check_sums(const LrpArrays<T>& arrays, std::size_t heads, std::size_t width) {
  const LrpSums& sums = arrays.sums;
  require(sums.group.size() == arrays.samples, "`groups` must have one value per sample.");
  require(sums.sum.size() == heads * sums.groups * width && sums.size.size() == sums.sum.size(),
          "`sum` and `size` must be outputs x groups x inputs.");
  for (const std::int64_t group : sums.group)
    require(group < 0 || static_cast<std::uint64_t>(group) < sums.groups,
            "`groups` must be less than the number of groups.");
}

template <class T>
void check_arrays(const LrpArrays<T>& arrays, std::size_t heads, std::size_t width) {
  const std::size_t values = arrays.samples * heads;
  const auto per_sample = [&](std::size_t size) { return size == 0 || size == values; };
  require(arrays.x.size() == arrays.samples * width, "`x` must be samples x inputs of the first layer.");
  require(per_sample(arrays.start.size()), "`start` must have one value per sample.");
  require(per_sample(arrays.residual.size()), "`residual` must have one value per sample.");
  require(per_sample(arrays.prediction.size()), "`prediction` must have one value per sample.");
  require(per_sample(arrays.initial.size()), "`initial` must have one value per sample.");
  if (arrays.relevance.empty() && arrays.sums.groups > 0) return check_sums(arrays, heads, width);
  require(arrays.relevance.size() == values * width, "`out` must have the shape of `x`.");
}

}  // namespace

Activation activation_from(std::string_view name) { return find_named(kActivations, name, "activation"); }
LrpRule lrp_rule_from(std::string_view name) { return find_named(kRules, name, "rule"); }
Pooling pooling_from(std::string_view name) { return find_named(kPoolings, name, "pooling"); }
std::vector<std::string> activation_names() { return names_of(kActivations); }
std::vector<std::string> lrp_rule_names() { return names_of(kRules); }

template <class T>
LrpModel<T> lrp_model(const DenseNet<T>& net, const KernelTable& kernels) {
  check_net(net);
  LrpModel<T> model{nullptr, net.outputs.size(), net.layers.front().inputs};
  if constexpr (std::is_same_v<T, float>) {
    model.packed = kernels.lrp->dense_f32(net);
  } else {
    model.packed = kernels.lrp->dense_f64(net);
  }
  return model;
}

template <class T>
LrpModel<T> lrp_model(const LstmNet<T>& net, const KernelTable& kernels) {
  check_net(net);
  LrpModel<T> model{nullptr, net.head.outputs.size(), net.length * net.layers.front().inputs};
  if constexpr (std::is_same_v<T, float>) {
    model.packed = kernels.lrp->lstm_f32(net);
  } else {
    model.packed = kernels.lrp->lstm_f64(net);
  }
  return model;
}

template <class T>
std::vector<std::size_t> lrp_run(std::span<const LrpJob<T>> jobs, unsigned threads, const std::function<void()>& poll) {
  require(threads >= 1 && threads <= 1024, "`threads` must be 1 to 1024.");
  for (const LrpJob<T>& job : jobs) check_arrays(job.arrays, job.model.heads, job.model.width);
  return run_lrp(jobs, threads, poll);
}

template LrpModel<float> lrp_model<float>(const DenseNet<float>&, const KernelTable&);
template LrpModel<double> lrp_model<double>(const DenseNet<double>&, const KernelTable&);
template LrpModel<float> lrp_model<float>(const LstmNet<float>&, const KernelTable&);
template LrpModel<double> lrp_model<double>(const LstmNet<double>&, const KernelTable&);
template std::vector<std::size_t> lrp_run<float>(std::span<const LrpJob<float>>, unsigned,
                                                 const std::function<void()>&);
template std::vector<std::size_t> lrp_run<double>(std::span<const LrpJob<double>>, unsigned,
                                                  const std::function<void()>&);

}  // namespace jqfast
