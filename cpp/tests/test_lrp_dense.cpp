// The LRP kernel against the textbook, rule by rule, and its edge cases.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "../reference/lrp_dense.hpp"
#include "check.hpp"
#include "jqfast/lrp.hpp"

namespace {

using jqfast::Activation;
using jqfast::DenseLayer;
using jqfast::LrpRule;
using jqfast::LrpTask;
using jqfast::test::check;
using jqfast::test::throws;

// A linear congruential generator: the same numbers on every platform.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) {}

  double uniform() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return static_cast<double>(state_ >> 11U) / 9007199254740992.0 * 2.0 - 1.0;
  }

 private:
  std::uint64_t state_;
};

template <class T>
struct Net {
  std::vector<std::vector<T>> weights, biases;
  std::vector<T> low, high;
  std::vector<DenseLayer<T>> layers;
};

template <class T>
Net<T> make_net(const std::vector<std::size_t>& sizes, Activation activation, LrpRule rule, std::uint64_t seed) {
  Random random(seed);
  Net<T> net;
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    const double scale = 1.5 / std::sqrt(static_cast<double>(sizes[l]));
    auto& w = net.weights.emplace_back(sizes[l] * sizes[l + 1]);
    auto& b = net.biases.emplace_back(sizes[l + 1]);
    for (T& v : w) v = static_cast<T>(scale * random.uniform());
    for (T& v : b) v = static_cast<T>(0.3 * random.uniform());
  }
  net.low.assign(sizes[0], T(-1.5));
  net.high.assign(sizes[0], T(2));
  for (std::size_t l = 0; l + 1 < sizes.size(); ++l) {
    DenseLayer<T> layer{net.weights[l], net.biases[l], sizes[l], sizes[l + 1], activation, {}};
    if (l + 2 == sizes.size()) layer.activation = Activation::linear;
    layer.rule.rule = rule == LrpRule::zbox && l > 0 ? LrpRule::epsilon : rule;
    layer.rule.low = net.low;
    layer.rule.high = net.high;
    net.layers.push_back(layer);
  }
  return net;
}

template <class T>
struct Answer {
  std::vector<T> relevance, residual, prediction;
};

template <class T>
Answer<T> run(const Net<T>& net, const std::vector<T>& x, std::size_t output, bool redistribute, unsigned threads) {
  const std::size_t samples = x.size() / net.layers.front().inputs;
  Answer<T> answer{std::vector<T>(x.size()), std::vector<T>(samples), std::vector<T>(samples)};
  LrpTask<T> task;
  task.x = x;
  task.samples = samples;
  task.layers = net.layers;
  task.output = output;
  task.redistribute = redistribute;
  task.relevance = answer.relevance;
  task.residual = answer.residual;
  task.prediction = answer.prediction;
  task.threads = threads;
  jqfast::lrp_dense(task);
  return answer;
}

template <class T>
std::vector<T> make_inputs(std::size_t samples, std::size_t inputs, std::uint64_t seed) {
  Random random(seed);
  std::vector<T> x(samples * inputs);
  for (T& v : x) v = static_cast<T>(1.4 * random.uniform());
  if (samples > 2) std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(inputs), inputs, T(0));
  return x;
}

void agrees_with_reference(const std::vector<std::size_t>& sizes, Activation activation, LrpRule rule,
                           bool redistribute, std::uint64_t seed) {
  const Net<double> net = make_net<double>(sizes, activation, rule, seed);
  const std::size_t inputs = sizes.front();
  const std::vector<double> x = make_inputs<double>(19, inputs, seed + 1);
  const std::size_t output = seed % sizes.back();
  const Answer<double> answer = run(net, x, output, redistribute, 2);
  double worst = 0.0;
  for (std::size_t s = 0; s < 19; ++s) {
    const auto first = x.begin() + static_cast<std::ptrdiff_t>(s * inputs);
    const auto by_book = jqfast::reference::lrp_dense(
        net.layers, std::vector<double>(first, first + static_cast<std::ptrdiff_t>(inputs)), output, redistribute);
    double scale = std::abs(by_book.prediction) + 1e-12;
    for (const double r : by_book.relevance) scale = std::max(scale, std::abs(r));
    for (std::size_t i = 0; i < inputs; ++i)
      worst = std::max(worst, std::abs(answer.relevance[s * inputs + i] - by_book.relevance[i]) / scale);
    worst = std::max(worst, std::abs(answer.prediction[s] - by_book.prediction) / scale);
    worst = std::max(worst, std::abs((answer.residual[s] - by_book.residual) * by_book.prediction) / scale);
  }
  check(worst < 1e-9, jqfast::lrp_rule_names()[static_cast<std::size_t>(rule)] + " / " +
                          jqfast::activation_names()[static_cast<std::size_t>(activation)] + " inputs " +
                          std::to_string(inputs) + " differs by " + std::to_string(worst));
}

void every_rule_and_activation() {
  const std::vector<std::vector<std::size_t>> shapes = {{5, 1}, {1, 1, 1}, {7, 9, 3, 2}, {33, 17, 16, 5}};
  std::uint64_t seed = 0;
  for (const std::string& rule : jqfast::lrp_rule_names())
    for (const std::string& activation : jqfast::activation_names())
      for (const auto& shape : shapes)
        for (const bool redistribute : {false, true})
          agrees_with_reference(shape, jqfast::activation_from(activation), jqfast::lrp_rule_from(rule), redistribute,
                                ++seed);
}

void saturated_and_dead_units() {
  for (const LrpRule rule : {LrpRule::epsilon, LrpRule::lrp0, LrpRule::gamma, LrpRule::alphabeta}) {
    Net<double> net = make_net<double>({3, 4, 1}, Activation::relu, rule, 5);
    for (double& b : net.biases[0]) b = -100.0;
    const Answer<double> dead = run(net, {0.1, 0.2, 0.3}, 0, false, 1);
    for (const double r : dead.relevance) check(r == 0.0, "a dead hidden layer passes no relevance");
    check(dead.prediction[0] == net.biases[1][0], "a dead hidden layer leaves the bias");
    check(std::abs(dead.residual[0] - 1.0) < 1e-12, "the bias keeps everything");
  }
  Net<double> net = make_net<double>({2, 2, 1}, Activation::tanh, LrpRule::epsilon, 6);
  for (double& w : net.weights[0]) w = 1e6;
  const Answer<double> saturated = run(net, {1.0, 2.0}, 0, false, 1);
  for (const double r : saturated.relevance) check(std::isfinite(r), "saturated tanh units stay finite");
}

void missing_inputs_and_threads() {
  const Net<float> net = make_net<float>({6, 5, 1}, Activation::tanh, LrpRule::flat, 9);
  std::vector<float> x = make_inputs<float>(50, 6, 3);
  x[122] = std::numeric_limits<float>::quiet_NaN();
  x[198] = std::numeric_limits<float>::infinity();
  const Answer<float> one = run(net, x, 0, false, 1);
  const Answer<float> seven = run(net, x, 0, false, 7);
  for (std::size_t s = 0; s < 50; ++s) {
    const bool missing = s == 20 || s == 33;
    for (std::size_t i = 0; i < 6; ++i) {
      const float r = one.relevance[s * 6 + i];
      check(std::isnan(r) == missing, "a non-finite input blanks its sample and no other");
      check(missing || r == seven.relevance[s * 6 + i], "threads do not change a bit");
    }
    check(std::isnan(one.residual[s]) == missing && std::isnan(one.prediction[s]) == missing, "residual follows");
  }
  check(run(net, {}, 0, false, 3).relevance.empty(), "no samples are no error");
}

void own_start() {
  const Net<double> net = make_net<double>({4, 3, 2}, Activation::tanh, LrpRule::epsilon, 4);
  const std::vector<double> x = make_inputs<double>(3, 4, 8);
  const Answer<double> usual = run(net, x, 1, false, 1);
  std::vector<double> start = {2.0, 2.0, 2.0};
  std::vector<double> relevance(12);
  LrpTask<double> task;
  task.x = x;
  task.samples = 3;
  task.layers = net.layers;
  task.output = 1;
  task.start = start;
  task.relevance = relevance;
  jqfast::lrp_dense(task);
  for (std::size_t k = 0; k < 12; ++k) {
    const double expected = usual.relevance[k] * 2.0 / usual.prediction[k / 4];
    check(std::abs(relevance[k] - expected) < 1e-12, "relevance is linear in the start value");
  }
}

void wrong_arguments() {
  using Error = std::invalid_argument;
  const std::vector<double> x(8, 0.5);
  Net<double> net = make_net<double>({4, 3, 2}, Activation::tanh, LrpRule::epsilon, 4);
  check(throws<Error>([&] { run(net, x, 2, false, 1); }, "`output`"), "a head that is not there");
  check(throws<Error>([&] { run(net, x, 0, false, 0); }, "`threads`"), "no threads");
  net.layers[1].inputs = 4;
  check(throws<Error>([&] { run(net, x, 0, false, 1); }, "layer 1"), "layers that do not fit");
  net = make_net<double>({4, 3, 2}, Activation::tanh, LrpRule::zbox, 4);
  net.layers[1].rule.rule = LrpRule::zbox;
  check(throws<Error>([&] { run(net, x, 0, false, 1); }, "first layer"), "zbox in the second layer");
  net.layers.clear();
  check(throws<Error>([] { jqfast::lrp_rule_from("epsilom"); }, "epsilom"), "unknown rule");
  check(throws<Error>([] { jqfast::activation_from("thanh"); }, "thanh"), "unknown activation");
}

}  // namespace

int main() {
  every_rule_and_activation();
  saturated_and_dead_units();
  missing_inputs_and_threads();
  own_start();
  wrong_arguments();
  return jqfast::test::report("lrp_dense");
}
