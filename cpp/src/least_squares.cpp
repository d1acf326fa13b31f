// Series of a least squares task dealt out to threads, and groups of lanes to the kernel.
#include "jqfast/least_squares.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "jqfast/thread_pool.hpp"

namespace jqfast {
namespace {

constexpr std::size_t kTask = kBatchGroups * kGroup;  // series

void require(bool fits, const std::string& message) {
  if (!fits) throw std::invalid_argument(message);
}

void check(const LeastSquaresTask& task) {
  const std::size_t T = task.rows, N = task.series, K = task.columns;
  require(T > 0, "`y` must have at least one row.");
  require(K > 0, "`q` must have at least one column.");
  require(task.q.size() == T * K, "`q` must be rows x columns.");
  require(task.known.size() == T, "`known` must have one value per row.");
  require(task.back.size() == K * K, "`back` must be columns x columns.");
  require(task.lags.empty() || task.lags.size() == T + 1, "`lags` must have one value per number of values, T + 1.");
  for (const std::int64_t lags : task.lags) require(lags >= 0, "`lags` must be 0 or more.");
  require(task.coefficients.size() == N * K, "`coefficients` must be series x columns.");
  require(task.covariance.size() == N * K * K, "`covariance` must be series x columns x columns.");
  require(task.n.size() == N && task.rss.size() == N && task.tss.size() == N,
          "`n`, `rss` and `tss` must have one value per series.");
  require(task.threads >= 1 && task.threads <= 1024, "`threads` must be 1 to 1024.");
}

// The regressors with rows of zeros around them, as far as the longest window reaches.
struct Design {
  std::size_t margin = 1, known = 0;
  std::vector<double> rows, whole;  // whole: upper half of the sum of q q'

  explicit Design(const LeastSquaresTask& task) {
    const std::size_t T = task.rows, K = task.columns;
    for (const std::int64_t lags : task.lags)
      margin = std::max(margin, std::min(static_cast<std::size_t>(lags), T) + 1);
    known = static_cast<std::size_t>(std::count(task.known.begin(), task.known.end(), true));
    rows.assign((T + 2 * margin) * K, 0.0);
    std::copy(task.q.begin(), task.q.end(), rows.begin() + static_cast<std::ptrdiff_t>(margin * K));
    whole.assign(K * (K + 1) / 2, 0.0);
    for (std::size_t t = 0; t < T; ++t) {
      const double* q = task.q.data() + t * K;
      for (std::size_t i = 0, p = 0; i < K; ++i)
        for (std::size_t j = i; j < K; ++j, ++p) whole[p] += q[i] * q[j];
    }
  }
};

// A thread's memory.
class Worker {
 public:
  Worker(const LeastSquaresTask& task, const Design& design, const KernelTable& kernels)
      : task_(task), kernels_(kernels), pitch_((task.rows + 2 * design.margin) * kGroup), y_(kBatchGroups * pitch_) {
    const std::size_t K = task.columns;
    out_.resize((K + K * K + 2) * kGroup + kTask);
    batch_.rows = args_.rows = task.rows;
    batch_.counts = task.known.data();
    batch_.y = y_.data() + design.margin * kGroup;
    batch_.pitch = pitch_;
    args_.columns = K;
    args_.known = design.known;
    args_.q = design.rows.data() + design.margin * K;
    args_.whole = design.whole.data();
    args_.back = task.back.data();
    args_.lags = task.lags.empty() ? nullptr : task.lags.data();
    args_.small_sample = task.small_sample;
    args_.coefficients = out_.data();
    args_.covariance = args_.coefficients + K * kGroup;
    args_.rss = args_.covariance + K * K * kGroup;
    args_.tss = args_.rss + kGroup;
    batch_.n = args_.tss + kGroup;
  }

  // Series first ... first + kTask - 1, as many as there are.
  void run(std::size_t first) {
    batch_.series = task_.y;
    batch_.series.data += static_cast<std::ptrdiff_t>(first) * task_.y.column;
    batch_.lanes = std::min(kTask, task_.series - first);
    kernels_.read_series(batch_);
    for (std::size_t at = 0; at < batch_.lanes; at += kGroup) {
      args_.y = batch_.y + at / kGroup * pitch_;
      args_.n = batch_.n + at;
      kernels_.least_squares(args_);
      for (std::size_t lane = 0; lane < std::min(kGroup, batch_.lanes - at); ++lane) write(first + at + lane, lane);
    }
  }

 private:
  void write(std::size_t series, std::size_t lane) {
    const std::size_t K = task_.columns;
    for (std::size_t k = 0; k < K; ++k) task_.coefficients[series * K + k] = args_.coefficients[k * kGroup + lane];
    for (std::size_t k = 0; k < K * K; ++k) task_.covariance[series * K * K + k] = args_.covariance[k * kGroup + lane];
    task_.n[series] = static_cast<std::int64_t>(args_.n[lane]);
    task_.rss[series] = args_.rss[lane];
    task_.tss[series] = args_.tss[lane];
  }

  const LeastSquaresTask& task_;
  const KernelTable& kernels_;
  std::size_t pitch_;
  std::vector<double> y_, out_;
  LeastSquaresBatch batch_;
  LeastSquaresArgs args_;
};

}  // namespace

void least_squares(const LeastSquaresTask& task, const KernelTable& kernels, const std::function<void()>& poll) {
  check(task);
  if (task.series == 0) return;
  const Design design(task);
  const std::size_t tasks = (task.series + kTask - 1) / kTask;
  Crew crew(std::min(task.threads, tasks), poll);
  std::vector<std::unique_ptr<Worker>> workers(crew.size());
  crew.run(tasks, [&](std::size_t worker, std::size_t number) {
    auto& mine = workers[worker];
    if (!mine) mine = std::make_unique<Worker>(task, design, kernels);  // by its thread, so that memory is near it
    mine->run(number * kTask);
  });
}

}  // namespace jqfast
