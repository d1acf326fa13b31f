// Residuals across the stocks of one date: least squares on a constant and up to kMostExposures exposures.
#pragma once

#include <array>

#include "cross_section.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Normal equations of centred columns; sums are exact, so the order of stocks cannot matter.
class Exposures {
 public:
  Exposures(const CrossArgs& a, double* scratch) noexcept : a_(a), k_(a.inputs - 1), n_(a.n), columns_(scratch) {
    centre();
    for (std::size_t i = 0; i < k_; ++i) {
      for (std::size_t j = 0; j <= i; ++j) gram_[i][j] = product(column(i), column(j));
    }
    factorise();
  }

  // Takes the fitted part out of `y`, twice: the second round removes what rounding left of the first.
  void purge(double* y) noexcept {
    for (int round = 0; round < 2; ++round) {
      std::array<double, kMostExposures> b{};
      for (std::size_t i = 0; i < k_; ++i) b[i] = product(column(i), y);
      solve(b);
      for (std::size_t i = 0; i < k_; ++i) {
        const double* x = column(i);
        for (std::size_t s = 0; s < n_; ++s) y[s] -= b[i] * x[s];
      }
      centre_column(y);
    }
    map_row(y, y, n_, [this](Vec v) { return v * unit_; });
  }

 private:
  [[nodiscard]] double* column(std::size_t i) const noexcept { return columns_ + i * n_; }

  // Stocks that lack any argument are out of all columns.
  void centre() noexcept {
    for (std::size_t s = 0; s < n_; ++s) {
      bool whole = true;
      for (std::size_t i = 0; i <= k_; ++i) whole = whole && std::isfinite(a_.in[i][s]);
      for (std::size_t i = 0; i <= k_; ++i) column(i)[s] = whole ? a_.in[i == k_ ? 0 : i + 1][s] : kNaN;
    }
    for (std::size_t i = 0; i < k_; ++i) {
      centre_column(column(i));
      rescale(column(i));
    }
    centre_column(column(k_));
    unit_ = rescale(column(k_));
  }

  // Brings a column to unit size by a power of two, which changes no digit: products can then not leave the range.
  double rescale(double* x) const noexcept {
    const Vec unit = unit_for(reach(x, n_).largest);
    map_row(x, x, n_, [unit](Vec v) { return v * unit; });
    return reciprocal_of_power(unit)[0];
  }

  void centre_column(double* x) const noexcept {
    const Mean m = mean_of<true>({x, n_, x, reach(x, n_)});
    map_row(x, x, n_, [m](Vec v) { return (v - m.value) - m.rest; });
  }

  // The sum of x y over the stocks that are in; both are of unit size at most.
  [[nodiscard]] double product(const double* x, const double* y) const noexcept {
    GridSum sum;
    for (std::size_t first = 0; first < n_; first += GridSum::kRun) {
      const std::size_t rows = std::min(n_ - first, GridSum::kRun);
      each(x + first, rows, [&](Vec v, std::size_t i) {
        double own[kLanes] = {};
        std::copy_n(y + first + i, std::min(kLanes, rows - i), own);
        sum.add(select(is_finite(v), v * load(own), Vec{}));
      });
      sum.carry((rows + kLanes - 1) / kLanes);
    }
    const TwoSum total = sum.total<true>();
    return total.sum[0] + total.error[0];
  }

  // Cholesky factor in place. An exposure that depends on those before it is given no coefficient.
  void factorise() noexcept {
    for (std::size_t j = 0; j < k_; ++j) {
      double pivot = gram_[j][j];
      for (std::size_t i = 0; i < j; ++i) pivot -= gram_[j][i] * gram_[j][i];
      used_[j] = pivot > 1e-12 * gram_[j][j];
      const double root = used_[j] ? std::sqrt(pivot) : 1.0;
      for (std::size_t i = j + 1; i < k_; ++i) {
        double below = gram_[i][j];
        for (std::size_t l = 0; l < j; ++l) below -= gram_[i][l] * gram_[j][l];
        gram_[i][j] = used_[j] ? below / root : 0.0;
      }
      gram_[j][j] = root;
    }
  }

  void solve(std::array<double, kMostExposures>& b) const noexcept {
    for (std::size_t i = 0; i < k_; ++i) {
      for (std::size_t j = 0; j < i; ++j) b[i] -= gram_[i][j] * b[j];
      b[i] = used_[i] ? b[i] / gram_[i][i] : 0.0;
    }
    for (std::size_t i = k_; i-- > 0;) {
      for (std::size_t j = i + 1; j < k_; ++j) b[i] -= gram_[j][i] * b[j];
      b[i] = used_[i] ? b[i] / gram_[i][i] : 0.0;
    }
  }

  const CrossArgs& a_;
  std::size_t k_, n_;
  double* columns_;    // the exposures, then y
  double unit_ = 1.0;  // of y
  double gram_[kMostExposures][kMostExposures] = {};
  bool used_[kMostExposures] = {};
};

// x minus its least-squares fit on a constant and the exposures; NaN where the stock lacks one of them.
inline void cs_neutralize(const CrossArgs& a) noexcept {
  auto* columns = static_cast<double*>(a.scratch);
  Exposures exposures(a, columns);
  double* y = columns + (a.inputs - 1) * a.n;
  exposures.purge(y);
  std::copy(y, y + a.n, a.out);
}

inline std::size_t fit_scratch(std::size_t n) noexcept { return (kMostExposures + 1) * n * sizeof(double); }

}  // namespace jqfast::JQFAST_TARGET
