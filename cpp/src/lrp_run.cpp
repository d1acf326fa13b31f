// Samples of LRP jobs dealt out to threads, and means added up without the relevances themselves.
#include "lrp_run.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <deque>
#include <memory>
#include <vector>

#include "jqfast/thread_pool.hpp"

namespace jqfast {
namespace {

// Samples per task: enough strips that handing out costs nothing, few enough that threads end together.
constexpr std::size_t kTaskValues = std::size_t{1} << 16;
// Relevances a thread may hold back when only their sums are wanted.
constexpr std::size_t kHeldBytes = std::size_t{1} << 19;

std::size_t samples_per_task(std::size_t values, std::size_t width, std::size_t strip) {
  return std::max<std::size_t>(1, values / width / strip) * strip;
}

// A thread's scratch, of the model it was last used for: made by the thread itself, so that its memory is near it.
template <class T>
class Scratch {
 public:
  LrpWalk<T>& of(const LrpPacked<T>& model) {
    if (model_ != &model) {
      walk_.reset();  // before the next is made: never two at a time
      walk_ = model.walk();
      model_ = &model;
    }
    return *walk_;
  }

 private:
  const LrpPacked<T>* model_ = nullptr;
  std::unique_ptr<LrpWalk<T>> walk_;
};

template <class T>
class Run {
 public:
  explicit Run(const LrpJob<T>& job) : job_(job), arrays_(job.arrays) {}

  [[nodiscard]] std::size_t step() const {
    return samples_per_task(kTaskValues, job_.model.width, job_.model.packed->strip());
  }
  [[nodiscard]] std::size_t samples() const noexcept { return arrays_.samples; }
  [[nodiscard]] bool whole() const noexcept { return !arrays_.relevance.empty(); }
  [[nodiscard]] std::size_t first_bad() const noexcept { return bad_.load(); }

  // The samples of one task.
  void some(Scratch<T>& scratch, std::size_t from) {
    LrpBatch<T> batch = batch_at(from, step());
    batch.relevance = arrays_.relevance.data() + from * job_.model.width;
    batch.relevance_heads = arrays_.samples;
    go(scratch, batch, from);
  }

  // Rounds of two halves: every thread explains some samples, then adds some columns of all of them, so that each sum
  // runs over the samples in their order whatever the number of threads.
  void summed(Crew& crew, std::vector<Scratch<T>>& scratch) {
    if (arrays_.samples == 0) return;
    const std::size_t heads = job_.model.heads, width = job_.model.width, threads = crew.size();
    const std::size_t step = samples_per_task(kHeldBytes / sizeof(T) / heads, width, job_.model.packed->strip());
    held_.resize(threads * step * heads * width);
    for (std::size_t first = 0; first < arrays_.samples; first += threads * step) {
      crew.run(threads, [&](std::size_t worker, std::size_t slot) {
        const std::size_t from = first + slot * step;
        if (from >= arrays_.samples) return;
        LrpBatch<T> batch = batch_at(from, step);
        batch.relevance = held_.data() + slot * step * heads * width;
        batch.relevance_heads = step;
        go(scratch[worker], batch, from);
      });
      crew.run(threads, [&](std::size_t, std::size_t part) { add(first, step, part, threads); });
    }
    held_ = {};
  }

 private:
  LrpBatch<T> batch_at(std::size_t from, std::size_t step) const {
    LrpBatch<T> batch;
    batch.x = arrays_.x.data() + from * job_.model.width;
    batch.count = std::min(step, arrays_.samples - from);
    batch.heads = arrays_.samples;
    const auto at = [from](auto values) { return values.empty() ? nullptr : values.data() + from; };
    batch.start = at(arrays_.start);
    batch.residual = at(arrays_.residual);
    batch.prediction = at(arrays_.prediction);
    batch.initial = at(arrays_.initial);
    return batch;
  }

  void go(Scratch<T>& scratch, const LrpBatch<T>& batch, std::size_t from) {
    const std::size_t bad = scratch.of(*job_.model.packed).run(batch);
    if (bad == batch.count) return;
    std::size_t known = bad_.load();
    while (from + bad < known && !bad_.compare_exchange_weak(known, from + bad)) {
    }
  }

  // Columns [part, part + 1) / parts of the samples held.
  void add(std::size_t first, std::size_t step, std::size_t part, std::size_t parts) {
    const std::size_t heads = job_.model.heads, width = job_.model.width;
    const std::size_t low = width * part / parts, high = width * (part + 1) / parts;
    const std::size_t last = std::min(arrays_.samples, first + parts * step);
    const LrpSums& sums = arrays_.sums;
    for (std::size_t s = first; s < last; ++s) {
      const std::int64_t group = sums.group[s];
      if (group < 0) continue;
      for (std::size_t k = 0; k < heads; ++k) {
        const std::size_t slot = (s - first) / step;
        const T* from = held_.data() + ((slot * heads + k) * step + (s - first) % step) * width;
        if (std::isnan(from[0])) continue;
        const std::size_t to = (k * sums.groups + static_cast<std::size_t>(group)) * width;
        for (std::size_t i = low; i < high; ++i) {
          const auto value = static_cast<double>(from[i]);
          sums.sum[to + i] += value;
          sums.size[to + i] += std::fabs(value);
        }
      }
    }
  }

  const LrpJob<T>& job_;
  const LrpArrays<T>& arrays_;
  std::vector<T> held_;
  std::atomic<std::size_t> bad_{arrays_.samples};
};

template <class T>
struct Task {
  Run<T>* run;
  std::size_t from;
};

// More threads than strips have nothing to do.
template <class T>
std::size_t threads_for(std::span<const LrpJob<T>> jobs, std::size_t threads) {
  std::size_t strips = 0;
  for (const LrpJob<T>& job : jobs)
    strips += (job.arrays.samples + job.model.packed->strip() - 1) / job.model.packed->strip();
  return std::clamp<std::size_t>(strips, 1, threads);
}

}  // namespace

template <class T>
std::vector<std::size_t> run_lrp(std::span<const LrpJob<T>> jobs, std::size_t threads,
                                 const std::function<void()>& poll) {
  std::deque<Run<T>> runs;  // in place: they hold atomics
  std::vector<Task<T>> tasks;
  for (const LrpJob<T>& job : jobs) {
    Run<T>& run = runs.emplace_back(job);
    for (std::size_t from = 0; run.whole() && from < run.samples(); from += run.step()) tasks.push_back({&run, from});
  }
  Crew crew(threads_for(jobs, threads), poll);
  std::vector<Scratch<T>> scratch(crew.size());
  crew.run(tasks.size(),
           [&](std::size_t worker, std::size_t task) { tasks[task].run->some(scratch[worker], tasks[task].from); });
  std::vector<std::size_t> bad;
  for (Run<T>& run : runs) {
    if (!run.whole()) run.summed(crew, scratch);
    bad.push_back(run.first_bad());
  }
  return bad;
}

template std::vector<std::size_t> run_lrp<float>(std::span<const LrpJob<float>>, std::size_t,
                                                 const std::function<void()>&);
template std::vector<std::size_t> run_lrp<double>(std::span<const LrpJob<double>>, std::size_t,
                                                  const std::function<void()>&);

}  // namespace jqfast
