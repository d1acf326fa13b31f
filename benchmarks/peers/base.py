"""What an adapter offers: modes, and jobs that compute expressions.

A job separates what is timed (`run`) from what is not (loading the panel in the peer's own layout, compiling,
turning the result into T x N arrays).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from jqfast.data.panel import Panel
from jqfast.features import Expr

Layout = Literal["plain", "frame", "blocked"]
Array = np.ndarray[Any, np.dtype[Any]]
Table = Mapping[str, Callable[..., Any]]


class Unsupported(Exception):  # noqa: N818 - not a mistake of anybody
    """The peer has no function for an operator."""


@dataclass(frozen=True)
class Mode:
    """One setting of a peer.

    ``layout``: "plain" T x N arrays, "frame" its own columns, "blocked" a layout of its own that has to be
    converted to and from (the conversion is not timed). ``reuses``: writes into memory it was given, so that
    no fresh pages are touched; it is compared with ours doing the same.
    """

    package: str
    label: str
    layout: Layout = "plain"
    dtype: Literal["float64", "float32"] = "float64"
    reuses: bool = False


@dataclass(frozen=True)
class Job:
    """One computation: ``run`` is timed, ``values`` turns its result into (name, (T, N) array) pairs."""

    run: Callable[[], Any]
    values: Callable[[Any], Mapping[str, Array]]
    close: Callable[[], None] = lambda: None


class Peer(Protocol):
    """An adapter's entry in one mode."""

    @property
    def mode(self) -> Mode: ...

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:
        """A job for these features; raises Unsupported when the peer lacks an operator."""
        ...


def evaluate(
    roots: Sequence[Expr], leaf: Callable[[str], Any], table: Table, *, number: Callable[[float], Any] = float
) -> list[Any]:
    """The translation of each expression: shared parts are computed once, as the peer's user would.

    ``table`` maps an operator to a function of the translated arguments and of the parameters by name.
    """
    done: dict[Expr, Any] = {}

    def value(expr: Expr) -> Any:
        if expr not in done:
            done[expr] = _one(expr)
        return done[expr]

    def _one(expr: Expr) -> Any:
        params = {name: what for name, what in expr.params if name != "grouped"}  # the last argument tells
        if expr.op == "const":
            return number(float(params["value"]))
        if expr.op == "column":
            return leaf(str(params["name"]))
        function = table.get(expr.op)
        if function is None:
            raise Unsupported(expr.op)
        return function(*(value(arg) for arg in expr.args), **params)

    return [value(root) for root in roots]


def check_supported(roots: Sequence[Expr], table: Table) -> None:
    """Raise Unsupported if some operator is not in the table; computes nothing."""
    evaluate(roots, lambda _: None, {name: lambda *_, **__: None for name in table})


def single(expr: Expr) -> tuple[str, list[str], dict[str, Any]]:
    """Operator, columns and parameters of an operator applied to columns; Unsupported for anything else."""
    if not expr.args or any(arg.op != "column" for arg in expr.args):
        raise Unsupported("composed expressions")
    if dict(expr.params).get("grouped"):
        raise Unsupported("groups")
    params = {name: what for name, what in expr.params if name != "grouped"}
    return expr.op, [str(dict(arg.params)["name"]) for arg in expr.args], params
