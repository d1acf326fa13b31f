// Least squares by its definition: one series at a time, the rows that count copied out, sums in long double, the
// Newey-West sum lag by lag.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "jqfast/least_squares.hpp"

namespace jqfast::reference {

using Matrix = std::vector<std::vector<long double>>;

struct LeastSquares {
  std::vector<long double> coefficients;
  Matrix covariance;
  std::int64_t n = 0;
  long double rss = 0, tss = 0;
};

inline Matrix times(const Matrix& a, const Matrix& b) {
  Matrix out(a.size(), std::vector<long double>(b[0].size(), 0));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < b[0].size(); ++j)
      for (std::size_t k = 0; k < b.size(); ++k) out[i][j] += a[i][k] * b[k][j];
  return out;
}

inline Matrix transposed(const Matrix& a) {
  Matrix out(a[0].size(), std::vector<long double>(a.size()));
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t j = 0; j < a[0].size(); ++j) out[j][i] = a[i][j];
  return out;
}

// Gauss and Jordan with the largest pivot.
inline Matrix inverse(Matrix a) {
  const std::size_t n = a.size();
  Matrix out(n, std::vector<long double>(n, 0));
  for (std::size_t i = 0; i < n; ++i) out[i][i] = 1;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i; r < n; ++r)
      if (std::fabs(a[r][i]) > std::fabs(a[pivot][i])) pivot = r;
    std::swap(a[i], a[pivot]);
    std::swap(out[i], out[pivot]);
    const long double by = a[i][i];
    for (std::size_t c = 0; c < n; ++c) a[i][c] /= by, out[i][c] /= by;
    for (std::size_t r = 0; r < n; ++r) {
      const long double share = a[r][i];
      for (std::size_t c = 0; c < n && r != i; ++c) a[r][c] -= share * a[i][c], out[r][c] -= share * out[i][c];
    }
  }
  return out;
}

// S = S_0 + sum over l of (1 - l / (L + 1)) (S_l + S_l'), S_l = sum of e_t e_{t-l} x_t x_{t-l}'.
inline Matrix long_run(const Matrix& x, const std::vector<long double>& e, std::size_t lags) {
  const std::size_t K = x[0].size();
  Matrix out(K, std::vector<long double>(K, 0));
  for (std::size_t l = 0; l <= lags && l < e.size(); ++l) {
    const long double weight = 1 - static_cast<long double>(l) / static_cast<long double>(lags + 1);
    for (std::size_t t = l; t < e.size(); ++t)
      for (std::size_t i = 0; i < K; ++i)
        for (std::size_t j = 0; j < K; ++j) {
          const long double both = x[t][i] * x[t - l][j] + (l > 0 ? x[t - l][i] * x[t][j] : 0);
          out[i][j] += weight * e[t] * e[t - l] * both;
        }
  }
  return out;
}

// Series `n` of a task whose regressors it tells apart.
inline LeastSquares least_squares(const LeastSquaresTask& task, std::size_t n) {
  const std::size_t K = task.columns;
  Matrix x(task.rows, std::vector<long double>(K, 0)), y(task.rows, std::vector<long double>(1, 0));
  LeastSquares found;
  long double sum = 0;
  std::vector<bool> there(task.rows);
  for (std::size_t t = 0; t < task.rows; ++t) {
    const double value =
        task.y.data[static_cast<std::ptrdiff_t>(t) * task.y.row + static_cast<std::ptrdiff_t>(n) * task.y.column];
    there[t] = task.known[t] && std::isfinite(value);
    if (!there[t]) continue;
    for (std::size_t k = 0; k < K; ++k) x[t][k] = task.q[t * K + k];
    y[t][0] = value;
    sum += value;
    ++found.n;
  }
  const Matrix bread = inverse(times(transposed(x), x));
  const Matrix b = times(bread, times(transposed(x), y)), fit = times(x, b);
  std::vector<long double> e(task.rows, 0);
  for (std::size_t t = 0; t < task.rows; ++t) {
    if (!there[t]) continue;
    e[t] = y[t][0] - fit[t][0];
    found.rss += e[t] * e[t];
    const long double dev = y[t][0] - sum / static_cast<long double>(found.n);
    found.tss += dev * dev;
  }
  Matrix back(K, std::vector<long double>(K));
  for (std::size_t i = 0; i < K * K; ++i) back[i / K][i % K] = task.back[i];
  for (const auto& row : times(back, b)) found.coefficients.push_back(row[0]);
  const auto free = static_cast<long double>(found.n) - static_cast<long double>(K);
  long double factor = task.small_sample ? static_cast<long double>(found.n) / free : 1;
  Matrix middle = bread;
  if (task.lags.empty()) {
    factor = found.rss / free;
  } else {
    const auto lags = static_cast<std::size_t>(task.lags[static_cast<std::size_t>(found.n)]);
    middle = times(times(bread, long_run(x, e, lags)), bread);
  }
  found.covariance = times(times(back, middle), transposed(back));
  for (auto& row : found.covariance)
    for (auto& value : row) value *= factor;
  return found;
}

}  // namespace jqfast::reference
