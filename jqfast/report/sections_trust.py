"""How far LRP may be trusted: one table, its sentences, and the curves of taking inputs away."""

from __future__ import annotations

import numpy as np

from jqfast.explain.faithfulness import RECOVERED
from jqfast.report.figures_trust import perturbation
from jqfast.report.numbers import number, percent
from jqfast.report.sections import Context, framed, paragraph, picture
from jqfast.report.tables import Cell, Row, table
from jqfast.report.text import Labels
from jqfast.report.trust_inputs import TrustFacts, TrustRow


def trust_part(context: Context) -> str:
    """The part below the figures of the explanation; empty where nothing was measured."""
    facts = context.report.trust
    if facts is None:
        return ""
    label = context.labels
    words = "".join(paragraph(text) for text in verdicts(context, facts))
    body = framed(
        context, "H", label("trust_title"), words + trust_table(facts, label), _notes(context, facts)
    )
    _, figure = perturbation(facts, context.style)
    return body + picture(context, "I", label("order_title"), figure, [context.say("note_order")])


def verdicts(context: Context, facts: TrustFacts) -> list[str]:
    """What may be read and what may not, in sentences."""
    key = "trust_order_good" if facts.ordered else "trust_order_bad"
    numbers = {
        "area": number(facts.lrp.area, 3),
        "error": number(facts.lrp.error, 3),
        "gradient": number(facts.gradient.area, 3),
        "random": number(facts.random.area, 3),
        "zero": number(facts.lrp.area_zero, 3),
    }
    told = [context.say(key, **numbers)]
    comma = "、" if context.report.language == "ja" else ", "
    for verdict, words in (
        ("recovered", "trust_recovered"),
        ("not recovered", "trust_failed"),
        ("control too", "trust_misled"),
    ):
        groups = facts.named(verdict)  # type: ignore[arg-type]  # the three are verdicts
        if groups:
            told.append(context.say(words, groups=comma.join(groups)))
    other = [row.group for row in facts.rows if row.verdict == "recovered" and row.seeds < RECOVERED]
    if other:
        told.append(context.say("trust_seeds", groups=comma.join(other)))
    return told


def trust_table(facts: TrustFacts, labels: Labels) -> str:
    """A row per group; columns that nothing fills are left out."""
    columns = ("lrp_model", "gradient_model", "control", "seeds", "truth_share", "lrp_truth", "model_truth")
    names = ("lrp", "gradient", "control", "seeds", "truth_share", "lrp_truth", "model_truth")
    kept = [
        (field, name)
        for field, name in zip(columns, names, strict=True)
        if any(np.isfinite(getattr(row, field)) for row in facts.rows)
    ]
    head = [
        labels(f"trust_{name}") for name in ("group", "verdict", "inputs", "share", *(n for _, n in kept))
    ]
    return table(head, [_row(row, [field for field, _ in kept], labels) for row in facts.rows], text=2)


def _row(row: TrustRow, fields: list[str], labels: Labels) -> Row:
    verdict = labels(f"verdict_{row.verdict.replace(' ', '_')}")
    css = "" if row.verdict == "small" else "primary"
    numbers = [_number(row, field) for field in fields]
    return [
        Cell(row.group, css=css),
        Cell(verdict, css=css),
        str(row.inputs),
        percent(row.share, 0),
        *numbers,
    ]


def _number(row: TrustRow, field: str) -> Cell:
    x = float(getattr(row, field))
    if field == "truth_share":
        return Cell(percent(x, 0))
    error = row.control_error if field == "control" else row.errors.get(field, float("nan"))
    return Cell(number(x), below=_plus_minus(error) if np.isfinite([x, error]).all() else "")


def _plus_minus(error: float) -> str:
    """A standard error, with a third digit where two would say that there is none."""
    return f"± {number(error, 3 if error < 0.005 else 2)}"


def _notes(context: Context, facts: TrustFacts) -> list[str]:
    dates = ", ".join(facts.dates)
    notes = [context.say("note_trust", samples=facts.samples, dates=dates, folds=len(facts.folds))]
    if facts.members > 1:
        notes.append(context.say("note_trust_member", members=facts.members))
    if facts.seed is not None:
        notes.append(context.say("note_trust_seed", seed=facts.seed))
    if any(np.isfinite(row.truth_share) for row in facts.rows):
        notes.append(context.say("note_trust_truth"))
    pairs = []
    for n, x, error in facts.sensitivity:
        far = f" {_plus_minus(error)}" if np.isfinite(error) else ""
        pairs.append(context.say("sensitivity_pair", n=n, x=number(x) + far))
    comma = "、" if context.report.language == "ja" else ", "
    notes.append(context.say("note_sensitivity", pairs=comma.join(pairs)))
    return notes
