"""``python -m benchmarks.engine.operators``: every operator of the registry on its own, without peers.

    python -m benchmarks.engine.operators [--only ts_,cs_] [--size 2500x2000]

One table: milliseconds on one thread and on two, how much faster two are, and the bytes moved (columns read,
result written) as a share of what copying reaches on the same threads. The goal for two threads is 1.8 times
one, but for operators above 80 % of the copy. The record of a full run is appended to
`benchmarks/results/operators.json`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

os.environ["JQFAST_PIN"] = "1"

import numpy as np

import jqfast.features as f
from benchmarks.engine.table import conditions, render
from benchmarks.machine import copy_bandwidth, measure
from benchmarks.panels import medium
from benchmarks.record import keep
from jqfast.data.panel import Panel
from jqfast.features import Expr, ops
from jqfast.features.operators import OPERATORS

W, THREADS = 20, 2
SCALING, NEAR_COPY = 1.8, 0.8
HEADER = ("operator", "1 thread ms", f"{THREADS} threads ms", "scaling", "of the copy", "")

_X, _Y, _PLAIN = f.close, f.volume, f.close / f.open_
_FLAG, _OTHER = f.close > f.open_, f.high > f.close

#: Operators whose arguments are not just one or two prices and a window.
_SPECIAL: Mapping[str, Callable[[], Expr]] = {
    "add": lambda: _X + f.open_,
    "sub": lambda: _X - f.open_,
    "mul": lambda: _X * _Y,
    "div": lambda: _X / _Y,
    "neg": lambda: -_X,
    "power": lambda: _X**1.5,
    "lt": lambda: f.close < f.open_,
    "le": lambda: f.close <= f.open_,
    "gt": lambda: f.close > f.open_,
    "ge": lambda: f.close >= f.open_,
    "and": lambda: _FLAG & _OTHER,
    "or": lambda: _FLAG | _OTHER,
    "not": lambda: ~_FLAG,
    "abs": lambda: f.abs_(_X),
    "exp": lambda: f.exp(_PLAIN),
    "tanh": lambda: f.tanh(_PLAIN),
    "where": lambda: f.where(_FLAG, _X, f.open_),
    "fill": lambda: f.fill(_X, 0.0),
    "clip": lambda: f.clip(_X, 100.0, 1000.0),
    "lag": lambda: f.lag(_X, W),
    "streak": lambda: f.streak(_FLAG),
    "since": lambda: f.since(_FLAG),
    "last_valid": lambda: f.last_valid(_X, W),
    "ts_product": lambda: f.ts_product(_PLAIN, W),
    "ts_quantile": lambda: f.ts_quantile(_X, W, 0.8),
    "expanding_product": lambda: f.expanding_product(_PLAIN),
    "cs_bucket": lambda: f.cs_bucket(_X, 10),
    "cs_neutralize": lambda: f.cs_neutralize(_X, f.log(_Y)),
    **{f"cs_rank_{how}": partial(f.cs_rank, _X, method=how) for how in ("min", "dense", "first")},
}


def expressions() -> dict[str, Expr]:
    """Operator -> an expression whose outermost operator it is, for every operator of the registry."""
    return {name: _usual(name) for name in OPERATORS}


def _usual(name: str) -> Expr:
    if name in _SPECIAL:
        return _SPECIAL[name]()
    operator, function = OPERATORS[name], getattr(ops, name)
    columns = (_X, _Y) if operator.axis == "time" else (_X, f.open_)
    if operator.instruction == "periods":  # the most work: every session a period of its own
        columns = (_X, f.expanding_count(_X))
    window = (W,) if "window" in operator.params else ()
    built: Expr = function(*columns[: operator.arity], *window)
    return built


def measured(panel: Panel, expr: Expr, copy_gb_s: float) -> dict[str, Any]:
    """Times on one thread and on all, into memory of ours."""
    out = np.zeros((1, *panel.shape))
    ms = {}
    for threads in (1, THREADS):
        run = partial(f.panel, panel, {"x": expr}, dtype="float64", threads=threads, out=out)
        run()
        ms[threads] = measure(run, seconds=0.25, rounds=3).median
    moved = (sum(panel[name].nbytes for name in expr.columns) + out.nbytes) / 1e6
    share = moved / ms[THREADS] / copy_gb_s
    scaling = ms[1] / ms[THREADS]
    return {
        "one_ms": round(ms[1], 3),
        "ms": round(ms[THREADS], 3),
        "scaling": round(scaling, 2),
        "of_copy": round(share, 2),
        "met": scaling >= SCALING or share >= NEAR_COPY,
    }


def main() -> None:
    """Measure, print, append."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engine.operators", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--only", default="", help="beginnings of names, separated by commas")
    parser.add_argument("--size", default="2500x2000", help="sessions x stocks; only the default is saved")
    options = parser.parse_args()
    T, N = (int(part) for part in options.size.split("x"))
    panel = medium(T, N)
    where = conditions(THREADS, panel)
    found = {
        name: measured(panel, expr, copy_bandwidth(THREADS, seconds=0.05))
        for name, expr in expressions().items()
        if name.startswith(tuple(options.only.split(",")))
    }
    print(render([_line(name, entry) for name, entry in found.items()], HEADER))
    if not options.only and options.size == "2500x2000":
        keep("operators", {**where, "operators": found})


def _line(name: str, entry: dict[str, Any]) -> tuple[str, ...]:
    word = "" if entry["met"] else "MISS"
    times = f"{entry['one_ms']:.2f}", f"{entry['ms']:.2f}", f"{entry['scaling']:.2f}"
    return (name, *times, f"{entry['of_copy']:.0%}", word)


if __name__ == "__main__":
    main()
