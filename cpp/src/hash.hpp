// The hash of saved states and of plans. Private to the library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace jqfast {

// FNV-1a, over whole words where there are any: guards against damage, not against an adversary.
class Hash {
 public:
  void add(std::span<const std::byte> bytes) noexcept {
    std::size_t i = 0;
    for (; i + sizeof(std::uint64_t) <= bytes.size(); i += sizeof(std::uint64_t)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data() + i, sizeof word);
      mix(word);
    }
    for (; i < bytes.size(); ++i) mix(std::to_integer<std::uint64_t>(bytes[i]));
  }
  void mix(std::uint64_t word) noexcept {
    hash_ = (hash_ ^ word) * 0x100000001B3ull;
    hash_ ^= hash_ >> 32;
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return hash_ ^ (hash_ >> 29); }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ull;
};

inline std::uint64_t hash_of(std::span<const std::byte> bytes) noexcept {
  Hash hash;
  hash.add(bytes);
  return hash.value();
}

}  // namespace jqfast
