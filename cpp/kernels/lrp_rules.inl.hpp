// The rules of dense layers as packed weights. Every rule is the same three steps with other weights:
//   denominators  d_j = sum_i u_i M_ij + bias_j, stabilised   (u a form of the input, M a form of the weights)
//   shares        s_j = scale R_j / d_j
//   relevance     R_i = sum over the parts of u_i sum_j M_ij s_j
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "jqfast/lrp.hpp"
#include "lrp_product.inl.hpp"

namespace jqfast::JQFAST_TARGET::lrp {

enum class Form : std::uint8_t { value, positive, negative, one, low, high };
enum class Gate : std::uint8_t { all, positive, negative };  // relevance passes everywhere, only where z > 0 or z < 0

// u_i M_ij; forward sums over the inputs, backward over the outputs.
template <class T>
struct Part {
  Form form = Form::value;
  Packed<T> forward;
  Packed<T> backward;
};

template <class T>
struct Group {
  std::vector<Part<T>> parts;
  Lines<T> bias;  // padded
  T epsilon = T(0);
  T scale = T(1);
  Gate gate = Gate::all;

  // The forward pass has this group's denominators already.
  [[nodiscard]] bool plain() const noexcept { return parts.size() == 1 && parts.front().form == Form::value; }
};

template <class T>
struct PackedLayer {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Activation activation = Activation::linear;
  bool activation_denominator = false;
  Packed<T> forward;
  Lines<T> bias;  // padded, as the two below
  Lines<T> low;
  Lines<T> high;
  std::vector<Group<T>> groups;
};

template <class T>
inline T positive_part(T v) noexcept {
  return v < T(0) ? T(0) : v;
}

template <class T>
inline T negative_part(T v) noexcept {
  return v > T(0) ? T(0) : v;
}

// A layer as the rules see it: the weights of the heads that are explained, and their biases.
template <class T>
struct Columns {
  const DenseLayer<T>* layer;
  std::vector<std::size_t> kept;

  [[nodiscard]] T weight(std::size_t i, std::size_t j) const { return layer->weights[i * layer->outputs + kept[j]]; }

  template <class Map>
  [[nodiscard]] Lines<T> bias(Map map) const {
    Lines<T> made(padded<T>(kept.size()), T(0));
    for (std::size_t j = 0; j < kept.size(); ++j) made[j] = map(layer->bias[kept[j]]);
    return made;
  }

  template <class Map>
  [[nodiscard]] Part<T> part(Form form, Map map) const {
    const std::size_t inputs = layer->inputs, outputs = kept.size();
    return {form, Packed<T>(inputs, outputs, [&](std::size_t i, std::size_t j) { return map(weight(i, j)); }),
            Packed<T>(outputs, inputs, [&](std::size_t j, std::size_t i) { return map(weight(i, j)); })};
  }
};

template <class T, class Map, class BiasMap>
Group<T> single_group(const Columns<T>& from, Form form, T epsilon, Map map, BiasMap bias) {
  Group<T> made;
  made.parts.push_back(from.part(form, map));
  made.bias = from.bias(bias);
  made.epsilon = epsilon;
  return made;
}

// (a W)+ and (a W)- summed by the signs of both factors.
template <class T>
std::vector<Group<T>> signed_groups(const Columns<T>& from, T alpha, T beta) {
  const auto plus = [](T v) { return positive_part(v); };
  const auto minus = [](T v) { return negative_part(v); };
  const auto group = [&](Form with_plus, Form with_minus, auto own_bias, T scale) {
    Group<T> made;
    made.bias = from.bias(own_bias);
    made.epsilon = from.layer->rule.epsilon;
    made.scale = scale;
    made.parts.push_back(from.part(with_plus, plus));
    made.parts.push_back(from.part(with_minus, minus));
    return made;
  };
  std::vector<Group<T>> groups;
  groups.push_back(group(Form::positive, Form::negative, plus, alpha));
  if (beta != T(0)) groups.push_back(group(Form::negative, Form::positive, minus, -beta));
  return groups;
}

// Positive contributions count (1 + gamma) times where z > 0, negative ones where z < 0; no stabiliser is needed.
template <class T>
std::vector<Group<T>> gamma_groups(const Columns<T>& from) {
  const T gamma = from.layer->rule.gamma;
  const auto more_plus = [gamma](T v) { return v + gamma * positive_part(v); };
  const auto more_minus = [gamma](T v) { return v + gamma * negative_part(v); };
  const auto group = [&](auto with_positive, auto with_negative, Gate gate) {
    Group<T> made;
    made.bias = from.bias(with_positive);
    made.gate = gate;
    made.parts.push_back(from.part(Form::positive, with_positive));
    made.parts.push_back(from.part(Form::negative, with_negative));
    return made;
  };
  std::vector<Group<T>> groups;
  groups.push_back(group(more_plus, more_minus, Gate::positive));
  groups.push_back(group(more_minus, more_plus, Gate::negative));
  return groups;
}

template <class T>
Group<T> zbox_group(const Columns<T>& from) {
  Group<T> box = single_group(from, Form::value, T(0), [](T v) { return v; }, [](T) { return T(0); });
  box.parts.push_back(from.part(Form::low, [](T v) { return -positive_part(v); }));
  box.parts.push_back(from.part(Form::high, [](T v) { return -negative_part(v); }));
  return box;
}

template <class T>
std::vector<Group<T>> rule_groups(const Columns<T>& from) {
  const RuleSpec<T>& rule = from.layer->rule;
  const auto same = [](T v) { return v; };
  const auto square = [](T v) { return v * v; };
  const auto none = [](T) { return T(0); };
  const auto one = [](T) { return T(1); };
  std::vector<Group<T>> groups;
  switch (rule.rule) {
    case LrpRule::lrp0: groups.push_back(single_group(from, Form::value, T(0), same, same)); break;
    case LrpRule::epsilon: groups.push_back(single_group(from, Form::value, rule.epsilon, same, same)); break;
    case LrpRule::gamma: groups = gamma_groups(from); break;
    case LrpRule::alphabeta: groups = signed_groups(from, rule.alpha, rule.beta); break;
    case LrpRule::zplus: groups = signed_groups(from, T(1), T(0)); break;
    case LrpRule::wsquare: groups.push_back(single_group(from, Form::one, rule.epsilon, square, square)); break;
    case LrpRule::flat: groups.push_back(single_group(from, Form::one, rule.epsilon, one, none)); break;
    case LrpRule::zbox: groups.push_back(zbox_group(from)); break;
  }
  return groups;
}

// `kept` picks the outputs: all of them in hidden layers, the explained heads in the last.
template <class T>
PackedLayer<T> pack_layer(const DenseLayer<T>& layer, std::vector<std::size_t> kept) {
  const Columns<T> from{&layer, std::move(kept)};
  const auto fill = [&](std::span<const T> values) {
    Lines<T> made(padded<T>(layer.inputs), T(0));
    if (layer.rule.rule == LrpRule::zbox) std::copy(values.begin(), values.end(), made.begin());
    return made;
  };
  PackedLayer<T> packed;
  packed.inputs = layer.inputs;
  packed.outputs = from.kept.size();
  packed.activation = layer.activation;
  packed.activation_denominator = layer.rule.activation_denominator;
  packed.forward =
      Packed<T>(layer.inputs, packed.outputs, [&](std::size_t i, std::size_t j) { return from.weight(i, j); });
  packed.bias = from.bias([](T v) { return v; });
  packed.low = fill(layer.rule.low);
  packed.high = fill(layer.rule.high);
  packed.groups = rule_groups(from);
  return packed;
}

template <class T>
std::vector<PackedLayer<T>> pack_net(const DenseNet<T>& net) {
  std::vector<PackedLayer<T>> packed;
  for (const DenseLayer<T>& layer : net.layers) {
    std::vector<std::size_t> kept(layer.outputs);
    for (std::size_t j = 0; j < kept.size(); ++j) kept[j] = j;
    if (&layer == &net.layers.back()) kept.assign(net.outputs.begin(), net.outputs.end());
    packed.push_back(pack_layer(layer, std::move(kept)));
  }
  return packed;
}

}  // namespace jqfast::JQFAST_TARGET::lrp
