// Layer-wise relevance propagation through dense nets and LSTMs: what to propagate, by which rules, into which arrays.
//
// Arrays are C-contiguous and borrowed; float32 and float64 are instantiated in src/lrp.cpp. Each sample is computed
// on its own and in one fixed order of sums, so results do not depend on threads, on neighbours or on vector width.
// Builds with fused multiply-add (avx2, avx512) give the same bits; the baseline build rounds products as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "jqfast/kernel_table.hpp"

namespace jqfast {

enum class Activation : std::uint8_t { linear, tanh, relu, sigmoid, elu, gelu, gelu_tanh, silu };
enum class LrpRule : std::uint8_t { lrp0, epsilon, gamma, alphabeta, zplus, wsquare, flat, zbox };
enum class Pooling : std::uint8_t { last, mean, attention };

// Throw std::invalid_argument for an unknown name.
Activation activation_from(std::string_view name);
LrpRule lrp_rule_from(std::string_view name);
Pooling pooling_from(std::string_view name);

std::vector<std::string> activation_names();
std::vector<std::string> lrp_rule_names();

// One rule with its numbers; the fields a rule does not use are ignored.
template <class T>
struct RuleSpec {
  LrpRule rule = LrpRule::epsilon;
  T epsilon = T(1e-3);
  T gamma = T(0.25);
  T alpha = T(2);
  T beta = T(1);
  bool activation_denominator = false;  // epsilon, lrp0: divide by the unit's output value instead of z
  std::span<const T> low = {};          // zbox: (I,) bounds of the inputs
  std::span<const T> high = {};
};

// y = act(a W + b) with W (inputs, outputs) and b (outputs,).
template <class T>
struct DenseLayer {
  std::span<const T> weights;
  std::span<const T> bias;
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Activation activation = Activation::linear;
  RuleSpec<T> rule = {};
};

// A dense net and how it is explained.
template <class T>
struct DenseNet {
  std::span<const DenseLayer<T>> layers;
  std::span<const std::size_t> outputs;  // (K,) the heads that are explained
  bool redistribute = false;             // hand what bias and stabiliser keep to the lower units in equal shares
};

// z = x_t W_x + h W_h + b with gates i, f, g, o: W_x (inputs, 4 hidden), W_h (hidden, 4 hidden), b (4 hidden,).
template <class T>
struct LstmLayer {
  std::span<const T> w_x;
  std::span<const T> w_h;
  std::span<const T> bias;
  std::size_t inputs = 0;
  std::size_t hidden = 0;
};

// A stack of LSTM layers, lowest first, and the dense net on the pooled hidden states of the highest: the last one, or
// sum_t w_t h_t with w_t = 1 / L (mean) or w = softmax(h_t q / sqrt H) (attention).
template <class T>
struct LstmNet {
  std::span<const LstmLayer<T>> layers;
  DenseNet<T> head;
  std::size_t length = 0;  // sessions per sample
  Pooling pooling = Pooling::last;
  std::span<const T> query = {};  // (H,) of the attention
  T epsilon = T(1e-3);            // of the recurrent layers; redistribution is the head's
};

// Means without the relevances themselves: relevance added up by group, in the order of the samples.
struct LrpSums {
  std::span<const std::int64_t> group;  // (S,) the group of each sample, negative for none
  std::size_t groups = 0;
  std::span<double> sum;   // (K, G, width), added to
  std::span<double> size;  // (K, G, width) of the relevances' absolute values, added to
};

// What goes in and comes out; `width` is inputs per sample, or length x inputs.
template <class T>
struct LrpArrays {
  std::span<const T> x;  // (S, width)
  std::size_t samples = 0;
  std::span<const T> start = {};  // (K, S) relevance to start from; empty: the heads' values
  std::span<T> relevance = {};    // (K, S, width); empty when only sums are wanted
  std::span<T> residual = {};     // (K, S) share of the start that did not reach the inputs; may be empty
  std::span<T> prediction = {};   // (K, S) values of the heads; may be empty
  std::span<T> initial = {};      // (K, S) relevance of the states before the first session; may be empty
  LrpSums sums = {};
};

template <class T>
class LrpPacked;  // lrp_kernels.hpp

// A net that has been checked and packed for an instruction set. Any number of runs may share it.
template <class T>
struct LrpModel {
  std::shared_ptr<const LrpPacked<T>> packed;
  std::size_t heads = 0;
  std::size_t width = 0;  // values per sample
};

// Throw std::invalid_argument when shapes, heads or the numbers of a rule do not fit.
template <class T>
LrpModel<T> lrp_model(const DenseNet<T>& net, const KernelTable& kernels);
template <class T>
LrpModel<T> lrp_model(const LstmNet<T>& net, const KernelTable& kernels);

template <class T>
struct LrpJob {
  LrpModel<T> model;
  LrpArrays<T> arrays;
};

// Fill the arrays of all jobs. A sample with a non-finite input or start is NaN throughout and in no sum; the first
// such sample of each job is returned, or the number of its samples. Jobs that want whole relevances share the
// threads, sample by sample; those that want sums come one after another. `poll` is called now and then and may throw
// to end the run. Throws std::invalid_argument when arrays do not fit.
template <class T>
std::vector<std::size_t> lrp_run(std::span<const LrpJob<T>> jobs, unsigned threads,
                                 const std::function<void()>& poll = {});

// A model and one job at once.
template <class Net, class T>
std::size_t lrp_explain(const Net& net, const LrpArrays<T>& arrays, unsigned threads, const KernelTable& kernels) {
  const LrpJob<T> job{lrp_model<T>(net, kernels), arrays};
  return lrp_run<T>({&job, 1}, threads).front();
}

}  // namespace jqfast
