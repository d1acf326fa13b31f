// Least and largest value of one window, and how many sessions ago the newest of them was.
#pragma once

#include "jqfast/opcodes.hpp"
#include "window.hpp"

namespace jqfast::reference {

inline Judged extreme(Extreme which, const Window& w) {
  std::size_t least = 0, most = 0;
  for (std::size_t i = 0; i < w.x.size(); ++i) {
    if (w.x[i] <= w.x[least]) least = i;
    if (w.x[i] >= w.x[most]) most = i;
  }
  switch (which) {
    case Extreme::min: return judged(w.x[least], 0);
    case Extreme::max: return judged(w.x[most], 0);
    case Extreme::range: return judged(w.x[most] - w.x[least], 0);
    case Extreme::argmin: return judged(w.age[least], 0);
    case Extreme::argmax: return judged(w.age[most], 0);
  }
  return {};
}

}  // namespace jqfast::reference
