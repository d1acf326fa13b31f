"""When a formula has no value, in words, read off its graph.

A feature is missing (NaN) in its warm-up rows, on dates that are no session, and where one of the reasons
below holds. Operators that make do without an argument (`fill`, `isnan`, `fmin`, `fmax`, the branches of
`where`) stop the search for single values that have to be there.
"""

from __future__ import annotations

from jqfast.features.expr import Expr, walk
from jqfast.features.operators import OPERATORS

_FORGIVING = frozenset({"fill", "isnan", "fmin", "fmax"})
_RECURSIVE = frozenset({"ema", "wilder", "ewm_var", "since", "streak", "last_valid"})
#: Rolling statistics of today's own value, which has to be there whatever the window says.
_OF_TODAY = frozenset({"ts_zscore", "ts_rank", "ts_residual", "ts_resid"})
_DOMAIN = {"log": "the log of 0 or less", "sqrt": "the root of a negative number"}


def missing_when(expr: Expr) -> tuple[str, ...]:
    """The reasons for which ``expr`` is NaN, as clauses; the most common ones first."""
    reasons = []
    if expr.warmup:
        sessions = "session" if expr.warmup == 1 else f"{expr.warmup} sessions"
        reasons.append(f"in the first {sessions} of {'the panel' if expr.axis == 'market' else 'a listing'}")
    reasons += _absent(needed(expr))
    windows = sorted({(w, m) for node in walk((expr,)) if (window := _window(node)) for w, m in [window]})
    reasons += [f"with fewer than {m} of {w} sessions" for w, m in windows]
    reasons += _arithmetic(expr)
    return tuple(reasons)


def needed(expr: Expr) -> frozenset[tuple[int, str]]:
    """(sessions ago, column) of the single values without which today has none."""
    from jqfast.features.columns import CALENDAR

    found: set[tuple[int, str]] = set()
    stack = [(expr, 0)]
    seen = set(stack)
    while stack:
        node, ago = stack.pop()
        if node.op == "column":
            found.add((ago, str(dict(node.params)["name"])))
        for step in ((arg, ago + _shift(node)) for arg in _demanded(node)):
            if step not in seen:
                seen.add(step)
                stack.append(step)
    return frozenset((ago, name) for ago, name in found if name not in CALENDAR)


def _absent(values: frozenset[tuple[int, str]]) -> list[str]:
    """One clause per day."""
    return [
        f"where {_listed(sorted(name for when, name in values if when == ago))} is missing {_day(ago)}"
        for ago in sorted({ago for ago, _ in values})
    ]


def _day(ago: int) -> str:
    return "today" if ago == 0 else "the session before" if ago == 1 else f"{ago} sessions before"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _shift(node: Expr) -> int:
    return int(dict(node.params)["window"]) if node.op == "lag" else 0


def _demanded(node: Expr) -> tuple[Expr, ...]:
    """The arguments of which one value has to be there."""
    if node.op in ("const", "column") or node.op in _FORGIVING | _RECURSIVE:
        return ()
    if node.op == "lag":
        return node.args
    if OPERATORS[node.op].axis == "time" and node.op not in _OF_TODAY:
        return ()
    return node.args[:1] if node.op == "where" else node.args


def _window(node: Expr) -> tuple[int, int] | None:
    """(sessions, sessions needed) of a rolling window over more than one session."""
    params = dict(node.params)
    if "window" not in params or "min_periods" not in params or node.op in _RECURSIVE:
        return None
    window = int(params["window"])
    return (window, int(params["min_periods"])) if window > 1 else None


def _arithmetic(expr: Expr) -> list[str]:
    """What divisions, logarithms and roots refuse; inside a window such a session counts as missing."""
    nodes = list(walk((expr,)))
    refused = ["a divisor of 0"] * any(n.op == "div" and n.args[1].constant is None for n in nodes)
    refused += [words for op, words in _DOMAIN.items() if any(n.op == op for n in nodes)]
    return [f"{_listed(refused)} counts as missing"] if refused else []
