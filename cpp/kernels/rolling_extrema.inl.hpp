// Rolling minimum, maximum, range and the age of each extreme (0 = today; the newest of equals).
#pragma once

#include "window.inl.hpp"

namespace jqfast::JQFAST_TARGET {

template <bool Ages>
struct Extremes {
  static constexpr std::size_t kHead = 1;  // the session number, from which ages are taken
  static constexpr std::size_t kPrefix = Ages ? 5 : 3;
  static constexpr std::size_t kSuffix = kPrefix;

  Vec now;
  Vec n, least, most, least_at, most_at;
  Vec cursor;  // the session after the one `add` is given: runs backward through suffixes

  void load_head(const Slots& s) noexcept { now = s.get(0); }
  void save_head(const Slots& s) const noexcept { s.set(0, now); }
  void begin_block() noexcept { cursor = now + 1.0; }
  void stand_at(std::uint32_t phase, std::uint32_t rows) noexcept { cursor = now - phase + 1.0 - rows; }
  void reset() noexcept {
    n = Vec{};
    least = splat(kInf), most = splat(-kInf);
    if constexpr (Ages) least_at = most_at = Vec{};
  }
  void see(Vec) noexcept {
    now += 1.0;
    cursor = now + 1.0;  // `add` steps back by one
  }

  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    n += select(ok, splat(1.0), Vec{});
    if constexpr (Ages) {
      cursor -= 1.0;
      const Mask lower = ok & ((x < least) | ((x == least) & (cursor > least_at)) | (least == kInf));
      const Mask higher = ok & ((x > most) | ((x == most) & (cursor > most_at)) | (most == -kInf));
      least_at = select(lower, cursor, least_at);
      most_at = select(higher, cursor, most_at);
    }
    least = select(ok & (x < least), x, least);
    most = select(ok & (x > most), x, most);
  }

  void save_prefix(const Slots& s, std::size_t slot) const noexcept {
    s.set(slot++, n), s.set(slot++, least), s.set(slot++, most);
    if constexpr (Ages) s.set(slot++, least_at), s.set(slot++, most_at);
  }
  void save_suffix(const Slots& s, std::size_t slot) const noexcept { save_prefix(s, slot); }
  void load_prefix(const Slots& s, std::size_t slot) noexcept {
    n = s.get(slot++), least = s.get(slot++), most = s.get(slot++);
    if constexpr (Ages) least_at = s.get(slot++), most_at = s.get(slot++);
  }

  // The prefix is newer than the suffix, so it wins among equals.
  [[nodiscard]] Extremes merged(const Slots& s, std::size_t slot) const noexcept {
    Extremes other;
    other.load_prefix(s, slot);
    Extremes m = *this;
    const Mask lower = other.least < least;
    const Mask higher = other.most > most;
    m.n += other.n;
    m.least = select(lower, other.least, least);
    m.most = select(higher, other.most, most);
    if constexpr (Ages) {
      m.least_at = select(lower, other.least_at, least_at);
      m.most_at = select(higher, other.most_at, most_at);
    }
    return m;
  }
};

template <bool Ages>
void put_extreme(const Batch<Extremes<Ages>>& batch, std::size_t o, Extreme which) noexcept {
  using E = Extremes<Ages>;
  switch (which) {
    case Extreme::min: return batch.put(o, [](const E& e) { return e.least; });
    case Extreme::max: return batch.put(o, [](const E& e) { return e.most; });
    case Extreme::range: return batch.put(o, [](const E& e) { return e.most - e.least; });
    default: break;
  }
  if constexpr (Ages) {
    if (which == Extreme::argmin) return batch.put(o, [](const E& e) { return e.now - e.least_at; });
    return batch.put(o, [](const E& e) { return e.now - e.most_at; });
  }
}

template <bool Ages>
void extrema_as(const TimeArgs& a) noexcept {
  using E = Extremes<Ages>;
  const OneInput input{Cursor(a.in[0], a.row0, a.pitch)};
  const auto make = [](E& item, const E& total, Vec, std::uint32_t, std::size_t) { item = total; };
  slide_tile<E, E>(a, input, make, [&a](const Batch<E>& batch) {
    for (std::size_t o = 0; o < a.outputs; ++o) put_extreme(batch, o, static_cast<Extreme>(a.give[o]));
  });
}

inline bool wants_ages(const std::uint8_t* give, std::size_t outputs) noexcept {
  for (std::size_t o = 0; o < outputs; ++o) {
    if (static_cast<Extreme>(give[o]) >= Extreme::argmin) return true;
  }
  return false;
}

inline void op_extrema(const TimeArgs& a) noexcept {
  wants_ages(a.give, a.outputs) ? extrema_as<true>(a) : extrema_as<false>(a);
}

inline std::size_t extrema_state(const std::uint8_t* give, std::size_t outputs, std::uint32_t window) noexcept {
  return wants_ages(give, outputs) ? slide_state<Extremes<true>>(window) : slide_state<Extremes<false>>(window);
}

}  // namespace jqfast::JQFAST_TARGET
