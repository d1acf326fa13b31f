// A borrowed T x N array: pointer, sizes and the distance between rows. Never owns, never copies.
#pragma once

#include <cstddef>

namespace jqfast {

template <class T>
struct PanelView {
  T* data = nullptr;
  std::size_t rows = 0;        // T, sessions
  std::size_t cols = 0;        // N, stocks; 1 for a market series
  std::size_t row_stride = 0;  // elements from one session to the next

  [[nodiscard]] T* row(std::size_t t) const noexcept { return data + t * row_stride; }
};

}  // namespace jqfast
