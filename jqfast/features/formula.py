"""Expressions as text, the way a user would type them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from jqfast.features.expr import Expr, walk
from jqfast.features.operators import OPERATORS

_ATOM = 100
_LEVEL = {"lt": 1, "le": 1, "gt": 1, "ge": 1, "or": 2, "and": 3, "add": 4, "sub": 4, "mul": 5, "div": 5}
_UNARY = {"neg": 6, "not": 6}
_POWER = 7
_LEAVES = {"open": "open_"}
_CALLS = {"abs": "abs_"}
_METHODS = {f"cs_rank_{method}": method for method in ("min", "dense", "first")}
_KNOWN = ("open", "high", "low", "close", "volume", "turnover", "adjustment", "dow", "dow_sin", "dow_cos")
_LONGEST = 8000


def formula(expr: Expr) -> str:
    """The formula of ``expr`` in the notation of the language, for tables and messages."""
    texts: dict[Expr, tuple[str, int]] = {}
    for node in walk((expr,)):
        text, level = _render(node, texts)
        texts[node] = (text if len(text) <= _LONGEST else text[:_LONGEST] + "...", level)
    return texts[expr][0]


def step(node: Expr, names: Mapping[Expr, str]) -> str:
    """One operator of a formula, its arguments by the names given; a name is an atom."""
    texts = {arg: (names[arg], _ATOM) if arg in names else (formula(arg), _ATOM) for arg in node.args}
    return _render(node, texts)[0]


def _render(node: Expr, texts: dict[Expr, tuple[str, int]]) -> tuple[str, int]:
    """(text, binding strength) of a node whose arguments are rendered already."""
    if node.op == "const":
        return _number(float(dict(node.params)["value"]))
    if node.op == "column":
        return _leaf(node), _ATOM
    symbol = OPERATORS[node.op].symbol
    if node.op in _UNARY:
        level = _UNARY[node.op]
        return f"{symbol}{_inside(texts[node.args[0]], level)}", level
    if node.op == "power" and not node.is_constant:  # of two numbers the reader would make a number
        return f"{_inside(texts[node.args[0]], _POWER + 1)} ** {texts[node.args[1]][0]}", _POWER
    if symbol and node.op != "power":
        level = _LEVEL[node.op]
        left = _inside(texts[node.args[0]], level + (level == 1))
        return f"{left} {symbol} {_inside(texts[node.args[1]], level + 1)}", level
    return _call(node, texts), _ATOM


def _number(value: float) -> tuple[str, int]:
    negative = math.copysign(1.0, value) < 0
    whole = value.is_integer() and abs(value) < 1e15 and (value != 0 or not negative)
    return repr(int(value)) if whole else repr(value), _UNARY["neg"] if negative else _ATOM


def _leaf(node: Expr) -> str:
    from jqfast.features.columns import column, unit_of

    params = dict(node.params)
    name = str(params["name"])
    if name in _KNOWN and node is column(name):
        return _LEAVES.get(name, name)
    unit = "" if params["unit"] == unit_of(name) else f', unit="{params["unit"]}"'
    market = ", market=True" if node.axis == "market" else ""
    return f'column("{name}"{unit}{market})'


def _inside(part: tuple[str, int], level: int) -> str:
    text, own = part
    return f"({text})" if own < level else text


def _call(node: Expr, texts: dict[Expr, tuple[str, int]]) -> str:
    params = dict(node.params)
    if params.get("min_periods") == params.get("window", 1):  # what it is when nothing is said
        params.pop("min_periods", None)
    shown = [texts[arg][0] for arg in node.args]
    groups = [f"by={shown.pop()}"] if params.pop("grouped", None) else []
    shown += [
        f"min_periods={value}" if name == "min_periods" else str(value) for name, value in params.items()
    ]
    method = [f'method="{_METHODS[node.op]}"'] if node.op in _METHODS else []
    name = "cs_rank" if method else _CALLS.get(node.op, node.op)
    return f"{name}({', '.join([*shown, *method, *groups])})"
