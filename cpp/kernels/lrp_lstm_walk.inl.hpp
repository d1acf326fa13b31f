// LRP through a stack of LSTM layers and their head: layer after layer over all sessions, and back.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

#include "jqfast/lrp_kernels.hpp"
#include "lrp_dense.inl.hpp"
#include "lrp_lstm.inl.hpp"

namespace jqfast::JQFAST_TARGET::lrp {

// What walks share: the packed stack, its head, and how many samples go together.
template <class T>
struct LstmPlan {
  std::vector<PackedLstm<T>> layers;
  std::vector<PackedLayer<T>> head;
  LstmRule<T> rule;
  std::size_t length = 0;
  std::size_t heads = 0;
  std::size_t rows = kTile;
  Pooling pooling = Pooling::last;
  Lines<T> query;  // of the attention, scaled

  [[nodiscard]] std::size_t inputs() const noexcept { return layers.front().inputs; }
  [[nodiscard]] const PackedLstm<T>& top() const noexcept { return layers.back(); }
};

inline constexpr std::size_t kMostLstmRows = 4 * kTile;
inline constexpr std::size_t kLstmScratch = std::size_t{1} << 20;

// As many samples as fit into the scratch: more spread the cost of reading the weights, fewer stay in the cache.
template <class T>
std::size_t fitting_rows(const LstmPlan<T>& plan) {
  std::size_t values = 0;
  for (const PackedLstm<T>& layer : plan.layers) {
    const std::size_t hp = layer.hp();
    values += (plan.length + 1) * layer.stride() + plan.length * hp * (plan.rule.redistribute ? 3 : 2);
    values += (kGates + 2) * hp + layer.stride() + (&layer == &plan.top() ? 0 : plan.length * hp);
  }
  const std::size_t fitting = kLstmScratch / (values * sizeof(T)) / kTile * kTile;
  return std::clamp(fitting, kTile, kMostLstmRows);
}

template <class T>
class LstmWalk final : public LrpWalk<T> {
 public:
  explicit LstmWalk(const LstmPlan<T>& plan)
      : plan_(plan),
        head_(plan.head, plan.rows, plan.rule.redistribute),
        start_(plan.rows),
        valid_(plan.rows),
        weights_(plan.rows * plan.length) {
    for (const PackedLstm<T>& layer : plan.layers) {
      strips_.push_back(std::make_unique<LstmStrip<T>>(layer, plan.rows, plan.length, plan.rule));
      const bool below = &layer != &plan.top();
      from_above_.emplace_back(below ? plan.length * plan.rows * layer.hp() : plan.rows * layer.hp());
    }
  }

  std::size_t run(const LrpBatch<T>& batch) override {
    std::size_t bad = batch.count;
    for (std::size_t first = 0; first < batch.count; first += plan_.rows)
      bad = std::min(bad, step(batch, first, std::min(plan_.rows, batch.count - first)));
    return bad;
  }

 private:
  std::size_t step(const LrpBatch<T>& batch, std::size_t first, std::size_t count) {
    const std::size_t width = plan_.length * plan_.inputs();
    std::size_t bad = take(batch, first, count);
    forward();
    for (std::size_t k = 0; k < plan_.heads; ++k) {
      for (std::size_t row = 0; row < plan_.rows; ++row) {
        start_[row] = row >= count             ? T(0)
                      : batch.start == nullptr ? head_.head(row, k)
                                               : batch.start[k * batch.heads + first + row];
        if (zero_or_nan(start_[row]) != T(0)) bad = std::min(bad, first + row);
      }
      T* out = batch.relevance + (k * batch.relevance_heads + first) * width;
      backward(k, count, out);
      for (std::size_t row = 0; row < count; ++row) {
        const std::size_t at = k * batch.heads + first + row;
        const T own = valid_[row] + zero_or_nan(start_[row]);
        double initial = 0.0;
        for (const auto& strip : strips_) initial += strip->initial(row);
        T* sample = out + row * width;
        put_sums(batch, at, start_[row], head_.head(row, k), sum_of(sample, width) + initial, own);
        if (own != T(0)) std::fill_n(sample, width, own);
        if (batch.initial != nullptr) batch.initial[at] = static_cast<T>(initial) + own;
      }
    }
    return bad;
  }

  static double sum_of(const T* values, std::size_t n) noexcept {
    return sum_in_places<T>(n, [=](std::size_t i) {
      if (i + kPer<T> <= n) return load(values + i);
      T rest[kPer<T>] = {};
      std::copy(values + i, values + n, rest);
      return load(rest);
    });
  }

  // The strip's inputs into the lowest layer; returns the first sample that is not finite.
  std::size_t take(const LrpBatch<T>& batch, std::size_t first, std::size_t count) {
    const std::size_t inputs = plan_.inputs(), L = plan_.length;
    std::size_t bad = batch.count;
    for (std::size_t row = 0; row < plan_.rows; ++row) {
      const T* x = batch.x + (first + row) * L * inputs;
      Reg<T> all{};
      for (std::size_t t = 0; t < L && row < count; ++t)
        all += take_row(x + t * inputs, inputs, strips_.front()->input(t, row));
      valid_[row] = zero_or_nan_of<T>(all);
      if (valid_[row] != T(0)) bad = std::min(bad, first + row);
      for (std::size_t t = 0; t < L && (row >= count || valid_[row] != T(0)); ++t)
        std::fill_n(strips_.front()->input(t, row), inputs, T(0));
    }
    return bad;
  }

  void forward() {
    for (std::size_t l = 0; l < strips_.size(); ++l) {
      LstmStrip<T>& strip = *strips_[l];
      for (std::size_t t = 0; t < plan_.length; ++t) {
        if (l > 0) {
          for (std::size_t row = 0; row < plan_.rows; ++row)
            std::copy_n(strips_[l - 1]->hidden(t, row), plan_.layers[l].inputs, strip.input(t, row));
        }
        strip.forward(t);
      }
    }
    pool();
    head_.forward();
  }

  // The head's inputs: sum_t w_t h_t, the weights being gates that take no relevance.
  void pool() {
    LstmStrip<T>& top = *strips_.back();
    const std::size_t H = plan_.top().hidden, L = plan_.length;
    for (std::size_t row = 0; row < plan_.rows; ++row) {
      T* to = head_.input() + row * head_.input_stride();
      if (plan_.pooling == Pooling::last) {
        std::copy_n(top.hidden(L - 1, row), H, to);
        continue;
      }
      T* weight = weights_.data() + row * L;
      weigh(row, weight);
      std::fill_n(to, H, T(0));
      for (std::size_t t = 0; t < L; ++t)
        for (std::size_t j = 0; j < H; ++j) to[j] += weight[t] * top.hidden(t, row)[j];
    }
  }

  void weigh(std::size_t row, T* weight) {
    const std::size_t H = plan_.top().hidden, L = plan_.length;
    std::fill_n(weight, L, T(1) / static_cast<T>(L));
    if (plan_.pooling == Pooling::mean) return;
    T most = std::numeric_limits<T>::lowest();
    for (std::size_t t = 0; t < L; ++t) {
      weight[t] = T(0);
      for (std::size_t j = 0; j < H; ++j) weight[t] += strips_.back()->hidden(t, row)[j] * plan_.query[j];
      most = std::max(most, weight[t]);
    }
    T sum = T(0);
    for (std::size_t t = 0; t < L; ++t) {
      weight[t] = exp_value<T>(splat(weight[t] - most))[0];
      sum += weight[t];
    }
    for (std::size_t t = 0; t < L; ++t) weight[t] /= sum;
  }

  // Relevance of the inputs (count, L, I) into `out`.
  void backward(std::size_t k, std::size_t count, T* out) {
    const T* head = head_.backward(k, start_.data());
    const std::size_t inputs = plan_.inputs(), L = plan_.length;
    for (std::size_t l = strips_.size(); l-- > 0;) {
      LstmStrip<T>& strip = *strips_[l];
      const std::size_t hp = plan_.layers[l].hp();
      const bool top = l + 1 == strips_.size();
      strip.start_backward();
      for (std::size_t t = L; t-- > 0;) {
        if (top) {
          const T* given = from_head(t, head);
          strip.backward(t, given, hp);
        } else {
          strip.backward(t, from_above_[l].data() + t * plan_.rows * hp, hp);
        }
        if (l > 0) {
          const std::size_t below = plan_.layers[l - 1].hp();
          T* to = from_above_[l - 1].data() + t * plan_.rows * below;
          for (std::size_t row = 0; row < plan_.rows; ++row)
            std::copy_n(strip.relevance(row), plan_.layers[l].inputs, to + row * below);
        } else {
          for (std::size_t row = 0; row < count; ++row)
            std::copy_n(strip.relevance(row), inputs, out + (row * L + t) * inputs);
        }
      }
    }
  }

  // What the head hands to h_t, (rows, hp) of the highest layer; null for nothing.
  const T* from_head(std::size_t t, const T* head) {
    const std::size_t H = plan_.top().hidden, hp = plan_.top().hp(), L = plan_.length;
    T* to = from_above_.back().data();
    const T epsilon = plan_.rule.epsilon;
    if (plan_.pooling == Pooling::last && t + 1 != L) return nullptr;
    for (std::size_t row = 0; row < plan_.rows; ++row) {
      const T* R = head + row * head_.input_stride();
      if (plan_.pooling == Pooling::last) {
        std::copy_n(R, H, to + row * hp);
        continue;
      }
      const T* pooled = head_.input() + row * head_.input_stride();
      const T* h = strips_.back()->hidden(t, row);
      const T weight = weights_[row * L + t], equal = T(1) / static_cast<T>(L);
      for (std::size_t j = 0; j < H; ++j) {
        T part = stabilised_one(weight * h[j], pooled[j], epsilon);
        if (plan_.rule.redistribute) {
          const bool none = pooled[j] == T(0) && epsilon == T(0);
          part += equal * (none ? T(1) : stabilised_one(pooled[j] < T(0) ? -epsilon : epsilon, pooled[j], epsilon));
        }
        to[row * hp + j] = part * R[j];
      }
    }
    return to;
  }

  const LstmPlan<T>& plan_;
  std::vector<std::unique_ptr<LstmStrip<T>>> strips_;
  std::vector<Lines<T>> from_above_;  // per layer, what its h_t receive: (L, rows, hp); one session for the highest
  DenseStrip<T> head_;
  Lines<T> start_, valid_;
  Lines<T> weights_;  // (rows, L) of the pooling
};

template <class T>
class LstmPacked final : public LrpPacked<T> {
 public:
  explicit LstmPacked(const LstmNet<T>& net) {
    for (const LstmLayer<T>& layer : net.layers) plan_.layers.push_back(pack_lstm(layer));
    plan_.head = pack_net(net.head);
    plan_.rule = {net.epsilon, net.head.redistribute};
    plan_.length = net.length;
    plan_.heads = net.head.outputs.size();
    plan_.pooling = net.pooling;
    for (const T q : net.query) plan_.query.push_back(q / std::sqrt(static_cast<T>(net.query.size())));
    plan_.rows = fitting_rows(plan_);
  }
  [[nodiscard]] std::unique_ptr<LrpWalk<T>> walk() const override { return std::make_unique<LstmWalk<T>>(plan_); }
  [[nodiscard]] std::size_t strip() const override { return plan_.rows; }

 private:
  LstmPlan<T> plan_;
};

}  // namespace jqfast::JQFAST_TARGET::lrp
