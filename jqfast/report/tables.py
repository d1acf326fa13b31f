"""HTML tables: a small writer that escapes everything, and the tables of the report built with it.

Numbers arrive formatted (``numbers.py``). Text columns are left-aligned, all others right-aligned with
figures of equal width, so that digits stand under digits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from jqfast.report.figures_tables import PERFORMANCE_LABELS, PERFORMANCE_ROWS, relevance_scale
from jqfast.report.inputs import (
    CostItem,
    DecileReturns,
    FeatureRow,
    HorizonScore,
    Interval,
    Performance,
    PortfolioFacts,
    ReferenceScore,
    Residual,
    StockTable,
)
from jqfast.report.meanings import kind_name, meaning
from jqfast.report.numbers import DASH, basis_points, count, flatten, number, percent, seconds, value
from jqfast.report.prose import DEFINITIONS, cost_name, quality_name
from jqfast.report.style import ink_on, relevance_colour
from jqfast.report.text import Labels

#: a list of the quality table is cut after so many items
MOST_ITEMS = 12


@dataclass(frozen=True)
class Cell:
    """A cell with more than text: a background colour, a hint on hovering, a class, a small line below."""

    text: str
    colour: tuple[float, float, float] | None = None
    title: str = ""
    css: str = ""
    below: str = ""


Row = Sequence[str | Cell]


def table(head: Sequence[str], rows: Sequence[Row], *, text: int = 1, css: str = "", foot: Row = ()) -> str:
    """An HTML table; the first ``text`` columns hold text, the others numbers. Everything is escaped."""
    heads = "".join(
        f'<th scope="col"{_align(j, text)}>{_breakable(name)}</th>' for j, name in enumerate(head)
    )
    body = "".join(_row(row, text) for row in rows)
    end = f"<tfoot>{_row(foot, text)}</tfoot>" if foot else ""
    kind = f' class="{css}"' if css else ""
    inner = f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody>{end}"
    return f'<div class="scroll"><table{kind}>{inner}</table></div>'


def _breakable(name: str) -> str:
    """Escaped, with permission to break the line after an underscore; a line feed is a line break."""
    return escape(name).replace("_", "_<wbr>").replace("\n", "<br>")


def _row(row: Row, text: int) -> str:
    return "<tr>" + "".join(_cell(cell, j, text) for j, cell in enumerate(row)) + "</tr>\n"


def _cell(cell: str | Cell, column: int, text: int) -> str:
    item = cell if isinstance(cell, Cell) else Cell(cell)
    align = _align(column, text, item.css)
    title = f' title="{escape(item.title)}"' if item.title else ""
    style = ""
    if item.colour is not None:
        red, green, blue = (round(255 * c) for c in item.colour)
        style = f' style="background:#{red:02x}{green:02x}{blue:02x};color:{ink_on(item.colour)}"'
    tag = "th" if column == 0 else "td"
    scope = ' scope="row"' if column == 0 else ""
    below = f"<small>{escape(item.below)}</small>" if item.below else ""
    return f"<{tag}{scope}{align}{style}{title}>{escape(item.text)}{below}</{tag}>"


def _align(column: int, text: int, css: str = "") -> str:
    kinds = " ".join(filter(None, ["" if column < text else "n", css]))
    return f' class="{kinds}"' if kinds else ""


def pairs(rows: Sequence[tuple[str, str]], head: tuple[str, str], *, numeric: bool = False) -> str:
    """A two-column table of names and values."""
    return table(head, rows, text=1 if numeric else 2, css="pairs")


def score_table(scores: Sequence[HorizonScore], labels: Labels, primary: int) -> str:
    """IC, RankIC, their ratios, Newey-West t and win rate of every horizon; the primary one stands out."""
    keys = ("horizon", "dates", "ic", "icir", "icir_annual", "rank_ic", "rank_icir", "rank_icir_annual")
    head = [labels(key) for key in (*keys, "t_nw", "win_rate", "r2")]
    rows: list[Row] = []
    for s in scores:
        css = "primary" if s.horizon == primary else ""
        found = {"rank_ic": s.rank_ic_interval, **s.intervals}
        cells = [
            ("", labels.horizon(s.horizon)),
            ("", count(s.n_dates)),
            ("ic", number(s.ic, 4)),
            ("ic_ir", number(s.ic_ir)),
            ("ic_ir_annual", number(s.ic_ir_annual)),
            ("rank_ic", number(s.rank_ic, 4)),
            ("rank_ic_ir", number(s.rank_ic_ir)),
            ("rank_ic_ir_annual", number(s.rank_ic_ir_annual)),
            ("", number(s.t_newey_west)),
            ("win_rate", percent(s.win_rate)),
            ("", percent(s.r2, 2)),
        ]
        rows.append([Cell(text, css=css, below=_small(found.get(name), name)) for name, text in cells])
    empty = [j for j in range(len(head)) if j == 10 and all(_blank(row[j]) for row in rows)]
    keep = [j for j in range(len(head)) if j not in empty]
    return table([head[j] for j in keep], [[row[j] for j in keep] for row in rows])


def _small(found: Interval | None, name: str) -> str:
    """An interval for the small line below a figure: correlations with three digits, shares in percent."""
    if found is None:
        return ""
    if name.endswith(("rate", "share")):
        return between(found, percent, 0)
    return between(found, number, 2 if "_ir" in name else 3)


def between(found: Interval, write: Callable[[float, int], str], digits: int) -> str:
    """``low … high``, empty where unknown."""
    if not np.isfinite([found.low, found.high]).all():
        return ""
    return f"{write(found.low, digits)} … {write(found.high, digits)}"


def reference_table(scores: Sequence[ReferenceScore], labels: Labels, primary: int) -> str:
    """RankIC of every horizon, of what the truth of a simulated market scores, and its share of that."""
    keys = (
        "horizon",
        "rank_ic",
        "oracle",
        "oracle_share",
        "oracle_visible",
        "visible_share",
        "drivers_ridge",
    )
    rows: list[Row] = []
    for s in scores:
        css = "primary" if s.horizon == primary else ""
        cells = [
            ("", labels.horizon(s.horizon)),
            ("rank_ic", number(s.rank_ic, 4)),
            ("oracle", number(s.oracle, 4)),
            ("oracle_share", percent(_share(s.rank_ic, s.oracle), 0)),
            ("visible", number(s.visible, 4)),
            ("visible_share", percent(_share(s.rank_ic, s.visible), 0)),
            ("ridge", number(s.ridge, 4)),
        ]
        rows.append([Cell(text, css=css, below=_small(s.intervals.get(name), name)) for name, text in cells])
    return table([labels(key) for key in keys], rows)


def _share(part: float, whole: float) -> float:
    """A share, unknown where there is no positive whole."""
    return part / whole if whole > 0 else float("nan")


def _blank(cell: str | Cell) -> bool:
    return (cell.text if isinstance(cell, Cell) else cell) == DASH


def decile_table(deciles: Sequence[DecileReturns], labels: Labels) -> str:
    """Mean return of each decile in basis points per holding period, and top minus bottom, by horizon; below
    each half of its 95 % interval."""
    most = max((len(part.mean) for part in deciles), default=0)
    head = [labels("horizon"), *[str(d + 1) for d in range(most)], labels("spread")]
    rows: list[Row] = []
    for part in deciles:
        name = labels.horizon(part.horizon)
        pairs_ = zip(part.mean.tolist(), part.std_error.tolist(), strict=True)
        cells = [Cell(basis_points(x), below=_half(e)) for x, e in pairs_]
        blank = [Cell("")] * (most - len(part.mean))
        spread = float(part.mean[-1] - part.mean[0]) if len(part.mean) else float("nan")
        text = basis_points(spread, signed=True)
        rows.append([name, *cells, *blank, Cell(text, css="primary", below=_half(part.spread_error))])
    return table(head, rows)


def _half(error: float) -> str:
    """Half of a 95 % interval in basis points, from a standard error."""
    return f"± {basis_points(1.96 * error)}" if np.isfinite(error) else ""


def performance_html(columns: Sequence[Performance], labels: Labels, benchmark: str = "") -> str:
    """Figure 7 as text: measures down, legs and gross or net across."""
    head = [""]
    for c in columns:
        leg = benchmark or labels("benchmark") if c.leg == "benchmark" else labels(c.leg)
        head.append(leg if c.leg == "benchmark" else f"{leg}\n{labels(c.basis)}")
    rows: list[Row] = []
    for field, write in PERFORMANCE_ROWS.items():
        cells = [
            Cell(write(float(getattr(c, field))), css=_weight(c), below=_between(c, field, write))
            for c in columns
        ]
        if any(cell.text != DASH for cell in cells):
            rows.append([labels(PERFORMANCE_LABELS.get(field, field)), *cells])
    return table(head, rows)


def _between(column: Performance, field: str, write: Callable[[float], str]) -> str:
    """The interval of a figure, empty where there is none."""
    found = column.intervals.get(field, Interval())
    return between(found, percent, 0) if write is percent else between(found, number, 1)


def _weight(column: Performance) -> str:
    """The column that counts, long-short after costs, stands out."""
    return "primary" if (column.leg, column.basis) == ("long_short", "net") else ""


def cost_table(items: Sequence[CostItem], labels: Labels) -> str:
    """The numbers of the cost model as the config has them."""
    body: list[Row] = []
    for item in items:
        name, unit = cost_name(labels.language, item.name)
        body.append((name, Cell(value(item.value), css="n"), item.unit or unit))
    return table([labels("cost_item"), labels("value"), labels("unit")], body, text=3, css="costs")


def turnover_table(facts: PortfolioFacts, labels: Labels) -> str:
    """Turnover, what it costs, and the Sharpe ratio on both sides of the costs."""
    rows = [
        ("turnover_daily", percent(facts.turnover_daily), between(facts.turnover_interval, percent, 1)),
        ("turnover_annual", f"{number(facts.turnover_annual, 1)}×", ""),
        ("cost_annual", percent(facts.cost_annual), between(facts.cost_interval, percent, 1)),
        ("sharpe_gross", number(facts.sharpe_gross), between(facts.sharpe_gross_interval, number, 2)),
        ("sharpe_net", number(facts.sharpe_net), between(facts.sharpe_net_interval, number, 2)),
        ("psr", percent(facts.probabilistic_sharpe), ""),
        ("trials", count(facts.trials), ""),
        ("tranches", count(facts.tranches), ""),
    ]
    known: list[Row] = [
        (labels(name), Cell(text, below=below))
        for name, text, below in rows
        if text not in (DASH, f"{DASH}×")
    ]
    return table((labels("item"), labels("value")), known, css="pairs")


def stock_html(stocks: StockTable, labels: Labels) -> str:
    """Figure 8: cell text = input value, cell colour = relevance; the hint on a cell gives the relevance."""
    scale = relevance_scale(stocks)
    names = any(row.name for row in stocks.rows)
    head = [labels("portfolio_column"), labels("code"), *([labels("name")] if names else []), labels("score")]
    rows: list[Row] = []
    for row in stocks.rows:
        cells: list[str | Cell] = [
            labels(row.side),
            row.code,
            *([row.name] if names else []),
            number(row.score),
        ]
        for name, x, r in zip(stocks.features, row.values, row.relevance, strict=True):
            hint = f"{name}: {number(float(x))}, LRP {number(float(r), 4, signed=True)}"
            cells.append(Cell(number(float(x)), relevance_colour(float(r) / scale), hint))
        rows.append(cells)
    return table([*head, *stocks.features], rows, text=3 if names else 2, css="heat")


def residual_table(facts: Residual, labels: Labels) -> str:
    """How much of the forecasts LRP could not hand to the inputs."""
    rows = [
        (labels("residual_rule"), f"{facts.rule}, ε = {value(facts.epsilon)}"),
        (labels("residual_median"), percent(facts.median, 2)),
        (labels("residual_p95"), percent(facts.p95, 2)),
        (labels("residual_max"), percent(facts.maximum, 1)),
        (labels("residual_n"), count(facts.n)),
    ]
    return pairs(rows, (labels("item"), labels("value")), numeric=True)


def quality_table(quality: Mapping[str, object], extra: Sequence[tuple[str, str]], labels: Labels) -> str:
    """What the data room counted, known names in the reader's language."""
    rows = [(quality_name(labels.language, key), _quality(item, labels)) for key, item in flatten(quality)]
    return pairs([*extra, *rows], (labels("item"), labels("value")))


def _quality(item: object, labels: Labels) -> str:
    if isinstance(item, (bool, np.bool_)):
        return labels("yes" if item else "no")
    if isinstance(item, (list, tuple)) and len(item) > MOST_ITEMS:
        return f"{value(item[:MOST_ITEMS])}, {labels('and_more', n=len(item) - MOST_ITEMS)}"
    return percent(float(item), 2) if isinstance(item, float) and 0.0 < item < 1.0 else value(item)


def config_table(tree: Mapping[str, object], labels: Labels, head: str) -> str:
    """Nested settings as dotted names with their values as they stand in the file."""
    rows = [(name, _verbatim(item)) for name, item in flatten(tree)]
    return pairs(rows, (labels(head), labels("value")))


def _verbatim(item: object) -> str:
    if isinstance(item, (list, tuple)):
        return ", ".join(_verbatim(x) for x in item)
    if item is None:
        return DASH
    return str(item).lower() if isinstance(item, bool) else str(item)


def timing_table(timings: Mapping[str, float], labels: Labels) -> str:
    """Wall time of each stage and the total."""
    rows = [(name, seconds(float(t))) for name, t in timings.items()]
    total = (labels("total"), seconds(float(sum(timings.values()))))
    return table([labels("stage"), labels("seconds")], rows, css="pairs", foot=total)


def feature_table(features: Sequence[FeatureRow], labels: Labels) -> str:
    """Every feature with formula and meaning, as declared."""
    keys = ("features", "formula", "meaning", "kind", "lookback", "timing", "norm", "req")
    rows: list[Row] = [
        (
            f.name,
            Cell(f.formula, css="code"),
            meaning(f.name, f.doc, labels.language),
            kind_name(f.kind, labels.language),
            Cell(str(f.lookback), css="n"),
            f.timing,
            f.norm,
            f.req,
        )
        for f in features
    ]
    return table([labels(key) for key in keys], rows, text=len(keys), css="features")


def definition_table(labels: Labels, primary: int) -> str:
    """The definition of every metric printed."""
    which = int(labels.language == "ja")
    rows = [(name[which], text[which].format(h=labels.span(primary))) for name, text in DEFINITIONS.values()]
    return table([labels("term"), labels("definition")], rows, text=2, css="prose")
