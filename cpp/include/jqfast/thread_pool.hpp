// A crew of threads that lives as long as one run: tasks 0..n-1 are handed out, the caller works too.
//
// Living within a run keeps no thread across a fork and no state between runs. A task that throws stops the handing
// out; the first exception is thrown again in the caller.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace jqfast {

class Crew {
 public:
  // `poll` is called by the caller's thread between its tasks and may throw to cancel the run.
  Crew(std::size_t threads, std::function<void()> poll);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Runs task(worker, index) for every index below `count`; returns when all are done.
  void run(std::size_t count, const std::function<void(std::size_t, std::size_t)>& task);

  // To be called within tasks that take long: polls in the caller's thread, and throws in every other once a task or
  // the poll has thrown.
  void breathe(std::size_t worker) const;

  [[nodiscard]] std::size_t size() const noexcept { return members_.size() + 1; }

 private:
  void member(std::size_t worker);
  void work(std::size_t worker);
  void stop() noexcept;

  std::vector<std::thread> members_;
  std::function<void()> poll_;
  std::mutex mutex_;
  std::condition_variable start_, done_;
  const std::function<void(std::size_t, std::size_t)>* task_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> failed_{false};
  std::size_t busy_ = 0;
  std::size_t round_ = 0;
  bool over_ = false;
  std::exception_ptr error_;
};

// The number of processors this process may use: the smaller of its affinity and its cgroup's quota.
[[nodiscard]] std::size_t usable_processors() noexcept;

}  // namespace jqfast
