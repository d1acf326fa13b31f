// LRP through one LSTM layer, one strip of samples at a time.
//
// Forward, the layer keeps per session its inputs [h_{t-1} | x_t] and two ratios per unit, so that the way back is
// one product of matrices and a few multiplications per session:
//   keep_t  = f c_{t-1} / (c_t + eps sgn c_t)                                      what c_{t-1} gets of R(c_t)
//   share_t = i g / (c_t + eps sgn c_t) / (z_g + eps sgn z_g)                      what g hands to each a_i W_ij
// In h_t = o tanh(c_t) the signal tanh(c_t) takes all relevance, in c_t = f c_{t-1} + i g the signals c_{t-1} and g.
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "jqfast/lrp_kernels.hpp"
#include "lrp_dense.inl.hpp"

namespace jqfast::JQFAST_TARGET::lrp {

enum Gates : std::size_t { kInput, kForget, kSignal, kOutput, kGates };

// A layer with its gates in whole vectors and h above x in the rows: [h | x] W + b.
template <class T>
struct PackedLstm {
  std::size_t inputs = 0;
  std::size_t hidden = 0;
  Packed<T> forward;   // (depth, 4 hp)
  Packed<T> backward;  // of the signal gate alone: (hidden, depth)
  Lines<T> bias;       // (4 hp,)

  [[nodiscard]] std::size_t hp() const noexcept { return padded<T>(hidden); }
  [[nodiscard]] std::size_t depth() const noexcept { return hp() + inputs; }
  [[nodiscard]] std::size_t stride() const noexcept { return padded<T>(depth()); }
};

template <class T>
PackedLstm<T> pack_lstm(const LstmLayer<T>& layer) {
  const std::size_t H = layer.hidden;
  PackedLstm<T> packed;
  packed.inputs = layer.inputs;
  packed.hidden = H;
  const std::size_t hp = packed.hp();
  const auto weight = [&](std::size_t i, std::size_t gate, std::size_t j) {
    if (j >= H || (i >= H && i < hp)) return T(0);
    const std::span<const T> from = i < hp ? layer.w_h : layer.w_x;
    return from[(i < hp ? i : i - hp) * kGates * H + gate * H + j];
  };
  packed.forward =
      Packed<T>(packed.depth(), kGates * hp, [&](std::size_t i, std::size_t u) { return weight(i, u / hp, u % hp); });
  packed.backward = Packed<T>(H, packed.depth(), [&](std::size_t j, std::size_t i) { return weight(i, kSignal, j); });
  packed.bias.assign(kGates * hp, T(0));
  for (std::size_t gate = 0; gate < kGates; ++gate)
    for (std::size_t j = 0; j < H; ++j) packed.bias[gate * hp + j] = layer.bias[gate * H + j];
  return packed;
}

template <class T>
struct LstmRule {
  T epsilon = T(0);
  bool redistribute = false;
};

// The same for one number.
template <class T>
inline T stabilised_one(T numerator, T sum, T epsilon) noexcept {
  const T full = sum + (sum < T(0) ? -epsilon : epsilon);
  return full == T(0) ? T(0) : numerator / full;
}

// One layer's scratch for one strip.
template <class T>
class LstmStrip {
 public:
  LstmStrip(const PackedLstm<T>& layer, std::size_t rows, std::size_t length, LstmRule<T> rule)
      : layer_(layer),
        rule_(rule),
        rows_(rows),
        length_(length),
        units_((length + 1) * rows * layer.stride()),
        keep_(length * rows * layer.hp()),
        share_(length * rows * layer.hp()),
        kept_(rule.redistribute ? length * rows * layer.hp() : 0),
        z_(rows * kGates * layer.hp()),
        cell_(rows * layer.hp()),
        step_(rows * layer.hp()),
        lower_(rows * layer.stride()),
        zeros_(layer.hp()),
        kept_sum_(rows) {}

  // x_t, to be filled in before forward(t).
  [[nodiscard]] T* input(std::size_t t, std::size_t row) noexcept { return units(t, row) + layer_.hp(); }
  // h_t, after forward(t).
  [[nodiscard]] const T* hidden(std::size_t t, std::size_t row) noexcept { return units(t + 1, row); }
  // R(x_t), after backward(t).
  [[nodiscard]] const T* relevance(std::size_t row) const noexcept {
    return lower_.data() + row * layer_.stride() + layer_.hp();
  }

  void forward(std::size_t t) {
    const std::size_t hp = layer_.hp(), stride = layer_.stride();
    if (t == 0) {
      std::fill_n(cell_.data(), rows_ * hp, T(0));
      for (std::size_t row = 0; row < rows_; ++row) std::fill_n(units(0, row), hp, T(0));
    }
    Product<T> task{units(t, 0), stride, z_.data(), kGates * hp};
    task.first = layer_.bias.data();
    product(layer_.forward, rows_, task);
    for (std::size_t row = 0; row < rows_; ++row) advance(t, row);
  }

  void start_backward() {
    std::fill_n(cell_.data(), rows_ * layer_.hp(), T(0));
    std::fill_n(lower_.data(), rows_ * layer_.stride(), T(0));
  }

  // `above` (rows, above_stride) is what h_t receives from the head or from the layer above; null: nothing.
  void backward(std::size_t t, const T* above, std::size_t above_stride) {
    const std::size_t hp = layer_.hp(), stride = layer_.stride();
    for (std::size_t row = 0; row < rows_; ++row) {
      const std::size_t at = (t * rows_ + row) * hp;
      const T* from_next = lower_.data() + row * stride;
      const T* from_above = above == nullptr ? zeros_.data() : above + row * above_stride;
      T* cell = cell_.data() + row * hp;
      T* step = step_.data() + row * hp;
      if (rule_.redistribute) {
        kept_sum_[row] = T(0);
        for (std::size_t j = 0; j < layer_.hidden; ++j)
          kept_sum_[row] += kept_[at + j] * (cell[j] + (from_next[j] + from_above[j]));
      }
      for (std::size_t j = 0; j < hp; ++j) {
        const T R = cell[j] + (from_next[j] + from_above[j]);
        step[j] = R * share_[at + j];
        cell[j] = R * keep_[at + j];
      }
    }
    Product<T> task{step_.data(), hp, lower_.data(), stride};
    task.scale = units(t, 0);
    task.scale_stride = stride;
    product(layer_.backward, rows_, task);
    if (rule_.redistribute) hand_down();
  }

  // What reached the states before the first session.
  [[nodiscard]] double initial(std::size_t row) const noexcept {
    double sum = 0.0;
    for (std::size_t j = 0; j < layer_.hidden; ++j) {
      sum += static_cast<double>(lower_[row * layer_.stride() + j]);
      sum += static_cast<double>(cell_[row * layer_.hp() + j]);
    }
    return sum;
  }

 private:
  [[nodiscard]] T* units(std::size_t t, std::size_t row) noexcept {
    return units_.data() + (t * rows_ + row) * layer_.stride();
  }

  void advance(std::size_t t, std::size_t row) {
    const std::size_t hp = layer_.hp(), at = (t * rows_ + row) * hp;
    const T* z = z_.data() + row * kGates * hp;
    T* h = units(t + 1, row);
    T* c = cell_.data() + row * hp;
    for (std::size_t j = 0; j < hp; j += kPer<T>) {
      const Reg<T> signal = load(z + kSignal * hp + j);
      const Reg<T> kept = sigmoid_value<T>(load(z + kForget * hp + j)) * load(c + j);
      const Reg<T> added = sigmoid_value<T>(load(z + kInput * hp + j)) * tanh_value(signal);
      const Reg<T> cell = kept + added;
      store<T>(c + j, cell);
      store<T>(h + j, sigmoid_value<T>(load(z + kOutput * hp + j)) * tanh_value(cell));
      const Reg<T> full = stabilise<T>(cell, rule_.epsilon);
      store<T>(keep_.data() + at + j, share_of<T>(kept, full));
      store<T>(share_.data() + at + j, share_of<T>(added, full * stabilise<T>(signal, rule_.epsilon)));
    }
    if (rule_.redistribute) advance_kept(at, z + kSignal * hp, c);
  }

  // The stabiliser of the sum goes to c_{t-1} and g in equal parts; then what g's bias and stabiliser keep is noted.
  void advance_kept(std::size_t at, const T* signal, const T* c) {
    const T epsilon = rule_.epsilon;
    for (std::size_t j = 0; j < layer_.hidden; ++j) {
      const T half = T(0.5) * stabilised_one(c[j] < T(0) ? -epsilon : epsilon, c[j], epsilon);
      const T keep = keep_[at + j] + half;
      // All of R(c_t) is handed on; where nothing was summed the halves alone remain.
      const T gained = c[j] == T(0) && epsilon == T(0) ? T(0.5) : T(1) - keep;
      const T share = stabilised_one(gained, signal[j], epsilon);
      keep_[at + j] = T(1) - gained;
      share_[at + j] = share;
      kept_[at + j] = gained - share * (signal[j] - layer_.bias[kSignal * layer_.hp() + j]);
    }
  }

  void hand_down() {
    const T part = T(1) / static_cast<T>(layer_.hidden + layer_.inputs);
    for (std::size_t row = 0; row < rows_; ++row) {
      const T sum = kept_sum_[row];
      T* lower = lower_.data() + row * layer_.stride();
      for (std::size_t j = 0; j < layer_.hidden; ++j) lower[j] += sum * part;
      for (std::size_t i = 0; i < layer_.inputs; ++i) lower[layer_.hp() + i] += sum * part;
    }
  }

  const PackedLstm<T>& layer_;
  LstmRule<T> rule_;
  std::size_t rows_, length_;
  Lines<T> units_;         // (L + 1, rows, stride): [h_{t-1} | x_t]
  Lines<T> keep_, share_;  // (L, rows, hp)
  Lines<T> kept_;          // the same, for redistribution only
  Lines<T> z_;             // (rows, 4 hp)
  Lines<T> cell_, step_;   // (rows, hp): c_t and later R(c_t); shares of the signal gate
  Lines<T> lower_;         // (rows, stride): relevance of [h_{t-1} | x_t]
  Lines<T> zeros_;         // (hp,)
  Lines<T> kept_sum_;      // (rows,)
};

}  // namespace jqfast::JQFAST_TARGET::lrp
