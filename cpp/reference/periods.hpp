// Statistics over the last periods of a series that is known by week or quarter.
#pragma once

#include "jqfast/opcodes.hpp"
#include "rolling_moments.hpp"

namespace jqfast::reference {

// The last finite value seen in each period so far (NaN for none), oldest period first. A session whose period is
// missing or older than the newest says nothing.
inline Series by_period(const Series& x, const Series& period, std::size_t t) {
  Series values;
  double newest = -std::numeric_limits<double>::infinity();
  for (std::size_t row = 0; row <= t; ++row) {
    if (!std::isfinite(period[row]) || period[row] < newest) continue;
    if (period[row] > newest) values.push_back(kNaN);
    newest = period[row];
    if (std::isfinite(x[row])) values.back() = x[row];
  }
  return values;
}

inline double streak_of(const Series& values) {
  if (std::isnan(values.back())) return kNaN;
  std::size_t run = 0;
  while (run < values.size() && std::isfinite(values[values.size() - 1 - run]) && values[values.size() - 1 - run] != 0)
    ++run;
  return static_cast<double>(run);
}

inline Judged of_periods(PeriodStat which, const Series& values, std::uint32_t length) {
  const Window w = window_at(values, values, values.size() - 1, static_cast<std::uint32_t>(values.size()));
  switch (which) {
    case PeriodStat::sum: return moment(Moment::sum, w);
    case PeriodStat::mean: return moment(Moment::mean, w);
    case PeriodStat::std: return moment(Moment::std, w);
    case PeriodStat::zscore: return moment(Moment::zscore, w);
    case PeriodStat::oldest: return {values.size() == length ? values.front() : kNaN, 0.0};
    case PeriodStat::streak: return {streak_of(values), 0.0};
  }
  return {};
}

inline std::vector<Judged> periods(PeriodStat which, const Series& x, const Series& period, std::uint32_t length,
                                   std::uint32_t min_periods) {
  std::vector<Judged> out(x.size());
  for (std::size_t t = 0; t < x.size(); ++t) {
    Series values = by_period(x, period, t);
    if (values.empty() || !std::isfinite(period[t])) continue;
    if (values.size() > length) values.erase(values.begin(), values.end() - length);
    std::uint32_t finite = 0;
    for (const double v : values) finite += std::isfinite(v) ? 1 : 0;
    if (finite >= min_periods) out[t] = of_periods(which, values, length);
  }
  return out;
}

}  // namespace jqfast::reference
