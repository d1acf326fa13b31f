// LRP through dense nets against the textbook, rule by rule on every instruction set, and its edge cases.
#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "../reference/lrp_dense.hpp"
#include "check.hpp"
#include "jqfast/lrp.hpp"
#include "lrp_support.hpp"

namespace {

using namespace jqfast::test;
using jqfast::Activation;
using jqfast::DenseNet;
using jqfast::KernelTable;
using jqfast::LrpArrays;
using jqfast::LrpRule;

void agrees_with_reference(const std::vector<std::size_t>& sizes, Activation activation, LrpRule rule,
                           bool redistribute, std::uint64_t seed) {
  constexpr std::size_t kSamples = 19;
  const Net<double> net = make_net<double>(sizes, activation, rule, seed);
  const std::size_t inputs = sizes.front();
  const std::vector<double> x = make_inputs<double>(kSamples, inputs, seed + 1);
  const std::size_t output = seed % sizes.back();
  for (const KernelTable* kernels : all_kernels()) {
    const Answer<double> answer = explain(net, x, {output}, redistribute, 2, *kernels);
    double worst = 0.0;
    for (std::size_t s = 0; s < kSamples; ++s) {
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
    check(worst < 1e-9, std::string(kernels->isa) + " " + jqfast::lrp_rule_names()[static_cast<std::size_t>(rule)] +
                            " / " + jqfast::activation_names()[static_cast<std::size_t>(activation)] + " inputs " +
                            std::to_string(inputs) + " differs by " + std::to_string(worst));
  }
}

void every_rule_and_activation() {
  const std::vector<std::vector<std::size_t>> shapes = {{5, 1}, {1, 1, 1}, {7, 9, 3, 2}, {33, 70, 16, 5}};
  std::uint64_t seed = 0;
  for (const std::string& rule : jqfast::lrp_rule_names())
    for (const std::string& activation : jqfast::activation_names())
      for (const auto& shape : shapes)
        for (const bool redistribute : {false, true})
          agrees_with_reference(shape, jqfast::activation_from(activation), jqfast::lrp_rule_from(rule), redistribute,
                                ++seed);
}

void several_outputs_are_those_of_single_calls() {
  for (const LrpRule rule : {LrpRule::epsilon, LrpRule::gamma, LrpRule::alphabeta}) {
    const Net<float> net = make_net<float>({9, 21, 4}, Activation::tanh, rule, 3);
    const std::vector<float> x = make_inputs<float>(50, 9, 2);
    const Answer<float> several = explain(net, x, {3, 1}, true, 2);
    for (std::size_t k = 0; k < 2; ++k) {
      const Answer<float> single = explain(net, x, {k == 0 ? std::size_t{3} : std::size_t{1}}, true, 1);
      for (std::size_t i = 0; i < single.relevance.size(); ++i)
        check(several.relevance[k * single.relevance.size() + i] == single.relevance[i], "heads do not mix");
      for (std::size_t s = 0; s < 50; ++s)
        check(several.residual[k * 50 + s] == single.residual[s] &&
                  several.prediction[k * 50 + s] == single.prediction[s],
              "each head has its own sums");
    }
  }
}

// Fused builds agree with each other; the baseline rounds products as well and is near.
void instruction_sets() {
  const Net<float> net = make_net<float>({126, 64, 64, 32, 1}, Activation::tanh, LrpRule::epsilon, 8);
  const std::vector<float> x = make_inputs<float>(77, 126, 5);
  const std::vector<const KernelTable*> tables = all_kernels();
  const Answer<float> last = explain(net, x, {0}, false, 1, *tables.back());
  for (const KernelTable* kernels : tables) {
    const Answer<float> own = explain(net, x, {0}, false, 3, *kernels);
    const bool fused = std::string(kernels->isa) != "baseline" || tables.size() == 1;
    for (std::size_t i = 0; i < own.relevance.size(); ++i)
      check(!fused || own.relevance[i] == last.relevance[i], std::string(kernels->isa) + " differs in a bit");
    for (std::size_t s = 0; s < 77; ++s)
      check(std::abs(own.prediction[s] - last.prediction[s]) < 1e-4F, "predictions are near");
  }
}

void saturated_and_dead_units() {
  for (const LrpRule rule : {LrpRule::epsilon, LrpRule::lrp0, LrpRule::gamma, LrpRule::alphabeta}) {
    Net<double> net = make_net<double>({3, 4, 1}, Activation::relu, rule, 5);
    for (double& b : net.biases[0]) b = -100.0;
    const Answer<double> dead = explain(net, {0.1, 0.2, 0.3}, {0}, false, 1);
    for (const double r : dead.relevance) check(r == 0.0, "a dead hidden layer passes no relevance");
    check(dead.prediction[0] == net.biases[1][0], "a dead hidden layer leaves the bias");
    check(std::abs(dead.residual[0] - 1.0) < 1e-12, "the bias keeps everything");
  }
  Net<double> net = make_net<double>({2, 2, 1}, Activation::tanh, LrpRule::epsilon, 6);
  for (double& w : net.weights[0]) w = 1e6;
  const Answer<double> saturated = explain(net, {1.0, 2.0}, {0}, false, 1);
  for (const double r : saturated.relevance) check(std::isfinite(r), "saturated tanh units stay finite");
}

void missing_inputs_and_threads() {
  const Net<float> net = make_net<float>({6, 5, 1}, Activation::tanh, LrpRule::flat, 9);
  std::vector<float> x = make_inputs<float>(50, 6, 3);
  x[122] = std::numeric_limits<float>::quiet_NaN();
  x[198] = std::numeric_limits<float>::infinity();
  const Answer<float> one = explain(net, x, {0}, false, 1);
  const Answer<float> seven = explain(net, x, {0}, false, 7);
  for (std::size_t s = 0; s < 50; ++s) {
    const bool missing = s == 20 || s == 33;
    for (std::size_t i = 0; i < 6; ++i) {
      const float r = one.relevance[s * 6 + i];
      check(std::isnan(r) == missing, "a non-finite input blanks its sample and no other");
      check(missing || r == seven.relevance[s * 6 + i], "threads do not change a bit");
    }
    check(std::isnan(one.residual[s]) == missing && std::isnan(one.prediction[s]) == missing, "residual follows");
  }
  Answer<float> answer(1, 50, 6);
  const std::vector<std::size_t> outputs = {0};
  const auto first = jqfast::lrp_explain(DenseNet<float>{net.layers, outputs, false}, answer.arrays(x, 50), 3,
                                         jqfast::baseline_kernels());
  check(first == 20, "the first sample that is not finite is told");
  check(explain(net, {}, {0}, false, 3).relevance.empty(), "no samples are no error");
}

void own_start() {
  const Net<double> net = make_net<double>({4, 3, 2}, Activation::tanh, LrpRule::epsilon, 4);
  const std::vector<double> x = make_inputs<double>(3, 4, 8);
  const Answer<double> usual = explain(net, x, {1}, false, 1);
  const std::vector<double> start = {2.0, 2.0, 2.0};
  const std::vector<std::size_t> outputs = {1};
  Answer<double> answer(1, 3, 4);
  LrpArrays<double> arrays = answer.arrays(x, 3);
  arrays.start = start;
  jqfast::lrp_explain(DenseNet<double>{net.layers, outputs, false}, arrays, 1, jqfast::baseline_kernels());
  for (std::size_t k = 0; k < 12; ++k) {
    const double expected = usual.relevance[k] * 2.0 / usual.prediction[k / 4];
    check(std::abs(answer.relevance[k] - expected) < 1e-12, "relevance is linear in the start value");
  }
}

// Sums by group are those of the whole relevances, whatever the number of threads.
void sums_by_group() {
  constexpr std::size_t kSamples = 9000, kInputs = 40, kGroups = 3;
  const Net<float> net = make_net<float>({kInputs, 8, 2}, Activation::tanh, LrpRule::epsilon, 11);
  std::vector<float> x = make_inputs<float>(kSamples, kInputs, 4);
  x[7 * kInputs] = std::numeric_limits<float>::quiet_NaN();
  const Answer<float> whole = explain(net, x, {0, 1}, false, 2);
  std::vector<std::int64_t> group(kSamples);
  for (std::size_t s = 0; s < kSamples; ++s) group[s] = static_cast<std::int64_t>(s % (kGroups + 1)) - 1;
  std::vector<double> expected(2 * kGroups * kInputs, 0.0), sizes = expected;
  for (std::size_t k = 0; k < 2; ++k)
    for (std::size_t s = 0; s < kSamples; ++s)
      for (std::size_t i = 0; i < kInputs && group[s] >= 0 && s != 7; ++i) {
        const std::size_t to = (k * kGroups + static_cast<std::size_t>(group[s])) * kInputs + i;
        expected[to] += static_cast<double>(whole.relevance[(k * kSamples + s) * kInputs + i]);
        sizes[to] += std::abs(static_cast<double>(whole.relevance[(k * kSamples + s) * kInputs + i]));
      }
  const std::vector<std::size_t> outputs = {0, 1};
  for (const unsigned threads : {1U, 2U, 5U}) {
    std::vector<double> sum(expected.size(), 0.0), size = sum;
    LrpArrays<float> arrays;
    arrays.x = x;
    arrays.samples = kSamples;
    arrays.sums = {group, kGroups, sum, size};
    jqfast::lrp_explain(DenseNet<float>{net.layers, outputs, false}, arrays, threads, jqfast::baseline_kernels());
    check(sum == expected && size == sizes, "sums with " + std::to_string(threads) + " threads");
  }
}

// Nets of other shapes in one run: each job gets what a run of its own gives, whatever the number of threads.
void several_jobs() {
  std::vector<Net<float>> nets;
  std::vector<std::vector<float>> x;
  std::vector<Answer<float>> answers;
  const std::vector<std::size_t> samples = {700, 0, 1, 50, 900}, outputs = {0};
  for (std::size_t k = 0; k < samples.size(); ++k) {
    nets.push_back(make_net<float>({5 + 30 * k, 9, 1}, Activation::tanh, LrpRule::epsilon, k));
    x.push_back(make_inputs<float>(samples[k], 5 + 30 * k, k));
  }
  x[3][4 * 95 + 7] = std::numeric_limits<float>::quiet_NaN();
  for (const unsigned threads : {1U, 3U}) {
    std::vector<jqfast::LrpJob<float>> jobs;
    answers.clear();
    for (std::size_t k = 0; k < samples.size(); ++k) answers.emplace_back(1, samples[k], 5 + 30 * k);
    for (std::size_t k = 0; k < samples.size(); ++k)
      jobs.push_back(
          {jqfast::lrp_model<float>(DenseNet<float>{nets[k].layers, outputs, false}, jqfast::baseline_kernels()),
           answers[k].arrays(x[k], samples[k])});
    const std::vector<std::size_t> bad = jqfast::lrp_run<float>(jobs, threads);
    check(bad == std::vector<std::size_t>{700, 0, 1, 4, 900}, "each job tells its first bad sample");
    for (std::size_t k = 0; k < samples.size(); ++k) {
      const Answer<float> alone = explain(nets[k], x[k], outputs, false, 1);
      for (std::size_t i = 0; i < alone.relevance.size(); ++i)
        check(alone.relevance[i] == answers[k].relevance[i] || std::isnan(alone.relevance[i]), "jobs do not mix");
      check(alone.prediction == answers[k].prediction || k == 3, "predictions of a job");
    }
  }
}

void wrong_arguments() {
  using Error = std::invalid_argument;
  const std::vector<double> x(8, 0.5);
  Net<double> net = make_net<double>({4, 3, 2}, Activation::tanh, LrpRule::epsilon, 4);
  check(throws<Error>([&] { explain(net, x, {2}, false, 1); }, "`output`"), "a head that is not there");
  check(throws<Error>([&] { explain(net, x, {}, false, 1); }, "`output`"), "no head");
  check(throws<Error>([&] { explain(net, x, {0}, false, 0); }, "`threads`"), "no threads");
  net.layers[1].inputs = 4;
  check(throws<Error>([&] { explain(net, x, {0}, false, 1); }, "layer 1"), "layers that do not fit");
  net = make_net<double>({4, 3, 2}, Activation::tanh, LrpRule::zbox, 4);
  net.layers[1].rule.rule = LrpRule::zbox;
  check(throws<Error>([&] { explain(net, x, {0}, false, 1); }, "first layer"), "zbox in the second layer");
  check(throws<Error>([] { jqfast::lrp_rule_from("epsilom"); }, "epsilom"), "unknown rule");
  check(throws<Error>([] { jqfast::activation_from("thanh"); }, "thanh"), "unknown activation");
  check(throws<Error>([] { jqfast::pooling_from("first"); }, "first"), "unknown pooling");
  net = make_net<double>({4, 3, 2}, Activation::tanh, LrpRule::epsilon, 4);
  const std::vector<std::int64_t> group = {0, 2};
  std::vector<double> sum(8), size(8);
  LrpArrays<double> arrays;
  arrays.x = x;
  arrays.samples = 2;
  arrays.sums = {group, 2, sum, size};
  const std::vector<std::size_t> outputs = {0};
  const auto call = [&] {
    jqfast::lrp_explain(DenseNet<double>{net.layers, outputs, false}, arrays, 1, jqfast::baseline_kernels());
  };
  check(throws<Error>(call, "`groups` must be less"), "a group that is not there");
}

}  // namespace

int main() {
  every_rule_and_activation();
  several_outputs_are_those_of_single_calls();
  instruction_sets();
  saturated_and_dead_units();
  missing_inputs_and_threads();
  own_start();
  sums_by_group();
  several_jobs();
  wrong_arguments();
  return report("lrp_dense");
}
