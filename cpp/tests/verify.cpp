#include "verify.hpp"

#include <cmath>
#include <cstdio>
#include <sstream>

#include "by_reference.hpp"
#include "check.hpp"

namespace jqfast::test {
namespace {

using reference::Judged;
using reference::Series;
using Column = std::vector<Judged>;

// The plan with all its values stored, each in its own stage.
std::string storing_all(const std::string& text, std::uint32_t values) {
  std::istringstream in(text);
  std::string out, line;
  std::uint32_t next = 0;
  while (std::getline(in, line)) {
    if (line.starts_with("store ")) continue;
    out += line.starts_with("outputs ") ? "outputs " + std::to_string(values) + "\n" : line + "\n";
    const auto equals = line.find(" = ");
    if (!line.starts_with("v") || equals == std::string::npos) continue;
    std::istringstream targets(line.substr(0, equals));
    for (std::string target; targets >> target; ++next) out += "store " + target + " " + std::to_string(next) + "\n";
  }
  return out;
}

class Comparison {
 public:
  Comparison(const Plan& plan, const std::vector<Panel>& inputs, const Outputs& got,
             const std::vector<std::int64_t>& rows)
      : plan_(plan), inputs_(inputs), got_(got), rows_(rows), inner_(plan.values) {}

  std::string run() {
    for (const Stage& stage : plan_.stages) {
      for (const Instr& instr : stage.instrs) {
        for (std::size_t i = 0; i < instr.give.size() && fault_.empty(); ++i) check_value(instr, i);
      }
    }
    return fault_;
  }

  [[nodiscard]] std::size_t compared() const { return compared_; }

 private:
  void check_value(const Instr& instr, std::size_t i) {
    const std::size_t value = instr.first + i, N = got_.cols;
    auto& inner = inner_[value];
    inner.assign(N, Series(rows_.size()));
    for (std::size_t n = 0; n < N; ++n) {
      const Column want = facts(instr.op).axis == Axis::cross ? Column{} : column(instr, i, n);
      for (std::size_t r = 0; r < want.size(); ++r) inner[n][r] = adopt(instr, i, r, n, want[r]);
    }
    for (std::size_t r = 0; r < rows_.size() && facts(instr.op).axis == Axis::cross; ++r) {
      const auto date = [&](const Arg& arg) {
        std::vector<double> row(N);
        for (std::size_t n = 0; n < N; ++n) row[n] = inner_[arg.value][n][r];
        return row;
      };
      std::vector<std::vector<double>> args;
      for (const Arg& arg : instr.args) args.push_back(date(arg));
      const auto groups = instr.by.is_literal() ? std::vector<double>{} : date(instr.by);
      const auto want = across_by_reference(instr, args, instr.by.is_literal() ? nullptr : &groups);
      for (std::size_t n = 0; n < N; ++n) inner[n][r] = adopt(instr, i, r, n, want[n]);
    }
  }

  // Judges a cell and returns the value that later instructions saw: outputs do not keep Inf and the sign of 0.
  double adopt(const Instr& instr, std::size_t i, std::size_t r, std::size_t n, const Judged& want) {
    const double got = got_.at(instr.first + i, static_cast<std::size_t>(rows_[r]), n);
    const double allowed = goal(instr, i) * want.scale + 4.0 * std::numeric_limits<double>::denorm_min();
    const double gap = want.scale == 0.0 && got == want.value ? 0.0 : std::fabs(got - want.value);
    ++compared_;
    if (want.scale == reference::kNotJudged) return got;
    const bool overflown = std::fabs(want.value) > 1e307 && std::isnan(got);
    const bool fits = overflown || std::isnan(got) == !std::isfinite(want.value);
    if (!fits || (std::isfinite(want.value) && !overflown && !(gap <= allowed))) note(instr, i, r, n, got, want);
    if (overflown) return std::copysign(std::numeric_limits<double>::infinity(), want.value);
    return !std::isfinite(want.value) || (want.value == 0.0 && got == 0.0) ? want.value : got;
  }

  void note(const Instr& instr, std::size_t i, std::size_t r, std::size_t n, double got, const Judged& want) {
    if (!fault_.empty()) return;
    const OpFacts& f = facts(instr.op);
    char text[300];
    std::snprintf(text, sizeof text,
                  "v%u (%s %s, window %u, min_periods %u) at row %zu of stock %zu: %.17g for %.17g, error %.3g of %.3g",
                  static_cast<unsigned>(instr.first + i), std::string(f.name).c_str(),
                  f.give.empty() ? "" : std::string(f.give[instr.give[i]]).c_str(), instr.window, instr.min_periods, r,
                  n, got, want.value, std::fabs(got - want.value) / want.scale, goal(instr, i));
    fault_ = text;
  }

  [[nodiscard]] Series series(const Arg& arg, std::size_t n) const {
    return arg.is_literal() ? Series(rows_.size(), arg.literal) : inner_[arg.value][n];
  }

  [[nodiscard]] Column column(const Instr& instr, std::size_t i, std::size_t n) const {
    if (instr.op == Op::input) return source(instr, n);
    std::vector<Series> args;
    for (const Arg& arg : instr.args) args.push_back(series(arg, n));
    return by_reference(instr, i, args);
  }

  [[nodiscard]] Column source(const Instr& instr, std::size_t n) const {
    const Panel& panel = inputs_[instr.window];
    Column out;
    for (const auto row : rows_) out.push_back({panel.at(static_cast<std::size_t>(row), panel.cols == 1 ? 0 : n), 0.0});
    return out;
  }

  const Plan& plan_;
  const std::vector<Panel>& inputs_;
  const Outputs& got_;
  const std::vector<std::int64_t>& rows_;
  std::vector<std::vector<Series>> inner_;  // by value and stock
  std::string fault_;
  std::size_t compared_ = 0;
};

// Sessions outside `rows` must be empty.
bool others_missing(const Outputs& got, const std::vector<std::int64_t>& rows) {
  std::vector<bool> session(got.rows, false);
  for (const auto row : rows) session[static_cast<std::size_t>(row)] = true;
  for (std::size_t i = 0; i < got.values.size(); ++i) {
    if (!session[i / got.cols % got.rows] && !std::isnan(got.values[i])) return false;
  }
  return true;
}

bool stores_agree(const Plan& plan, const Outputs& stored, const Outputs& all) {
  const std::size_t cells = all.rows * all.cols;
  for (const Stage& stage : plan.stages) {
    for (const Store& store : stage.stores) {
      const Outputs a{1,
                      all.rows,
                      all.cols,
                      {stored.values.begin() + static_cast<std::ptrdiff_t>(store.output * cells),
                       stored.values.begin() + static_cast<std::ptrdiff_t>((store.output + 1) * cells)}};
      const Outputs b{1,
                      all.rows,
                      all.cols,
                      {all.values.begin() + static_cast<std::ptrdiff_t>(store.value * cells),
                       all.values.begin() + static_cast<std::ptrdiff_t>((store.value + 1) * cells)}};
      if (!same_bits(a, b)) return false;
    }
  }
  return true;
}

}  // namespace

std::string first_fault(const std::string& text, const std::vector<Panel>& inputs, const Setting& setting,
                        std::size_t& compared) {
  const Plan plan = decode_plan(text);
  const Outputs all = run(storing_all(text, plan.values), inputs, setting);
  const auto rows = setting.rows.empty() ? all_rows(all.rows) : setting.rows;
  Comparison comparison(plan, inputs, all, rows);
  const std::string fault = comparison.run();
  compared += comparison.compared();
  if (!fault.empty()) return fault;
  if (!others_missing(all, rows)) return "a row that is no session has values";
  if (!stores_agree(plan, run(text, inputs, setting), all)) return "what is stored changes what is computed";
  return "";
}

void verify(const std::string& text, const std::vector<Panel>& inputs, const std::string& label,
            const Setting& setting) {
  std::size_t compared = 0;
  const std::string fault = first_fault(text, inputs, setting, compared);
  check(fault.empty() && (compared > 0 || inputs[0].values.empty()), label + ": " + fault);
}

void verify_operation(Op op, const std::vector<Panel>& inputs, std::uint32_t window, std::uint32_t min_periods,
                      const std::string& label) {
  PlanText plan(inputs.size());
  const std::size_t first = plan.add(usual_words(op, {"v0", "v1", "v0"}, window, min_periods), statistics(op));
  for (std::size_t v = first; v < plan.values(); ++v) plan.store(v);
  verify(plan.text(), inputs, label);
}

}  // namespace jqfast::test
