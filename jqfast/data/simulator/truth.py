"""The truth behind a simulated store: what drives the stocks, how strongly, and what the oracle reaches.

Kept beside the tables, in ``<store>/truth``: ``truth.json`` with the strengths and the oracle's information
coefficient, ``drivers/year=YYYY.parquet`` with each driver and the expected label of every listed stock and
session, ``states.parquet`` with the hidden states of the market. Nothing but tests and evaluations reads it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.simulator import effects
from jqfast.data.simulator.columns import Text
from jqfast.data.simulator.config import SimulateConfig
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.state import Year
from jqfast.errors import DataGapError
from jqfast.types import AnyArray, FloatArray

FOLDER = "truth"
_SUMMARY = "truth.json"
_HORIZON = 5
#: Sessions at the start of which the drivers are not yet filled.
_WARM_UP = effects.MOMENTUM + 1


@dataclass(frozen=True, eq=False)
class Truth:
    """What is true of a simulated store.

    Parameters
    ----------
    path : the store
    config : what was asked for
    strength : driver -> drift per session and unit, 0 where nothing is planted
    oracle_ic : mean over dates of the rank correlation between the oracle's expectation and the 5-day log
        return from the next open, without dividends, over all listed stocks; NaN where nothing is planted
    """

    path: Path
    config: Mapping[str, Any]
    strength: Mapping[str, float]
    oracle_ic: float

    def drivers(self, *, start: Any = None, end: Any = None) -> Any:
        """Arrow table: Date, Code, the value of each driver at the close, and ``expected_<h>``.

        The last is the expected log return from the next open to the close h sessions ahead, less what all
        stocks share.
        """
        import pyarrow.dataset as ds

        where = None
        for name, day in (("start", start), ("end", end)):
            if day is not None:
                value = np.datetime64(day, "D").astype(object)
                bound = ds.field("Date") >= value if name == "start" else ds.field("Date") <= value
                where = bound if where is None else where & bound
        files = sorted((self.path / FOLDER / "drivers").glob("*.parquet"))
        return ds.dataset([str(f) for f in files]).to_table(filter=where)

    def states(self) -> Any:
        """Arrow table: Date, the hidden ``stress``, its ``probability`` given the skews so far, ``skew``,
        ``flow`` of foreigners in force at the close and ``flow_<h>``, what it is expected to add up to over
        the next h sessions; the ``market``'s own move."""
        import pyarrow.parquet as pq

        return pq.read_table(self.path / FOLDER / "states.parquet")


def is_simulated(path: str | Path) -> bool:
    """Whether a folder holds a simulated store, written to its end: its truth is the last file."""
    return (Path(path) / FOLDER / _SUMMARY).is_file()


def read_truth(path: str | Path) -> Truth:
    """The truth of a simulated store.

    Raises
    ------
    DataGapError
        If the store is not a simulated one.
    """
    if not is_simulated(path):
        raise DataGapError(
            f"There is no truth in `{path}`: it was not written by `jqfast simulate`, or not to its end."
        )
    content = json.loads((Path(path) / FOLDER / _SUMMARY).read_text(encoding="utf-8"))
    ic = content["oracle_ic"]
    return Truth(Path(path), content["config"], content["strength"], float("nan") if ic is None else ic)


class Oracle:
    """Gathers prices and expectations; ``ic`` scores them at the end."""

    def __init__(self) -> None:
        self._open: list[AnyArray] = []
        self._close: list[AnyArray] = []
        self._expected: list[AnyArray] = []

    def add(self, market: Market, year: Year) -> None:
        """Take in a year, in single precision."""
        with np.errstate(invalid="ignore"):
            self._open.append(np.log(year.prices[:, 0] / year.adjustment).astype(np.float32))
            self._close.append(np.log(year.capital / market.issues.shares).astype(np.float32))
        self._expected.append(year.expected[:, effects.HORIZONS.index(_HORIZON)])

    def ic(self) -> float:
        """Mean rank correlation over dates; NaN where nothing is expected of any stock."""
        opened, close = np.concatenate(self._open), np.concatenate(self._close)
        score = np.concatenate(self._expected)
        found = []
        for t in range(_WARM_UP, len(close) - _HORIZON):
            label = close[t + _HORIZON] - opened[t + 1]
            known = np.isfinite(label) & np.isfinite(score[t])
            if int(known.sum()) > 2 and float(np.ptp(score[t][known])) > 0:
                found.append(_rank_correlation(score[t][known], label[known]))
        return float(np.mean(found)) if found else float("nan")


def _rank_correlation(a: AnyArray, b: AnyArray) -> float:
    ranks = [np.argsort(np.argsort(x, kind="stable"), kind="stable").astype(np.float64) for x in (a, b)]
    x, y = (r - r.mean() for r in ranks)
    return float((x @ y) / np.sqrt((x @ x) * (y @ y)))


def write_drivers(path: Path, market: Market, year: Year) -> None:
    """The drivers of one year."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    s, n = np.nonzero(year.listed)
    code = Text(market.issues.code, n)
    columns: dict[str, Any] = {
        "Date": pa.array(year.dates[s]),
        "Code": pa.DictionaryArray.from_arrays(
            pa.array(code.index.astype(np.int32)), pa.array(list(code.labels))
        ),
    }
    for k, name in enumerate(effects.DRIVERS):
        columns[name] = pa.array(year.drivers[:, k][s, n])
    for k, h in enumerate(effects.HORIZONS):
        columns[f"expected_{h}"] = pa.array(year.expected[:, k][s, n])
    folder = path / FOLDER / "drivers"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"year={str(year.dates[0])[:4]}.parquet"
    partial = file.with_suffix(".partial")
    pq.write_table(pa.table(columns), partial, compression="zstd", use_byte_stream_split=False)
    partial.replace(file)


def write_truth(path: Path, market: Market, moves: FloatArray, outlook: FloatArray, ic: float) -> Truth:
    """States and the summary, the last files of a simulated store."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder = path / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    flows, stress = market.foreigners, market.stress
    flow = np.where(flows.published >= 0, flows.flow[np.maximum(flows.published, 0)], 0.0)
    states = {"Date": market.sessions.dates, "stress": stress.state, "probability": stress.probability}
    states |= {"skew": stress.skew, "flow": flow, "market": moves}
    states |= {f"flow_{h}": outlook[:, k] for k, h in enumerate(effects.HORIZONS)}
    partial = folder / "states.partial"
    pq.write_table(pa.table({name: pa.array(values) for name, values in states.items()}), partial)
    partial.replace(folder / "states.parquet")
    config = {name: str(v) if name == "end" else v for name, v in asdict(market.config).items()}
    content = {"config": config, "strength": market.strength, "oracle_ic": None if np.isnan(ic) else ic}
    partial = folder / "truth.partial"
    partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    partial.replace(folder / _SUMMARY)
    return Truth(path, config, market.strength, ic)


def describe(config: SimulateConfig) -> str:
    """One line about a market."""
    kind = "planted effects" if config.planted else f"null market ({config.null})"
    return f"{config.stocks} issues, {config.start} to {config.end}, {kind}, seed {config.seed}"
