// Layer-wise relevance propagation through dense nets: what to propagate, by which rules, into which arrays.
//
// Arrays are C-contiguous and borrowed; float32 and float64 are instantiated in src/lrp_dense.cpp. Each sample is
// computed on its own and in one fixed order of sums, so results do not depend on threads or vector width.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jqfast {

enum class Activation : std::uint8_t { linear, tanh, relu, sigmoid, elu, gelu, gelu_tanh, silu };
enum class LrpRule : std::uint8_t { lrp0, epsilon, gamma, alphabeta, zplus, wsquare, flat, zbox };

// Throw std::invalid_argument for an unknown name.
Activation activation_from(std::string_view name);
LrpRule lrp_rule_from(std::string_view name);

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

template <class T>
struct LrpTask {
  std::span<const T> x;  // (S, I)
  std::size_t samples = 0;
  std::span<const DenseLayer<T>> layers;
  std::size_t output = 0;         // the head whose value is explained
  std::span<const T> start = {};  // (S,) relevance to start from; empty: the head's value
  bool redistribute = false;      // hand what bias and stabiliser keep to the lower units in equal shares
  std::span<T> relevance;         // (S, I)
  std::span<T> residual = {};     // (S,) share of the start that did not reach the inputs; may be empty
  std::span<T> prediction = {};   // (S,) value of the head; may be empty
  unsigned threads = 1;
};

// Fills relevance (and residual, prediction). A sample with a non-finite input or start is NaN throughout.
// Throws std::invalid_argument when shapes, the head or the numbers of a rule do not fit.
template <class T>
void lrp_dense(const LrpTask<T>& task);

}  // namespace jqfast
