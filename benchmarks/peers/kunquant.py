"""KunQuant: the graph is built from our expressions, compiled with g++ before the clock starts.

Modes: its natural T x N layout ("TS") and its blocked one ("STs", inputs and outputs in blocks of stocks, the
conversion not timed), float64 and float32, and for float64 both the exact statistics and the default fast
ones, which are wrong on series with gaps. Where it matters both vector widths are compiled and the faster is
kept. Results go into memory it was given. Compiled graphs are kept in the user's cache folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import KunQuant.ops as ko
import numpy as np
from KunQuant.Driver import KunCompilerConfig
from KunQuant.jit import cfake
from KunQuant.Op import Builder, ConstantOp, Input, OpBase, Output, Rank
from KunQuant.predefined.Alpha158 import AllData
from KunQuant.runner import KunRunner
from KunQuant.Stage import Function

from benchmarks.machine import measure, pinned_threads
from benchmarks.peers import kunquant_cross
from benchmarks.peers.base import Array, Job, Mode, Unsupported, evaluate
from benchmarks.peers.kunquant_cross import Demean, DemeanBy, Winsorize, ZScore, ZScoreBy
from jqfast.data.panel import Panel
from jqfast.features import Expr

TYPES = {"float64": "double", "float32": "float"}


def _windowed(op: Callable[..., OpBase]) -> Callable[..., OpBase]:
    def build(x: OpBase, *, window: int, min_periods: int) -> OpBase:  # noqa: ARG001 - it has no such choice
        return op(x, window)

    return build


def _paired(op: Callable[..., OpBase]) -> Callable[..., OpBase]:
    def build(x: OpBase, y: OpBase, *, window: int, min_periods: int) -> OpBase:  # noqa: ARG001
        return op(x, window, y)

    return build


def _beta(x: OpBase, y: OpBase, *, window: int, min_periods: int) -> OpBase:  # noqa: ARG001
    return ko.WindowedCovariance(x, window, y) / ko.WindowedVar(y, window)


def _keeping_nan(op: Callable[..., OpBase]) -> Callable[..., OpBase]:
    """Its maximum takes the second argument when the first is missing; NaN has to win on either side."""

    def build(a: Any, b: Any) -> OpBase:
        left, right = (ConstantOp(x) if isinstance(x, float) else x for x in (a, b))
        if isinstance(a, float):
            left, right = right, left
        both = op(left, right)
        return ko.Select(ko.Equals(left, left), both, left)

    return build


def _flag(op: Callable[..., OpBase]) -> Callable[..., OpBase]:
    """1 or 0; a missing value compares as false, as `fill(a > b, 0)` says."""
    return lambda a, b: ko.Select(op(a, b), ConstantOp(1.0), ConstantOp(0.0))


TABLE: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "neg": lambda a: 0.0 - a,
    "abs": ko.Abs,
    "log": ko.Log,
    "sqrt": ko.Sqrt,
    "maximum": _keeping_nan(ko.Max),
    "minimum": _keeping_nan(ko.Min),
    "gt": _flag(ko.GreaterThan),
    "lt": _flag(ko.LessThan),
    "fill": lambda x, value: ko.SetInfOrNanToValue(x, value),
    "clip": lambda x, low, high: ko.Max(ko.Min(x, ConstantOp(high)), ConstantOp(low)),
    "lag": lambda x, window: ko.BackRef(x, window),
    "ema": lambda x, window, min_periods: ko.ExpMovingAvg(x, window),  # noqa: ARG005
    "wilder": lambda x, window, min_periods: ko.ExpMovingAvg(x, 2 * window - 1),  # noqa: ARG005 - the same alpha
    "ts_sum": _windowed(ko.WindowedSum),
    "ts_mean": _windowed(ko.WindowedAvg),
    "ts_var": _windowed(ko.WindowedVar),
    "ts_std": _windowed(ko.WindowedStddev),
    "ts_skew": _windowed(ko.WindowedSkew),
    "ts_kurt": _windowed(ko.WindowedKurt),
    "ts_min": _windowed(ko.WindowedMin),
    "ts_max": _windowed(ko.WindowedMax),
    "ts_argmax": lambda x, window, min_periods: float(window) - ko.TsArgMax(x, window),  # noqa: ARG005
    "ts_argmin": lambda x, window, min_periods: float(window) - ko.TsArgMin(x, window),  # noqa: ARG005
    "ts_rank": lambda x, window, min_periods: ko.TsRank(x, window) / float(window),  # noqa: ARG005
    "ts_quantile": lambda x, q, window, min_periods: ko.WindowedQuantile(x, window, q),  # noqa: ARG005
    "ts_corr": _paired(ko.WindowedCorrelation),
    "ts_cov": _paired(ko.WindowedCovariance),
    "ts_beta": _beta,
    "ts_slope": _windowed(ko.WindowedLinearRegressionSlope),
    "ts_rsquare": _windowed(ko.WindowedLinearRegressionRSqaure),
    "ts_resid": _windowed(ko.WindowedLinearRegressionResi),
    "cs_rank": Rank,
    "cs_zscore": lambda x, by=None: ZScore(x) if by is None else ZScoreBy(x, by),
    "cs_demean": lambda x, by=None: Demean(x) if by is None else DemeanBy(x, by),
    "cs_winsorize": lambda x, low, high: Winsorize(x, low, high),
}


def _graph(features: Mapping[str, Expr]) -> Function:
    """The graph of all features; parts they share are shared."""
    builder = Builder()
    with builder:
        leaves: dict[str, OpBase] = {}
        results = evaluate(list(features.values()), lambda name: leaves.setdefault(name, Input(name)), TABLE)
        for name, result in zip(features, results, strict=True):
            Output(result, name)
    return Function(builder.ops)


def _own_alpha158() -> Function:
    """The set as the package itself defines it."""
    builder = Builder()
    with builder:
        names = {"open": "open", "close": "close", "high": "high", "low": "low", "volume": "volume"}
        data = AllData(**{key: Input(name) for key, name in names.items()}, amount=Input("turnover"))
        prices = [("OPEN", data.open), ("HIGH", data.high), ("LOW", data.low), ("VWAP", data.vwap)]
        config = {"kbar": {}, "price": {"windows": [0], "feature": prices}, "rolling": {}}
        for result, name in zip(*data.build(config), strict=True):
            Output(result, name)
    return Function(builder.ops)


class KunQuant:
    """One mode; ``exact`` is `no_fast_stat`. Sets are computed by all modes, single operations by some."""

    def __init__(self, label: str, layout: str, dtype: Any, *, exact: bool, sets_only: bool = False) -> None:
        self.mode = Mode("kunquant", label, "plain" if layout == "TS" else "blocked", dtype, reuses=True)
        self.layout, self.exact, self.sets_only = layout, exact, sets_only

    def job(self, panel: Panel, features: Mapping[str, Expr], threads: int) -> Job:
        """The job at the vector width and with the crew that are faster; the 158 are its own definitions.

        The calling thread works, or waits busily, beside the crew: one worker less keeps to ``threads``.
        """
        is_set = len(features) > 1
        if self.sets_only and not is_set:
            raise Unsupported("single operations in this mode")
        build = _own_alpha158 if "KMID" in features else partial(_graph, features)
        widths = (8, 4) if self.mode.dtype == "float64" else (16, 8)
        both = is_set or self.mode.label == "Kun TS exact"
        fitting = [w for w in widths if self.layout == "TS" or panel.shape[1] % w == 0]
        modules = [(width, self._module(build, width)) for width in (fitting if both else fitting[:1])]
        outputs = list(modules[0][1].getOutputNames())
        memory = np.zeros((len(outputs), panel.shape[0] * panel.shape[1]), self.mode.dtype)
        columns = sorted({op.attrs["name"] for op in build().ops if isinstance(op, Input)})
        crews = [_executor(workers, threads) for workers in sorted({max(1, threads - 1), threads})]
        jobs = [
            self._ready(panel, columns, module, width, memory, crew)
            for width, module in modules
            for crew in crews
        ]
        return min(jobs, key=_second_run) if len(jobs) > 1 else jobs[0]

    def _ready(
        self, panel: Panel, columns: list[str], module: Any, width: int, memory: Array, crew: Any
    ) -> Job:
        T, N = panel.shape
        inputs = {name: self._in(panel[name], width) for name in columns}
        shape = (T, N) if self.layout == "TS" else (N // width, T, width)
        names = list(module.getOutputNames())
        target = {name: part.reshape(shape) for name, part in zip(names, memory, strict=True)}

        def run() -> Mapping[str, Array]:
            return KunRunner.runGraph(crew, module, inputs, 0, T, target)

        return Job(run, lambda result: {name: self._out(result[name], (T, N)) for name in names})

    def _in(self, values: Array, width: int) -> Array:
        x = np.ascontiguousarray(values, self.mode.dtype)
        if self.layout == "TS":
            return x
        T, N = x.shape
        return np.ascontiguousarray(x.reshape(T, N // width, width).transpose(1, 0, 2))

    def _out(self, values: Array, shape: tuple[int, int]) -> Array:
        return values if self.layout == "TS" else values.transpose(1, 0, 2).reshape(shape)

    def _module(self, build: Callable[[], Function], width: int) -> Any:
        """Compiled, or loaded when the same graph was compiled before for this processor."""
        dtype = TYPES[self.mode.dtype]
        settings = f"{version('KunQuant')} {self.layout} {dtype} {width} {self.exact} {_processor()}"
        bodies = Path(kunquant_cross.__file__).read_text()  # a graph only names our operators
        key = hashlib.sha256(f"{build()} {settings} {bodies}".encode()).hexdigest()[:24]
        folder = _cache() / key
        library = folder / "graph" / f"graph.{'so' if os.name == 'posix' else 'dll'}"
        if not library.exists():
            config = KunCompilerConfig(
                dtype=dtype,
                blocking_len=width,
                input_layout=self.layout,
                output_layout=self.layout,
                split_source=10,
                options={"no_fast_stat": True if self.exact else "no_warn"},
            )
            folder.mkdir(parents=True, exist_ok=True)
            with contextlib.redirect_stdout(io.StringIO()):
                cfake.compileit(
                    [("graph", build(), config)], "graph", cfake.CppCompilerConfig(), str(folder),
                    keep_files=True, load=False,
                )  # fmt: skip
        return _loaded(str(library))


def _second_run(job: Job) -> float:
    job.run()
    return measure(job.run, seconds=0.0, rounds=1).median


@cache
def _loaded(path: str) -> Any:
    return KunRunner.Library.load(path).getModule("graph")


@cache
def _executor(workers: int, threads: int) -> Any:
    with pinned_threads(threads):
        return KunRunner.createMultiThreadExecutor(workers)


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "") or Path.home() / ".cache"
    return Path(base) / "jqfast-benchmarks" / "kunquant"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line for line in lines if line.startswith("flags")), "")


PEERS = (
    KunQuant("Kun TS exact", "TS", "float64", exact=True),
    KunQuant("Kun TS fast", "TS", "float64", exact=False),
    KunQuant("Kun TS f32", "TS", "float32", exact=True, sets_only=True),
    KunQuant("Kun STs exact", "STs", "float64", exact=True, sets_only=True),
    KunQuant("Kun STs fast", "STs", "float64", exact=False, sets_only=True),
    KunQuant("Kun STs f32", "STs", "float32", exact=True),
)
