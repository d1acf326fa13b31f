"""What is measured, and the goal of each work: the figures table of the engine.

A work is a dictionary of expressions, computed by us and, translated, by every peer that can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Literal

import jqfast.features as f
from benchmarks.alpha158 import alpha158
from benchmarks.bundle60 import bundle60, garman_klass, parkinson, rogers_satchell, rsi, yang_zhang
from benchmarks.engine import skips
from benchmarks.engine.skips import Skip
from jqfast.features import Expr

WINDOWS = (5, 20, 60)
Rival = Literal[
    "right", "pandas", "polars", "bottleneck", "rest", "kunquant", "kunquant any", "kunquant exact"
]
Features = Mapping[str, Expr]


@dataclass(frozen=True)
class Goal:
    """At least ``times`` as fast as the best of the rivals; see `engine.compare` for who they are."""

    rival: Rival
    times: float


@dataclass(frozen=True)
class Work:
    """One line of the table.

    ``variants`` are the same work under other rules for missing values: a peer that has no `min_periods` is
    right when it agrees with one of them. ``skip`` names cells that are not compared. ``absent`` names peers
    left out, because they would take minutes.
    """

    name: str
    claim: str
    features: Callable[[], Features]
    goals: tuple[Goal, ...] = ()
    tolerance: float = 1e-6  # generous to the peers: drift of running sums is no gap
    dtype: Literal["float64", "float32"] = "float64"
    variants: tuple[Callable[[], Features], ...] = ()
    skip: Skip | None = None
    absent: frozenset[str] = field(default_factory=frozenset)
    is_set: bool = False


def works() -> Iterator[Work]:
    """Every work whose operators exist, in the order of the table."""
    for group in (_rolling, _order, _cross, _indicators, _sets):
        for work in group():
            try:
                work.features()
            except (AttributeError, TypeError):  # an operator that this build does not have
                continue
            yield work


def _one(name: str, build: Callable[[], Expr]) -> Callable[[], Features]:
    return lambda: {name: build()}


def _call(operator: str, *arguments: Any) -> Expr:
    """The operator by name, looked up late: a build may not have it yet."""
    built: Expr = getattr(f, operator)(*arguments)
    return built


_O1 = (Goal("right", 2.0), Goal("pandas", 10.0))


def _rolling() -> Iterator[Work]:
    x, y = f.close, f.volume
    yield Work("log", "elementwise", _one("log", partial(_call, "log", x)), (Goal("right", 2.0),))
    for w in WINDOWS:
        for name in ("mean", "std", "skew", "kurt", "min", "max", "rank"):
            build = partial(_call, f"ts_{name}", x, w)
            skip = skips.flat(w, "close") if name in ("skew", "kurt") else None
            yield Work(f"{name}:{w}", "rolling", _one(name, build), _O1, skip=skip)
        both = skips.flat(w, "close", "volume")
        for name in ("corr", "beta"):
            build = partial(_call, f"ts_{name}", x, y, w)
            yield Work(f"{name}:{w}", "rolling", _one(name, build), _O1, skip=both)
        for name in ("slope", "intercept", "resid"):
            lines = tuple(_one(name, partial(_call, f"ts_{name}", x, w, m)) for m in (w, 2))
            yield Work(f"{name}:{w}", "rolling", lines[0], _O1, variants=lines[1:])
        averages = [_one("ewm", lambda m=m, w=w: f.ema(x, w, m)) for m in (w, 1)]
        averages += [_one("ewm", lambda w=w: f.where(f.isnan(x), float("nan"), f.ema(x, w)))]
        yield Work(f"ewm:{w}", "rolling", averages[0], _O1, variants=tuple(averages[1:]))


def _order() -> Iterator[Work]:
    goals = (Goal("bottleneck", 2.0), Goal("rest", 8.0))
    for w in WINDOWS:
        yield Work(f"median:{w}", "order", _one("median", lambda w=w: f.ts_median(f.close, w)), goals)
        for q in (0.1, 0.8):
            build = partial(_call, "ts_quantile", f.close, w, q)
            yield Work(f"quantile{q}:{w}", "order", _one("q", build), goals)
        yield Work(f"mad:{w}", "order", _one("mad", partial(_call, "ts_mad", f.close, w)), goals)
    slow = frozenset({"pandas"})
    for w in WINDOWS:
        for name, column, largest in (("argmax", "high", True), ("argmin", "low", False)):
            build = partial(_call, f"ts_{name}", f.column(column), w)
            tied = skips.ties(w, column, largest=largest)
            goal = (Goal("right", 2.0),)
            yield Work(f"{name}:{w}", "order", _one(name, build), goal, absent=slow, skip=tied)


def _cross() -> Iterator[Work]:
    x, sector = f.close, f.column("sector")
    fast = (Goal("kunquant", 2.0),)
    rank = (Goal("kunquant", 6.0), Goal("polars", 6.0))
    yield Work("cs_rank", "cross", _one("rank", lambda: f.cs_rank(x)), rank)
    yield Work("cs_z", "cross", _one("z", lambda: f.cs_zscore(x)), fast)
    yield Work("cs_winz", "cross", _one("winz", lambda: f.cs_zscore(f.cs_winsorize(x))), fast)
    yield Work("cs_gz", "cross", _one("gz", lambda: f.cs_zscore(x, by=sector)), fast)
    yield Work("cs_gdemean", "cross", _one("gdemean", lambda: f.cs_demean(x, by=sector)), fast)


def _indicators() -> Iterator[Work]:
    daily = f.ratio(f.close, 1) - 1.0
    expressions: dict[str, Callable[[], Expr]] = {
        "rsi14": lambda: rsi(14),
        "park60": lambda: parkinson(60),
        "gk60": lambda: garman_klass(60),
        "rs60": lambda: rogers_satchell(60),
        "yz60": lambda: yang_zhang(60),
        "amihud20": lambda: f.ts_mean(f.abs_(daily) / f.turnover, 20),
    }
    for name, build in expressions.items():
        yield Work(name, "indicators", _one(name, build), _O1)


def _sets() -> Iterator[Work]:
    goals = (Goal("kunquant any", 3.0), Goal("kunquant exact", 6.0), Goal("pandas", 40.0))
    yield Work("bundle60", "sets", bundle60, goals, dtype="float32", skip=skips.first_session, is_set=True)
    plain = partial(bundle60, zscored=False)
    yield Work("bundle60_nocs", "sets", plain, goals, dtype="float32", is_set=True)
    own = (Goal("kunquant any", 5.0),)
    slow = frozenset({"pandas"})
    yield Work(
        "alpha158", "sets", alpha158, own, dtype="float32", skip=skips.alpha158, absent=slow, is_set=True
    )
