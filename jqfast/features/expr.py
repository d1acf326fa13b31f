"""Expressions: frozen, interned formulas over panel columns, with every derived fact beside them.

Equal expressions are the same object, so that equality is identity and shared work is found for free. An
expression knows its axis, its look-back, the columns it reads, its scale (unit and split degree) and its
timing; nobody types these in. Operators live in `jqfast.features.ops`, the facts about them in
`jqfast.features.operators`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, NoReturn, TypeAlias

import numpy as np

from jqfast.features.operators import OPERATORS, Param
from jqfast.features.scale import ANY, PLAIN, UNITS, Scale

ExprAxis: TypeAlias = Literal["constant", "market", "stock"]
Number: TypeAlias = int | float
Operand: TypeAlias = "Expr | int | float"


class Facts(NamedTuple):
    """What follows from an expression's graph."""

    axis: ExprAxis
    scale: Scale | None
    lookback: float  # rows before today that the value reads; inf when a recursion never forgets
    warmup: int  # rows at the start of a listing that cannot have a value
    columns: frozenset[str]


@dataclass(frozen=True, eq=False, repr=False)
class Expr:
    """One node of a formula; build it with the leaves and operators of `jqfast.features`, never directly.

    ``==`` is identity (equal formulas are one object); use ``eq(a, b)`` to compare values. Comparisons give
    1.0 or 0.0, and NaN where a side is NaN; ``& | ~`` combine such flags.
    """

    op: str
    args: tuple[Expr, ...]
    params: tuple[tuple[str, Param], ...]
    facts: Facts

    # numpy must hand `np.float64(2) * close` to us instead of making an object array
    __array_ufunc__ = None

    @property
    def axis(self) -> ExprAxis:
        """``stock`` (T x N), ``market`` (T) or ``constant``."""
        return self.facts.axis

    @property
    def scale(self) -> Scale | None:
        """Unit and split degree; None when the value mixes scales."""
        return self.facts.scale

    @property
    def degree(self) -> float | None:
        """Exponent of the split factor: +1 price, -1 volume, 0 unaffected, None mixed."""
        return None if self.scale is None or self.scale.shift[2] else self.scale.degree

    @property
    def lookback(self) -> float:
        """Rows before today that the value reads; ``math.inf`` when a recursion never forgets."""
        return self.facts.lookback

    @property
    def warmup(self) -> int:
        """Rows at the start of a listing that cannot have a value."""
        return self.facts.warmup

    @property
    def columns(self) -> frozenset[str]:
        """Names of the panel columns read."""
        return self.facts.columns

    @property
    def timing(self) -> str:
        """When the columns read become known: classes of `jqfast.features.timing`, such as ``"D0, P+1"``."""
        from jqfast.features.timing import timing_of

        return timing_of(self.columns)

    @property
    def is_constant(self) -> bool:
        """True for a number."""
        return self.axis == "constant"

    @property
    def constant(self) -> float | None:
        """The number of a literal, None for anything else."""
        return float(dict(self.params)["value"]) if self.op == "const" else None

    def __repr__(self) -> str:
        return f"<Expr {self}>"

    def __str__(self) -> str:
        from jqfast.features.formula import formula

        return formula(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (self.op, self.args, self.params)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            f"`{self}` has no truth value: it is a formula, not a number. Combine flags with `&`, `|`, `~` "
            "and choose with `where(condition, a, b)`; write `(a < b) & (b < c)`, not `a < b < c`."
        )

    def __add__(self, other: Operand) -> Expr:
        return apply("add", self, other)

    def __radd__(self, other: Operand) -> Expr:
        return apply("add", other, self)

    def __sub__(self, other: Operand) -> Expr:
        return apply("sub", self, other)

    def __rsub__(self, other: Operand) -> Expr:
        return apply("sub", other, self)

    def __mul__(self, other: Operand) -> Expr:
        return apply("mul", self, other)

    def __rmul__(self, other: Operand) -> Expr:
        return apply("mul", other, self)

    def __truediv__(self, other: Operand) -> Expr:
        return apply("div", self, other)

    def __rtruediv__(self, other: Operand) -> Expr:
        return apply("div", other, self)

    def __pow__(self, other: Operand) -> Expr:
        from jqfast.features.ops import power

        exponent = as_expr(other).constant
        if exponent is None:
            raise TypeError(f"The exponent of `**` must be a number; got `{other}`. Write exp(y * log(x)).")
        return power(self, exponent)

    def __neg__(self) -> Expr:
        return apply("neg", self)

    def __abs__(self) -> Expr:
        return apply("abs", self)

    def __lt__(self, other: Operand) -> Expr:
        return apply("lt", self, other)

    def __le__(self, other: Operand) -> Expr:
        return apply("le", self, other)

    def __gt__(self, other: Operand) -> Expr:
        return apply("gt", self, other)

    def __ge__(self, other: Operand) -> Expr:
        return apply("ge", self, other)

    def __and__(self, other: Operand) -> Expr:
        return apply("and", self, other)

    def __rand__(self, other: Operand) -> Expr:
        return apply("and", other, self)

    def __or__(self, other: Operand) -> Expr:
        return apply("or", self, other)

    def __ror__(self, other: Operand) -> Expr:
        return apply("or", other, self)

    def __invert__(self) -> Expr:
        return apply("not", self)


_table: weakref.WeakValueDictionary[tuple[Any, ...], Expr] = weakref.WeakValueDictionary()
_lock = threading.Lock()


def _intern(op: str, args: tuple[Expr, ...], params: tuple[tuple[str, Param], ...]) -> Expr:
    """The one object of this formula. Keys carry types and signs: 1, 1.0, True, 0.0 and -0.0 stay apart."""
    key = (op, args, tuple((name, type(value).__name__, repr(value)) for name, value in params))
    with _lock:
        found = _table.get(key)
    if found is not None:
        return found
    made = Expr(op, args, params, _facts(op, args, params))
    with _lock:
        return _table.setdefault(key, made)


def _restore(op: str, args: tuple[Expr, ...], params: tuple[tuple[str, Param], ...]) -> Expr:
    return _intern(op, args, params)


def constant(value: Number) -> Expr:
    """The literal ``value``."""
    return _intern("const", (), (("value", float(value)),))


def leaf(name: str, *, axis: ExprAxis, unit: str) -> Expr:
    """The column ``name`` of the panel."""
    return _intern("column", (), (("name", name), ("axis", axis), ("unit", unit)))


def as_expr(value: object) -> Expr:
    """``value`` as an expression: expressions stay, numbers become literals, all else is a TypeError."""
    if isinstance(value, Expr):
        return value
    if isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool):
        return constant(float(value))
    raise TypeError(
        f"An expression is made of panel columns and numbers; got {type(value).__name__}. Put your own data "
        "into the panel with `panel.with_columns(name=array)` and use `column(name)`."
    )


def apply(op: str, *args: Operand, **params: Param) -> Expr:
    """The expression ``op(*args)`` with its parameters; the checks that need only the graph happen here."""
    operator = OPERATORS[op]
    operands = tuple(as_expr(arg) for arg in args)
    if operator.axis != "elementwise":
        _check_series(op, operator.axis, operands)
    return _intern(op, operands, tuple(params.items()))


def _check_series(op: str, axis: str, operands: tuple[Expr, ...]) -> None:
    for operand in operands:
        if operand.is_constant:
            raise ValueError(f"`{op}` needs a series; got the constant {operand}.")
        if axis == "cross" and operand.axis == "market":
            raise ValueError(
                f"`{op}` compares stocks on one date, but `{operand}` is the same for all: that is 0/0. "
                'Normalise a market-wide series along time (`ts_zscore`, or declare it norm="ts").'
            )


def _facts(op: str, args: tuple[Expr, ...], params: tuple[tuple[str, Param], ...]) -> Facts:
    values: dict[str, Any] = dict(params)
    if op == "const":
        value = values["value"]
        scale = ANY if value == 0.0 or not np.isfinite(value) else PLAIN
        return Facts("constant", scale, 0, 0, frozenset())
    if op == "column":
        return Facts(values["axis"], UNITS[values["unit"]], 0, 0, frozenset([values["name"]]))
    operator = OPERATORS[op]
    rows, warm = operator.history(values)
    axes = {arg.axis for arg in args}
    return Facts(
        axis="stock" if "stock" in axes else "market" if "market" in axes else "constant",
        scale=operator.scale(args),
        lookback=rows + max(arg.lookback for arg in args),
        warmup=warm + _warmup(op, args),
        columns=frozenset().union(*(arg.columns for arg in args)),
    )


def _warmup(op: str, args: tuple[Expr, ...]) -> int:
    """Rows before the arguments allow a value: some operators make do with one argument, or with none."""
    rows = [arg.warmup for arg in args if not arg.is_constant] or [0]
    if op in ("isnan", "fill"):
        return 0
    return min(rows) if op in ("fmin", "fmax") else max(rows)


def walk(roots: tuple[Expr, ...]) -> Iterator[Expr]:
    """Every distinct expression below ``roots``, arguments first; no recursion, formulas may be deep."""
    seen: set[Expr] = set()
    for root in roots:
        stack = [(root, False)]
        while stack:
            node, ready = stack.pop()
            if node in seen:
                continue
            if ready:
                seen.add(node)
                yield node
                continue
            stack.append((node, True))
            stack.extend((arg, False) for arg in reversed(node.args) if arg not in seen)
