// Rolling product of the finite values of a window. Overflow and underflow follow IEEE 754 and leave with the value
// that caused them.
#pragma once

#include "window_outputs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

struct Product {
  static constexpr std::size_t kHead = 0;
  static constexpr std::size_t kPrefix = 2;
  static constexpr std::size_t kSuffix = kPrefix;

  Vec n, product;

  void load_head(const Slots&) noexcept {}
  void save_head(const Slots&) const noexcept {}
  void begin_block() noexcept {}
  void stand_at(std::uint32_t, std::uint32_t) noexcept {}
  void reset() noexcept { n = Vec{}, product = splat(1.0); }
  void see(Vec) noexcept {}

  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    n += select(ok, splat(1.0), Vec{});
    product *= select(ok, x, splat(1.0));
  }

  void save_prefix(const Slots& s, std::size_t slot) const noexcept { s.set(slot, n), s.set(slot + 1, product); }
  void save_suffix(const Slots& s, std::size_t slot) const noexcept { save_prefix(s, slot); }
  void load_prefix(const Slots& s, std::size_t slot) noexcept { n = s.get(slot), product = s.get(slot + 1); }
  [[nodiscard]] Product merged(const Slots& s, std::size_t slot) const noexcept {
    return {n + s.get(slot), product * s.get(slot + 1)};
  }
};

inline void op_product(const TimeArgs& a) noexcept {
  const OneInput input{Cursor(a.in[0], a.row0, a.pitch)};
  const auto make = [](Product& item, const Product& total, Vec, std::uint32_t, std::size_t) { item = total; };
  slide_tile<Product, Product>(
      a, input, make, [](const Batch<Product>& batch) { batch.put(0, [](const Product& p) { return p.product; }); });
}

inline std::size_t product_state(std::uint32_t window) noexcept { return slide_state<Product>(window); }

}  // namespace jqfast::JQFAST_TARGET
