// Least squares of many series on the same regressors, with missing values per series.
//
// The regressors come orthonormal over the rows that count (X = QR) and are 0 in the others, so that the normal
// equations lose no digits; what is found is turned back by R^-1. A missing value counts as nothing where it stands:
// the values around it do not become neighbours. Each series is reduced in one lane, rows in order, so results do not
// depend on threads, other series or the instruction set.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "jqfast/kernel_table.hpp"

namespace jqfast {

struct LeastSquaresTask {
  SeriesView y;
  std::size_t rows = 0, series = 0, columns = 0;  // T, N, K
  std::span<const double> q;                      // (T, K) orthonormal over the known rows, 0 in the others
  std::span<const bool> known;                    // (T,)
  std::span<const double> back;                   // (K, K) R^-1
  std::span<const std::int64_t> lags;  // (T + 1,) Bartlett lags by the number of values; empty: classical errors
  bool small_sample = false;           // robust covariances times n / (n - K)
  // NaN where a series has no more values than regressors or does not tell them apart: coefficients, covariance, rss.
  std::span<double> coefficients;  // (N, K)
  std::span<double> covariance;    // (N, K, K)
  std::span<std::int64_t> n;       // (N,) values that count
  std::span<double> rss, tss;      // (N,) squares of residuals, and about the mean
  std::size_t threads = 1;
};

// Throws std::invalid_argument where sizes do not fit.
void least_squares(const LeastSquaresTask& task, const KernelTable& kernels, const std::function<void()>& poll);

}  // namespace jqfast
