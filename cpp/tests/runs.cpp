#include "runs.hpp"

#include <cstring>
#include <limits>
#include <numeric>

namespace jqfast::test {

PlanText::PlanText(std::size_t stock_inputs, std::size_t market_inputs) {
  for (std::size_t i = 0; i < stock_inputs; ++i) inputs_ += "input stock s" + std::to_string(i) + "\n";
  for (std::size_t i = 0; i < market_inputs; ++i) inputs_ += "input market m" + std::to_string(i) + "\n";
  stage(false);
  for (std::size_t i = 0; i < stock_inputs + market_inputs; ++i) add("input " + std::to_string(i));
}

void PlanText::stage(bool cross) { body_ += cross ? "cross\n" : "time\n"; }

std::size_t PlanText::add(const std::string& words, std::size_t count) {
  const std::size_t first = values_;
  for (std::size_t i = 0; i < count; ++i) body_ += "v" + std::to_string(values_++) + " ";
  body_ += "= " + words + "\n";
  return first;
}

void PlanText::store(std::size_t value) {
  body_ += "store v" + std::to_string(value) + " " + std::to_string(outputs_++) + "\n";
}

std::string PlanText::text() const {
  return "jqfast-plan 1\n" + inputs_ + "outputs " + std::to_string(outputs_) + "\n" + body_;
}

std::size_t statistics(Op op) {
  if ((facts(op).params & kAt) != 0) return 4;
  return facts(op).give.empty() ? 1 : facts(op).give.size();
}

std::string usual_words(Op op, const std::vector<std::string>& args, std::uint32_t window, std::uint32_t min_periods) {
  const OpFacts& f = facts(op);
  std::string words(f.name);
  for (std::size_t i = 0; i < f.args; ++i) words += " " + args[i];
  if ((f.params & kWindow) != 0) words += " window=" + std::to_string(window);
  if ((f.params & kMinPeriods) != 0) words += " min_periods=" + std::to_string(min_periods);
  if ((f.params & kAlpha) != 0) words += " alpha=" + std::to_string(2.0 / (window + 1.0));
  if ((f.params & kAt) != 0) words += " at=0.0,0.37,0.5,1.0";
  if ((f.params & kLimit) != 0) words += " limit=" + std::to_string(window);
  if ((f.params & kLow) != 0) words += " low=0.07 high=0.9";
  if ((f.params & kCount) != 0) words += " count=5";
  for (std::size_t i = 0; i < f.give.size(); ++i) words += (i == 0 ? " give=" : ",") + std::string(f.give[i]);
  return words;
}

std::string every_operation() {
  PlanText plan(2, 1);
  const auto add_all = [&plan](bool cross, const std::vector<std::string>& args) {
    for (std::size_t i = 1; i < kOpCount; ++i) {
      const auto op = static_cast<Op>(i);
      const OpFacts& f = facts(op);
      if ((f.axis == Axis::cross) != cross) continue;
      std::vector<std::string> own = args;
      if (f.literals > 0) own[f.args - 1u] = "1.5";
      if (f.literals > 1) own[f.args - 2u] = "-0.5";
      const std::size_t first = plan.add(usual_words(op, own, 7, 5), statistics(op));
      for (std::size_t v = first; v < plan.values(); ++v) plan.store(v);
    }
  };
  add_all(false, {"v0", "v1", "v2"});
  plan.stage(true);
  const std::size_t first = plan.values();
  add_all(true, {"v0", "v1"});
  plan.stage(false);
  add_all(false, {"v" + std::to_string(first), "v1", "v" + std::to_string(first + 2)});
  return plan.text();
}

std::vector<std::int64_t> all_rows(std::size_t T) {
  std::vector<std::int64_t> rows(T);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Outputs run(const std::string& text, const std::vector<Panel>& inputs, const Setting& setting) {
  const Executor executor(decode_plan(text), setting.kernels != nullptr ? *setting.kernels : baseline_kernels());
  Outputs result{executor.plan().outputs, inputs[0].rows, inputs[0].cols, {}};
  std::vector<double> raw(result.features * result.rows * result.cols, 4711.0);  // a value no cell may keep
  Output out;
  out.f64 = raw.data();
  out.layout = setting.layout;
  out.sessions = result.rows;
  out.stocks = result.cols;
  std::vector<PanelView<const double>> views;
  for (const Panel& p : inputs) views.push_back(p.view());
  const auto rows = setting.rows.empty() ? all_rows(result.rows) : setting.rows;
  executor.run(views, rows, out, {setting.threads, setting.chunk, setting.width, setting.poll});
  if (setting.layout == Layout::feature) {
    result.values = std::move(raw);
    return result;
  }
  const std::size_t samples = result.rows * result.cols;
  result.values.resize(raw.size());
  for (std::size_t s = 0; s < samples; ++s) {
    for (std::size_t f = 0; f < result.features; ++f) result.values[f * samples + s] = raw[s * result.features + f];
  }
  return result;
}

std::vector<float> run_f32(const std::string& text, const std::vector<Panel>& inputs) {
  const Executor executor(decode_plan(text), baseline_kernels());
  std::vector<float> values(executor.plan().outputs * inputs[0].values.size());
  Output out;
  out.f32 = values.data();
  out.sessions = inputs[0].rows;
  out.stocks = inputs[0].cols;
  std::vector<PanelView<const double>> views;
  for (const Panel& p : inputs) views.push_back(p.view());
  executor.run(views, all_rows(out.sessions), out, {});
  return values;
}

bool same_bits(const Outputs& a, const Outputs& b) {
  return a.values.size() == b.values.size() &&
         (a.values.empty() || std::memcmp(a.values.data(), b.values.data(), a.values.size() * sizeof(double)) == 0);
}

}  // namespace jqfast::test
