#include "jqfast/thread_pool.hpp"

#include <algorithm>
#include <cfenv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "jqfast/error.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace jqfast {
namespace {

// Kernels promise the same bits everywhere, so they run under the default rounding and without flush-to-zero,
// whatever the host program has set for its own threads.
class DefaultFloats {
 public:
  DefaultFloats() noexcept {
    std::fegetenv(&before_);
    std::fesetenv(FE_DFL_ENV);
  }
  ~DefaultFloats() { std::fesetenv(&before_); }
  DefaultFloats(const DefaultFloats&) = delete;
  DefaultFloats& operator=(const DefaultFloats&) = delete;

 private:
  std::fenv_t before_{};
};

// JQFAST_PIN=1 binds worker k to the k-th processor of the affinity mask: for benchmarks, where two threads that
// share one processor for a scheduler tick would spoil the figure.
void pin(std::size_t worker) noexcept {
#if defined(__linux__)
  const char* wish = std::getenv("JQFAST_PIN");
  if (wish == nullptr || std::string_view(wish) != "1") return;
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return;
  std::size_t seen = 0;
  for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed) || seen++ != worker) continue;
    cpu_set_t own;
    CPU_ZERO(&own);
    CPU_SET(cpu, &own);
    sched_setaffinity(0, sizeof own, &own);
    return;
  }
#else
  (void)worker;
#endif
}

std::size_t cgroup_quota() noexcept {
  try {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0.0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0.0) return SIZE_MAX;
    return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(std::stod(quota) / period)));
  } catch (...) {  // a file in an unknown format is no quota
    return SIZE_MAX;
  }
}

}  // namespace

std::size_t usable_processors() noexcept {
  std::size_t count = std::max(1u, std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    count = static_cast<std::size_t>(std::max(1, CPU_COUNT(&allowed)));
  }
#endif
  return std::min(count, cgroup_quota());
}

Crew::Crew(std::size_t threads, std::function<void()> poll) : poll_(std::move(poll)) {
  try {
    for (std::size_t worker = 1; worker < threads; ++worker) {
      members_.emplace_back([this, worker] { member(worker); });
    }
  } catch (...) {  // the system refused a thread: let those that started go home before reporting it
    stop();
    throw;
  }
}

Crew::~Crew() { stop(); }

void Crew::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  start_.notify_all();
  for (auto& thread : members_) thread.join();
  members_.clear();
}

void Crew::run(std::size_t count, const std::function<void(std::size_t, std::size_t)>& task) {
  {
    const std::lock_guard lock(mutex_);
    task_ = &task;
    count_ = count;
    next_.store(0);
    failed_.store(false);
    busy_ = members_.size();
    ++round_;
  }
  start_.notify_all();
  work(0);
  std::unique_lock lock(mutex_);
  done_.wait(lock, [this] { return busy_ == 0; });
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Crew::member(std::size_t worker) {
  pin(worker);
  std::size_t seen = 0;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      start_.wait(lock, [&] { return over_ || round_ != seen; });
      if (over_) return;
      seen = round_;
    }
    work(worker);
    const std::lock_guard lock(mutex_);
    if (--busy_ == 0) done_.notify_one();
  }
}

void Crew::work(std::size_t worker) {
  const DefaultFloats floats;
  try {
    for (std::size_t index = next_++; index < count_; index = next_++) {
      (*task_)(worker, index);
      if (worker == 0 && poll_) poll_();
    }
  } catch (...) {
    next_.store(count_);
    const std::lock_guard lock(mutex_);
    if (!error_) error_ = std::current_exception();
    failed_.store(true);  // after the error, which nobody else's can then replace
  }
}

void Crew::breathe(std::size_t worker) const {
  if (worker == 0 && poll_) poll_();
  if (failed_.load(std::memory_order_relaxed)) throw Cancelled();
}

}  // namespace jqfast
