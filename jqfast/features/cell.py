"""One cell of a feature, step by step: the inputs, every operator with its numbers, and what it looked at.

1. find the row and the stock; cut the panel after the row, to the stock alone where no date is compared
2. let the engine compute every part of the formula, each as an output of its own
3. read the parts at the cell, and say of windows and dates what went into them
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from jqfast.data.codes import place_of
from jqfast.data.panel import Panel
from jqfast.features.columns import unit_of
from jqfast.features.declare import Feature, registry
from jqfast.features.execute import execute
from jqfast.features.expr import Expr, walk
from jqfast.features.formula import step
from jqfast.features.missing import missing_when
from jqfast.features.operators import OPERATORS
from jqfast.features.timing import sources
from jqfast.types import AnyArray, FloatArray, IntArray

#: Bytes of the parts of a formula that are computed together.
_BLOCK = 1 << 28


class Step(NamedTuple):
    """One part of a formula: ``#3``, what it does, its value at the cell, and what it looked at."""

    label: str
    text: str
    value: float
    seen: str


@dataclass(frozen=True, eq=False)
class CellExplanation:
    """How a feature came to its value for one stock on one date; ``print`` it."""

    name: str
    code: str
    date: np.datetime64
    formula: str
    value: float
    steps: tuple[Step, ...]
    known: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]

    def __str__(self) -> str:
        label = max(len(each.label) for each in self.steps)
        text = max(len(each.text) for each in self.steps)
        lines = [f"{self.name} of {self.code} on {self.date}: {_number(self.value)}", f"  {self.formula}"]
        lines += [f"  {names}: {rule}" for rule, names in self.known]
        for each in self.steps:
            number = _number(each.value)
            lines.append(f"  {each.label:>{label}} = {each.text:<{text}}  {number:>12}  {each.seen}".rstrip())
        if math.isnan(self.value):
            lines.append(f"  A value is missing {'; '.join(self.missing) or 'where an input is'}.")
        return "\n".join(lines)


def explain(panel: Panel, feature: str | Expr | Feature, *, code: str, date: Any) -> CellExplanation:
    """The inputs and the arithmetic of one cell.

    Parameters
    ----------
    panel : Panel that has the columns of the feature
    feature : name of a declared feature, a feature, or an expression
    code : a code of the panel; four characters find their code of five
    date : a session of the panel

    Returns
    -------
    CellExplanation; its ``steps`` hold every part of the formula with its float64 value

    Raises
    ------
    ValueError
        If there is no such feature, code or session; the message names the closest.
    """
    about = registry[feature] if isinstance(feature, str) else feature
    name, expr = (about.name, about.expr) if isinstance(about, Feature) else (str(about), about)
    t, n = _row(panel, date), place_of(panel.codes, code)
    nodes = [node for node in walk((expr,)) if not node.is_constant]
    part, place = _cut(panel, nodes, t, n)
    steps = tuple(_steps(part, nodes, place))
    return CellExplanation(
        name=name,
        code=str(panel.codes[n]),
        date=panel.dates[t],
        formula=str(expr),
        value=steps[-1].value,
        steps=steps,
        known=tuple(sources(expr.columns)),
        missing=missing_when(expr),
    )


def _row(panel: Panel, date: Any) -> int:
    day = np.datetime64(date, "D")
    t = int(np.searchsorted(panel.dates, day))
    if t == len(panel.dates) or panel.dates[t] != day:
        near = panel.dates[max(0, t - 1) : t + 1]
        raise ValueError(
            f"`date` must be a session of the panel, {panel.dates[0]} to {panel.dates[-1]}; got {day}. Near: "
            f"{', '.join(map(str, near))}."
        )
    return t


def _cut(panel: Panel, nodes: Sequence[Expr], t: int, n: int) -> tuple[Panel, int]:
    """(the panel up to row t, the place of the stock in it); the bits are those of the whole panel."""
    part = panel.rows(0, t + 1)
    if any(node.op in OPERATORS and OPERATORS[node.op].axis == "cross" for node in nodes):
        return part, n
    read = {_name(node) for node in nodes if node.op == "column"} & set(panel.columns)
    columns = {name: part[name] for name in read | {"close"}}
    alone = {name: x[:, n : n + 1].copy() if x.ndim == 2 else x for name, x in columns.items()}
    categories = {name: labels for name, labels in panel.categories.items() if name in alone}
    listed = part.listed[:, n : n + 1].copy()
    one = replace(part, codes=part.codes[n : n + 1], columns=alone, listed=listed, categories=categories)
    one.__dict__["is_session"] = part.is_session  # told by the whole market
    return one, 0


class _Part(NamedTuple):
    """A computed part: (T,) of the stock, (N,) of the date."""

    series: FloatArray
    date: FloatArray


def _steps(panel: Panel, nodes: Sequence[Expr], n: int) -> Iterator[Step]:
    """Every part that is a number; ``panel`` ends with the row of the cell."""
    numbers = [node for node in nodes if not _is_category(node, panel)]
    parts = dict(_computed(panel, numbers, n))
    labels: dict[Expr, str] = {}
    for node in numbers:
        text = step(node, labels)
        labels[node] = f"#{len(labels) + 1}"
        yield Step(labels[node], text, float(parts[node].series[-1]), _seen(panel, node, parts, n))


def _computed(panel: Panel, nodes: Sequence[Expr], n: int) -> Iterator[tuple[Expr, _Part]]:
    T, N = panel.shape
    size = max(1, _BLOCK // (8 * T * N))
    for first in range(0, len(nodes), size):
        some = tuple(nodes[first : first + size])
        for node, values in zip(some, execute(panel, some, dtype="float64"), strict=True):
            yield node, _Part(values[:, n].copy(), values[-1].copy())


def _is_category(node: Expr, panel: Panel) -> bool:
    return node.op == "column" and _name(node) in panel.categories


def _name(node: Expr) -> str:
    return str(dict(node.params)["name"])


def _seen(panel: Panel, node: Expr, parts: Mapping[Expr, _Part], n: int) -> str:
    """What an operator looked at: the unit of a column, the sessions of a window, the stocks of a date."""
    if node.op == "column":
        unit = unit_of(_name(node))
        return "" if unit == "none" else unit.replace("_", " ")
    operator, params = OPERATORS[node.op], dict(node.params)
    argument = parts.get(node.args[0])
    if argument is None or operator.axis == "elementwise":
        return ""
    if operator.axis == "cross":
        return _stocks(panel, node, parts, n)
    rows = np.flatnonzero(panel.is_session)
    back = operator.history(params)[0]
    if node.op == "lag":
        return f"of {panel.dates[rows[-1 - int(back)]]}" if back < len(rows) else "before the panel begins"
    return _window(panel, argument.series, rows if math.isinf(back) else rows[-1 - int(back) :])


def _stocks(panel: Panel, node: Expr, parts: Mapping[Expr, _Part], n: int) -> str:
    """The stocks that were compared, those of the stock's own group where there are groups."""
    day = parts[node.args[0]].date
    inside = np.isfinite(day)
    among = ""
    if dict(node.params).get("grouped"):
        by = node.args[-1]
        labels = panel.categories[_name(by)] if _is_category(by, panel) else None
        group = panel[_name(by)][-1] if labels else parts[by].date
        if not group[n] >= 0:
            return "no group"
        inside &= group == group[n]
        among = f"group {labels[int(group[n])] if labels else format(group[n], 'g')}: "
    mean = f", mean {_number(day[inside].mean())}" if inside.any() else ""
    return f"{among}{int(inside.sum())} stocks{mean}"


def _window(panel: Panel, series: AnyArray, rows: IntArray) -> str:
    """First and last session of a window, and what of it has a value."""
    known = series[rows][np.isfinite(series[rows])]
    if not len(rows):
        return "no session"
    span = f"{panel.dates[rows[0]]} to {panel.dates[rows[-1]]}"
    if not len(known):
        return f"{span}: no value"
    return f"{span}: {len(known)} values from {_number(known.min())} to {_number(known.max())}"


def _number(value: float) -> str:
    return "missing" if math.isnan(value) else f"{value:.6g}"
