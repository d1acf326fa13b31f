// Samples of an LRP call dealt out to threads, and means added up without the relevances themselves.
#include "lrp_run.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
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

template <class T>
class Run {
 public:
  Run(const LrpPacked<T>& net, std::size_t heads, std::size_t width, const LrpArrays<T>& arrays)
      : net_(net), heads_(heads), width_(width), arrays_(arrays) {}

  std::size_t whole(Crew& crew) {
    const std::size_t step = samples_per_task(kTaskValues, width_, net_.strip());
    crew.run((arrays_.samples + step - 1) / step, [&](std::size_t worker, std::size_t task) {
      LrpBatch<T> batch = batch_at(task * step, step);
      batch.relevance = arrays_.relevance.data() + task * step * width_;
      batch.relevance_heads = arrays_.samples;
      go(worker, batch, task * step);
    });
    return bad_.load();
  }

  // Rounds of two halves: every thread explains some samples, then adds some columns of all of them, so that each sum
  // runs over the samples in their order whatever the number of threads.
  std::size_t summed(Crew& crew) {
    const std::size_t step = samples_per_task(kHeldBytes / sizeof(T) / heads_, width_, net_.strip()),
                      threads = crew.size();
    held_.resize(threads * step * heads_ * width_);
    for (std::size_t first = 0; first < arrays_.samples; first += threads * step) {
      crew.run(threads, [&](std::size_t worker, std::size_t slot) {
        const std::size_t from = first + slot * step;
        if (from >= arrays_.samples) return;
        LrpBatch<T> batch = batch_at(from, step);
        batch.relevance = held_.data() + slot * step * heads_ * width_;
        batch.relevance_heads = step;
        go(worker, batch, from);
      });
      crew.run(threads, [&](std::size_t, std::size_t part) { add(first, step, part, threads); });
    }
    return bad_.load();
  }

 private:
  LrpBatch<T> batch_at(std::size_t from, std::size_t step) const {
    LrpBatch<T> batch;
    batch.x = arrays_.x.data() + from * width_;
    batch.count = std::min(step, arrays_.samples - from);
    batch.heads = arrays_.samples;
    const auto at = [from](auto values) { return values.empty() ? nullptr : values.data() + from; };
    batch.start = at(arrays_.start);
    batch.residual = at(arrays_.residual);
    batch.prediction = at(arrays_.prediction);
    batch.initial = at(arrays_.initial);
    return batch;
  }

  // Walks are made by the thread that uses them, so that their memory is near it.
  void go(std::size_t worker, const LrpBatch<T>& batch, std::size_t from) {
    auto& walk = walks_[worker];
    if (!walk) walk = net_.walk();
    const std::size_t bad = walk->run(batch);
    if (bad == batch.count) return;
    std::size_t known = bad_.load();
    while (from + bad < known && !bad_.compare_exchange_weak(known, from + bad)) {
    }
  }

  // Columns [part, part + 1) / parts of the samples held.
  void add(std::size_t first, std::size_t step, std::size_t part, std::size_t parts) {
    const std::size_t low = width_ * part / parts, high = width_ * (part + 1) / parts;
    const std::size_t last = std::min(arrays_.samples, first + parts * step);
    const LrpSums& sums = arrays_.sums;
    for (std::size_t s = first; s < last; ++s) {
      const std::int64_t group = sums.group[s];
      if (group < 0) continue;
      for (std::size_t k = 0; k < heads_; ++k) {
        const std::size_t slot = (s - first) / step;
        const T* from = held_.data() + ((slot * heads_ + k) * step + (s - first) % step) * width_;
        if (std::isnan(from[0])) continue;
        const std::size_t to = (k * sums.groups + static_cast<std::size_t>(group)) * width_;
        for (std::size_t i = low; i < high; ++i) {
          const auto value = static_cast<double>(from[i]);
          sums.sum[to + i] += value;
          sums.size[to + i] += std::fabs(value);
        }
      }
    }
  }

  const LrpPacked<T>& net_;
  std::size_t heads_, width_;
  const LrpArrays<T>& arrays_;
  std::vector<std::unique_ptr<LrpWalk<T>>> walks_ = std::vector<std::unique_ptr<LrpWalk<T>>>(arrays_.threads);
  std::vector<T> held_;
  std::atomic<std::size_t> bad_{arrays_.samples};
};

}  // namespace

template <class T>
std::size_t run_lrp(const LrpPacked<T>& net, std::size_t heads, std::size_t width, const LrpArrays<T>& arrays,
                    const std::function<void()>& poll) {
  if (arrays.samples == 0) return 0;
  const std::size_t strips = (arrays.samples + net.strip() - 1) / net.strip();
  Crew crew(std::min<std::size_t>(arrays.threads, strips), poll);
  Run<T> run(net, heads, width, arrays);
  return arrays.relevance.empty() ? run.summed(crew) : run.whole(crew);
}

template std::size_t run_lrp<float>(const LrpPacked<float>&, std::size_t, std::size_t, const LrpArrays<float>&,
                                    const std::function<void()>&);
template std::size_t run_lrp<double>(const LrpPacked<double>&, std::size_t, std::size_t, const LrpArrays<double>&,
                                     const std::function<void()>&);

}  // namespace jqfast
