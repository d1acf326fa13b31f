"""The judgement in detail: where the primary horizon's forecasts work, how they fade, what a book of them
carries.

In: a panel, its labels, the scores and the book of one horizon. Out: :class:`Study`, every figure with its
uncertainty, and its plain numbers for ``metrics.json``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from jqfast import factors
from jqfast.data.lazy import Columns
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.evaluate.alphas import Alpha, alphas
from jqfast.evaluate.breakdowns import (
    Part,
    both,
    by_date,
    by_stock,
    by_year,
    date_draws,
    date_spacing,
    decay,
    parts,
)
from jqfast.evaluate.capacity import CapacityPoint, break_even, capacity
from jqfast.evaluate.groups import sectors, sizes
from jqfast.evaluate.inference import Interval, newey_west
from jqfast.evaluate.intervals import fall_interval, growth_interval, performance_intervals
from jqfast.evaluate.portfolio import Portfolio, PortfolioConfig, Prepared, plan, trade, universe_return
from jqfast.evaluate.regimes import trend_state, volatility_state
from jqfast.evaluate.resample import Draws, draw
from jqfast.evaluate.stats import performance
from jqfast.learn.labels import Labels, universe
from jqfast.types import FloatArray, IntArray

#: Sessions between a decision and the one whose return its score is judged on.
DELAYS = (0, 1, 2, 3, 5, 10, 20)

#: Names of the states of the market, in the order of their numbers.
VOLATILITIES, TRENDS = ("calm", "turbulent"), ("falling", "rising")

#: Legs that are paid for, and those that get alphas.
FUNDED, ALPHA_LEGS = ("long_gross", "long_net"), ("long_net", "long_short_gross", "long_short_net")


class Scored(NamedTuple):
    """The judged rows (R,) of a panel, and on them the scores of one horizon, (R, N)."""

    rows: IntArray
    scores: FloatArray
    horizon: int


@dataclass(frozen=True)
class Variant:
    """Another way to trade the same scores, after costs.

    Parameters
    ----------
    name : of the variant, a key of the report's words
    long_short, long_only : its two books
    turnover_daily, cost_annual : one-way per session; costs of both legs a year
    """

    name: str
    long_short: Book
    long_only: Book
    turnover_daily: float
    cost_annual: float


class Book(NamedTuple):
    """Net annual return, Sharpe ratio with its interval, deepest fall; ``excess`` over the equally weighted
    universe a year, with its Newey-West t (NaN for a long-short book); intervals of the return, and of the
    fall of a long-short book."""

    annual_return: float
    sharpe: float
    low: float
    high: float
    max_drawdown: float
    excess: float
    excess_t: float
    annual_return_95: tuple[float, float] = (math.nan, math.nan)
    max_drawdown_95: tuple[float, float] = (math.nan, math.nan)


@dataclass(frozen=True, eq=False)
class Study:
    """The detail of one horizon.

    Parameters
    ----------
    horizon : sessions (or months) of the scores
    parts : ``sector``, ``size``, ``volatility``, ``trend``, ``year``, ``decay``, ``horizon`` -> their parts
    by : ``sector`` and ``size`` -> the column that defines them
    variants, capacity, alphas : empty where no book could be kept
    break_even : yen per leg beyond which nothing is left
    factor_notes : how the factors were built, or why there are none
    intervals : leg -> figure -> Interval
    not_built : names of the variants that never decide on a date with enough scores
    """

    horizon: int
    parts: Mapping[str, tuple[Part, ...]]
    by: Mapping[str, str]
    variants: tuple[Variant, ...] = ()
    capacity: tuple[CapacityPoint, ...] = ()
    break_even: float = math.nan
    alphas: tuple[Alpha, ...] = ()
    factor_notes: tuple[str, ...] = ()
    intervals: Mapping[str, Mapping[str, Interval]] = dataclasses.field(default_factory=dict)
    not_built: tuple[str, ...] = ()

    @property
    def metrics(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "horizon": self.horizon,
            "by": dict(self.by),
            "parts": {kind: [_part_metrics(part) for part in found] for kind, found in self.parts.items()},
            "variants": [_variant_metrics(variant) for variant in self.variants],
            "variants_not_built": list(self.not_built),
            "capacity": [dataclasses.asdict(point) for point in self.capacity],
            "break_even_capital": self.break_even,
            "alphas": [dataclasses.asdict(replace(one, betas=dict(one.betas))) for one in self.alphas],
            "factors": list(self.factor_notes),
            "intervals_95": {
                leg: {name: [interval.low, interval.high] for name, interval in found.items()}
                for leg, found in self.intervals.items()
            },
        }


def study(panel: Panel, labels: Labels, scored: Scored) -> Study:
    """The breakdowns of one horizon's correlations.

    Parameters
    ----------
    panel, labels : of all rows
    scored : the rows and scores that are judged
    """
    rows, scores, h = scored
    returns = labels.returns[labels.horizons.index(h), rows]
    members = universe(panel)
    spacing = date_spacing(rows, panel.is_session) if labels.unit == "session" else 1.0
    draws = date_draws(len(rows), h, labels.unit, spacing=spacing)
    whole = both(scores, returns)
    found: dict[str, tuple[Part, ...]] = {}
    by: dict[str, str] = {}
    for name, grouping in (
        ("sector", sectors(panel, members, _first(rows))),
        ("size", sizes(panel, members)),
    ):
        if grouping is not None:
            split = by_stock(scores, returns, grouping.labels[rows], grouping.names, draws, horizon=h)
            found[name] = tuple(sorted((part for part in split if part.n_dates), key=_place))
            by[name] = grouping.by
    market = universe_return(panel, members)
    for name, states, names in (
        ("volatility", volatility_state(market), VOLATILITIES),
        ("trend", trend_state(market), TRENDS),
    ):
        found[name] = by_date(whole, states[rows], names, draws, horizon=h)
    found["year"] = by_year(whole, panel.dates[rows], draws, horizon=h)
    if labels.unit == "session":
        found["decay"] = _by_delay(panel, labels, scored)
    found["horizon"] = _by_horizon(labels, scored, spacing)
    return Study(h, found, by)


def _place(part: Part) -> tuple[int, str]:
    """Codes of sectors in the order of their numbers; sizes as they come."""
    return (len(part.name), part.name) if part.name.isdecimal() else (0, "")


def _first(rows: IntArray) -> int:
    """The first of some rows, 0 without any."""
    return int(rows[0]) if len(rows) else 0


def _by_delay(panel: Panel, labels: Labels, scored: Scored) -> tuple[Part, ...]:
    """The scores against returns that begin later, on all rows from the first judged one on: delays are
    sessions, also where only some of them have scores."""
    rows, scores, h = scored
    first = int(rows.min(initial=len(panel.dates)))
    known = np.full((len(panel.dates) - first, scores.shape[1]), np.nan, dtype=scores.dtype)
    known[rows - first] = scores
    returns = labels.returns[labels.horizons.index(h), first:]
    return decay(known, returns, panel.is_session[first:], DELAYS, date_draws(len(known), h), horizon=h)


def _by_horizon(labels: Labels, scored: Scored, spacing: float) -> tuple[Part, ...]:
    """The scores of one horizon against the returns of every horizon, in blocks as long as those overlap."""
    found: list[Part] = []
    for i, h in enumerate(labels.horizons):
        judged = both(scored.scores, labels.returns[i, scored.rows])
        draws = date_draws(len(scored.rows), h, labels.unit, spacing=spacing)
        found += parts(judged, [str(h)], draws, horizon=h)
    return tuple(found)


class Kept(NamedTuple):
    """A book that was kept: its ground, the (T, N) scores, the book, and leg -> (D,) returns, the benchmark's
    among them."""

    prepared: Prepared
    scores: FloatArray
    book: Portfolio
    returns: Mapping[str, FloatArray]


def study_book(found: Study, panel: Panel, kept: Kept) -> Study:
    """The study with what its book is worth in other forms and sizes, and beyond known factors.

    Parameters
    ----------
    found : of the same horizon
    panel : Panel
    kept : the book of its configuration
    """
    prepared, scores, book, returns = kept
    config = book.config
    draws = draw(len(book.dates), block=20.0)
    explained, notes = _alphas(panel, book, returns)
    points = capacity(prepared, plan(panel, prepared, scores, config), config)
    variants, not_built = _variants(panel, kept)
    return replace(
        found,
        variants=variants,
        not_built=not_built,
        capacity=points,
        break_even=break_even(points),
        alphas=explained,
        factor_notes=notes,
        intervals={leg: _intervals(series, config, draws) for leg, series in returns.items()},
    )


def _intervals(series: FloatArray, config: PortfolioConfig, draws: Draws) -> Mapping[str, Interval]:
    kept = np.nan_to_num(series, nan=0.0)
    return performance_intervals(kept, performance(kept, periods_per_year=config.sessions_per_year), draws)


def _alphas(
    panel: Panel, book: Portfolio, returns: Mapping[str, FloatArray]
) -> tuple[tuple[Alpha, ...], tuple[str, ...]]:
    """Alphas on factors of price returns, as those of the book are (decision 6)."""
    kept = {name: column for name, column in Columns(panel.columns).held().items() if name != "dividend_ago"}
    if panel.info.returns == "total":
        return (), ("The panel's returns are total, those of the book price returns: no alpha.",)
    try:
        made = factors.build(replace(panel, columns=Columns(kept)))
    except DataGapError as error:
        return (), (str(error),)
    legs = {leg: returns[leg] for leg in ALPHA_LEGS}
    year = book.config.sessions_per_year
    return alphas(book.dates, legs, made, periods_per_year=year, funded=FUNDED), made.notes


def _variants(panel: Panel, kept: Kept) -> tuple[tuple[Variant, ...], tuple[str, ...]]:
    """The scores traded in other ways that the panel allows, the configured one first; the names of those
    whose decisions fall on no date with enough scores."""
    prepared, scores, book, returns = kept
    config, benchmark = book.config, returns["benchmark"]
    changes: dict[str, dict[str, Any]] = {
        "configured": {},
        "equal": {"weights": "equal"},
        "rank": {"weights": "rank"},
        "inverse_volatility": {"weights": "inverse_volatility"},
        "sector_neutral": {"neutral": "sector"},
        "every_session": {"rebalance": "tranches", "every": 1},
        "one_tranche": {"rebalance": "tranches", "every": config.horizon},
        "monthly": {"rebalance": "monthly"},
    }
    if config.rebalance == "monthly":
        changes = {name: change for name, change in changes.items() if "rebalance" not in change}
    if sectors(panel, panel.listed, _first(prepared.rows)) is None:
        del changes["sector_neutral"]
    found: list[Variant] = []
    not_built: list[str] = []
    seen: set[PortfolioConfig] = set()
    for name, change in changes.items():
        other = replace(config, **change)
        if other in seen:
            continue
        seen.add(other)
        try:
            ordered = plan(panel, prepared, scores, other)
        except DataGapError:  # scores of Wednesdays, decisions of month ends
            not_built.append(name)
            continue
        found.append(_variant(name, trade(prepared, ordered, other), benchmark))
    return tuple(found), tuple(not_built)


def _variant(name: str, book: Portfolio, benchmark: FloatArray) -> Variant:
    n = min(len(book.dates), len(benchmark))  # both end with the data
    draws = draw(len(book.dates), block=20.0)
    over = np.full(len(book.dates), np.nan)
    over[len(over) - n :] = book.returns["long_net"][len(over) - n :] - benchmark[len(benchmark) - n :]
    year = book.config.sessions_per_year
    return Variant(
        name=name,
        long_short=_book(book.returns["long_short_net"], None, draws, year),
        long_only=_book(book.returns["long_net"], over, draws, year),
        turnover_daily=float(np.mean([series.mean() for series in book.turnover.values()])),
        cost_annual=float(sum(book.cost_annual.values())),
    )


def _book(returns: FloatArray, over: FloatArray | None, draws: Draws, year: float) -> Book:
    figures = performance(returns, periods_per_year=year)
    interval = draws.interval(figures.sharpe, draws.sharpe(returns[:, None], year)[:, 0])
    excess = newey_west(over) if over is not None else None
    growth = growth_interval(returns, figures, draws)
    fall = fall_interval(returns, figures, draws) if over is None else None
    return Book(
        annual_return=figures.annual_return,
        sharpe=figures.sharpe,
        low=interval.low,
        high=interval.high,
        max_drawdown=figures.max_drawdown,
        excess=excess.mean * year if excess else math.nan,
        excess_t=excess.t if excess else math.nan,
        annual_return_95=(growth.low, growth.high),
        max_drawdown_95=(fall.low, fall.high) if fall else (math.nan, math.nan),
    )


def _part_metrics(part: Part) -> dict[str, Any]:
    return {
        "name": part.name,
        "n_dates": part.n_dates,
        "stocks": part.stocks,
        "win_rate": part.win_rate,
        "win_rate_95": [part.win_low, part.win_high],
        "ic": part.ic._asdict(),
        "rank_ic": part.rank_ic._asdict(),
    }


def _variant_metrics(variant: Variant) -> dict[str, Any]:
    return {
        "name": variant.name,
        "long_short": variant.long_short._asdict(),
        "long_only": variant.long_only._asdict(),
        "turnover_daily": variant.turnover_daily,
        "cost_annual": variant.cost_annual,
    }
