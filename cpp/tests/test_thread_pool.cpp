// The crew: every task once, exceptions of tasks and of the poll reach the caller, the float environment is its own.
#include <atomic>
#include <cfenv>
#include <stdexcept>
#include <vector>

#include "check.hpp"
#include "jqfast/error.hpp"
#include "jqfast/thread_pool.hpp"

namespace {

using jqfast::Crew;
using namespace jqfast::test;

void every_task_once() {
  for (const std::size_t threads : {1, 2, 7}) {
    Crew crew(threads, nullptr);
    check(crew.size() == threads, "the caller is one of the crew");
    for (const std::size_t count : {0, 1, 2, 100, 1000}) {
      std::vector<std::atomic<int>> done(count);
      std::atomic<bool> known_workers{true};
      crew.run(count, [&](std::size_t worker, std::size_t index) {
        ++done[index];
        if (worker >= threads) known_workers = false;
      });
      bool once = true;
      for (const auto& d : done) once = once && d == 1;
      check(once && known_workers, "every task runs once, by a worker with a number");
    }
  }
}

void a_task_that_throws() {
  for (const std::size_t threads : {1, 2, 7}) {
    Crew crew(threads, nullptr);
    for (const std::size_t bad : {0, 13, 499}) {
      const auto run = [&] {
        crew.run(500, [&](std::size_t, std::size_t index) {
          if (index == bad) throw std::out_of_range("task " + std::to_string(bad));
        });
      };
      check(throws<std::out_of_range>(run, "task " + std::to_string(bad)), "the exception reaches the caller");
    }
    std::atomic<int> done{0};
    crew.run(20, [&](std::size_t, std::size_t) { ++done; });
    check(done == 20, "the crew works on after an exception");
  }
}

void a_poll_that_throws() {
  for (const std::size_t threads : {1, 3}) {
    int calls = 0;
    std::atomic<std::size_t> done{0};
    Crew crew(threads, [&] {
      if (++calls == 5) throw jqfast::Cancelled();
    });
    const auto run = [&] { crew.run(100000, [&](std::size_t, std::size_t) { ++done; }); };
    const bool cancelled = throws<jqfast::Cancelled>(run, "cancelled");
    check(cancelled ? done < 100000 : calls < 5, "the poll ends the run early");
    check(threads > 1 || cancelled, "with one thread the poll is called after every task");
  }
}

void a_poll_within_long_tasks() {
  constexpr int kLong = 50'000'000;
  for (const std::size_t threads : {1, 3}) {
    int calls = 0;
    std::atomic<std::size_t> finished{0};
    Crew crew(threads, [&] {
      if (++calls == 5) throw jqfast::Cancelled();
    });
    const auto run = [&] {
      crew.run(threads, [&](std::size_t worker, std::size_t) {
        for (int i = 0; i < kLong; ++i) crew.breathe(worker);
        ++finished;
      });
    };
    const bool cancelled = throws<jqfast::Cancelled>(run, "cancelled");
    check(cancelled ? finished < threads : calls < 5, "a poll ends tasks in their midst");
    check(threads > 1 || cancelled, "one thread polls within its task");
    crew.run(threads, [&](std::size_t, std::size_t) {});
  }
}

// A host program that rounds upward must not change results, nor lose its setting.
void rounding_of_the_host() {
  std::fesetround(FE_UPWARD);
  std::atomic<bool> nearest{true};
  {
    Crew crew(3, nullptr);
    crew.run(64, [&](std::size_t, std::size_t) {
      if (std::fegetround() != FE_TONEAREST) nearest = false;
    });
  }
  const bool kept = std::fegetround() == FE_UPWARD;
  std::fesetround(FE_TONEAREST);
  check(nearest, "tasks round to nearest");
  check(kept, "the caller's rounding is restored");
}

}  // namespace

int main() {
  every_task_once();
  a_task_that_throws();
  a_poll_that_throws();
  a_poll_within_long_tasks();
  rounding_of_the_host();
  check(jqfast::usable_processors() >= 1, "at least one processor");
  return report("thread_pool");
}
