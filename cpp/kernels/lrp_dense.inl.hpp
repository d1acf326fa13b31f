// LRP through a dense net, one strip of samples at a time: its activations stay near the core, the packed weights in
// the second cache. Arrays are (rows, padded units); what lies in the padding is finite and without effect.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "jqfast/lrp_kernels.hpp"
#include "lrp_activations.inl.hpp"
#include "lrp_product.inl.hpp"
#include "lrp_rules.inl.hpp"

namespace jqfast::JQFAST_TARGET::lrp {

// 0 for a finite value, NaN for any other, without a branch.
template <class T>
inline T zero_or_nan(T v) noexcept {
  return v * T(0);
}

// sum + eps sgn sum.
template <class T>
inline Reg<T> stabilise(Reg<T> sum, T epsilon) noexcept {
  return sum + (sum < T(0) ? splat(-epsilon) : splat(epsilon));
}

// numerator / full, 0 where that vanishes.
template <class T>
inline Reg<T> share_of(Reg<T> numerator, Reg<T> full) noexcept {
  return full == T(0) ? Reg<T>{} : numerator / full;
}

template <class T>
inline Reg<T> stabilised(Reg<T> numerator, Reg<T> sum, T epsilon) noexcept {
  return share_of<T>(numerator, stabilise<T>(sum, epsilon));
}

// The scratch of one strip, and its way forward and back.
template <class T>
class DenseStrip {
 public:
  DenseStrip(std::span<const PackedLayer<T>> layers, std::size_t rows, bool redistribute)
      : layers_(layers), rows_(rows), redistribute_(redistribute), kept_(rows) {
    std::size_t widest = padded<T>(layers.front().inputs);
    units_.emplace_back(rows * widest);
    for (const PackedLayer<T>& layer : layers) {
      const std::size_t width = padded<T>(layer.outputs);
      sums_.emplace_back(rows * width);
      units_.emplace_back(rows * width);
      widest = std::max(widest, width);
    }
    for (Lines<T>* buffer : {&relevance_, &lower_, &form_, &denominator_, &share_}) buffer->resize(rows * widest);
  }

  [[nodiscard]] T* input() noexcept { return units_.front().data(); }
  [[nodiscard]] std::size_t input_stride() const noexcept { return padded<T>(layers_.front().inputs); }

  // What the caller will read and write when this strip is done.
  void fetch(const std::array<Ahead, 2>& ahead) noexcept { ahead_ = ahead; }

  void forward() {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const PackedLayer<T>& layer = layers_[l];
      const std::size_t width = padded<T>(layer.outputs);
      Product<T> task{units_[l].data(), padded<T>(layer.inputs), sums_[l].data(), width};
      task.first = layer.bias.data();
      task.ahead = &ahead_;
      product(layer.forward, rows_, task);
      activate(layer.activation, sums_[l].data(), rows_ * width, units_[l + 1].data());
    }
  }

  [[nodiscard]] T head(std::size_t row, std::size_t k) const noexcept {
    return units_.back()[row * padded<T>(layers_.back().outputs) + k];
  }

  // Relevance of the inputs (rows, input_stride) for head k that starts with `start` (rows,).
  const T* backward(std::size_t k, const T* start) {
    const std::size_t width = padded<T>(layers_.back().outputs);
    std::fill_n(relevance_.data(), rows_ * width, T(0));
    for (std::size_t row = 0; row < rows_; ++row) relevance_[row * width + k] = start[row];
    for (std::size_t l = layers_.size(); l-- > 0;) {
      step_down(l);
      std::swap(relevance_, lower_);
    }
    return relevance_.data();
  }

 private:
  void step_down(std::size_t l) {
    const PackedLayer<T>& layer = layers_[l];
    std::fill(kept_.begin(), kept_.end(), T(0));
    bool first = true;
    for (const Group<T>& group : layer.groups) {
      const T* d = denominators(l, group);
      shares(l, group, d);
      if (redistribute_) count_kept(l, group, d);
      for (const Part<T>& part : group.parts) {
        Product<T> task{share_.data(), padded<T>(layer.outputs), lower_.data(), padded<T>(layer.inputs)};
        task.scale = formed(l, part.form);
        task.scale_stride = task.out_stride;
        task.add = !std::exchange(first, false);
        task.ahead = &ahead_;
        product(part.backward, rows_, task);
      }
    }
    if (redistribute_) hand_down(layer.inputs);
  }

  // d_j of the group with its bias, without the stabiliser.
  const T* denominators(std::size_t l, const Group<T>& group) {
    const PackedLayer<T>& layer = layers_[l];
    // With the literal reading of the rule the unit's output stands for the sum.
    if (group.plain()) return (layer.activation_denominator ? units_[l + 1] : sums_[l]).data();
    Product<T> task{nullptr, padded<T>(layer.inputs), denominator_.data(), padded<T>(layer.outputs)};
    task.first = group.bias.data();
    for (const Part<T>& part : group.parts) {
      task.a = formed(l, part.form);
      product(part.forward, rows_, task);
      task.first = nullptr;
      task.add = true;
    }
    return denominator_.data();
  }

  // s_j = scale R_j / (d_j + eps sgn d_j) where the gate lets it through.
  void shares(std::size_t l, const Group<T>& group, const T* d) {
    const std::size_t size = rows_ * padded<T>(layers_[l].outputs);
    const T* z = sums_[l].data();
    const T* R = relevance_.data();
    T* share = share_.data();
    const T epsilon = group.epsilon, scale = group.scale;
    using V = Reg<T>;
    const auto each = [&](auto let_through) {
      for (std::size_t k = 0; k < size; k += kPer<T>) {
        const V value = stabilised<T>(scale * load(R + k), load(d + k), epsilon);
        store<T>(share + k, let_through(load(z + k), value));
      }
    };
    switch (group.gate) {
      case Gate::all: return each([](V, V value) { return value; });
      case Gate::positive: return each([](V at, V value) { return at > T(0) ? value : V{}; });
      case Gate::negative: return each([](V at, V value) { return at < T(0) ? value : V{}; });
    }
  }

  // What bias and stabiliser keep of each row's relevance, and what a closed gate or a sum of 0 does not pass on.
  void count_kept(std::size_t l, const Group<T>& group, const T* d) {
    const PackedLayer<T>& layer = layers_[l];
    const std::size_t width = padded<T>(layer.outputs);
    for (std::size_t row = 0; row < rows_; ++row) {
      for (std::size_t j = 0; j < layer.outputs; ++j) {
        const std::size_t k = row * width + j;
        const T z = sums_[l][k];
        const T stabiliser = d[k] < T(0) ? -group.epsilon : group.epsilon;
        const T full = d[k] + stabiliser;
        const T others = layer.activation_denominator ? full - (z - group.bias[j]) : group.bias[j] + stabiliser;
        // z = 0 is counted with the positive gate, so that it is counted once.
        const bool own = group.gate == Gate::all || (group.gate == Gate::positive ? z >= T(0) : z < T(0));
        const bool blocked = full == T(0) || (group.gate != Gate::all && z == T(0));
        if (own) kept_[row] += blocked ? group.scale * relevance_[k] : share_[k] * others;
      }
    }
  }

  void hand_down(std::size_t inputs) {
    const std::size_t width = padded<T>(inputs);
    const T part = T(1) / static_cast<T>(inputs);
    for (std::size_t row = 0; row < rows_; ++row)
      for (std::size_t i = 0; i < inputs; ++i) lower_[row * width + i] += kept_[row] * part;
  }

  // u_i of the rule; one array is reused, so a caller is done with it before it asks again.
  const T* formed(std::size_t l, Form form) {
    const PackedLayer<T>& layer = layers_[l];
    const std::size_t size = rows_ * padded<T>(layer.inputs);
    const T* a = units_[l].data();
    T* out = form_.data();
    switch (form) {
      case Form::value: return a;
      case Form::positive: map_into(a, size, out, [](Reg<T> v) { return v < T(0) ? Reg<T>{} : v; }); break;
      case Form::negative: map_into(a, size, out, [](Reg<T> v) { return v > T(0) ? Reg<T>{} : v; }); break;
      case Form::one: std::fill_n(out, size, T(1)); break;
      case Form::low: repeat(layer.low, out); break;
      case Form::high: repeat(layer.high, out); break;
    }
    return out;
  }

  void repeat(const Lines<T>& values, T* out) const {
    for (std::size_t row = 0; row < rows_; ++row) std::copy(values.begin(), values.end(), out + row * values.size());
  }

  std::span<const PackedLayer<T>> layers_;
  std::size_t rows_;
  bool redistribute_;
  std::vector<Lines<T>> sums_;   // z of each layer
  std::vector<Lines<T>> units_;  // the input and each layer's activations
  Lines<T> relevance_, lower_, form_, denominator_, share_;
  Lines<T> kept_;
  std::array<Ahead, 2> ahead_;
};

// The sum of n values by partial sums of fixed places, so that vector width does not change the order: in T over a few
// vectors, then in double. `take(i)` gives the vector at place i, with zeros behind the last value.
template <class T, class Take>
inline double sum_in_places(std::size_t n, Take take) noexcept {
  constexpr std::size_t kPlaces = 16, kParts = kPlaces / kPer<T>, kBlock = 8 * kPlaces;
  double sum[kPlaces] = {};
  for (std::size_t first = 0; first < n; first += kBlock) {
    const std::size_t last = std::min(n, first + kBlock);
    Reg<T> part[kParts] = {};
    for (std::size_t i = first; i < last; i += kPlaces)
      for (std::size_t p = 0; p < kParts; ++p)
        if (i + p * kPer<T> < last) part[p] += take(i + p * kPer<T>);
    for (std::size_t s = 0; s < kPlaces; ++s) sum[s] += static_cast<double>(part[s / kPer<T>][s % kPer<T>]);
  }
  for (std::size_t half = kPlaces / 2; half > 0; half /= 2)
    for (std::size_t s = 0; s < half; ++s) sum[s] += sum[s + half];
  return sum[0];
}

// The last values of a row, as a vector that overlaps with the one before where there is one.
template <class T>
inline void copy_last(const T* from, std::size_t n, T* to) noexcept {
  if (n >= kPer<T>) {
    store<T>(to + n - kPer<T>, load(from + n - kPer<T>));
  } else {
    std::copy_n(from, n, to);
  }
}

// Copies a row that is filled up with zeros to whole vectors, and adds it up on the way.
template <class T>
inline double put_row(const T* row, std::size_t n, T* to) noexcept {
  const double sum = sum_in_places<T>(n, [=](std::size_t i) {
    const Reg<T> values = load(row + i);
    if (i + kPer<T> <= n) store<T>(to + i, values);
    return values;
  });
  copy_last(row, n, to);
  return sum;
}

// Copies a row; 0 in every place, or NaN in some for a row that is not finite.
template <class T>
inline Reg<T> take_row(const T* row, std::size_t n, T* to) noexcept {
  Reg<T> all{};
  for (std::size_t i = 0; i + kPer<T> <= n; i += kPer<T>) {
    const Reg<T> values = load(row + i);
    store<T>(to + i, values);
    all += values * T(0);
  }
  copy_last(row, n, to);
  return all + load(to + (n - 1) / kPer<T> * kPer<T>) * T(0);  // behind the row there are zeros
}

// 0 for finite values, else NaN.
template <class T>
inline T zero_or_nan_of(Reg<T> all) noexcept {
  T sum = T(0);
  for (std::size_t s = 0; s < kPer<T>; ++s) sum += all[s] * T(0);
  return sum;
}

// The residual share and the prediction of one sample.
template <class T>
void put_sums(const LrpBatch<T>& batch, std::size_t at, T start, T head, double reached, T valid) noexcept {
  const double begun = static_cast<double>(start + valid);
  const double lost = begun - reached;
  if (batch.residual != nullptr) batch.residual[at] = static_cast<T>(lost == 0.0 ? 0.0 : lost / begun);
  if (batch.prediction != nullptr) batch.prediction[at] = head + valid;
}

inline constexpr std::size_t kDenseRows = 4 * kTile;

template <class T>
class DenseWalk final : public LrpWalk<T> {
 public:
  DenseWalk(std::span<const PackedLayer<T>> layers, bool redistribute)
      : inputs_(layers.front().inputs), heads_(layers.back().outputs), strip_(layers, kDenseRows, redistribute) {}

  std::size_t run(const LrpBatch<T>& batch) override {
    std::size_t bad = batch.count;
    for (std::size_t first = 0; first < batch.count; first += kDenseRows)
      bad = std::min(bad, step(batch, first, std::min(kDenseRows, batch.count - first)));
    return bad;
  }

 private:
  std::size_t step(const LrpBatch<T>& batch, std::size_t first, std::size_t count) {
    const std::size_t stride = strip_.input_stride();
    T valid[kDenseRows] = {};
    std::size_t bad = take(batch, first, count, valid);
    const std::size_t next = std::min(kDenseRows, batch.count - first - count);
    strip_.fetch({Ahead(batch.relevance + first * inputs_, count * inputs_ * sizeof(T)),
                  Ahead(batch.x + (first + count) * inputs_, next * inputs_ * sizeof(T))});
    strip_.forward();
    for (std::size_t k = 0; k < heads_; ++k) {
      T start[kDenseRows] = {};
      for (std::size_t row = 0; row < count; ++row) {
        start[row] = batch.start == nullptr ? strip_.head(row, k) : batch.start[k * batch.heads + first + row];
        if (zero_or_nan(start[row]) != T(0)) bad = std::min(bad, first + row);
      }
      const T* relevance = strip_.backward(k, start);
      for (std::size_t row = 0; row < count; ++row) {
        const std::size_t at = k * batch.heads + first + row;
        const T own = valid[row] + zero_or_nan(start[row]);
        T* out = batch.relevance + (k * batch.relevance_heads + first + row) * inputs_;
        const double reached = put_row(relevance + row * stride, inputs_, out);
        if (own != T(0)) std::fill_n(out, inputs_, own);
        put_sums(batch, at, start[row], strip_.head(row, k), reached, own);
        if (batch.initial != nullptr) batch.initial[at] = own;
      }
    }
    return bad;
  }

  // The strip's inputs; `valid` becomes NaN, and the inputs 0, for samples that are not finite. Returns the first.
  std::size_t take(const LrpBatch<T>& batch, std::size_t first, std::size_t count, T* valid) {
    const std::size_t stride = strip_.input_stride();
    std::size_t bad = batch.count;
    Reg<T> all{};
    for (std::size_t row = 0; row < count; ++row)
      all += take_row(batch.x + (first + row) * inputs_, inputs_, strip_.input() + row * stride);
    std::fill_n(strip_.input() + count * stride, (kDenseRows - count) * stride, T(0));
    if (zero_or_nan_of<T>(all) == T(0)) return bad;
    for (std::size_t row = count; row-- > 0;) {
      T* to = strip_.input() + row * stride;
      valid[row] = zero_or_nan_of<T>(take_row(to, inputs_, to));
      if (valid[row] == T(0)) continue;
      std::fill_n(to, inputs_, T(0));
      bad = first + row;
    }
    return bad;
  }

  std::size_t inputs_, heads_;
  DenseStrip<T> strip_;
};

template <class T>
class DensePacked final : public LrpPacked<T> {
 public:
  explicit DensePacked(const DenseNet<T>& net) : layers_(pack_net(net)), redistribute_(net.redistribute) {}
  [[nodiscard]] std::unique_ptr<LrpWalk<T>> walk() const override {
    return std::make_unique<DenseWalk<T>>(layers_, redistribute_);
  }
  [[nodiscard]] std::size_t strip() const override { return kDenseRows; }

 private:
  std::vector<PackedLayer<T>> layers_;
  bool redistribute_;
};

}  // namespace jqfast::JQFAST_TARGET::lrp
