// From plan to program. Three questions are answered for every value: where is it made, which later stages need it
// (those get it through a boundary buffer), and how many of its past rows does a time stage reach back for.
#include "program.hpp"

#include <algorithm>
#include <map>

#include "offsets.hpp"

namespace jqfast {
namespace {

constexpr std::uint32_t kNone = 0xFFFFFFFFu;

struct ValueFacts {
  std::uint32_t stage = 0;
  std::uint32_t boundary = kNone;
  std::uint32_t input = kNone;  // the panel input that the value is, whatever its axis
  bool whole = false;           // that input has a value for every stock, so that other stages can read it in place
  std::uint32_t readers = 0;    // instructions of its own stage that read it
  std::uint32_t offset = 0;     // of the blocks of the instruction that makes it
};

// The rows before the current one that an instruction reads of its arguments.
std::uint32_t reach(const Instr& instr) noexcept {
  const auto params = facts(instr.op).params;
  // Periods are counted, not sessions: their values are carried.
  if ((params & kWindow) == 0 || instr.op == Op::lag || instr.op == Op::periods) return 0;
  // Sorted windows also read the value that has just left.
  const bool sorted = instr.op == Op::quantiles || instr.op == Op::mad;
  return sorted ? instr.window : instr.window - 1;
}

// Builds one time stage.
class TimeBuilder {
 public:
  TimeBuilder(const Stage& stage, std::uint32_t index, const std::vector<ValueFacts>& values,
              const KernelTable& kernels)
      : stage_(stage), index_(index), values_(values), kernels_(kernels) {}

  TimeStage build() {
    for (const auto& instr : stage_.instrs) emit(instr);
    for (const auto& store : stage_.stores) emit_export(StepKind::to_output, store.value, store.output);
    export_boundaries();
    place_exports();
    measure_history();
    assign_slots();
    find_chains();
    find_direct();
    return std::move(out_);
  }

 private:
  struct Alias {
    std::uint32_t reg = 0;
    std::uint32_t lag = 0;
  };

  std::uint32_t new_register() {
    out_.registers.push_back({});
    return static_cast<std::uint32_t>(out_.registers.size() - 1);
  }

  // The register that holds a value; inputs and values of earlier stages are fetched when first read.
  Alias find(std::uint32_t value) {
    const auto found = where_.find(value);
    if (found != where_.end()) return found->second;
    const ValueFacts& facts = values_[value];
    const bool panel = facts.input != kNone && (facts.whole || facts.stage == index_);
    Step step;
    step.kind = panel ? StepKind::panel : StepKind::boundary;
    step.number = panel ? facts.input : facts.boundary;
    step.out = {new_register()};
    if (panel) out_.registers.back().panel = facts.input;
    where_[value] = {step.out[0], 0};
    out_.steps.push_back(std::move(step));
    return where_[value];
  }

  Source source(const Arg& arg) {
    if (!arg.is_literal()) {
      const auto alias = find(arg.value);
      return {false, alias.reg, alias.lag};
    }
    out_.literals.push_back(arg.literal);
    return {true, static_cast<std::uint32_t>(out_.literals.size() - 1), 0};
  }

  void emit(const Instr& instr) {
    if (instr.op == Op::input) return;  // see `find`
    if (instr.op == Op::lag) {          // no work: later readers reach back instead
      auto alias = find(instr.args[0].value);
      alias.lag += instr.window;
      where_[instr.first] = alias;
      return;
    }
    Step step;
    step.kind = StepKind::kernel;
    step.op = instr.op;
    for (const auto& arg : instr.args) step.in.push_back(source(arg));
    for (std::uint32_t i = 0; i < instr.give.size(); ++i) {
      step.out.push_back(new_register());
      where_[instr.first + i] = {step.out.back(), 0};
    }
    step.give = instr.give;
    step.window = instr.window;
    step.offset = values_[instr.first].offset;
    step.min_periods = instr.min_periods;
    step.alpha = instr.alpha;
    step.numbers = instr.numbers;
    step.state = out_.kernel_state;
    step.slots = kernels_.state_size(instr.op, instr.give.data(), instr.give.size(), instr.window);
    out_.kernel_state += step.slots;
    reach_.resize(out_.steps.size());
    reach_.push_back(reach(instr));
    out_.steps.push_back(std::move(step));
  }

  void emit_export(StepKind kind, std::uint32_t value, std::uint32_t number) {
    const auto alias = find(value);
    Step step;
    step.kind = kind;
    step.number = number;
    step.in = {{false, alias.reg, alias.lag}};
    exports_.push_back(std::move(step));
    if (kind == StepKind::to_output) out_.outputs.push_back(number);
  }

  void export_boundaries() {
    for (const auto& instr : stage_.instrs) {
      for (std::uint32_t i = 0; i < instr.give.size(); ++i) {
        const auto value = instr.first + i;
        if (values_[value].stage == index_ && values_[value].boundary != kNone) {
          emit_export(StepKind::to_boundary, value, values_[value].boundary);
        }
      }
    }
  }

  // Exports follow at once the step that makes their value, while it is in cache and its slot is its own.
  void place_exports() {
    reach_.resize(out_.steps.size());
    std::vector<Step> steps;
    std::vector<std::uint32_t> reaches;
    for (std::size_t i = 0; i < out_.steps.size(); ++i) {
      const auto made = out_.steps[i].out;
      steps.push_back(std::move(out_.steps[i]));
      reaches.push_back(reach_[i]);
      for (auto& e : exports_) {
        if (std::find(made.begin(), made.end(), e.in[0].index) == made.end()) continue;
        steps.push_back(e);
        reaches.push_back(0);
      }
    }
    out_.steps = std::move(steps);
    reach_ = std::move(reaches);
    out_.outputs.clear();
    for (auto& step : out_.steps) {
      if (step.kind != StepKind::to_output) continue;
      step.staged = out_.outputs.size();
      out_.outputs.push_back(step.number);
    }
  }

  // An instruction with state or a window walks along time in its own loop, over as many rows as possible.
  void find_chains() {
    for (std::size_t i = 0; i < out_.steps.size(); ++i) {
      const auto& step = out_.steps[i];
      const bool by_row = step.kind != StepKind::kernel || facts(step.op).axis == Axis::elementwise;
      if (by_row && !out_.chains.empty() && out_.chains.back().by_row) {
        out_.chains.back().end = i + 1;
      } else {
        out_.chains.push_back({i, i + 1, by_row});
      }
    }
  }

  void find_direct() {
    for (std::size_t i = 0; i + 1 < out_.steps.size(); ++i) {
      auto& step = out_.steps[i];
      const auto& next = out_.steps[i + 1];
      step.direct = step.kind == StepKind::kernel && facts(step.op).axis == Axis::elementwise &&
                    (next.kind == StepKind::to_output || next.kind == StepKind::to_boundary) &&
                    next.in[0].index == step.out[0] && next.in[0].lag == 0;
    }
  }

  void measure_history() {
    for (std::size_t i = 0; i < out_.steps.size(); ++i) {
      for (const auto& in : out_.steps[i].in) {
        if (in.literal) continue;
        auto& history = out_.registers[in.index].history;
        history = std::max(history, in.lag + reach_[i]);
      }
    }
  }

  // Linear scan: a slot is free again after the last reader of its value. A step may write the slot it reads last:
  // kernels read a row before they write it.
  void assign_slots() {
    std::vector<std::size_t> last(out_.registers.size(), 0);
    for (std::size_t i = 0; i < out_.steps.size(); ++i) {
      for (const auto reg : out_.steps[i].out) last[reg] = i;
      for (const auto& in : out_.steps[i].in) {
        if (!in.literal) last[in.index] = i;
      }
    }
    std::vector<std::uint32_t> free;
    for (std::size_t i = 0; i < out_.steps.size(); ++i) {
      release(out_.steps[i], i, last, free, true);
      for (const auto reg : out_.steps[i].out) take_slot(out_.registers[reg], free);
      release(out_.steps[i], i, last, free, false);
    }
  }

  void take_slot(Register& reg, std::vector<std::uint32_t>& free) {
    if (reg.history > 0) return;
    if (free.empty()) {
      free.push_back(static_cast<std::uint32_t>(out_.scratch_slots++));
    }
    reg.slot = free.back();
    free.pop_back();
  }

  void release(const Step& step, std::size_t i, const std::vector<std::size_t>& last, std::vector<std::uint32_t>& free,
               bool inputs) const {
    std::vector<std::uint32_t> done;
    if (inputs) {
      for (const auto& in : step.in) {
        if (!in.literal) done.push_back(in.index);
      }
      std::sort(done.begin(), done.end());
      done.erase(std::unique(done.begin(), done.end()), done.end());
    } else {
      done = step.out;  // outputs that nobody reads
    }
    for (const auto reg : done) {
      if (last[reg] == i && out_.registers[reg].history == 0) free.push_back(out_.registers[reg].slot);
    }
  }

  const Stage& stage_;
  std::uint32_t index_;
  const std::vector<ValueFacts>& values_;
  const KernelTable& kernels_;
  TimeStage out_;
  std::map<std::uint32_t, Alias> where_;
  std::vector<Step> exports_;
  std::vector<std::uint32_t> reach_;  // by step
};

RowSource row_source(const ValueFacts& value) {
  return value.boundary == kNone ? RowSource{true, value.input} : RowSource{false, value.boundary};
}

std::uint32_t grouping(std::vector<RowSource>& groupings, RowSource by) {
  const auto at = std::find(groupings.begin(), groupings.end(), by);
  const auto index = static_cast<std::uint32_t>(at - groupings.begin());
  if (at == groupings.end()) groupings.push_back(by);
  return index;
}

CrossStage build_cross(const Stage& stage, std::uint32_t index, const std::vector<ValueFacts>& values,
                       std::vector<RowSource>& groupings) {
  CrossStage out;
  for (const auto& instr : stage.instrs) {
    CrossStep step;
    step.op = instr.op;
    for (const auto& arg : instr.args) step.from.push_back(row_source(values[arg.value]));
    if (!instr.by.is_literal()) step.by = grouping(groupings, row_source(values[instr.by.value]));
    step.to = values[instr.first].boundary;
    step.low = instr.low;
    step.high = instr.high;
    step.count = instr.count;
    for (const auto& store : stage.stores) {
      if (store.value == instr.first) step.outputs.push_back(store.output);
    }
    out.steps.push_back(std::move(step));
  }
  for (const auto& store : stage.stores) {
    if (values[store.value].stage != index) out.direct.push_back({row_source(values[store.value]), store.output});
  }
  return out;
}

// Marks the values that leave their stage, or are read again inside a cross stage, and numbers their buffers.
std::uint32_t number_boundaries(const Plan& plan, std::vector<ValueFacts>& values) {
  std::uint32_t count = 0;
  for (std::uint32_t s = 0; s < plan.stages.size(); ++s) {
    for (const auto& instr : plan.stages[s].instrs) {
      for (std::uint32_t i = 0; i < instr.give.size(); ++i) values[instr.first + i].stage = s;
      if (instr.op != Op::input) continue;
      values[instr.first].input = instr.window;
      values[instr.first].whole = plan.inputs[instr.window].axis != InputAxis::market;
    }
  }
  const auto need = [&](std::uint32_t value) {
    if (!values[value].whole && values[value].boundary == kNone) values[value].boundary = count++;
  };
  for (std::uint32_t s = 0; s < plan.stages.size(); ++s) {
    for (const auto& instr : plan.stages[s].instrs) {
      for (const auto& arg : instr.args) {
        if (!arg.is_literal() && (values[arg.value].stage != s || plan.stages[s].cross)) need(arg.value);
      }
      if (!instr.by.is_literal()) need(instr.by.value);
    }
    for (const auto& store : plan.stages[s].stores) {
      if (values[store.value].stage != s) need(store.value);
    }
  }
  return count;
}

bool remembers_everything(Op op) noexcept {
  return op == Op::ema || op == Op::ewm_var || op == Op::streak || op == Op::since || op == Op::expanding ||
         op == Op::periods;
}

std::size_t longest_lookback(const Plan& plan) {
  std::vector<std::size_t> depth(plan.values, 0);
  std::size_t longest = 0;
  for (const auto& stage : plan.stages) {
    for (const auto& instr : stage.instrs) {
      std::size_t most = 0;
      for (const auto& arg : instr.args) {
        if (!arg.is_literal()) most = std::max(most, depth[arg.value]);
      }
      if (!instr.by.is_literal()) most = std::max(most, depth[instr.by.value]);
      std::size_t own = reach(instr);
      if (instr.op == Op::lag || instr.op == Op::last_valid) own = instr.window;
      if (remembers_everything(instr.op)) own = kEverything;
      if (instr.op == Op::quantiles || instr.op == Op::mad) own = instr.window - 1;
      most = std::min(most + own, kEverything);
      for (std::uint32_t i = 0; i < instr.give.size(); ++i) depth[instr.first + i] = most;
      longest = std::max(longest, most);
    }
  }
  return longest;
}

}  // namespace

Program assign(const Plan& plan, const KernelTable& kernels) {
  std::vector<ValueFacts> values(plan.values);
  const auto offsets = block_offsets(plan);
  for (std::size_t v = 0; v < values.size(); ++v) values[v].offset = offsets[v];
  Program program;
  program.boundaries = number_boundaries(plan, values);
  program.lookback = longest_lookback(plan);
  program.outputs = plan.outputs;
  for (const auto& input : plan.inputs) program.axes.push_back(input.axis);
  for (std::uint32_t s = 0; s < plan.stages.size(); ++s) {
    ProgramStage stage;
    stage.cross = plan.stages[s].cross;
    if (stage.cross) {
      stage.section = build_cross(plan.stages[s], s, values, program.groupings);
    } else {
      stage.time = TimeBuilder(plan.stages[s], s, values, kernels).build();
    }
    program.stages.push_back(std::move(stage));
  }
  program.dated =
      program.stages.size() > 1 && std::all_of(program.stages.begin(), program.stages.end(),
                                               [](const auto& s) { return s.cross || s.time.steps.empty(); });
  return program;
}

}  // namespace jqfast
