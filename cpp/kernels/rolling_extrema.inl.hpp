// Rolling minimum, maximum, range and the age of each extreme (0 = today; the newest of equals).
#pragma once

#include "window_outputs.inl.hpp"

namespace jqfast::JQFAST_TARGET {

// Which of the four an instruction gives: what is not asked for is neither computed nor carried.
struct ExtremeNeeds {
  bool least = false, most = false, ages = false;
};

template <ExtremeNeeds Needs>
struct Extremes {
  static constexpr std::size_t kValues = (Needs.least ? 1 : 0) + (Needs.most ? 1 : 0);
  static constexpr std::size_t kHead = 1;  // the session number, from which ages are taken
  static constexpr std::size_t kPrefix = 1 + kValues * (Needs.ages ? 2 : 1);
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
    if constexpr (Needs.least) least = splat(kInf);
    if constexpr (Needs.most) most = splat(-kInf);
    if constexpr (Needs.least && Needs.ages) least_at = Vec{};
    if constexpr (Needs.most && Needs.ages) most_at = Vec{};
  }
  void see(Vec) noexcept {
    now += 1.0;
    cursor = now + 1.0;  // `add` steps back by one
  }

  void add(Vec x) noexcept {
    const Mask ok = is_finite(x);
    n += select(ok, splat(1.0), Vec{});
    if constexpr (Needs.ages) cursor -= 1.0;
    if constexpr (Needs.least && Needs.ages) {
      const Mask lower = ok & ((x < least) | ((x == least) & (cursor > least_at)) | (least == kInf));
      least_at = select(lower, cursor, least_at);
    }
    if constexpr (Needs.most && Needs.ages) {
      const Mask higher = ok & ((x > most) | ((x == most) & (cursor > most_at)) | (most == -kInf));
      most_at = select(higher, cursor, most_at);
    }
    if constexpr (Needs.least) least = select(ok & (x < least), x, least);
    if constexpr (Needs.most) most = select(ok & (x > most), x, most);
  }

  void save_prefix(const Slots& s, std::size_t slot) const noexcept {
    s.set(slot++, n);
    if constexpr (Needs.least) s.set(slot++, least);
    if constexpr (Needs.most) s.set(slot++, most);
    if constexpr (Needs.least && Needs.ages) s.set(slot++, least_at);
    if constexpr (Needs.most && Needs.ages) s.set(slot++, most_at);
  }
  void save_suffix(const Slots& s, std::size_t slot) const noexcept { save_prefix(s, slot); }
  void load_prefix(const Slots& s, std::size_t slot) noexcept {
    n = s.get(slot++);
    if constexpr (Needs.least) least = s.get(slot++);
    if constexpr (Needs.most) most = s.get(slot++);
    if constexpr (Needs.least && Needs.ages) least_at = s.get(slot++);
    if constexpr (Needs.most && Needs.ages) most_at = s.get(slot++);
  }

  // The prefix is newer than the suffix, so it wins among equals.
  [[nodiscard]] Extremes merged(const Slots& s, std::size_t slot) const noexcept {
    Extremes other;
    other.load_prefix(s, slot);
    Extremes m = *this;
    m.n += other.n;
    if constexpr (Needs.least) {
      const Mask lower = other.least < least;
      m.least = select(lower, other.least, least);
      if constexpr (Needs.ages) m.least_at = select(lower, other.least_at, least_at);
    }
    if constexpr (Needs.most) {
      const Mask higher = other.most > most;
      m.most = select(higher, other.most, most);
      if constexpr (Needs.ages) m.most_at = select(higher, other.most_at, most_at);
    }
    return m;
  }

  template <Extreme which>
  [[nodiscard]] Vec get() const noexcept {
    if constexpr (which == Extreme::min) return least;
    if constexpr (which == Extreme::max) return most;
    if constexpr (which == Extreme::range) return most - least;
    if constexpr (which == Extreme::argmin) return now - least_at;
    if constexpr (which == Extreme::argmax) return now - most_at;
  }
};

constexpr ExtremeNeeds also_needs(ExtremeNeeds needs, Extreme which) noexcept {
  const bool is_range = which == Extreme::range;
  if (which == Extreme::min || which == Extreme::argmin || is_range) needs.least = true;
  if (which == Extreme::max || which == Extreme::argmax || is_range) needs.most = true;
  if (which == Extreme::argmin || which == Extreme::argmax) needs.ages = true;
  return needs;
}

inline constexpr ExtremeNeeds kBoth{true, true, false}, kBothAndAges{true, true, true};

template <Extreme Which>
bool extreme_ran(const TimeArgs& a) noexcept {
  if (!gives<Which>(a)) return false;
  using E = Extremes<also_needs({}, Which)>;
  const Vec least = splat(a.min_periods);
  const auto make = [&](const E& e, Vec, std::uint32_t, std::size_t) __attribute__((always_inline)) {
    return RowOf<1>{{select(e.n >= least, e.template get<Which>(), splat(kNaN))}};
  };
  slide_straight<E, 1>(a, OneInput{Cursor(a.in[0], a.row0, a.pitch)}, make);
  return true;
}

template <ExtremeNeeds Needs>
void put_extreme(const Batch<Extremes<Needs>>& batch, std::size_t o, Extreme which) noexcept {
  using E = Extremes<Needs>;
  switch (which) {
    case Extreme::min: return batch.put(o, [](const E& e) { return e.least; });
    case Extreme::max: return batch.put(o, [](const E& e) { return e.most; });
    case Extreme::range: return batch.put(o, [](const E& e) { return e.most - e.least; });
    default: break;
  }
  if constexpr (Needs.ages) {
    if (which == Extreme::argmin) return batch.put(o, [](const E& e) { return e.now - e.least_at; });
    return batch.put(o, [](const E& e) { return e.now - e.most_at; });
  }
}

template <ExtremeNeeds Needs>
void extrema_as(const TimeArgs& a) noexcept {
  using E = Extremes<Needs>;
  const OneInput input{Cursor(a.in[0], a.row0, a.pitch)};
  const auto make = [](E& item, const E& total, Vec, std::uint32_t, std::size_t) { item = total; };
  slide_tile<E, E>(a, input, make, [&a](const Batch<E>& batch) {
    for (std::size_t o = 0; o < a.outputs; ++o) put_extreme<Needs>(batch, o, static_cast<Extreme>(a.give[o]));
  });
}

inline ExtremeNeeds extreme_needs(const std::uint8_t* give, std::size_t outputs) noexcept {
  ExtremeNeeds needs;
  for (std::size_t o = 0; o < outputs; ++o) needs = also_needs(needs, static_cast<Extreme>(give[o]));
  return needs;
}

inline void op_extrema(const TimeArgs& a) noexcept {
  using enum Extreme;
  if (extreme_ran<Extreme::min>(a) || extreme_ran<Extreme::max>(a) || extreme_ran<range>(a)) return;
  if (extreme_ran<argmin>(a) || extreme_ran<argmax>(a)) return;
  extreme_needs(a.give, a.outputs).ages ? extrema_as<kBothAndAges>(a) : extrema_as<kBoth>(a);
}

inline std::size_t extrema_state(const std::uint8_t* give, std::size_t outputs, std::uint32_t window) noexcept {
  const ExtremeNeeds needs = extreme_needs(give, outputs);
  if (outputs > 1)
    return needs.ages ? slide_state<Extremes<kBothAndAges>>(window) : slide_state<Extremes<kBoth>>(window);
  if (needs.least && needs.most) return slide_state<Extremes<kBoth>>(window);
  constexpr ExtremeNeeds kOne{true, false, false}, kAge{true, false, true};
  return needs.ages ? slide_state<Extremes<kAge>>(window) : slide_state<Extremes<kOne>>(window);
}

}  // namespace jqfast::JQFAST_TARGET
