"""bottleneck: plain T x N arrays, blocks of stocks in threads (its functions release the interpreter lock).

The age of an extreme and the place of a rank are turned into ours inside the job: bottleneck reports ranks
on [-1, 1].
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import bottleneck as bn

from benchmarks.peers.base import Array, Job, Mode, Unsupported
from benchmarks.peers.columns import block_job
from jqfast.data.panel import Panel
from jqfast.features import Expr


def _move(function: Callable[..., Array], **fixed: Any) -> Callable[..., Array]:
    def compute(x: Array, *, window: int, min_periods: int) -> Array:
        return function(x, window, min_count=min_periods, axis=0, **fixed)

    return compute


def _median(x: Array, *, q: float, window: int, min_periods: int) -> Array:
    if q != 0.5:
        raise Unsupported("quantile")
    return bn.move_median(x, window, min_count=min_periods, axis=0)


def _rank(x: Array, *, window: int, min_periods: int) -> Array:
    place = bn.move_rank(x, window, min_count=min_periods, axis=0)  # -1 lowest, 1 highest of a full window
    place *= 0.5 * (window - 1.0) / window
    place += 0.5 * (window + 1.0) / window
    return place


TABLE: dict[str, Callable[..., Any]] = {
    "ts_sum": _move(bn.move_sum),
    "ts_mean": _move(bn.move_mean),
    "ts_std": _move(bn.move_std, ddof=1),
    "ts_var": _move(bn.move_var, ddof=1),
    "ts_min": _move(bn.move_min),
    "ts_max": _move(bn.move_max),
    "ts_argmax": _move(bn.move_argmax),
    "ts_argmin": _move(bn.move_argmin),
    "ts_rank": _rank,
    "ts_quantile": _median,
    "cs_rank": lambda x: bn.nanrankdata(x, axis=1) / (~(x != x)).sum(axis=1, keepdims=True),
}

#: Operators along the other axis: a thread takes a block of dates.
CROSS = frozenset({"cs_rank"})


class Bottleneck:
    """Blocks of stocks, one per thread."""

    mode = Mode("bottleneck", "bottleneck")

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:
        for expr in features.values():
            if dict(expr.params).get("q", 0.5) != 0.5:
                raise Unsupported("quantile")
        return block_job(panel, features, TABLE, threads, by_date=CROSS)


PEERS = (Bottleneck(),)
