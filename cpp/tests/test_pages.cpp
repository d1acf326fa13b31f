// Kept pages: reused by size, within the limit, from any thread, never two owners at once.
#include "jqfast/pages.hpp"

#include <cstdint>
#include <cstring>
#include <new>
#include <thread>
#include <vector>

#include "check.hpp"

namespace {

using namespace jqfast;
using namespace jqfast::test;

constexpr std::size_t kSize = std::size_t{3} << 20;

// Whether the system lets anything be kept.
bool keeps() {
  keep_pages(SIZE_MAX);
  give_pages(take_pages(kSize), kSize);
  const bool kept = kept_pages().blocks == 1;
  keep_pages(SIZE_MAX);
  return kept;
}

void reuse_by_size() {
  keep_pages(SIZE_MAX);
  check(kept_pages().blocks == 0, "a new limit empties the shelf");
  void* first = take_pages(kSize);
  check(reinterpret_cast<std::uintptr_t>(first) % 4096 == 0, "a block begins on a page");
  std::memset(first, 1, kSize);
  give_pages(first, kSize);
  if (!keeps()) return;
  void* kept = take_pages(kSize);
  give_pages(kept, kSize);
  void* larger = take_pages(3 * kSize);
  check(kept_pages().blocks == 1, "a block of another size stays");
  check(take_pages(kSize) == kept, "a block of that size is taken");
  give_pages(kept, kSize);
  give_pages(larger, 3 * kSize);
  check(kept_pages().blocks == 2 && kept_pages().bytes >= 4 * kSize, "both are kept");
}

void limits() {
  keep_pages(4 * kSize);
  std::vector<void*> blocks;
  for (int i = 0; i < 6; ++i) blocks.push_back(take_pages(kSize));
  for (void* block : blocks) give_pages(block, kSize);
  check(kept_pages().bytes <= 4 * kSize, "the oldest go when the limit is passed");
  keep_pages(0);
  give_pages(take_pages(kSize), kSize);
  check(kept_pages().blocks == 0, "nothing is kept at 0");
}

void too_much() {
  check(throws<std::bad_alloc>([] { give_pages(take_pages(SIZE_MAX - 5), 0); }), "more than can be addressed");
  check(throws<std::bad_alloc>([] { give_pages(take_pages(std::size_t{1} << 60), 0); }), "more than there is");
}

void threads() {
  keep_pages(SIZE_MAX);
  std::vector<std::thread> crew;
  std::vector<int> wrong(4, 0);
  for (int t = 0; t < 4; ++t) {
    crew.emplace_back([t, &wrong] {
      for (int i = 0; i < 50; ++i) {
        auto* block = static_cast<int*>(take_pages(kSize));
        block[0] = block[kSize / sizeof(int) - 1] = t;
        std::this_thread::yield();
        if (block[0] != t || block[kSize / sizeof(int) - 1] != t) ++wrong[static_cast<std::size_t>(t)];
        give_pages(block, kSize);
      }
    });
  }
  for (auto& thread : crew) thread.join();
  check(wrong == std::vector<int>(4, 0), "a block has one owner at a time");
}

}  // namespace

int main() {
  reuse_by_size();
  limits();
  too_much();
  threads();
  return report("pages");
}
