// LRP through a dense net, by the book: one sample, plain loops over every pair of units, libm, double.
// R_{i<-j} is written down for each rule as in the table of the rules; nothing is shared between rules.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "jqfast/lrp.hpp"

namespace jqfast::reference {

using Vector = std::vector<double>;

struct LrpResult {
  Vector relevance;
  double residual = 0.0;
  double prediction = 0.0;
};

inline double activate(Activation activation, double z) {
  switch (activation) {
    case Activation::linear: return z;
    case Activation::tanh: return std::tanh(z);
    case Activation::relu: return z > 0.0 ? z : 0.0;
    case Activation::sigmoid: return 1.0 / (1.0 + std::exp(-z));
    case Activation::elu: return z < 0.0 ? std::expm1(z) : z;
    case Activation::gelu: return 0.5 * z * std::erfc(-z / std::sqrt(2.0));
    case Activation::gelu_tanh:
      return 0.5 * z * (1.0 + std::tanh(std::sqrt(2.0 / std::acos(-1.0)) * (z + 0.044715 * z * z * z)));
    case Activation::silu: return z / (1.0 + std::exp(-z));
  }
  return z;
}

inline double plus(double v) { return std::max(v, 0.0); }
inline double minus(double v) { return std::min(v, 0.0); }
inline double sign(double v) { return v < 0.0 ? -1.0 : 1.0; }

// One lower unit's message numerator and one upper unit's denominator, as the rule says; `factor` is alpha or -beta.
struct Message {
  double numerator = 0.0;
  double bias = 0.0;        // what the bias puts into the denominator
  double stabiliser = 0.0;  // before its sign
  double factor = 1.0;
};

// The messages of rule `rule` from unit j with pre-activation z_j to unit i; alphabeta has two.
inline std::vector<Message> messages(const DenseLayer<double>& layer, std::size_t i, std::size_t j, double a,
                                     double z) {
  const RuleSpec<double>& rule = layer.rule;
  const double w = layer.weights[i * layer.outputs + j];
  const double b = layer.bias[j];
  const double g = rule.gamma;
  switch (rule.rule) {
    case LrpRule::lrp0: return {{a * w, b, 0.0}};
    case LrpRule::epsilon: return {{a * w, b, rule.epsilon}};
    case LrpRule::alphabeta:
      return {{plus(a * w), plus(b), rule.epsilon, rule.alpha}, {minus(a * w), minus(b), rule.epsilon, -rule.beta}};
    case LrpRule::zplus: return {{plus(a * w), plus(b), rule.epsilon}};
    case LrpRule::gamma:
      if (z > 0.0) return {{plus(a) * (w + g * plus(w)) + minus(a) * (w + g * minus(w)), b + g * plus(b)}};
      return {
          {plus(a) * (w + g * minus(w)) + minus(a) * (w + g * plus(w)), b + g * minus(b), 0.0, z < 0.0 ? 1.0 : 0.0}};
    case LrpRule::wsquare: return {{w * w, b * b, rule.epsilon}};
    case LrpRule::flat: return {{1.0, 0.0, rule.epsilon}};
    case LrpRule::zbox: return {{a * w - rule.low[i] * plus(w) - rule.high[i] * minus(w)}};
  }
  return {};
}

inline Vector step_down(const DenseLayer<double>& layer, const Vector& a, const Vector& z, const Vector& upper,
                        bool redistribute) {
  Vector lower(layer.inputs, 0.0);
  for (std::size_t j = 0; j < layer.outputs; ++j) {
    const std::size_t kinds = messages(layer, 0, j, a[0], z[j]).size();
    double given = 0.0;
    for (std::size_t kind = 0; kind < kinds; ++kind) {
      const Message first = messages(layer, 0, j, a[0], z[j])[kind];
      double sum = first.bias;
      for (std::size_t i = 0; i < layer.inputs; ++i) sum += messages(layer, i, j, a[i], z[j])[kind].numerator;
      if (layer.rule.activation_denominator) sum = activate(layer.activation, z[j]);
      const double denominator = sum + first.stabiliser * sign(sum);
      if (denominator == 0.0 || (layer.rule.rule == LrpRule::gamma && z[j] == 0.0)) continue;
      for (std::size_t i = 0; i < layer.inputs; ++i) {
        const double part = first.factor * messages(layer, i, j, a[i], z[j])[kind].numerator * upper[j] / denominator;
        lower[i] += part;
        given += part;
      }
    }
    if (!redistribute) continue;
    // The factors sum to 1, except for an alpha-beta of one's own; what was to be given is R_j times their sum.
    double whole = 0.0;
    for (std::size_t kind = 0; kind < kinds; ++kind) whole += messages(layer, 0, j, a[0], z[j])[kind].factor;
    if (layer.rule.rule == LrpRule::gamma) whole = 1.0;
    for (double& r : lower) r += (whole * upper[j] - given) / static_cast<double>(layer.inputs);
  }
  return lower;
}

inline LrpResult lrp_dense(const std::vector<DenseLayer<double>>& layers, const Vector& x, std::size_t output,
                           bool redistribute) {
  std::vector<Vector> units = {x};
  std::vector<Vector> sums;
  for (const DenseLayer<double>& layer : layers) {
    Vector z(layer.bias.begin(), layer.bias.end());
    Vector a(layer.outputs);
    for (std::size_t j = 0; j < layer.outputs; ++j) {
      for (std::size_t i = 0; i < layer.inputs; ++i) z[j] += units.back()[i] * layer.weights[i * layer.outputs + j];
      a[j] = activate(layer.activation, z[j]);
    }
    sums.push_back(z);
    units.push_back(a);
  }
  LrpResult result;
  result.prediction = units.back()[output];
  result.relevance.assign(layers.back().outputs, 0.0);
  result.relevance[output] = result.prediction;
  for (std::size_t l = layers.size(); l-- > 0;)
    result.relevance = step_down(layers[l], units[l], sums[l], result.relevance, redistribute);
  double sum = 0.0;
  for (const double r : result.relevance) sum += r;
  result.residual = result.prediction == sum ? 0.0 : (result.prediction - sum) / result.prediction;
  return result;
}

}  // namespace jqfast::reference
