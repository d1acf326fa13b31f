"""The report as one self-contained HTML page: no address outside the file; same input, same bytes.

A small script sorts tables and shows values under the pointer; a second one, for those who ask for it, makes
charts larger. Without them the page says the same. The page forbids its reader's browser every request.

1. head: title, facts of the run, red boxes    2. summary    3. data    4. forecasts, deciles    5.
portfolio, costs, evaluation in detail 6. explanation    7. configuration, definitions, caveats
"""

from __future__ import annotations

import contextlib
import os
from html import escape
from importlib.resources import files
from pathlib import Path

from jqfast.report import sections, sections_evaluation, sections_explanation, sections_monitoring
from jqfast.report.inputs import ReportInput
from jqfast.report.numbers import count
from jqfast.report.sections import Context

#: order of the sections on the page
SECTIONS = {
    "summary": sections.summary,
    "data": sections.data_quality,
    "forecast": sections.forecast_quality,
    "deciles": sections.decile_section,
    "portfolio": sections.portfolio_section,
    "costs": sections.cost_section,
    "evaluation": sections_evaluation.evaluation_section,
    "explanation": sections_explanation.explanation_section,
    "monitoring": sections_monitoring.monitoring_section,
    "configuration": sections.configuration,
    "definitions": sections.definitions,
    "caveats": sections.caveats,
}

#: Nothing from outside, whatever a text of the data might hold.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
)


def build(report: ReportInput) -> str:
    """The whole report as one HTML document.

    Parameters
    ----------
    report : everything the pipeline computed; texts from users may hold any characters, they are escaped

    Returns
    -------
    str, a complete HTML 5 document with inline style and SVG; needs no network, and no script to be read

    Raises
    ------
    ValueError
        If ``report.language`` is neither ``"en"`` nor ``"ja"``.
    """
    context = Context.of(report)
    body = "".join(make(context) for make in SECTIONS.values())
    style, script = _inline("page.css"), _inline("page.js")
    words = ""
    if report.interactive:
        script += _inline("interactive.js")
        named = ("zoom_in", "zoom_out", "zoom_reset")
        words = "".join(f' data-{key.replace("_", "-")}="{escape(context.labels(key))}"' for key in named)
    return (
        f'<!DOCTYPE html>\n<html lang="{report.language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{POLICY}<title>{escape(report.title)}</title>\n<style>\n{style}</style>\n</head>\n<body{words}>\n"
        f"{_header(context)}<main>\n{body}</main>\n{_footer(context)}<script>\n{script}</script>\n"
        "</body>\n</html>\n"
    )


def _inline(name: str) -> str:
    """A file of this package, to stand in the page."""
    return files("jqfast.report").joinpath(name).read_text(encoding="utf-8")


def write(path: str | os.PathLike[str], report: ReportInput) -> Path:
    """Write the report to ``path``, under a temporary name first: a half-written one is never read.

    Raises
    ------
    OSError
        If the folder cannot be written to; nothing is left behind.
    """
    target = Path(path)
    text = build(report)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        raise
    return target


def _header(context: Context) -> str:
    label, report = context.labels, context.report
    facts = [
        f"{label('run')}: {report.run.name}",
        report.data.source,
        *_span(context),
        f"{label('model')}: {report.forecast.model}",
        label("folds", n=count(report.forecast.folds)),
    ]
    if report.run.features:
        facts.append(label("features_count", n=count(len(report.run.features))))
    line = " ".join(f"<span>{escape(fact)}</span>" for fact in facts)
    links = " ".join(f'<a href="#{key}">{escape(label(key))}</a>' for key in SECTIONS)
    head = f'<p class="eyebrow">jqfast · {escape(label("report"))}</p>\n<h1>{escape(report.title)}</h1>'
    return (
        f"<header>\n{head}\n"
        f'<p class="facts">{line}</p>\n<nav>{links}</nav>\n{sections.warning_boxes(context)}</header>\n'
    )


def _span(context: Context) -> list[str]:
    """First and last date and the size of the cross-section, where the coverage tells them."""
    coverage = context.report.data.coverage
    if coverage is None or not len(coverage.dates):
        return []
    sessions_ = context.labels("sessions_count", n=count(len(coverage.dates)))
    return [f"{coverage.dates[0]} – {coverage.dates[-1]} ({sessions_})"]


def _footer(context: Context) -> str:
    version = context.report.run.manifest.get("jqfast", "")
    return f"<footer>{escape(f'jqfast {version}'.strip())} · {escape(context.report.run.name)}</footer>\n"
