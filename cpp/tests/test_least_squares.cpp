// Least squares against the definition on every instruction set; same bits for all of them and any thread count.
#include "jqfast/least_squares.hpp"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../reference/least_squares.hpp"
#include "check.hpp"
#include "lrp_support.hpp"

namespace {

using namespace jqfast::test;
using jqfast::KernelTable;
using jqfast::LeastSquaresTask;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t kClassical = std::numeric_limits<std::size_t>::max();

// A task with its arrays: regressors that are nearly orthonormal, series with gaps, late starts and outliers.
struct Case {
  std::size_t T, N, K;
  std::vector<double> y, q, back, coefficients, covariance, rss, tss;
  std::vector<std::int64_t> lags, n;
  std::unique_ptr<bool[]> known;
  LeastSquaresTask task;

  Case(std::size_t rows, std::size_t series, std::size_t columns, std::size_t lag, bool by_series = true)
      : T(rows), N(series), K(columns), known(std::make_unique<bool[]>(rows)) {
    Random random(rows * 31 + series * 7 + columns);
    y = spread<double>(random, T * N, 1.0);
    q = spread<double>(random, T * K, 1.0 / std::sqrt(static_cast<double>(T)));
    back = spread<double>(random, K * K, 1.0);
    for (std::size_t k = 0; k < K; ++k) back[k * K + k] += 3.0;
    for (std::size_t t = 0; t < T; ++t) known[t] = t % 13 != 5;
    for (std::size_t t = 0; t < T; ++t)
      for (std::size_t k = 0; k < K && !known[t]; ++k) q[t * K + k] = 0.0;
    task.y = {y.data(), by_series ? static_cast<std::ptrdiff_t>(N) : 1, by_series ? 1 : static_cast<std::ptrdiff_t>(T)};
    for (std::size_t n_ = 0; n_ < N; ++n_) {
      for (std::size_t t = 0; t < T; ++t)
        if (t < (n_ % 3) * (T / 3) || random.uniform() > 0.9) at(t, n_) = kNaN;
      if (n_ % 5 == 1) at(T - 1, n_) = std::numeric_limits<double>::infinity();
      if (n_ % 7 == 2) at(T / 2, n_) = 1e6;
    }
    if (lag != kClassical)
      for (std::size_t count = 0; count <= T; ++count)
        lags.push_back(static_cast<std::int64_t>(lag == 999 ? count / 12 : lag));  // 999: by the number of values
    coefficients.assign(N * K, 0.0);
    covariance.assign(N * K * K, 0.0);
    rss.assign(N, 0.0);
    tss.assign(N, 0.0);
    n.assign(N, 0);
    task.rows = T;
    task.series = N;
    task.columns = K;
    task.q = q;
    task.known = {known.get(), T};
    task.back = back;
    task.lags = lags;
    task.coefficients = coefficients;
    task.covariance = covariance;
    task.n = n;
    task.rss = rss;
    task.tss = tss;
  }

  double& at(std::size_t t, std::size_t n_) {
    return y[static_cast<std::size_t>(static_cast<std::ptrdiff_t>(t) * task.y.row +
                                      static_cast<std::ptrdiff_t>(n_) * task.y.column)];
  }

  std::vector<double> run(const KernelTable& kernels, std::size_t threads = 1) {
    task.threads = threads;
    jqfast::least_squares(task, kernels, [] {});
    std::vector<double> all = coefficients;
    all.insert(all.end(), covariance.begin(), covariance.end());
    all.insert(all.end(), rss.begin(), rss.end());
    all.insert(all.end(), tss.begin(), tss.end());
    for (const std::int64_t count : n) all.push_back(static_cast<double>(count));
    return all;
  }
};

bool same(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

void compare(Case& c, const std::string& name) {
  for (std::size_t s = 0; s < c.N; ++s) {
    const auto want = jqfast::reference::least_squares(c.task, s);
    long double worst = 0, scale = 1e-300L, size = 1e-300L, off = 0;
    for (std::size_t k = 0; k < c.K; ++k) {
      scale = std::max(scale, std::fabs(want.coefficients[k]));
      worst = std::max(worst, std::fabs(want.coefficients[k] - c.coefficients[s * c.K + k]));
      for (std::size_t j = 0; j < c.K; ++j) {
        size = std::max(size, std::fabs(want.covariance[k][j]));
        off = std::max(off, std::fabs(want.covariance[k][j] - c.covariance[(s * c.K + k) * c.K + j]));
      }
    }
    const std::string where = name + ", series " + std::to_string(s);
    check(want.n == c.n[s], where + ": number of values");
    check(worst < 1e-12L * scale, where + ": coefficients");
    check(off < 1e-11L * size, where + ": covariance");
    check(std::fabs(want.rss - c.rss[s]) <= 1e-12L * want.rss, where + ": squares of residuals");
    check(std::fabs(want.tss - c.tss[s]) <= 1e-12L * want.tss, where + ": squares about the mean");
  }
}

void against_the_definition() {
  for (const std::size_t K : {1U, 2U, 3U, 4U, 5U, 6U, 7U, 9U})
    for (const std::size_t lag : {kClassical, std::size_t{0}, std::size_t{3}, std::size_t{999}})
      for (const std::size_t N : {1U, 7U, 35U}) {
        Case c(120, N, K, lag, K % 2 == 0);
        c.task.small_sample = N == 7;
        const std::vector<double> best = c.run(*all_kernels().back());
        compare(c, std::to_string(K) + " regressors, " + std::to_string(N) + " series, lags " + std::to_string(lag));
        for (const KernelTable* kernels : all_kernels())
          check(same(c.run(*kernels), best), std::string("bits of ") + kernels->isa);
      }
}

void windows_longer_than_the_series() {
  for (const std::size_t lag : {58U, 59U, 60U, 500U}) {
    Case c(60, 9, 2, lag);
    c.run(*all_kernels().back());
    compare(c, "60 rows, lags " + std::to_string(lag));
  }
}

void same_bits_for_any_thread_count() {
  Case c(90, 200, 6, 999);
  const std::vector<double> one = c.run(*all_kernels().back());
  for (const std::size_t threads : {2U, 7U})
    check(same(c.run(*all_kernels().back(), threads), one), "bits depend on threads");
  Case alone(90, 200, 6, 999);
  alone.task.y.data += 77;
  alone.task.series = 1;
  alone.task.coefficients = alone.task.coefficients.first(6);
  alone.task.covariance = alone.task.covariance.first(36);
  alone.task.n = alone.task.n.first(1);
  alone.task.rss = alone.task.rss.first(1);
  alone.task.tss = alone.task.tss.first(1);
  alone.run(*all_kernels().back());
  for (std::size_t k = 0; k < 6; ++k) {
    const double beside = c.coefficients[77 * std::size_t{6} + k];
    check(std::bit_cast<std::uint64_t>(alone.coefficients[k]) == std::bit_cast<std::uint64_t>(beside),
          "a series knows its neighbours");
  }
}

void series_that_say_too_little() {
  Case c(60, 4, 3, 2);
  for (std::size_t t = 0; t < 60; ++t) {
    if (t != 7 && t != 30 && t != 33) c.at(t, 0) = kNaN;  // as many values as regressors
    c.at(t, 1) = kNaN;
    if (t >= 30) c.at(t, 3) = kNaN;
  }
  for (std::size_t t = 0; t < 30; ++t) c.q[t * 3 + 2] = c.q[t * 3 + 1];  // the same regressor where series 3 is
  c.run(*all_kernels().back());
  for (const std::size_t s : {0U, 1U, 3U}) {
    check(std::isnan(c.coefficients[s * 3]) && std::isnan(c.covariance[s * 9 + 8]), "nothing to tell of a series");
  }
  check(std::isfinite(c.coefficients[6]) && std::isfinite(c.rss[2]), "the others are as they were");
  check(c.n[0] == 3 && c.n[1] == 0, "values are counted");
}

void refusals() {
  const auto refused = [](const char* fragment, auto change) {
    Case c(30, 4, 2, 1);
    change(c.task);
    check(throws<std::invalid_argument>([&] { jqfast::least_squares(c.task, *all_kernels().back(), [] {}); }, fragment),
          fragment);
  };
  refused("at least one row", [](LeastSquaresTask& t) { t.rows = 0; });
  refused("at least one column", [](LeastSquaresTask& t) { t.columns = 0; });
  refused("`q` must be", [](LeastSquaresTask& t) { t.q = t.q.first(3); });
  refused("`known`", [](LeastSquaresTask& t) { t.known = t.known.first(3); });
  refused("`back`", [](LeastSquaresTask& t) { t.back = t.back.first(3); });
  refused("`lags` must have", [](LeastSquaresTask& t) { t.lags = t.lags.first(30); });
  const std::vector<std::int64_t> negative(31, -1);
  refused("`lags` must be 0", [&](LeastSquaresTask& t) { t.lags = negative; });
  refused("`coefficients`", [](LeastSquaresTask& t) { t.coefficients = t.coefficients.first(7); });
  refused("`covariance`", [](LeastSquaresTask& t) { t.covariance = t.covariance.first(7); });
  refused("`n`, `rss`", [](LeastSquaresTask& t) { t.rss = t.rss.first(3); });
  refused("`threads`", [](LeastSquaresTask& t) { t.threads = 0; });
  Case none(30, 1, 2, 1);
  none.task.series = 0;
  none.task.coefficients = none.task.covariance = none.task.rss = none.task.tss = {};
  none.task.n = {};
  jqfast::least_squares(none.task, *all_kernels().back(), [] {});
}

}  // namespace

int main() {
  against_the_definition();
  windows_longer_than_the_series();
  same_bits_for_any_thread_count();
  series_that_say_too_little();
  refusals();
  return report("least_squares");
}
