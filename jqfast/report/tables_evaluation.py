"""Tables of the evaluation in detail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jqfast.evaluate.alphas import Alpha
from jqfast.evaluate.breakdowns import Part
from jqfast.evaluate.capacity import CapacityPoint
from jqfast.evaluate.inference import Interval as Drawn
from jqfast.evaluate.monotonic import Monotonic
from jqfast.evaluate.overfitting import Overfitting
from jqfast.evaluate.stats import Performance
from jqfast.evaluate.study import Book, Variant
from jqfast.report.inputs import Interval
from jqfast.report.numbers import DASH, basis_points, count, number, percent
from jqfast.report.tables import Row, interval_text, pairs, table
from jqfast.report.text import Labels


def parts_table(groups: Mapping[str, Sequence[Part]], labels: Labels) -> str:
    """Every part with its dates, stocks, IC, RankIC, interval, ratio, t and win rate."""
    keys = ("dates", "stocks_mean", "ic", "rank_ic", "ci95", "rank_icir", "t_nw", "win_rate")
    rows: list[Row] = [
        (
            group,
            part.name,
            count(part.n_dates),
            number(part.stocks, 0),
            number(part.ic.mean, 4),
            number(part.rank_ic.mean, 4),
            interval_text(Interval(part.rank_ic.low, part.rank_ic.high), 3),
            number(part.rank_ic.ir),
            number(part.rank_ic.t),
            percent(part.win_rate),
        )
        for group, found in groups.items()
        for part in found
    ]
    return table([labels("item"), labels("part"), *(labels(key) for key in keys)], rows, text=2)


def monotonic_table(found: Mapping[int, Monotonic], labels: Labels, primary: int) -> str:
    """The test of increasing decile returns of every horizon."""
    head = ("horizon", "smallest_step", "monotonic_p", "trend_bp", "t_nw", "spearman", "dates")
    rows = [
        (
            labels.horizon(h) + (" *" if h == primary else ""),
            basis_points(test.smallest_step),
            number(test.p, 3),
            basis_points(test.trend),
            number(test.trend_t),
            number(test.spearman),
            count(test.n_dates),
        )
        for h, test in found.items()
    ]
    return table([labels(key) for key in head], rows)


def variants_table(variants: Sequence[Variant], labels: Labels) -> str:
    """The books after costs: long-short, long only, turnover and costs."""
    long, short = labels("long_only"), labels("long_short")
    head = [
        labels("variant"),
        *(f"{short}\n{labels(key)}" for key in ("annual_return", "sharpe_ci", "max_drawdown")),
        *(f"{long}\n{labels(key)}" for key in ("annual_return", "sharpe_ci", "excess_t")),
        labels("turnover_daily"),
        labels("cost_annual"),
    ]
    rows: list[Row] = [
        (
            labels(variant.name),
            *_book(variant.long_short),
            percent(variant.long_short.max_drawdown),
            *_book(variant.long_only),
            f"{percent(variant.long_only.excess, signed=True)} ({number(variant.long_only.excess_t, 1)})",
            percent(variant.turnover_daily),
            percent(variant.cost_annual),
        )
        for variant in variants
    ]
    return table(head, rows)


def _book(book: Book) -> tuple[str, str]:
    interval = interval_text(Interval(book.low, book.high), 1)
    return percent(book.annual_return), f"{number(book.sharpe)} ({interval})"


def risk_table(
    legs: Mapping[str, Performance], intervals: Mapping[str, Mapping[str, Drawn]], labels: Labels
) -> str:
    """Return, risk, ratios, drawdown and gains of the legs with 95 % intervals, and times to recover."""
    names = {"win_rate": "period_win"}
    rows: list[Row] = [
        (
            labels(names.get(key, key)),
            *(_figure(key, figures, intervals.get(leg, {}).get(key)) for leg, figures in legs.items()),
        )
        for key in ("annual_return", "annual_risk", "sharpe", "sortino", "max_drawdown", "win_rate")
    ]
    rows.append((labels("recovery"), *(_recovery(figures, labels) for figures in legs.values())))
    rows.append((labels("under_water"), *(number(figures.under_water, 1) for figures in legs.values())))
    return table([labels("item"), *(_leg(leg, labels) for leg in legs)], rows)


def _figure(key: str, figures: Performance, drawn: Drawn | None) -> str:
    """A figure and its interval in brackets."""
    low, high = (drawn.low, drawn.high) if drawn else (float("nan"), float("nan"))
    if key in ("sharpe", "sortino"):
        return f"{number(getattr(figures, key))} ({interval_text(Interval(low, high))})"
    return f"{percent(getattr(figures, key))} ({interval_text(Interval(100 * low, 100 * high), 1)})"


def _recovery(figures: Performance, labels: Labels) -> str:
    if figures.recovery != figures.recovery and figures.max_drawdown < 0:
        return labels("not_recovered")
    return number(figures.recovery, 1)


def _leg(leg: str, labels: Labels) -> str:
    name, _, basis = leg.rpartition("_")
    if basis not in ("gross", "net"):
        return labels(leg)
    first, second = labels(name), labels(basis)
    return f"{first}（{second}）" if labels.language == "ja" else f"{first}, {second}"


def capacity_table(points: Sequence[CapacityPoint], labels: Labels) -> str:
    """The long-short book by capital of a leg."""
    head = [
        labels("capital"),
        f"{labels('annual_return')}\n{labels('gross')}",
        f"{labels('annual_return')}\n{labels('net')}",
        labels("capacity_sharpe"),
        labels("ci95"),
        labels("cost_annual"),
        labels("participation"),
        labels("unfilled"),
    ]
    rows = [
        (
            count(point.capital),
            percent(point.annual_gross),
            percent(point.annual_net),
            number(point.sharpe_net),
            interval_text(Interval(point.low, point.high)),
            percent(point.cost_annual),
            percent(point.participation, 2),
            percent(point.unfilled),
        )
        for point in points
    ]
    return table(head, rows, text=0)


def alpha_table(found: Sequence[Alpha], labels: Labels) -> str:
    """Alphas with interval and t, betas with their t, R2."""
    factors = list(dict.fromkeys(factor for one in found for factor in one.betas))
    head = [labels("leg"), labels("factor_model"), labels("alpha"), labels("ci95"), labels("t_nw")]
    rows: list[Row] = []
    for one in sorted(found, key=lambda one: (one.leg, len(one.betas))):
        betas = [one.betas.get(factor) for factor in factors]
        rows.append(
            (
                _leg(one.leg, labels),
                one.model,
                percent(one.alpha),
                interval_text(Interval(100 * one.low, 100 * one.high), 1),
                number(one.t),
                *(f"{number(pair[0])} ({number(pair[1], 1)})" if pair else DASH for pair in betas),
                percent(one.r2),
            )
        )
    return table([*head, *(f"{factor} (t)" for factor in factors), "R²"], rows, text=2)


def overfitting_table(found: Overfitting, deflated: float, labels: Labels) -> str:
    """The probability of back-test overfitting and what it is made of."""
    rows = [
        (labels("pbo"), percent(found.probability)),
        (labels("pbo_loss"), percent(found.loss)),
        (labels("deflated"), percent(deflated)),
        (labels("pbo_trials"), count(found.trials)),
        (labels("pbo_sizes"), f"{count(found.periods)}, {count(found.blocks)}, {count(found.choices)}"),
    ]
    return pairs(rows, (labels("item"), labels("value")), numeric=True)
