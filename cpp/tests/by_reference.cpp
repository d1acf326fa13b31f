#include "by_reference.hpp"

#include "reference/cross_section.hpp"
#include "reference/elementwise.hpp"
#include "reference/expanding.hpp"
#include "reference/lag.hpp"
#include "reference/periods.hpp"
#include "reference/recursive.hpp"
#include "reference/rolling_extrema.hpp"
#include "reference/rolling_moments.hpp"
#include "reference/rolling_order.hpp"
#include "reference/rolling_pairs.hpp"
#include "reference/rolling_product.hpp"
#include "reference/rolling_regression.hpp"

namespace jqfast::test {
namespace {

using reference::Judged;
using reference::Series;
using reference::Window;
using Column = std::vector<Judged>;

Column each_cell(Op op, std::vector<Series> args) {
  const std::size_t rows = args[0].size();
  args.resize(3, Series(rows, 0.0));
  Column out;
  for (std::size_t r = 0; r < rows; ++r) {
    out.push_back(reference::elementwise(op, args[0][r], args[1][r], args[2][r]));
  }
  return out;
}

Judged of_window(const Instr& instr, std::size_t i, const Window& w) {
  const std::uint8_t give = instr.give[i];
  switch (instr.op) {
    case Op::moments: return reference::moment(static_cast<Moment>(give), w);
    case Op::extrema: return reference::extreme(static_cast<Extreme>(give), w);
    case Op::trend: return reference::trend(static_cast<TrendStat>(give), w, instr.window);
    case Op::pairs: return reference::pair(static_cast<PairStat>(give), w);
    case Op::expanding: return reference::expanding(static_cast<Expanding>(give), w);
    case Op::product: return reference::product(w.x);
    case Op::rolling_rank: return reference::rank_of_today(w);
    case Op::quantiles: return reference::quantile(w, instr.numbers[i]);
    case Op::mad: return reference::median_deviation(w);
    default: return {};
  }
}

double moment_goal(Moment which) {
  if (which <= Moment::mean) return 1e-15;
  return which == Moment::skew || which == Moment::kurt ? 1e-9 : 1e-12;
}

double period_goal(PeriodStat which) { return which <= PeriodStat::mean ? 1e-15 : 1e-12; }

double expanding_goal(Expanding which) {
  if (which == Expanding::sum || which == Expanding::mean) return 1e-15;
  return which == Expanding::var || which == Expanding::std ? 1e-14 : 1e-12;
}

}  // namespace

Column by_reference(const Instr& instr, std::size_t i, const std::vector<Series>& args) {
  if (facts(instr.op).axis == Axis::elementwise) return each_cell(instr.op, args);
  const Series& x = args[0];
  switch (instr.op) {
    case Op::lag: return reference::lag(x, instr.window);
    case Op::ema: return reference::ema(x, instr.alpha, instr.min_periods);
    case Op::ewm_var: return reference::ewm_var(x, instr.alpha, instr.min_periods);
    case Op::streak: return reference::streak(x);
    case Op::since: return reference::since(x);
    case Op::last_valid: return reference::last_valid(x, instr.window);
    case Op::periods:
      return reference::periods(static_cast<PeriodStat>(instr.give[i]), x, args[1], instr.window, instr.min_periods);
    default: break;
  }
  const std::uint32_t length = instr.op == Op::expanding ? static_cast<std::uint32_t>(x.size()) : instr.window;
  return reference::rolling(x, args.back(), length, instr.min_periods,
                            [&](const Window& w) { return of_window(instr, i, w); });
}

Column across_by_reference(const Instr& instr, const std::vector<std::vector<double>>& args,
                           const std::vector<double>* groups) {
  return groups == nullptr ? reference::cross_section(instr, args) : reference::cross_section(instr, args, *groups);
}

double goal(const Instr& instr, std::size_t i) {
  switch (instr.op) {
    case Op::log:
    case Op::exp:
    case Op::tanh:
    case Op::power: return 2.3e-16;
    case Op::moments: return moment_goal(static_cast<Moment>(instr.give[i]));
    case Op::trend: return static_cast<TrendStat>(instr.give[i]) == TrendStat::decay ? 1e-15 : 1e-12;
    case Op::expanding: return expanding_goal(static_cast<Expanding>(instr.give[i]));
    case Op::periods: return period_goal(static_cast<PeriodStat>(instr.give[i]));
    case Op::ewm_var: return 1e-14;
    case Op::quantiles:
    case Op::mad:
    case Op::cs_zscore:
    case Op::cs_normal:
    case Op::cs_winsorize:
    case Op::cs_scale:
    case Op::cs_demean:
    case Op::cs_mean:
    case Op::cs_std:
    case Op::cs_centred_rank: return 1e-15;
    default: return 1e-12;
  }
}

}  // namespace jqfast::test
