// Least squares of kGroup series, a lane each: passes over rows that stay in a second-level cache.
//
// 0. Series of some groups side by side, NaN where a value is missing or its row does not count; how many there are.
//    Several groups at a time, as rows of a wide panel lie on pages of their own.
// 1. X'y, and X'X. Where few values are missing X'X is that of all rows less those; else that of those present.
// 2. Residuals of b = (X'X)^-1 X'y; X'e, which is what rounding left of it; squares about the mean.
// 3. b corrected by (X'X)^-1 X'e, its residuals, their squares.
// 4. Bartlett sums as moving sums. With g_t = e_t x_t, 0 outside the rows, and m_t = g_t + ... + g_{t-L},
//    sum over t of m_t m_t' = sum over |l| <= L of (L + 1 - |l|) sum over t of g_t g_{t-l}',
//    which is L + 1 times the long-run covariance: 2 K instead of L K (K + 1) / 2 products a row. What leaves m is the
//    product that came in, so of a large one at most its rounding stays, far below its square in the sum.
#pragma once

#include <algorithm>
#include <array>
#include <vector>

#include "vec.hpp"

namespace jqfast::JQFAST_TARGET::ols {

// Share of the largest diagonal of X'X below which what is left of a regressor is no direction of its own.
inline constexpr double kSingular = 1e-11;

// The arrays of K regressors. A number known to the compiler keeps sums in registers.
template <std::size_t Fixed>
struct Shape {
  explicit Shape(std::size_t) {}
  static constexpr std::size_t k() { return Fixed; }
  static std::array<Vec, Fixed> line() { return {}; }
  static std::array<Vec, Fixed*(Fixed + 1) / 2> half() { return {}; }
  static std::array<Vec, Fixed * Fixed> square() { return {}; }
};

// Any number of regressors.
template <>
struct Shape<0> {
  explicit Shape(std::size_t columns) : columns_(columns) {}
  [[nodiscard]] std::size_t k() const { return columns_; }
  [[nodiscard]] std::vector<Vec> line() const { return std::vector<Vec>(columns_); }
  [[nodiscard]] std::vector<Vec> half() const { return std::vector<Vec>(columns_ * (columns_ + 1) / 2); }
  [[nodiscard]] std::vector<Vec> square() const { return std::vector<Vec>(columns_ * columns_); }

 private:
  std::size_t columns_;
};

// One vector of lanes of a group.
template <std::size_t Fixed>
class Lanes {
 public:
  using Line = decltype(Shape<Fixed>(0).line());
  using Half = decltype(Shape<Fixed>(0).half());
  using Square = decltype(Shape<Fixed>(0).square());

  Lanes(const LeastSquaresArgs& args, std::size_t lane)
      : a_(args), shape_(args.columns), lane_(lane), y_(args.y + lane), n_(load(args.n + lane)) {}

  void run() {
    Line xy = shape_.line(), b = shape_.line();
    Vec total{};
    Half gram = shape_.half();
    moments(xy, total, gram);
    const Square inverse = inverted(gram);
    add_product(inverse, xy, b);
    correct(inverse, total / select(n_ > 0.0, n_, splat(1.0)), b);
    const Vec rss = settle(b), free = n_ - splat(static_cast<double>(shape_.k()));
    if (a_.lags == nullptr) return finish(b, inverse, rss / free, nullptr);
    const Square meat = long_run();
    finish(b, inverse, a_.small_sample ? n_ / free : splat(1.0), &meat);
  }

 private:
  [[nodiscard]] const double* x(std::size_t t) const { return a_.q + t * shape_.k(); }

  void moments(Line& xy, Vec& total, Half& gram) const {
    const std::size_t K = shape_.k();
    const Mask most = n_ + n_ > splat(static_cast<double>(a_.known));
    Line sums = shape_.line();
    Vec sum{};
    for (std::size_t t = 0; t < a_.rows; ++t) {
      const double* q = x(t);
      const Vec y = load(y_ + t * kGroup);
      const Mask missing = is_nan(y);
      const Vec filled = select(missing, Vec{}, y);
      sum += filled;
#pragma GCC unroll 7
      for (std::size_t k = 0; k < K; ++k) sums[k] += filled * q[k];
      const Mask counted = missing ^ ~most;
      if (any(counted)) add_square(q, counted, gram);
    }
    xy = sums;
    total = sum;
    for (std::size_t p = 0; p < K * (K + 1) / 2; ++p) gram[p] = select(most, a_.whole[p] - gram[p], gram[p]);
  }

  void add_square(const double* q, Mask counted, Half& gram) const {
    const std::size_t K = shape_.k();
#pragma GCC unroll 7
    for (std::size_t i = 0, p = 0; i < K; ++i) {
      const Vec left = select(counted, splat(q[i]), Vec{});
#pragma GCC unroll 7
      for (std::size_t j = i; j < K; ++j, ++p) gram[p] += left * q[j];
    }
  }

  // X'X = C C', its inverse from that of C; NaN in lanes that do not tell the regressors apart.
  Square inverted(const Half& gram) const {
    const std::size_t K = shape_.k();
    Square c = shape_.square(), d = shape_.square(), out = shape_.square();
    Vec largest{};
    for (std::size_t i = 0, p = 0; i < K; p += K - i, ++i) largest = select(gram[p] > largest, gram[p], largest);
    Mask good = n_ > splat(static_cast<double>(K));
    for (std::size_t i = 0, p = 0; i < K; ++i) {
      for (std::size_t j = i; j < K; ++j, ++p) {
        Vec rest = gram[p];
        for (std::size_t k = 0; k < i; ++k) rest -= c[i * K + k] * c[j * K + k];
        if (j == i) {
          good &= rest > largest * kSingular;
          c[i * K + i] = sqrt(rest);
        } else {
          c[j * K + i] = rest / c[i * K + i];
        }
      }
    }
    for (std::size_t j = 0; j < K; ++j) {
      d[j * K + j] = 1.0 / c[j * K + j];
      for (std::size_t i = j + 1; i < K; ++i) {
        Vec sum{};
        for (std::size_t k = j; k < i; ++k) sum += c[i * K + k] * d[k * K + j];
        d[i * K + j] = -sum / c[i * K + i];
      }
    }
    for (std::size_t i = 0; i < K; ++i) {
      for (std::size_t j = i; j < K; ++j) {
        Vec sum{};
        for (std::size_t k = j; k < K; ++k) sum += d[k * K + i] * d[k * K + j];
        out[i * K + j] = out[j * K + i] = select(good, sum, splat(kNaN));
      }
    }
    return out;
  }

  void add_product(const Square& matrix, const Line& v, Line& out) const {
    for (std::size_t i = 0; i < shape_.k(); ++i)
      for (std::size_t j = 0; j < shape_.k(); ++j) out[i] += matrix[i * shape_.k() + j] * v[j];
  }

  [[nodiscard]] Vec residual(const double* q, Vec y, const Line& b) const {
    const std::size_t K = shape_.k();
    Vec fit = b[0] * q[0];
#pragma GCC unroll 7
    for (std::size_t k = 1; k < K; ++k) fit += b[k] * q[k];
    return select(is_nan(y), Vec{}, y - fit);
  }

  void correct(const Square& inverse, Vec mean, Line& b) const {
    const std::size_t K = shape_.k();
    Line left = shape_.line();
    Vec tss{};
    for (std::size_t t = 0; t < a_.rows; ++t) {
      const double* q = x(t);
      const Vec y = load(y_ + t * kGroup);
      const Vec e = residual(q, y, b);
#pragma GCC unroll 7
      for (std::size_t k = 0; k < K; ++k) left[k] += e * q[k];
      const Vec dev = select(is_nan(y), Vec{}, y - mean);
      tss += dev * dev;
    }
    store(a_.tss + lane_, tss);
    add_product(inverse, left, b);
  }

  // Residuals take the place of the values, 0 where one is missing.
  Vec settle(const Line& b) const {
    Vec rss{};
    for (std::size_t t = 0; t < a_.rows; ++t) {
      double* y = y_ + t * kGroup;
      const Vec e = residual(x(t), load(y), b);
      store(y, e);
      rss += e * e;
    }
    store(a_.rss + lane_, rss);
    return rss;
  }

  // The lags of the lanes: each number once, and which lanes have it.
  struct Lags {
    std::size_t kinds = 0, longest = 0;
    std::array<std::size_t, kLanes> window{};
    std::array<Mask, kLanes> lanes{};
    Vec divisor{};
  };

  // Beyond T - 1 lags the window holds all rows for a while, whose sum X'e is 0: such m add nothing.
  [[nodiscard]] Lags lags() const {
    Lags found;
    for (std::size_t i = 0; i < kLanes; ++i) {
      const std::int64_t lag = a_.lags[static_cast<std::size_t>(n_[i])];
      const auto window = std::min(static_cast<std::size_t>(lag), a_.rows - 1);
      found.divisor[i] = static_cast<double>(lag) + 1.0;
      found.longest = std::max(found.longest, window);
      std::size_t kind = 0;
      while (kind < found.kinds && found.window[kind] != window) ++kind;
      found.window[kind] = window;
      found.lanes[kind][i] = -1;
      found.kinds = std::max(found.kinds, kind + 1);
    }
    return found;
  }

  [[nodiscard]] Square long_run() const {
    const std::size_t K = shape_.k();
    const Lags found = lags();
    const Half sums = found.kinds == 1 ? moving<false>(found) : moving<true>(found);
    Square out = shape_.square();
    for (std::size_t i = 0, p = 0; i < K; ++i)
      for (std::size_t j = i; j < K; ++j, ++p) out[i * K + j] = out[j * K + i] = sums[p] / found.divisor;
    return out;
  }

  // What leaves m: the row that each lane's window has passed, of lanes of one number of lags together.
  template <bool Mixed>
  [[nodiscard]] Half moving(const Lags& found) const {
    const std::size_t K = shape_.k();
    Half sums = shape_.half();
    Line m = shape_.line(), gone = shape_.line();
    for (std::size_t t = 0; t < a_.rows + found.longest; ++t) {
      const double *q = x(t), *e = y_ + t * kGroup;
      Vec out{};
      for (std::size_t kind = 0; kind < (Mixed ? found.kinds : 1); ++kind) {
        const std::size_t late = found.window[kind] + 1;
        const Mask lanes = found.lanes[kind];
        const double* old = q - late * K;
        out = Mixed ? select(lanes, load(e - late * kGroup), out) : load(e - late * kGroup);
#pragma GCC unroll 7
        for (std::size_t k = 0; k < K; ++k) gone[k] = Mixed ? select(lanes, splat(old[k]), gone[k]) : splat(old[k]);
      }
      const Vec in = load(e);
#pragma GCC unroll 7
      for (std::size_t k = 0; k < K; ++k) m[k] += in * q[k] - out * gone[k];
#pragma GCC unroll 7
      for (std::size_t i = 0, p = 0; i < K; ++i)
#pragma GCC unroll 7
        for (std::size_t j = i; j < K; ++j, ++p) sums[p] += m[i] * m[j];
    }
    return sums;
  }

  // R^-1 b and factor R^-1 (X'X)^-1 [S (X'X)^-1] R^-T.
  void finish(const Line& b, const Square& inverse, Vec factor, const Square* meat) const {
    const std::size_t K = shape_.k();
    Square left = shape_.square(), middle = shape_.square();
    for (std::size_t i = 0; i < K; ++i) {
      Vec turned{};
      for (std::size_t k = 0; k < K; ++k) {
        turned += b[k] * a_.back[i * K + k];
        for (std::size_t j = 0; j < K; ++j) left[i * K + j] += inverse[k * K + j] * a_.back[i * K + k];
      }
      store(a_.coefficients + i * kGroup + lane_, turned);
    }
    for (std::size_t i = 0; i < K * K && meat != nullptr; ++i)
      for (std::size_t k = 0; k < K; ++k) middle[i] += left[i / K * K + k] * (*meat)[k * K + i % K];
    for (std::size_t i = 0; i < K; ++i) {
      for (std::size_t j = i; j < K; ++j) {
        Vec sum{};
        for (std::size_t k = 0; k < K; ++k)
          sum += meat == nullptr ? left[i * K + k] * a_.back[j * K + k] : middle[i * K + k] * left[j * K + k];
        store(a_.covariance + (i * K + j) * kGroup + lane_, sum * factor);
        store(a_.covariance + (j * K + i) * kGroup + lane_, sum * factor);
      }
    }
  }

  const LeastSquaresArgs& a_;
  Shape<Fixed> shape_;
  std::size_t lane_;
  double* y_;
  Vec n_;
};

template <std::size_t Fixed>
void solve(const LeastSquaresArgs& args) {
  for (std::size_t lane = 0; lane < kGroup; lane += kLanes) Lanes<Fixed>(args, lane).run();
}

}  // namespace jqfast::JQFAST_TARGET::ols

namespace jqfast::JQFAST_TARGET {

// Series lane ... lane + kLanes - 1 of a row, NaN for those beyond the last.
inline Vec row_of(const LeastSquaresBatch& batch, const double* row, std::size_t lane) {
  if (batch.series.column == 1 && lane + kLanes <= batch.lanes) return load(row + lane);
  Vec y = splat(kNaN);
  for (std::size_t i = 0; i < kLanes && lane + i < batch.lanes; ++i)
    y[i] = row[static_cast<std::ptrdiff_t>(lane + i) * batch.series.column];
  return y;
}

inline void op_read_series(const LeastSquaresBatch& batch) {
  constexpr std::size_t kVectors = kBatchGroups * kGroup / kLanes;
  std::array<Mask, kVectors> count{};
  const double* row = batch.series.data;
  for (std::size_t t = 0; t < batch.rows; ++t, row += batch.series.row) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Vec y = batch.counts[t] ? row_of(batch, row, v * kLanes) : splat(kNaN);
      const Mask there = is_finite(y);
      count[v] -= there;
      const std::size_t group = v * kLanes / kGroup, lane = v * kLanes % kGroup;
      store(batch.y + group * batch.pitch + t * kGroup + lane, select(there, y, splat(kNaN)));
    }
  }
  for (std::size_t v = 0; v < kVectors; ++v) store(batch.n + v * kLanes, __builtin_convertvector(count[v], Vec));
}

// A constant and up to six factors, as the named models have, or any other number.
inline void op_least_squares(const LeastSquaresArgs& args) {
  switch (args.columns) {
    case 1: return ols::solve<1>(args);
    case 2: return ols::solve<2>(args);
    case 3: return ols::solve<3>(args);
    case 4: return ols::solve<4>(args);
    case 5: return ols::solve<5>(args);
    case 6: return ols::solve<6>(args);
    case 7: return ols::solve<7>(args);
    default: return ols::solve<0>(args);
  }
}

}  // namespace jqfast::JQFAST_TARGET
