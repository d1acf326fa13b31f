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
        "win_rate": "Share of periods with a return above 0.",
        "total_return": "Product of (1 + r), minus 1.",
        "turnover": "One-way: (bought + sold) / 2 / capital of the leg, per period.",
        "probabilistic_sharpe": "Probability that the true Sharpe ratio is above 0, given skew and kurtosis.",
        "deflated_sharpe": "The same above the best Sharpe ratio expected of that many worthless trials.",
        # explanation
        "residual_share": "(prediction - sum of relevance) / prediction: what biases and epsilon keep.",
    }
)
