// LRP through a dense net, one strip of samples at a time.
//
// Lanes are samples: every array of a strip is (units, kLanes), so a matrix product broadcasts one weight over the
// lanes and each sample sums in the order of the units whatever the vector width. A strip's activations stay in the
// first cache, the packed weights in the second. Every rule is the same three steps with other weights:
//   denominators  d_j = sum_i u_i M_ij + bias_j, stabilised   (u a form of the input, M a form of the weights)
//   shares        s_j = scale R_j / d_j
//   relevance     R_i = sum over the parts of u_i sum_j M_ij s_j
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "jqfast/lrp.hpp"
#include "lrp_activations.inl.hpp"

namespace jqfast::kernel {

inline constexpr std::size_t kLanes = 16;
inline constexpr std::size_t kTile = 4;  // output units computed together; their sums stay in registers

inline std::size_t padded(std::size_t units) { return (units + kTile - 1) / kTile * kTile; }

// A (depth, units) matrix in panels of kTile units, each panel contiguous along depth; the last is padded with zeros.
template <class T>
class Packed {
 public:
  Packed() = default;

  template <class Element>
  Packed(std::size_t depth, std::size_t units, Element element) : depth_(depth), data_(depth * padded(units)) {
    for (std::size_t j = 0; j < units; ++j)
      for (std::size_t i = 0; i < depth; ++i)
        data_[(j / kTile) * depth * kTile + i * kTile + j % kTile] = element(i, j);
  }

  [[nodiscard]] std::size_t panels() const { return depth_ == 0 ? 0 : data_.size() / (depth_ * kTile); }
  [[nodiscard]] const T* panel(std::size_t p) const { return data_.data() + p * depth_ * kTile; }
  [[nodiscard]] std::size_t depth() const { return depth_; }

 private:
  std::size_t depth_ = 0;
  std::vector<T> data_;
};

// out (padded units, kLanes) = matrix^T a with a (depth, kLanes).
template <class T, std::size_t kVectorBytes>
void product(const Packed<T>& matrix, const T* a, T* out) {
  using Vector [[gnu::vector_size(kVectorBytes), gnu::aligned(alignof(T)), gnu::may_alias]] = T;
  constexpr std::size_t kPerVector = kVectorBytes / sizeof(T);
  constexpr std::size_t kVectors = std::min<std::size_t>(2, kLanes / kPerVector);
  constexpr std::size_t kStep = kPerVector * kVectors;
  const std::size_t depth = matrix.depth();
  for (std::size_t p = 0; p < matrix.panels(); ++p) {
    for (std::size_t lane = 0; lane < kLanes; lane += kStep) {
      const T* weight = matrix.panel(p);
      const T* input = a + lane;
      Vector sum[kTile][kVectors] = {};
      for (std::size_t i = 0; i < depth; ++i, weight += kTile, input += kLanes) {
        const auto* row = reinterpret_cast<const Vector*>(input);
        for (std::size_t r = 0; r < kTile; ++r)
          for (std::size_t v = 0; v < kVectors; ++v) sum[r][v] += weight[r] * row[v];
      }
      for (std::size_t r = 0; r < kTile; ++r)
        for (std::size_t v = 0; v < kVectors; ++v)
          *reinterpret_cast<Vector*>(out + (p * kTile + r) * kLanes + lane + v * kPerVector) = sum[r][v];
    }
  }
}

enum class Form : std::uint8_t { value, positive, negative, one, low, high };
enum class Gate : std::uint8_t {
  all,
  positive,
  negative
};  // pass relevance everywhere, only where z > 0, only where z < 0

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
  std::vector<T> bias;
  T epsilon = T(0);
  T scale = T(1);
  Gate gate = Gate::all;
};

template <class T>
struct PackedLayer {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  Activation activation = Activation::linear;
  bool activation_denominator = false;
  Packed<T> forward;
  std::vector<T> bias;
  std::vector<T> low;
  std::vector<T> high;
  std::vector<Group<T>> groups;
};

template <class T>
inline T positive_part(T v) {
  return v < T(0) ? T(0) : v;
}

// 0 for a finite value, NaN for any other, without a branch.
template <class T>
inline T zero_or_nan(T v) {
  return v * T(0);
}

template <class T>
inline T negative_part(T v) {
  return v > T(0) ? T(0) : v;
}

// The parts of one rule: `weight(i, j)` are the layer's weights, `map` a function of one weight.
template <class T, class Weight, class Map>
Part<T> make_part(const DenseLayer<T>& layer, std::size_t outputs, Form form, Weight weight, Map map) {
  Part<T> part;
  part.form = form;
  part.forward = Packed<T>(layer.inputs, outputs, [&](std::size_t i, std::size_t j) { return map(weight(i, j)); });
  part.backward = Packed<T>(outputs, layer.inputs, [&](std::size_t j, std::size_t i) { return map(weight(i, j)); });
  return part;
}

template <class T, class Map>
std::vector<T> map_bias(const std::vector<T>& bias, Map map) {
  std::vector<T> out(bias.size());
  std::transform(bias.begin(), bias.end(), out.begin(), map);
  return out;
}

// (a W)+ and (a W)- summed by the signs of both factors.
template <class T, class Weight>
std::vector<Group<T>> signed_groups(const DenseLayer<T>& layer, const std::vector<T>& bias, Weight weight, T alpha,
                                    T beta) {
  const std::size_t outputs = bias.size();
  const auto plus = [](T v) { return positive_part(v); };
  const auto minus = [](T v) { return negative_part(v); };
  const auto group = [&](Form with_plus, Form with_minus, std::vector<T> own_bias, T scale) {
    Group<T> made{{}, std::move(own_bias), layer.rule.epsilon, scale, Gate::all};
    made.parts.push_back(make_part(layer, outputs, with_plus, weight, plus));
    made.parts.push_back(make_part(layer, outputs, with_minus, weight, minus));
    return made;
  };
  std::vector<Group<T>> groups;
  groups.push_back(group(Form::positive, Form::negative, map_bias(bias, plus), alpha));
  if (beta != T(0)) groups.push_back(group(Form::negative, Form::positive, map_bias(bias, minus), -beta));
  return groups;
}

// Positive contributions count (1 + gamma) times where z > 0, negative ones where z < 0; no stabiliser is needed.
template <class T, class Weight>
std::vector<Group<T>> gamma_groups(const DenseLayer<T>& layer, const std::vector<T>& bias, Weight weight) {
  const T gamma = layer.rule.gamma;
  const std::size_t outputs = bias.size();
  const auto more_plus = [gamma](T v) { return v + gamma * positive_part(v); };
  const auto more_minus = [gamma](T v) { return v + gamma * negative_part(v); };
  const auto group = [&](auto with_positive, auto with_negative, Gate gate) {
    Group<T> made{{}, map_bias(bias, with_positive), T(0), T(1), gate};
    made.parts.push_back(make_part(layer, outputs, Form::positive, weight, with_positive));
    made.parts.push_back(make_part(layer, outputs, Form::negative, weight, with_negative));
    return made;
  };
  std::vector<Group<T>> groups;
  groups.push_back(group(more_plus, more_minus, Gate::positive));
  groups.push_back(group(more_minus, more_plus, Gate::negative));
  return groups;
}

template <class T, class Weight>
std::vector<Group<T>> zbox_groups(const DenseLayer<T>& layer, std::size_t outputs, Weight weight) {
  Group<T> box{{}, std::vector<T>(outputs, T(0)), T(0), T(1), Gate::all};
  box.parts.push_back(make_part(layer, outputs, Form::value, weight, [](T v) { return v; }));
  box.parts.push_back(make_part(layer, outputs, Form::low, weight, [](T v) { return -positive_part(v); }));
  box.parts.push_back(make_part(layer, outputs, Form::high, weight, [](T v) { return -negative_part(v); }));
  std::vector<Group<T>> groups;
  groups.push_back(std::move(box));
  return groups;
}

template <class T, class Weight>
std::vector<Group<T>> rule_groups(const DenseLayer<T>& layer, const std::vector<T>& bias, Weight weight) {
  const RuleSpec<T>& rule = layer.rule;
  const auto single = [&](Form form, std::vector<T> own_bias, T epsilon, auto map) {
    Group<T> made{{}, std::move(own_bias), epsilon, T(1), Gate::all};
    made.parts.push_back(make_part(layer, bias.size(), form, weight, map));
    std::vector<Group<T>> groups;
    groups.push_back(std::move(made));
    return groups;
  };
  const auto same = [](T v) { return v; };
  const auto square = [](T v) { return v * v; };
  const std::vector<T> none(bias.size(), T(0));
  switch (rule.rule) {
    case LrpRule::lrp0: return single(Form::value, bias, T(0), same);
    case LrpRule::epsilon: return single(Form::value, bias, rule.epsilon, same);
    case LrpRule::gamma: return gamma_groups(layer, bias, weight);
    case LrpRule::alphabeta: return signed_groups(layer, bias, weight, rule.alpha, rule.beta);
    case LrpRule::zplus: return signed_groups(layer, bias, weight, T(1), T(0));
    case LrpRule::wsquare: return single(Form::one, map_bias(bias, square), rule.epsilon, square);
    case LrpRule::flat: return single(Form::one, none, rule.epsilon, [](T) { return T(1); });
    case LrpRule::zbox: return zbox_groups(layer, bias.size(), weight);
  }
  return {};
}

// `columns` picks the outputs to keep: all of them in hidden layers, the explained head alone in the last.
template <class T>
PackedLayer<T> pack_layer(const DenseLayer<T>& layer, const std::vector<std::size_t>& columns) {
  const auto weight = [&](std::size_t i, std::size_t j) { return layer.weights[i * layer.outputs + columns[j]]; };
  PackedLayer<T> packed;
  packed.inputs = layer.inputs;
  packed.outputs = columns.size();
  packed.activation = layer.activation;
  packed.activation_denominator = layer.rule.activation_denominator;
  packed.forward = Packed<T>(layer.inputs, columns.size(), weight);
  for (const std::size_t column : columns) packed.bias.push_back(layer.bias[column]);
  packed.low.assign(layer.rule.low.begin(), layer.rule.low.end());
  packed.high.assign(layer.rule.high.begin(), layer.rule.high.end());
  packed.groups = rule_groups(layer, packed.bias, weight);
  return packed;
}

// A thread's scratch and the propagation of one strip through it.
template <class T, std::size_t kVectorBytes>
class Strip {
 public:
  explicit Strip(std::span<const PackedLayer<T>> layers) : layers_(layers) {
    std::size_t widest = padded(layers.front().inputs);
    units_.emplace_back(widest * kLanes);
    for (const PackedLayer<T>& layer : layers) {
      const std::size_t size = padded(layer.outputs) * kLanes;
      sums_.emplace_back(size);
      units_.emplace_back(size);
      widest = std::max(widest, padded(layer.outputs));
    }
    for (std::vector<T>* buffer : {&relevance_, &lower_, &form_, &denominator_, &share_, &back_})
      buffer->resize(widest * kLanes);
  }

  // Samples first..first+count of the task; the other lanes compute on zeros and are dropped.
  void run(const LrpTask<T>& task, std::size_t first, std::size_t count) {
    load(task.x.data() + first * layers_.front().inputs, count);
    forward();
    const T* head = units_.back().data();
    T start[kLanes] = {};
    for (std::size_t lane = 0; lane < count; ++lane)
      start[lane] = task.start.empty() ? head[lane] : task.start[first + lane];
    std::copy_n(start, kLanes, relevance_.data());
    for (std::size_t l = layers_.size(); l-- > 0;) {
      backward(l, task.redistribute);
      std::swap(relevance_, lower_);
    }
    store(task, first, count, start);
  }

 private:
  void load(const T* x, std::size_t count) {
    const std::size_t inputs = layers_.front().inputs;
    T* a = units_.front().data();
    for (std::size_t i = 0; i < inputs; ++i)
      for (std::size_t lane = 0; lane < kLanes; ++lane)
        a[i * kLanes + lane] = lane < count ? x[lane * inputs + i] : T(0);
    std::fill_n(finite_, kLanes, T(0));
    for (std::size_t i = 0; i < inputs; ++i)
      for (std::size_t lane = 0; lane < kLanes; ++lane) finite_[lane] += zero_or_nan(a[i * kLanes + lane]);
  }

  void forward() {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const PackedLayer<T>& layer = layers_[l];
      T* z = sums_[l].data();
      product<T, kVectorBytes>(layer.forward, units_[l].data(), z);
      for (std::size_t j = 0; j < layer.outputs; ++j)
        for (std::size_t lane = 0; lane < kLanes; ++lane) z[j * kLanes + lane] += layer.bias[j];
      activate(layer.activation, z, layer.outputs * kLanes, units_[l + 1].data());
    }
  }

  void backward(std::size_t l, bool redistribute) {
    const PackedLayer<T>& layer = layers_[l];
    std::fill_n(kept_, kLanes, T(0));
    std::fill_n(lower_.data(), layer.inputs * kLanes, T(0));
    for (const Group<T>& group : layer.groups) {
      denominators(l, group);
      shares(l, group);
      for (const Part<T>& part : group.parts) add_part(l, part);
    }
    if (!redistribute) return;
    const T each = T(1) / static_cast<T>(layer.inputs);
    for (std::size_t i = 0; i < layer.inputs; ++i)
      for (std::size_t lane = 0; lane < kLanes; ++lane) lower_[i * kLanes + lane] += kept_[lane] * each;
  }

  // d_j of the group with its bias, without the stabiliser.
  void denominators(std::size_t l, const Group<T>& group) {
    const PackedLayer<T>& layer = layers_[l];
    const std::size_t size = layer.outputs * kLanes;
    if (group.parts.size() == 1 && group.parts.front().form == Form::value) {
      // The forward pass has this sum already; with the literal reading of the rule the unit's output stands for it.
      std::copy_n(layer.activation_denominator ? units_[l + 1].data() : sums_[l].data(), size, denominator_.data());
      return;
    }
    for (std::size_t j = 0; j < layer.outputs; ++j) std::fill_n(&denominator_[j * kLanes], kLanes, group.bias[j]);
    for (const Part<T>& part : group.parts) {
      product<T, kVectorBytes>(part.forward, formed(l, part.form), back_.data());
      for (std::size_t k = 0; k < size; ++k) denominator_[k] += back_[k];
    }
  }

  // s_j = scale R_j / (d_j + eps sgn d_j); what bias and stabiliser keep of it is added to kept_.
  void shares(std::size_t l, const Group<T>& group) {
    const PackedLayer<T>& layer = layers_[l];
    const T* z = sums_[l].data();
    for (std::size_t j = 0; j < layer.outputs; ++j) {
      const T* own = z + j * kLanes;
      for (std::size_t lane = 0; lane < kLanes; ++lane) {
        const std::size_t k = j * kLanes + lane;
        const T sum = denominator_[k];
        const T stabiliser = sum < T(0) ? -group.epsilon : group.epsilon;
        const T full = sum + stabiliser;
        const T passed = opened(group.gate, own[lane]) ? group.scale * relevance_[k] : T(0);
        const bool blocked = full == T(0) || (group.gate != Gate::all && own[lane] == T(0));
        const T share = blocked ? T(0) : passed / full;
        const T others = layer.activation_denominator ? full - (own[lane] - group.bias[j]) : group.bias[j] + stabiliser;
        share_[k] = share;
        kept_[lane] += blocked ? passed : share * others;
      }
    }
  }

  // z = 0 belongs to the positive gate, so that what it blocks is counted once.
  static bool opened(Gate gate, T z) { return gate == Gate::all || (gate == Gate::positive ? z >= T(0) : z < T(0)); }

  void add_part(std::size_t l, const Part<T>& part) {
    const std::size_t size = layers_[l].inputs * kLanes;
    product<T, kVectorBytes>(part.backward, share_.data(), back_.data());
    const T* form = formed(l, part.form);
    for (std::size_t k = 0; k < size; ++k) lower_[k] += form[k] * back_[k];
  }

  // u_i of the rule; one array is reused, so a caller is done with it before it asks again.
  const T* formed(std::size_t l, Form form) {
    const PackedLayer<T>& layer = layers_[l];
    const std::size_t size = layer.inputs * kLanes;
    const T* a = units_[l].data();
    T* out = form_.data();
    switch (form) {
      case Form::value: return a;
      case Form::positive: map_into(a, size, out, [](T v) { return positive_part(v); }); break;
      case Form::negative: map_into(a, size, out, [](T v) { return negative_part(v); }); break;
      case Form::one: std::fill_n(out, size, T(1)); break;
      case Form::low: broadcast(layer.low, out); break;
      case Form::high: broadcast(layer.high, out); break;
    }
    return out;
  }

  static void broadcast(const std::vector<T>& values, T* out) {
    for (std::size_t i = 0; i < values.size(); ++i) std::fill_n(out + i * kLanes, kLanes, values[i]);
  }

  void store(const LrpTask<T>& task, std::size_t first, std::size_t count, const T* start) {
    const std::size_t inputs = layers_.front().inputs;
    const T* head = units_.back().data();
    for (std::size_t lane = 0; lane < count; ++lane) {
      // Adding 0 or NaN: a sample with a non-finite input or start has no relevance, whatever the rule would give.
      const T valid = finite_[lane] + zero_or_nan(start[lane]);
      T* out = task.relevance.data() + (first + lane) * inputs;
      double sum = 0.0;
      for (std::size_t i = 0; i < inputs; ++i) {
        out[i] = relevance_[i * kLanes + lane] + valid;
        sum += static_cast<double>(out[i]);
      }
      const double begun = static_cast<double>(start[lane] + valid);
      const double lost = begun - sum;
      if (!task.residual.empty()) task.residual[first + lane] = static_cast<T>(lost == 0.0 ? 0.0 : lost / begun);
      if (!task.prediction.empty()) task.prediction[first + lane] = head[lane] + finite_[lane];
    }
  }

  std::span<const PackedLayer<T>> layers_;
  std::vector<std::vector<T>> sums_;   // z of each layer
  std::vector<std::vector<T>> units_;  // the input and each layer's activations
  std::vector<T> relevance_, lower_, form_, denominator_, share_, back_;
  T kept_[kLanes] = {};
  T finite_[kLanes] = {};
};

}  // namespace jqfast::kernel
