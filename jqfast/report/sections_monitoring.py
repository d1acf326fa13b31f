"""Monitoring: whether the RankIC keeps within what chance allows, and which inputs have drifted."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from jqfast.report.monitor_inputs import MonitorFacts
from jqfast.report.numbers import number, percent
from jqfast.report.sections import Context, Pointer, missing, paragraph, picture, section
from jqfast.report.style import ACCENT, BENCHMARK, MUTED, Style, date_axis, new_figure, styled
from jqfast.report.tables import Cell, Row, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame

#: Inputs in the table.
MOST_INPUTS = 10


def rolling_rank_ic(facts: MonitorFacts, style: Style | None = None) -> tuple[DataFrame, Figure]:
    """The rolling mean of the RankIC between the limits of chance.

    Returns
    -------
    frame : index date; ``mean``, ``low``, ``high``
    figure : matplotlib Figure
    """
    import pandas as pd

    style = style or Style()
    index = pd.DatetimeIndex(facts.dates.astype("datetime64[s]"), name="date")
    frame = pd.DataFrame({"mean": facts.rolling, "low": facts.low, "high": facts.high}, index=index)
    with styled(style):
        figure = new_figure(height=2.6)
        axes = figure.subplots()
        axes.fill_between(
            facts.dates,
            facts.low,
            facts.high,
            color=BENCHMARK,
            alpha=0.18,
            lw=0,
            label=style.labels("limits"),
        )
        axes.plot(facts.dates, facts.rolling, color=ACCENT, lw=1.5, label=style.labels("rolling_mean"))
        axes.axhline(0.0, color=MUTED, lw=0.8)
        axes.set_ylabel("RankIC")
        date_axis(axes)
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, borderaxespad=0.1)
    return frame, figure


def monitoring_section(context: Context) -> str:
    """The section; one line where nothing was measured."""
    facts, label = context.report.monitor, context.labels
    if facts is None:
        return section(context, "monitoring", missing(context))
    body = paragraph(_state(context, facts))
    if len(facts.dates):
        frame, figure = rolling_rank_ic(facts, context.style)
        names = [label("rolling_mean"), label("low_limit"), label("high_limit")]
        pointer = Pointer(frame, names, lambda x: number(x, 4))
        notes = [context.say("note_rolling", n=facts.window, sigmas=number(facts.sigmas, 0))]
        title = label("rolling_title", n=facts.window, periods=_periods(context))
        body += picture(context, "J", title, figure, notes, pointer=pointer)
    body += f"<h3>{escape(label('drift_title'))}</h3>" + _drift_table(context, facts)
    note = context.say(
        "note_drift",
        n=facts.recent,
        model=facts.model,
        limit=number(facts.stability),
        fall=percent(facts.coverage, 0),
    )
    return section(context, "monitoring", body + paragraph(note, "foot"))


def _periods(context: Context) -> str:
    """What the run scores, `sessions` or `months`."""
    return context.labels(f"periods_{context.labels.unit}")


def _state(context: Context, facts: MonitorFacts) -> str:
    """Is the model within its limits, in a sentence."""
    parts = []
    if len(facts.rolling):
        last = float(facts.rolling[-1])
        key = "monitor_low" if last < facts.low else "monitor_within"
        numbers = {"x": number(last, 4), "low": number(facts.low, 4), "high": number(facts.high, 4)}
        parts.append(context.say(key, n=facts.window, periods=_periods(context), **numbers))
    suspects = [row.name for row in facts.suspects()]
    comma = "、" if context.report.language == "ja" else ", "
    if suspects:
        shown = comma.join(suspects[:MOST_INPUTS])
        parts.append(context.say("monitor_drift", count=len(suspects), total=len(facts.drift), names=shown))
    else:
        parts.append(context.say("monitor_steady", total=len(facts.drift)))
    return ("" if context.report.language == "ja" else " ").join(parts)


def _drift_table(context: Context, facts: MonitorFacts) -> str:
    label, beyond = context.labels, {row.name for row in facts.suspects()}
    rows: list[Row] = []
    for row in facts.drift[:MOST_INPUTS]:
        css = "primary" if row.name in beyond else ""
        cells = (
            row.name,
            number(row.stability),
            percent(row.coverage_before, 0),
            percent(row.coverage_now, 0),
        )
        rows.append([Cell(text, css=css) for text in cells])
    return table([label(key) for key in ("input", "stability", "known_before", "known_now")], rows)
