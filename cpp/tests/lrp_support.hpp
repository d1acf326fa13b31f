// Random nets and inputs for the tests of LRP.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "jqfast/isa.hpp"
#include "jqfast/lrp.hpp"
#include "random.hpp"

namespace jqfast::test {

// Values in [-scale, scale).
template <class T>
std::vector<T> spread(Random& random, std::size_t n, double scale) {
  std::vector<T> values(n);
  for (T& v : values) v = static_cast<T>(scale * (2.0 * random.uniform() - 1.0));
  return values;
}

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
    net.weights.push_back(spread<T>(random, sizes[l] * sizes[l + 1], 1.5 / std::sqrt(static_cast<double>(sizes[l]))));
    net.biases.push_back(spread<T>(random, sizes[l + 1], 0.3));
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

// The second sample is all zeros, where there are three.
template <class T>
std::vector<T> make_inputs(std::size_t samples, std::size_t width, std::uint64_t seed) {
  Random random(seed);
  std::vector<T> x = spread<T>(random, samples * width, 1.4);
  if (samples > 2) std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(width), width, T(0));
  return x;
}

// The arrays of a call for K heads.
template <class T>
struct Answer {
  std::vector<T> relevance, residual, prediction, initial;

  Answer(std::size_t heads, std::size_t samples, std::size_t width)
      : relevance(heads * samples * width),
        residual(heads * samples),
        prediction(heads * samples),
        initial(heads * samples) {}

  LrpArrays<T> arrays(const std::vector<T>& x, std::size_t samples) {
    LrpArrays<T> made;
    made.x = x;
    made.samples = samples;
    made.relevance = relevance;
    made.residual = residual;
    made.prediction = prediction;
    made.initial = initial;
    return made;
  }
};

template <class T>
Answer<T> explain(const Net<T>& net, const std::vector<T>& x, const std::vector<std::size_t>& outputs,
                  bool redistribute, unsigned threads, const KernelTable& kernels = baseline_kernels()) {
  const std::size_t width = net.layers.front().inputs, samples = x.size() / width;
  Answer<T> answer(outputs.size(), samples, width);
  lrp_explain(DenseNet<T>{net.layers, outputs, redistribute}, answer.arrays(x, samples), threads, kernels);
  return answer;
}

// Every build that this processor runs, where the tests know the folder of the others.
inline std::vector<const KernelTable*> all_kernels() {
  std::vector<const KernelTable*> tables;
#if defined(JQFAST_KERNELS)
  for (const std::string& isa : supported_isas()) tables.push_back(&load_kernels(JQFAST_KERNELS, isa));
#else
  tables.push_back(&baseline_kernels());
#endif
  return tables;
}

}  // namespace jqfast::test
