// Memory for large results. A fresh page is cleared by the system when it is first written, which can take a
// quarter of the time in which it is filled; so blocks given back are kept for the results to come.
#pragma once

#include <cstddef>

namespace jqfast {

// What is in store right now.
struct KeptPages {
  std::size_t blocks = 0, bytes = 0;
};

// At least `bytes` of memory on a page boundary, its content undefined. Blocks of some size are on huge pages where
// the system has them. Throws std::bad_alloc.
[[nodiscard]] void* take_pages(std::size_t bytes);

// Gives back what `take_pages(bytes)` gave. Up to a limit the block is kept, marked as free for the system to take
// when memory runs short (MADV_FREE); it is then as good as fresh. Any thread may call it.
void give_pages(void* block, std::size_t bytes) noexcept;

// Hands all kept blocks back to the system, and keeps blocks worth at most `limit` bytes from now on.
void keep_pages(std::size_t limit) noexcept;

[[nodiscard]] KeptPages kept_pages() noexcept;

}  // namespace jqfast
