"""The section that explains forecasts by LRP: overview, relation, market inputs, single stocks, residual."""

from __future__ import annotations

from html import escape

from jqfast.report import figures_lrp, figures_market, tables
from jqfast.report.figures_tables import relevance_scale
from jqfast.report.inputs import ExplanationFacts, FeatureScatter, RelevanceDeciles
from jqfast.report.numbers import iso_date, number
from jqfast.report.reading import leanings, reading
from jqfast.report.sections import Context, framed, missing, paragraph, picture, section
from jqfast.report.sections_trust import trust_part

#: Differences of attributes are put into words from this p-value down.
SURE = 0.01


def explanation_section(context: Context) -> str:
    """LRP: overview (9), relation (10), market (11, 12), single stocks (8), the conservation residual."""
    facts = context.report.explanation
    if facts is None:
        return section(
            context, "explanation", paragraph(context.report.explanation_missing) or missing(context)
        )
    makers = (_legs, _scatters, _market, _deciles, _stocks)
    body = "".join(make(context, facts) for make in makers)
    body += trust_part(context)
    if facts.residual is not None:
        body += f"<h3>{escape(context.labels('residual_title'))}</h3>"
        body += tables.residual_table(facts.residual, context.labels)
        body += paragraph(context.say("note_residual"), "foot")
    return section(context, "explanation", body or missing(context))


def _legs(context: Context, facts: ExplanationFacts) -> str:
    if facts.legs is None:
        return ""
    frame, figure = figures_lrp.mean_relevance(facts.legs, context.style)
    notes = [context.say("note_demeaned")] if facts.demeaned else []
    notes.append(context.say("note_legs"))
    if len(frame) > figures_lrp.MOST_BARS:
        notes.append(context.say("note_legs_cut", shown=figures_lrp.MOST_BARS, total=len(frame)))
    title = context.labels("legs_title") + (f" ({facts.legs.period})" if facts.legs.period else "")
    return picture(context, "9", title, figure, notes)


def _scatters(context: Context, facts: ExplanationFacts) -> str:
    parts = []
    for i, scatter in enumerate(facts.scatters):
        _, figure = figures_lrp.value_vs_relevance(scatter, context.style)
        key = "10" if len(facts.scatters) == 1 else f"10{chr(ord('a') + i)}"
        title = context.labels("scatter_title", feature=scatter.feature)
        notes = [*_reading(context, scatter), *([context.say("note_scatter")] if i == 0 else [])]
        parts.append(picture(context, key, title, figure, notes, wide=False))
    return f'<div class="grid">{"".join(parts)}</div>' if parts else ""


def _reading(context: Context, scatter: FeatureScatter) -> list[str]:
    """How the input works, where the numbers tell it."""
    if scatter.shape is None:
        return []
    what = reading(scatter.feature, scatter.kind, scatter.shape, context.report.language)
    return [context.say("note_reading", feature=scatter.feature, what=what)] if what else []


def _market(context: Context, facts: ExplanationFacts) -> str:
    """Figure 11, or the line that says why there is none."""
    if facts.market is None:
        return paragraph(context.say("no_market"), "foot")
    _, figure = figures_market.market_relevance(facts.market, context.style)
    return picture(context, "11", context.labels("market_title"), figure, [context.say("note_market")])


def _deciles(context: Context, facts: ExplanationFacts) -> str:
    """Figure 12 with the sentence that the tests support."""
    if facts.deciles is None:
        return ""
    found = facts.deciles
    _, figure = figures_market.relevance_deciles(found, context.style)
    notes = [context.say("note_deciles_lrp", n=found.n, feature=found.feature)]
    if found.value == found.value:
        value = number(found.value)
        notes.append(context.say("note_market_date", feature=found.feature, value=value))
    notes += _leanings(context, found)
    title = context.labels("deciles_title", feature=found.feature, date=iso_date(found.date))
    return picture(context, "12", title, figure, notes)


def _leanings(context: Context, found: RelevanceDeciles) -> list[str]:
    names, gap = list(found.attributes), found.high - found.low
    what = leanings(names, gap, found.p_value < SURE, context.report.language)
    return [context.say("note_leanings", what=what)] if what else []


def _stocks(context: Context, facts: ExplanationFacts) -> str:
    if facts.stocks is None:
        return ""
    label = context.labels
    key = (
        f'<div class="key">{escape(label("blue_minus"))}<i></i>{escape(label("red_plus"))}</div>'
        + tables.stock_html(facts.stocks, label)
    )
    note = context.say("note_stocks", scale=number(relevance_scale(facts.stocks), 3))
    return framed(context, "8", label("stocks_title", date=iso_date(facts.stocks.date)), key, [note])
