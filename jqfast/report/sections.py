"""The sections of the report, one function each: ``ReportInput`` in, HTML out.

A section whose facts are missing says so in one line instead of vanishing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from jqfast.report import figures, figures_setup, tables
from jqfast.report.boxes import boxes, verdict
from jqfast.report.hover import hover
from jqfast.report.inputs import Interval, Performance, ReportInput
from jqfast.report.notes import in_language
from jqfast.report.numbers import DASH, count, number, percent
from jqfast.report.prose import CAVEATS, sentence
from jqfast.report.style import Style, to_svg
from jqfast.report.text import LABELS, Labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True)
class Context:
    """What every section needs: the facts, the words of the page, the looks of its figures."""

    report: ReportInput
    labels: Labels
    style: Style

    @classmethod
    def of(cls, report: ReportInput) -> Context:
        """The context of a report; unknown languages are refused here."""
        style = Style(report.language, report.font, report.unit)
        return cls(report, Labels(report.language, report.unit), style)

    def say(self, key: str, **fields: object) -> str:
        """A sentence in the language of the report, not escaped."""
        return sentence(self.report.language, key, **fields)


def section(context: Context, key: str, body: str) -> str:
    """A section with its heading in both languages; ``key`` is its anchor as well."""
    language = "en" if context.report.language == "ja" else "ja"
    other = f'<small lang="{language}">{escape(context.labels.other(key))}</small>'
    return f'<section id="{key}"><h2>{escape(context.labels(key))}{other}</h2>\n{body}\n</section>\n'


def paragraph(text: str, css: str = "") -> str:
    """A paragraph of escaped text."""
    return f'<p class="{css}">{escape(text)}</p>' if css else f"<p>{escape(text)}</p>"


@dataclass(frozen=True, eq=False)
class Pointer:
    """What the pointer shows on a chart over dates: the frame behind it, its columns' names, their format."""

    frame: DataFrame
    names: list[str]
    write: Callable[[float], str]


def picture(
    context: Context,
    key: str,
    title: str,
    figure: Figure,
    notes: Sequence[str],
    *,
    wide: bool = True,
    pointer: Pointer | None = None,
) -> str:
    """A figure with its number and title above, note and source below (``key`` ``"6"`` gives "Figure 6")."""
    svg = to_svg(figure, f"f{key}", context.style)
    data = hover(pointer.frame, figure, pointer.names, pointer.write) if pointer else ""
    css = f"plot{' wide' if wide else ''}"
    plot = f'<div class="{css}" role="img" aria-label="{escape(title)}"{data}>{svg}</div>'
    return framed(context, key, title, plot, notes)


def framed(context: Context, key: str, title: str, body: str, notes: Sequence[str]) -> str:
    """Anything with a figure's caption and footnotes; tables that count as figures use it directly."""
    label = context.labels
    number_ = label("figure", n=key)
    lines = [f"{label('note')}{colon(label)}{joined(label, notes)}"] if notes else []
    lines.append(f"{label('source')}{colon(label)}{context.report.data.source}")
    foot = "".join(f"<span>{escape(line)}</span>" for line in lines)
    caption = f"<figcaption><b>{escape(number_)}</b>{escape(title)}</figcaption>"
    return f'<figure id="figure-{key}">{caption}{body}<p class="foot">{foot}</p></figure>\n'


def colon(labels: Labels) -> str:
    """The colon of the language, with its space."""
    return "：" if labels.language == "ja" else ": "


def joined(labels: Labels, sentences: Sequence[str]) -> str:
    """Sentences one after the other; Japanese ones need no space between."""
    return ("" if labels.language == "ja" else " ").join(filter(None, sentences))


def warning_boxes(context: Context) -> str:
    """The boxes of page one."""
    parts = []
    for box in boxes(context.report):
        head = context.labels("warning" if box.kind == "red" else "notice")
        css, role = ("box red", ' role="alert"') if box.kind == "red" else ("box", "")
        parts.append(f'<div class="{css}"{role}><strong>{escape(head)}</strong>{escape(box.text)}</div>\n')
    if context.style.font.problem:
        text = context.say(context.style.font.problem, font=context.style.font.requested)
        parts.append(f'<div class="box">{escape(text)}</div>\n')
    return "".join(parts)


def summary(context: Context) -> str:
    """Is it any good, after costs, with what uncertainty: a verdict and six numbers."""
    tiles = "".join(_tile(*facts) for facts in [*_forecast_tiles(context), *_portfolio_tiles(context)])
    return section(
        context,
        "summary",
        paragraph(verdict(context.report), "verdict") + f'<div class="tiles">{tiles}</div>',
    )


def _tile(what: str, big: str, *lines: str) -> str:
    sub = "".join(f'<div class="sub">{escape(line)}</div>' for line in lines if line)
    head = f'<div class="what">{escape(what)}</div><div class="big">{escape(big)}</div>'
    return f'<div class="tile">{head}{sub}</div>\n'


def _range(label: Labels, interval: Interval, digits: int) -> str:
    low, high = number(interval.low, digits), number(interval.high, digits)
    return "" if "–" in (low, high) else label("interval", low=low, high=high)


def _forecast_tiles(context: Context) -> list[tuple[str, ...]]:
    label, forecast = context.labels, context.report.forecast
    score = forecast.primary()
    if score is None:
        return []
    t = label("newey_west", t=number(score.t_newey_west))
    name = label("tile_rank_ic", h=label.horizon(score.horizon))
    dates = label("dates_value", n=count(score.n_dates))
    won = score.intervals.get("win_rate", Interval())
    return [
        (name, number(score.rank_ic, 4), t, _range(label, score.rank_ic_interval, 3)),
        (label("tile_win"), percent(score.win_rate), dates, _share(label, won)),
    ]


def _portfolio_tiles(context: Context) -> list[tuple[str, ...]]:
    label, facts = context.labels, context.report.portfolio
    if facts is None:
        return []
    gross = label("gross_value", x=number(facts.sharpe_gross))
    spread = _range(label, facts.sharpe_net_interval, 2)
    rows = {c.basis: c for c in facts.performance if c.leg == "long_short"}
    tiles: list[tuple[str, ...]] = [(label("tile_sharpe_net"), number(facts.sharpe_net), gross, spread)]
    if "net" in rows:
        tiles += _return_tiles(label, rows["net"], rows.get("gross"))
    costs = label("cost_value", x=percent(facts.cost_annual))
    rate = label("session_year", x=f"{number(facts.turnover_annual, 1)}×")
    spread = _share(label, facts.turnover_interval)
    tiles.append((label("tile_turnover"), percent(facts.turnover_daily), rate, costs, spread))
    return tiles


def _return_tiles(label: Labels, net: Performance, gross: Performance | None) -> list[tuple[str, ...]]:
    before = label("gross_value", x=percent(gross.annual_return)) if gross else ""
    risk = label("risk_value", x=percent(net.annual_risk))
    deepest = label("gross_value", x=percent(gross.max_drawdown)) if gross else ""
    return [
        (
            label("tile_return_net"),
            percent(net.annual_return),
            before,
            risk,
            _percents(label, net, "annual_return"),
        ),
        (label("tile_drawdown"), percent(net.max_drawdown), deepest, _percents(label, net, "max_drawdown")),
    ]


def _percents(label: Labels, column: Performance, field: str) -> str:
    """The interval of a figure in percent, empty where there is none."""
    return _share(label, column.intervals.get(field, Interval()))


def _share(label: Labels, found: Interval) -> str:
    """An interval in percent, empty where there is none."""
    low, high = percent(found.low), percent(found.high)
    return "" if DASH in (low, high) else label("interval", low=low, high=high)


def data_quality(context: Context) -> str:
    """What came in, what was wrong with it, how many stocks each date has."""
    label, data = context.labels, context.report.data
    clock = f"decision_{data.decision}"
    extra = [
        (label("source"), data.source),
        (label("decision_clock"), label(clock) if clock in LABELS else data.decision),
        (label("returns_kind"), _returns_kind(context)),
    ]
    quality = {key: item for key, item in data.quality.items() if key != "source"}
    body = tables.quality_table(quality, extra, label)
    if data.universe_notes:
        told = (in_language(note, context.report.language) for note in data.universe_notes)
        notes = "".join(f"<li>{escape(note)}</li>" for note in told)
        right = f"<h3>{escape(label('notes'))}</h3><ul>{notes}</ul>"
        body = f'<div class="grid"><div>{body}</div><div>{right}</div></div>'
    if data.coverage is not None:
        frame, figure = figures.coverage(data.coverage, context.style)
        pointer = Pointer(frame, [label(str(name)) for name in frame], count)
        notes_ = [context.say("note_coverage")]
        body += picture(context, "A", label("coverage_title"), figure, notes_, pointer=pointer)
    return section(context, "data", body)


def _returns_kind(context: Context) -> str:
    return context.labels("total_returns" if context.report.data.returns == "total" else "price_returns")


def forecast_quality(context: Context) -> str:
    """The IC table of all horizons and the primary RankIC over time."""
    label, facts = context.labels, context.report.forecast
    body = (
        tables.score_table(facts.scores, label, facts.primary_horizon) if facts.scores else missing(context)
    )
    methods = {one.method for row in facts.scores for one in row.intervals.values() if one.method}
    small = [context.say("note_small", method=_method(context, method)) for method in sorted(methods)]
    body += paragraph(joined(label, [context.say("note_ic"), *small, facts.folds_note]), "foot")
    if facts.planted is not None:
        body += tables.reference_table(facts.planted.scores, label, facts.primary_horizon)
        said = {name: ", ".join(getattr(facts.planted, name)) or DASH for name in ("drivers", "visible")}
        notes = [context.say("note_oracle", **said)]
        if any(row.open_shares for row in facts.planted.scores):
            notes.append(context.say("note_no_share"))
        body += paragraph(joined(label, notes), "foot")
    if facts.ic_series is not None:
        title = label("rank_ic_time", h=label.span(facts.ic_series.horizon))
        frame, figure = figures.rank_ic_over_time(facts.ic_series, context.style)
        shown = frame[["mean", "cumulative"]]
        pointer = Pointer(shown, [label("monthly_mean"), label("cumulative")], partial(number, digits=4))
        body += picture(context, "B", title, figure, [context.say("note_ic_time")], pointer=pointer)
    if facts.fold_spans:
        _, figure = figures_setup.walk_forward(facts.fold_spans, context.style)
        notes = [context.say("note_folds"), facts.folds_note]
        body += picture(context, "5", label("folds_title"), figure, notes)
    return section(context, "forecast", body)


def decile_section(context: Context) -> str:
    """Mean return of every forecast decile and horizon, chart and numbers."""
    label, deciles = context.labels, context.report.forecast.deciles
    if not deciles:
        return section(context, "deciles", missing(context))
    _, figure = figures.decile_returns(deciles, context.style)
    body = picture(context, "C", label("decile_title"), figure, [context.say("note_deciles")])
    note = paragraph(context.say("note_decile_table"), "foot")
    return section(context, "deciles", body + tables.decile_table(deciles, label) + note)


def portfolio_section(context: Context) -> str:
    """Figures 6 and 7: the long-short portfolio before and after costs, its legs and the benchmark."""
    label, facts = context.labels, context.report.portfolio
    if facts is None:
        return section(context, "portfolio", missing(context))
    stop = "。" if label.language == "ja" else "."
    kind = f"{label('returns_kind')}{colon(label)}{_returns_kind(context)}{stop}"
    body, benchmark = "", ""
    if facts.series is not None:
        benchmark = facts.series.benchmark_name
        notes = [context.say("note_cumulative"), kind]
        if facts.series.benchmark is None:
            notes.append(label("no_benchmark"))
        frame, figure = figures.cumulative_returns(facts.series, context.style)
        names = [_line_name(context, str(name), benchmark) for name in frame]
        pointer = Pointer(frame, names, partial(number, digits=3))
        body += picture(context, "6", label("cumulative_title"), figure, notes, pointer=pointer)
    if facts.performance:
        html = tables.performance_html(facts.performance, label, benchmark)
        methods = {i.method for c in facts.performance for i in c.intervals.values() if i.method}
        notes = [
            kind,
            *(context.say("note_intervals", method=_method(context, method)) for method in sorted(methods)),
        ]
        body += framed(context, "7", label("performance_title"), html, notes)
    body += "".join(paragraph(note) for note in facts.notes)
    return section(context, "portfolio", body or missing(context))


def _method(context: Context, method: str) -> str:
    """How intervals were drawn, in the language of the page."""
    return in_language(method, context.report.language)


def _line_name(context: Context, name: str, benchmark: str) -> str:
    """The name of a line of figure 6."""
    label = context.labels
    if name == "benchmark":
        return benchmark
    leg, _, basis = name.rpartition("_") if name.startswith("long_short") else (name, "", "")
    return f"{label(leg)} ({label(basis)})" if basis else label(leg)


def cost_section(context: Context) -> str:
    """The cost model's numbers beside turnover and what the costs do to the result."""
    facts = context.report.portfolio
    if facts is None:
        return section(context, "costs", missing(context))
    left = tables.turnover_table(facts, context.labels)
    right = tables.cost_table(facts.costs, context.labels) if facts.costs else ""
    return section(context, "costs", f'<div class="grid"><div>{left}</div><div>{right}</div></div>')


def configuration(context: Context) -> str:
    """Everything needed to run it again: manifest, timings, settings, features."""
    label, run = context.labels, context.report.run
    left = f"<h3>{escape(label('manifest'))}</h3>" + tables.config_table(run.manifest, label, "item")
    right = f"<h3>{escape(label('timings'))}</h3>" + tables.timing_table(run.timings, label)
    body = f'<div class="grid"><div>{left}</div><div>{right}</div></div>'
    if run.config:
        body += folded(label("configuration"), tables.config_table(run.config, label, "setting"))
    learnt = {name: run.config[name] for name in ("learn", "labels", "folds") if name in run.config}
    parts = [("13", "stock_inputs", "stock"), ("14", "market_inputs", "market")]
    for key, name, axis in parts:
        rows = [row for row in run.features if row.axis == axis]
        if rows:
            title = f"{label('figure', n=key)} · {label(name)} ({count(len(rows))})"
            body += folded(title, tables.feature_table(rows, label))
    if learnt:
        title = f"{label('figure', n='15')} · {label('hyper_parameters')}"
        body += folded(title, tables.config_table(learnt, label, "setting"))
    return section(context, "configuration", body)


def folded(title: str, body: str) -> str:
    """A part that opens on a click; printed open."""
    return f"<details><summary>{escape(title)}</summary>{body}</details>\n"


def definitions(context: Context) -> str:
    """The definition of every metric printed above."""
    table = tables.definition_table(context.labels, context.report.forecast.primary_horizon)
    return section(context, "definitions", table + paragraph(context.say("numbering"), "foot"))


def caveats(context: Context) -> str:
    """What the result does not say."""
    which = int(context.report.language == "ja")
    items = "".join(f"<li>{escape(both[which])}</li>" for both in CAVEATS)
    return section(context, "caveats", f'<ul class="caveats">{items}</ul>')


def missing(context: Context) -> str:
    """The line of a part without facts."""
    return paragraph(context.labels("missing"))
