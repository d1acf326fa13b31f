// LRP through a stack of LSTM layers, by the book: one sample, every message written down, libm, double.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "jqfast/lrp.hpp"
#include "lrp_dense.hpp"

namespace jqfast::reference {

struct LstmTrace {
  std::vector<Vector> x, h, c, z;  // x_t, z_t of each session; h and c with the zero state first
};

inline double logistic(double z) { return 1.0 / (1.0 + std::exp(-z)); }

inline LstmTrace lstm_forward(const LstmLayer<double>& layer, const std::vector<Vector>& x) {
  const std::size_t H = layer.hidden;
  LstmTrace trace{x, {Vector(H, 0.0)}, {Vector(H, 0.0)}, {}};
  for (const Vector& input : x) {
    Vector z(layer.bias.begin(), layer.bias.end());
    for (std::size_t u = 0; u < 4 * H; ++u) {
      for (std::size_t i = 0; i < layer.inputs; ++i) z[u] += input[i] * layer.w_x[i * 4 * H + u];
      for (std::size_t j = 0; j < H; ++j) z[u] += trace.h.back()[j] * layer.w_h[j * 4 * H + u];
    }
    Vector h(H), c(H);
    for (std::size_t j = 0; j < H; ++j) {
      c[j] = logistic(z[H + j]) * trace.c.back()[j] + logistic(z[j]) * std::tanh(z[2 * H + j]);
      h[j] = logistic(z[3 * H + j]) * std::tanh(c[j]);
    }
    trace.z.push_back(z);
    trace.c.push_back(c);
    trace.h.push_back(h);
  }
  return trace;
}

// Splits R over numerators that sum, with `bias`, to `sum`; what bias and stabiliser keep goes to all in equal parts
// when redistributed.
inline Vector split(const Vector& numerators, double sum, double epsilon, double R, bool redistribute) {
  const double denominator = sum + epsilon * sign(sum);
  Vector parts(numerators.size(), 0.0);
  double given = 0.0;
  for (std::size_t i = 0; i < parts.size() && denominator != 0.0; ++i) {
    parts[i] = numerators[i] / denominator * R;
    given += parts[i];
  }
  if (redistribute)
    for (double& part : parts) part += (R - given) / static_cast<double>(parts.size());
  return parts;
}

// Relevance of x_t from that of h_t, session by session backwards; what reached h_0 and c_0 is added to `initial`.
inline std::vector<Vector> lstm_backward(const LstmLayer<double>& layer, const LstmTrace& trace,
                                         const std::vector<Vector>& of_hidden, double epsilon, bool redistribute,
                                         double& initial) {
  const std::size_t H = layer.hidden, L = trace.x.size();
  std::vector<Vector> of_x(L, Vector(layer.inputs, 0.0));
  Vector of_h(H, 0.0), of_c(H, 0.0);
  for (std::size_t t = L; t-- > 0;) {
    Vector below_h(H, 0.0), below_c(H, 0.0);
    for (std::size_t j = 0; j < H; ++j) {
      const double* z = trace.z[t].data();
      const double R = of_c[j] + of_h[j] + of_hidden[t][j];
      const double kept = logistic(z[H + j]) * trace.c[t][j];
      const double added = logistic(z[j]) * std::tanh(z[2 * H + j]);
      const Vector parts = split({kept, added}, trace.c[t + 1][j], epsilon, R, redistribute);
      below_c[j] = parts[0];
      Vector numerators;
      for (std::size_t i = 0; i < layer.inputs; ++i)
        numerators.push_back(trace.x[t][i] * layer.w_x[i * 4 * H + 2 * H + j]);
      for (std::size_t m = 0; m < H; ++m) numerators.push_back(trace.h[t][m] * layer.w_h[m * 4 * H + 2 * H + j]);
      const Vector down = split(numerators, z[2 * H + j], epsilon, parts[1], redistribute);
      for (std::size_t i = 0; i < layer.inputs; ++i) of_x[t][i] += down[i];
      for (std::size_t m = 0; m < H; ++m) below_h[m] += down[layer.inputs + m];
    }
    of_h = below_h;
    of_c = below_c;
  }
  for (std::size_t j = 0; j < H; ++j) initial += of_h[j] + of_c[j];
  return of_x;
}

inline Vector pool_weights(const LstmNet<double>& net, const LstmTrace& top) {
  const std::size_t L = net.length, H = net.layers.back().hidden;
  Vector weights(L, net.pooling == Pooling::mean ? 1.0 / static_cast<double>(L) : 0.0);
  if (net.pooling == Pooling::last) weights.back() = 1.0;
  if (net.pooling != Pooling::attention) return weights;
  double sum = 0.0;
  for (std::size_t t = 0; t < L; ++t) {
    double score = 0.0;
    for (std::size_t j = 0; j < H; ++j) score += top.h[t + 1][j] * net.query[j];
    weights[t] = std::exp(score / std::sqrt(static_cast<double>(H)));
    sum += weights[t];
  }
  for (double& weight : weights) weight /= sum;
  return weights;
}

struct LstmResult {
  std::vector<Vector> relevance;  // (L, I)
  double initial = 0.0;
  double residual = 0.0;
  double prediction = 0.0;
};

inline LstmResult lrp_lstm(const LstmNet<double>& net, const std::vector<Vector>& x, std::size_t output) {
  std::vector<LstmTrace> traces;
  std::vector<Vector> input = x;
  for (const LstmLayer<double>& layer : net.layers) {
    traces.push_back(lstm_forward(layer, input));
    input.assign(traces.back().h.begin() + 1, traces.back().h.end());
  }
  const std::size_t L = net.length, H = net.layers.back().hidden;
  const Vector weights = pool_weights(net, traces.back());
  Vector pooled(H, 0.0);
  for (std::size_t t = 0; t < L; ++t)
    for (std::size_t j = 0; j < H; ++j) pooled[j] += weights[t] * input[t][j];
  const std::vector<DenseLayer<double>> layers(net.head.layers.begin(), net.head.layers.end());
  const LrpResult head = lrp_dense(layers, pooled, output, net.head.redistribute);

  std::vector<Vector> of_hidden(L, Vector(H, 0.0));
  for (std::size_t j = 0; j < H; ++j) {
    if (net.pooling == Pooling::last) {
      of_hidden.back()[j] = head.relevance[j];
      continue;
    }
    Vector numerators(L);
    for (std::size_t t = 0; t < L; ++t) numerators[t] = weights[t] * input[t][j];
    const Vector parts = split(numerators, pooled[j], net.epsilon, head.relevance[j], net.head.redistribute);
    for (std::size_t t = 0; t < L; ++t) of_hidden[t][j] = parts[t];
  }
  LstmResult result;
  result.prediction = head.prediction;
  for (std::size_t l = net.layers.size(); l-- > 0;)
    of_hidden = lstm_backward(net.layers[l], traces[l], of_hidden, net.epsilon, net.head.redistribute, result.initial);
  result.relevance = of_hidden;
  double sum = result.initial;
  for (const Vector& session : result.relevance)
    for (const double r : session) sum += r;
  result.residual = result.prediction == sum ? 0.0 : (result.prediction - sum) / result.prediction;
  return result;
}

}  // namespace jqfast::reference
