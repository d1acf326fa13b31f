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
from jqfast.report.tables import Cell, Row, between, pairs, table
from jqfast.report.text import Labels


def parts_table(groups: Mapping[str, Sequence[Part]], labels: Labels) -> str:
    """Every part with its dates, stocks, IC, RankIC, interval, ratio, t and win rate."""
    keys = ("dates", "stocks_mean", "ic", "rank_ic", "rank_icir", "t_nw", "win_rate")
    rows: list[Row] = [
        (
            group,
            part.name,
            count(part.n_dates),
            number(part.stocks, 0),
            Cell(number(part.ic.mean, 4), below=between(Interval(part.ic.low, part.ic.high), number, 3)),
            Cell(
                number(part.rank_ic.mean, 4),
                below=between(Interval(part.rank_ic.low, part.rank_ic.high), number, 3),
            ),
            Cell(
                number(part.rank_ic.ir),
                below=between(Interval(part.rank_ic.ir_low, part.rank_ic.ir_high), number, 2),
            ),
            number(part.rank_ic.t),
            Cell(percent(part.win_rate), below=between(Interval(part.win_low, part.win_high), percent, 0)),
        )
        for group, found in groups.items()
        for part in found
    ]
    return table([labels("item"), labels("part"), *(labels(key) for key in keys)], rows, text=2)


def monotonic_table(found: Mapping[int, Monotonic], labels: Labels, primary: int) -> str:
    """The test of increasing decile returns of every horizon."""
    head = ("horizon", "smallest_step", "monotonic_p", "trend_bp", "t_nw", "spearman", "dates")
    rows: list[Row] = []
    for h, test in found.items():
        css = "primary" if h == primary else ""
        step = between(Interval(test.step_low, test.step_high), lambda x, _: basis_points(x), 1)
        order = between(Interval(test.spearman_low, test.spearman_high), number, 2)
        cells = [
            (labels.horizon(h), ""),
            (basis_points(test.smallest_step), step),
            ("< 0.001" if test.p < 0.001 else number(test.p, 3), ""),
            (basis_points(test.trend), ""),
            (number(test.trend_t), ""),
            (number(test.spearman), order),
            (count(test.n_dates), ""),
        ]
        rows.append([Cell(text, css=css, below=below) for text, below in cells])
    return table([labels(key) for key in head], rows)


def variants_table(variants: Sequence[Variant], labels: Labels) -> str:
    """The books after costs: long-short, long only, turnover and costs."""
    long, short = labels("long_only"), labels("long_short")
    head = [
        labels("variant"),
        *(f"{short}\n{labels(key)}" for key in ("annual_return", "sharpe", "max_drawdown")),
        *(f"{long}\n{labels(key)}" for key in ("annual_return", "sharpe", "excess_t")),
        labels("turnover_daily"),
        labels("cost_annual"),
    ]
    rows: list[Row] = [
        (
            labels(variant.name),
            *_book(variant.long_short),
            _shares(variant.long_short.max_drawdown, variant.long_short.max_drawdown_95),
            *_book(variant.long_only),
            f"{percent(variant.long_only.excess, signed=True)} ({number(variant.long_only.excess_t, 1)})",
            percent(variant.turnover_daily),
            percent(variant.cost_annual),
        )
        for variant in variants
    ]
    return table(head, rows)


def _book(book: Book) -> tuple[Cell, Cell]:
    below = between(Interval(book.low, book.high), number, 1)
    return _shares(book.annual_return, book.annual_return_95), Cell(number(book.sharpe), below=below)


def _shares(figure: float, found: tuple[float, float]) -> Cell:
    """A figure in percent above its interval."""
    return Cell(percent(figure), below=between(Interval(*found), percent, 0))


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


def _figure(key: str, figures: Performance, drawn: Drawn | None) -> Cell:
    """A figure above its interval."""
    found = Interval(drawn.low, drawn.high) if drawn else Interval()
    if key in ("sharpe", "sortino"):
        return Cell(number(getattr(figures, key)), below=between(found, number, 2))
    return Cell(percent(getattr(figures, key)), below=between(found, percent, 1))


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
        labels("cost_annual"),
        labels("participation"),
        labels("unfilled"),
    ]
    rows = [
        (
            count(point.capital),
            _shares(point.annual_gross, (point.gross_low, point.gross_high)),
            _shares(point.annual_net, (point.net_low, point.net_high)),
            Cell(number(point.sharpe_net), below=between(Interval(point.low, point.high), number, 2)),
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
    head = [labels("leg"), labels("factor_model"), labels("alpha"), labels("t_nw")]
    rows: list[Row] = []
    for one in sorted(found, key=lambda one: (one.leg, len(one.betas))):
        betas = [one.betas.get(factor) for factor in factors]
        rows.append(
            (
                _leg(one.leg, labels),
                one.model,
                Cell(percent(one.alpha), below=between(Interval(one.low, one.high), percent, 1)),
                number(one.t),
                *(Cell(number(pair[0]), below=f"({number(pair[1], 1)})") if pair else DASH for pair in betas),
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
