#include "sections.hpp"

#include <cstring>

namespace jqfast {

void Sections::run(std::size_t worker, std::size_t s, std::size_t row, std::size_t r) const {
  const auto& stage = task_.program.stages[s].section;
  const Output& out = task_.out;
  auto& own = task_.scratch.workers[worker];
  own.staged.clear();
  for (std::size_t i = 0; i < stage.steps.size(); ++i) {
    const CrossStep& step = stage.steps[i];
    CrossArgs a = arguments(own, step, row, r);
    const double* in[kMostExposures + 1];
    for (std::size_t k = 0; k < step.from.size(); ++k) in[k] = values(step.from[k], row, r);
    a.in = in;
    // Boundaries are written long before they are read: the next step's is fetched while this one works.
    if (a.next[0] == nullptr && i + 1 < stage.steps.size()) a.next[0] = values(stage.steps[i + 1].from[0], row, r);
    const bool kept = step.to != CrossStep::kNowhere;
    a.out = kept ? boundary(step.to, r) : own.row.data();
    const bool only_stored = !kept && step.outputs.size() == 1;
    const bool placed = only_stored && sink_.place(step.op, step.outputs[0], session(row), a);
    task_.kernels.cross[static_cast<std::size_t>(step.op)](a);
    if (placed) continue;
    for (const auto output : step.outputs) save_row(own, a.out, output, row);
  }
  for (const auto& store : stage.direct) save_row(own, values(store.from, row, r), store.output, row);
  if (out.layout == Layout::sample) {
    sink_.samples(own.staging.data(), stride_, own.staged, session(row) * out.stocks, out.stocks);
  }
}

const double* Sections::values(RowSource from, std::size_t row, std::size_t r) const {
  return from.panel ? task_.inputs[from.number].row(session(row)) : boundary(from.number, r);
}

// The row after `row`, which the same worker is likely to take next and nobody changes; null where there is none.
const double* Sections::next_row(RowSource from, std::size_t row) const {
  return from.panel && row + 1 < task_.rows.size() ? task_.inputs[from.number].row(session(row + 1)) : nullptr;
}

CrossArgs Sections::arguments(Worker& own, const CrossStep& step, std::size_t row, std::size_t r) const {
  CrossArgs a;
  a.inputs = step.from.size();
  a.next[0] = next_row(step.from[0], row);
  if (step.by != CrossStep::kNowhere) {
    a.groups = values(task_.program.groupings[step.by], row, r);
    a.layout = own.groupings[step.by].data();
    a.next[1] = next_row(task_.program.groupings[step.by], row);
  }
  a.n = task_.out.stocks;
  a.scratch = own.sort.data();
  a.low = step.low;
  a.high = step.high;
  a.count = step.count;
  return a;
}

void Sections::save_row(Worker& own, const double* row, std::uint32_t output, std::size_t t) const {
  if (task_.out.layout == Layout::feature) {
    sink_.row(row, output, session(t), 0, task_.out.stocks);
  } else {
    std::memcpy(own.staging.data() + own.staged.size() * stride_, row, task_.out.stocks * sizeof(double));
    own.staged.push_back(output);
  }
}

}  // namespace jqfast
