"""The evaluation in detail: where the forecasts work, how they fade, and what trading them can carry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from html import escape

from jqfast.evaluate.breakdowns import Part
from jqfast.evaluate.capacity import CapacityPoint, break_even
from jqfast.evaluate.study import Study
from jqfast.report import figures_evaluation, tables_evaluation
from jqfast.report.evaluation_inputs import EvaluationFacts
from jqfast.report.numbers import number
from jqfast.report.sections import Context, folded, missing, paragraph, picture, section
from jqfast.report.sector_names import sector_name

#: Legs of the table of risk.
_LEGS = ("long_short_net", "long_short_gross", "long_net", "benchmark")


def evaluation_section(context: Context) -> str:
    """Breakdowns, decay, monotonicity, other books, capacity, alphas, overfitting."""
    facts = context.report.evaluation
    if facts is None:
        return section(context, "evaluation", missing(context))
    body = _parts(context, facts.study) + _decay(context, facts.study) + _monotonic(context, facts)
    if facts.study.variants:
        body += _risk(context, facts) + _variants(context, facts.study) + _capacity(context, facts.study)
    body += _alphas(context, facts.study) + _overfitting(context, facts)
    return section(context, "evaluation", body)


def _head(context: Context, key: str) -> str:
    return f"<h3>{escape(context.labels(key))}</h3>\n"


def _parts(context: Context, study: Study) -> str:
    groups = groups_of(context, study)
    if not any(groups.values()):
        return ""
    _, figure = figures_evaluation.rank_ic_by_part(groups, context.style)
    title = context.labels("parts_title")
    note = context.say("note_parts", h=context.labels.span(study.horizon))
    return picture(context, "D", title, figure, [note]) + folded(
        title, tables_evaluation.parts_table(groups, context.labels)
    )


def groups_of(context: Context, study: Study) -> dict[str, Sequence[Part]]:
    """Title of a group -> its parts with names to be read."""
    label = context.labels
    groups: dict[str, Sequence[Part]] = {}
    for kind in ("size", "volatility", "trend", "year", "sector"):
        found = [part for part in study.parts.get(kind, ()) if part.n_dates]
        by = label("by_value" if study.by.get("size") == "market value" else "by_turnover")
        title = label(f"part_{kind}", by=by)
        if kind == "sector":
            column, language = study.by.get("sector", ""), context.report.language
            named = [replace(part, name=sector_name(language, column, part.name)) for part in found]
        elif kind == "year":
            named = found
        else:
            named = [replace(part, name=label(part.name)) for part in found]
        groups[title] = named
    return groups


def _decay(context: Context, study: Study) -> str:
    delays, horizons = (
        [part for part in study.parts.get(kind, ()) if part.n_dates] for kind in ("decay", "horizon")
    )
    if not delays and not horizons:
        return ""
    _, figure = figures_evaluation.rank_ic_decay(delays, horizons, context.style)
    note = context.say("note_decay", h=context.labels.span(study.horizon))
    groups = {context.labels("delay"): delays, context.labels("horizon"): horizons}
    title = context.labels("decay_title")
    return picture(context, "F", title, figure, [note]) + folded(
        title, tables_evaluation.parts_table(groups, context.labels)
    )


def _monotonic(context: Context, facts: EvaluationFacts) -> str:
    table = tables_evaluation.monotonic_table(facts.monotonic, context.labels, facts.study.horizon)
    return _head(context, "monotonic_title") + table + paragraph(context.say("note_monotonic"), "foot")


def _risk(context: Context, facts: EvaluationFacts) -> str:
    legs = {leg: facts.performance[leg] for leg in _LEGS if leg in facts.performance}
    table = tables_evaluation.risk_table(legs, facts.study.intervals, context.labels)
    return _head(context, "risk_title") + table + paragraph(context.say("note_risk"), "foot")


def _variants(context: Context, study: Study) -> str:
    table = tables_evaluation.variants_table(study.variants, context.labels)
    notes = [context.say("note_variants")]
    if study.not_built:
        comma = "、" if context.report.language == "ja" else ", "
        names = comma.join(context.labels(name) for name in study.not_built)
        notes.append(context.say("variants_not_built", names=names))
    return _head(context, "variants_title") + table + paragraph(" ".join(notes), "foot")


def _capacity(context: Context, study: Study) -> str:
    _, figure = figures_evaluation.capacity_curve(study.capacity, context.style)
    title = context.labels("capacity_title")
    notes = [break_even_words(context, study.capacity), context.say("note_capacity")]
    table = tables_evaluation.capacity_table(study.capacity, context.labels)
    return picture(context, "G", title, figure, notes) + folded(title, table)


def break_even_words(context: Context, points: Sequence[CapacityPoint]) -> str:
    """Where the profit ends, as a sentence."""
    capital = break_even(points)
    if math.isnan(capital):
        return context.say("break_even_never")
    if math.isinf(capital):
        return context.say("break_even_open")
    if any(math.isnan(point.net_low) for point in points):
        return context.say("break_even_at", x=_yen(capital))
    low, high = (break_even(points, bound) for bound in ("net_low", "net_high"))
    ends = {
        "low": context.say("below_shown") if math.isnan(low) else _yen(low),
        "high": context.say("above_shown") if math.isinf(high) else _yen(high),
    }
    return context.say("break_even_between", x=_yen(capital), **ends)


def _yen(capital: float) -> str:
    """Two leading digits of an amount."""
    digits = max(0, math.floor(math.log10(capital)) - 1)
    return number(round(capital / 10**digits) * 10**digits, 0)


def _alphas(context: Context, study: Study) -> str:
    body = tables_evaluation.alpha_table(study.alphas, context.labels) if study.alphas else ""
    notes = ([context.say("note_alphas")] if study.alphas else []) + list(study.factor_notes)
    if not notes:
        return ""
    return _head(context, "alphas_title") + body + paragraph(" ".join(notes), "foot")


def _overfitting(context: Context, facts: EvaluationFacts) -> str:
    head = _head(context, "overfitting_title")
    if facts.overfitting is None:
        return head + paragraph(context.say("no_overfitting", n=facts.trials))
    table = tables_evaluation.overfitting_table(facts.overfitting, facts.deflated, context.labels)
    return head + table + paragraph(context.say("note_overfitting"), "foot")
