#include "jqfast/pages.hpp"

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace jqfast {
namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kUnlimited = SIZE_MAX;

struct Block {
  void* at;
  std::size_t bytes;
};

std::size_t rounded(std::size_t bytes) {
  if (bytes > kUnlimited - kHugePage) throw std::bad_alloc();
  return std::max(kHugePage, (bytes + kHugePage - 1) / kHugePage * kHugePage);
}

#if defined(__linux__)

// Mapped with room to spare, so that the block can begin where a huge page does; the ends are given back at once.
void* map(std::size_t bytes) {
  if (bytes > kUnlimited - kHugePage) throw std::bad_alloc();
  void* got = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (got == MAP_FAILED) throw std::bad_alloc();
  auto* begin = static_cast<char*>(got);
  const std::size_t before = (kHugePage - reinterpret_cast<std::size_t>(begin) % kHugePage) % kHugePage;
  if (before > 0) munmap(begin, before);
  munmap(begin + before + bytes, kHugePage - before);
  madvise(begin + before, bytes, MADV_HUGEPAGE);  // a wish: without it pages are small
  return begin + before;
}

void unmap(const Block& block) noexcept { munmap(block.at, block.bytes); }

// Whether the system could be told that it may take the pages; a block it could not is not worth keeping.
bool lend(const Block& block) noexcept { return madvise(block.at, block.bytes, MADV_FREE) == 0; }

// An eighth of the machine's memory, 4 GiB at most.
std::size_t usual_limit() noexcept {
  const auto pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  if (pages <= 0 || size <= 0) return 0;
  return std::min<std::size_t>(std::size_t{4} << 30,
                               static_cast<std::size_t>(pages) * static_cast<std::size_t>(size) / 8);
}

#else

void* map(std::size_t bytes) { return ::operator new(bytes, std::align_val_t{4096}); }
void unmap(const Block& block) noexcept { ::operator delete(block.at, std::align_val_t{4096}); }
bool lend(const Block&) noexcept { return false; }
std::size_t usual_limit() noexcept { return 0; }

#endif

// Blocks that were given back, the oldest first.
class Shelf {
 public:
  void* take(std::size_t bytes) {
    {
      const std::scoped_lock lock(mutex_);
      auto best = blocks_.end();
      for (auto it = blocks_.begin(); it != blocks_.end(); ++it) {
        if (it->bytes == bytes) best = it;  // of equal ones the newest, whose pages are likeliest still there
      }
      if (best != blocks_.end()) {
        void* at = best->at;
        held_ -= best->bytes;
        blocks_.erase(best);
        return at;
      }
    }
    return map(bytes);
  }

  void give(Block block) noexcept {
    const std::scoped_lock lock(mutex_);
    if (block.bytes > limit_ || !lend(block)) return unmap(block);
    try {
      blocks_.push_back(block);
    } catch (const std::bad_alloc&) {
      return unmap(block);
    }
    held_ += block.bytes;
    shrink();
  }

  void limit(std::size_t bytes) noexcept {
    const std::scoped_lock lock(mutex_);
    limit_ = 0;
    shrink();
    limit_ = bytes;
  }

  KeptPages kept() noexcept {
    const std::scoped_lock lock(mutex_);
    return {blocks_.size(), held_};
  }

 private:
  void shrink() noexcept {
    while (held_ > limit_) {
      unmap(blocks_.front());
      held_ -= blocks_.front().bytes;
      blocks_.erase(blocks_.begin());
    }
  }

  std::mutex mutex_;
  std::vector<Block> blocks_;
  std::size_t held_ = 0, limit_ = usual_limit();
};

// Never destroyed: arrays may outlive the module's own objects at exit.
Shelf& shelf() {
  static Shelf& the = *new Shelf;
  return the;
}

}  // namespace

void* take_pages(std::size_t bytes) { return shelf().take(rounded(bytes)); }
void give_pages(void* block, std::size_t bytes) noexcept { shelf().give({block, rounded(bytes)}); }
void keep_pages(std::size_t limit) noexcept { shelf().limit(limit); }
KeptPages kept_pages() noexcept { return shelf().kept(); }

}  // namespace jqfast
