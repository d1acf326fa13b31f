"""Bootstrap intervals of all performance figures of a series, from one set of draws."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from jqfast.evaluate.inference import Interval
from jqfast.evaluate.resample import Draws
from jqfast.evaluate.stats import Performance
from jqfast.types import AnyArray, FloatArray

#: Draws whose resampled series are held at a time.
_AT_ONCE = 50

FIGURES = (
    "annual_return",
    "annual_risk",
    "return_risk",
    "sharpe",
    "sortino",
    "max_drawdown",
    "win_rate",
)


def performance_intervals(returns: FloatArray, figures: Performance, draws: Draws) -> Mapping[str, Interval]:
    """The interval of each figure.

    Parameters
    ----------
    returns : (P,) simple returns without gaps
    figures : of these returns, without a risk-free rate
    draws : of P periods

    Returns
    -------
    name of the figure -> Interval
    """
    year = figures.periods_per_year
    if draws.index.shape[1] != len(returns):
        raise ValueError(f"`draws` must be of {len(returns)} periods; got {draws.index.shape[1]}.")
    if len(returns) == 0:
        nothing = np.full(1, np.nan)
        return {name: draws.interval(np.nan, nothing) for name in FIGURES}
    blocks = [
        _figures(returns[draws.index[k : k + _AT_ONCE]], year) for k in range(0, len(draws.index), _AT_ONCE)
    ]
    drawn = np.concatenate(blocks, axis=1)
    return {
        name: draws.interval(getattr(figures, name), values)
        for name, values in zip(FIGURES, drawn, strict=True)
    }


def _figures(sample: FloatArray, year: float) -> FloatArray:
    """(figures, draws) of resampled series (draws, P), as in `jqfast.evaluate.stats`."""
    n = sample.shape[1]
    mean = sample.mean(axis=1)
    deviation = sample.std(axis=1, ddof=1) if n > 1 else np.full(len(sample), np.nan)
    risk = np.where(deviation > 0, deviation, np.nan) * np.sqrt(year)
    below = np.sqrt(np.mean(np.minimum(sample, 0.0) ** 2, axis=1)) * np.sqrt(year)
    wealth = np.cumprod(1.0 + sample, axis=1)
    annual = np.maximum(wealth[:, -1], 0.0) ** (year / n) - 1.0
    fall = _falls(wealth)
    sortino = mean * year / np.where(below > 0, below, np.nan)
    win = (sample > 0).mean(axis=1)
    return np.stack([annual, risk, annual / risk, mean * year / risk, sortino, fall, win])


def growth_interval(returns: FloatArray, figures: Performance, draws: Draws) -> Interval:
    """The interval of the annual return alone, for a product of matrices instead of resampled series."""
    # Where all is lost the logarithm stays finite, and the product is practically 0.
    steps = np.log(np.maximum(1.0 + returns, 1e-300))
    drawn = draws.means(steps[:, None])[:, 0]
    return draws.interval(figures.annual_return, np.exp(drawn * figures.periods_per_year) - 1.0)


def fall_interval(returns: FloatArray, figures: Performance, draws: Draws) -> Interval:
    """The interval of the deepest fall alone."""
    steps: FloatArray = np.asarray(1.0 + returns, dtype=np.float64)
    blocks = [draws.index[k : k + _AT_ONCE] for k in range(0, len(draws.index), _AT_ONCE)]
    drawn = [_falls(np.cumprod(steps[block], axis=1)) for block in blocks]
    return draws.interval(figures.max_drawdown, np.concatenate(drawn))


def _falls(wealth: AnyArray) -> FloatArray:
    """(draws,) the deepest fall of compounded values (draws, P) that began at 1."""
    highest = np.maximum(np.maximum.accumulate(wealth, axis=1), 1.0)
    return np.asarray(np.minimum((wealth / highest).min(axis=1) - 1.0, 0.0))
