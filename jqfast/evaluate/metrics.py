"""What every printed figure means, in the words of a report."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: Name of a metric -> its definition.
METRICS: Mapping[str, str] = MappingProxyType(
    {
        # forecasts
        "ic": "Pearson correlation of score and following return across stocks, per date; mean over dates.",
        "rank_ic": "The same with ranks (Spearman), ties averaged.",
        "ir": "Mean of the per-date coefficients / their standard deviation (ddof 1).",
        "ir_annual": "ir x sqrt(periods per year / horizon).",
        "ic_win_rate": "Share of dates with a coefficient above 0.",
        "t_newey_west": "Mean / Newey-West standard error, Bartlett weights, at least 3 (horizon - 1) lags.",
        "breakdown": "IC and RankIC of a part: ranks within a sector or size bucket, or dates of one state.",
        "volatility_state": "Turbulent: the market's deviation over 20 sessions is above its median so far.",
        "trend_state": "Rising: the market's compounded return of the last 120 sessions is above 0.",
        "decay": "IC and RankIC of a score with the return of equal length that begins some sessions later.",
        "spread": "Mean return of the top bucket minus that of the bottom bucket.",
        "monotonic_p": "Patton and Timmermann: share of bootstrap draws whose smallest step from bucket to "
        "bucket, centred, exceeds the smallest step found; small says that returns rise all the way.",
        "trend": "Slope of bucket returns on bucket number, per date; mean over dates.",
        # portfolios
        "annual_return": "Compounded: product of (1 + r) to the power (periods per year / periods), minus 1.",
        "annual_risk": "Standard deviation of the returns per period (ddof 1) x sqrt(periods per year).",
        "return_risk": "annual_return / annual_risk, no risk-free rate.",
        "sharpe": "(mean r - rf / periods per year) / standard deviation of r x sqrt(periods per year).",
        "max_drawdown": "Smallest value / highest value before - 1, starting value 1 included.",
        "sortino": "(mean r - rf / periods per year) / root mean square of the shortfalls below rf x "
        "sqrt(periods per year); a period without a shortfall counts as 0.",
        "recovery": "Years from the peak before the deepest fall until that value was reached again.",
        "under_water": "Longest time in years below an earlier value.",
        "win_rate": "Share of periods with a return above 0.",
        "total_return": "Product of (1 + r), minus 1.",
        "turnover": "One-way: (bought + sold) / 2 / capital of the leg, per period.",
        "probabilistic_sharpe": "Probability that the true Sharpe ratio is above 0, given skew and kurtosis.",
        "deflated_sharpe": "The same above the best Sharpe ratio expected of that many worthless trials.",
        "overfitting_probability": "Share of splits of the periods in which the trial with the best Sharpe "
        "ratio on one half ranks at or below the median of all trials on the other (CSCV).",
        "alpha": "Constant of the regression on a model's factors x periods per year; Newey-West errors.",
        "beta": "Coefficient of a factor in that regression.",
        "participation": "Yen of an entry / the stock's mean daily turnover, weighted by value.",
        "unfilled": "Share of the ordered value that did not fill.",
        "break_even_capital": "Yen per leg beyond which the net return is no longer positive.",
        "interval_95": "Percentile interval of a stationary block bootstrap of whole periods.",
        # explanation
        "residual_share": "(prediction - sum of relevance) / prediction: what biases and epsilon keep.",
    }
)
