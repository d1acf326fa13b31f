"""The truth of a simulated market on the dates and stocks of a panel, and what parts it consists of.

Goes in: the truth beside a store and a panel of that store, or the years of a market that has just run. Comes
out: :class:`Planted`. Models never see it; evaluations compare with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from jqfast.data.panel import Panel
from jqfast.data.simulator import effects
from jqfast.data.simulator.state import Year
from jqfast.data.simulator.truth import Truth
from jqfast.data.stored.arrays import array, coded
from jqfast.types import AnyArray, CodeArray, DateArray, FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Planted:
    """What drives the stocks of a panel, all of it known at the close of its row.

    Parameters
    ----------
    drivers : name -> (T, N) float32 value
    expected : horizon -> (T, N) float32 expected log return from the next open to the close that many
        sessions ahead, less what all stocks share; like the drivers NaN where a stock is not listed
    flow : horizon -> (T,) what the foreign flow is expected to add up to until then
    strength : name -> drift per session and unit of driver, 0 where nothing is planted
    """

    drivers: Mapping[str, AnyArray]
    expected: Mapping[int, AnyArray]
    flow: Mapping[int, FloatArray]
    strength: Mapping[str, float]

    @property
    def anything(self) -> bool:
        """Whether there is anything to find."""
        return any(value != 0.0 for value in self.strength.values())

    def parts(self, horizon: int) -> dict[str, FloatArray]:
        """Name -> (T, N) share of the expectation; reversal and momentum, both of closes, are one part.

        The parts add up to ``expected[horizon]`` but for rounding.
        """
        times: dict[str, FloatArray | float] = {**effects.lasts(horizon)}
        first = self.flow[effects.HORIZONS[0]]
        ratio = np.divide(self.flow[horizon], first, out=np.zeros_like(first), where=first != 0.0)
        times["flow"] = ratio[:, None]
        out = {
            name: self.strength[name] * many * self.drivers[name].astype(np.float64)
            for name, many in times.items()
        }
        closes = self.expected[horizon] - sum(out.values())
        return {"+".join(effects.FROM_CLOSES): np.asarray(closes, np.float64), **out}

    def seen(self, horizon: int, drivers: Collection[str]) -> FloatArray:
        """(T, N) the expectation as far as it rests on some of the drivers."""
        wanted = set(drivers)
        parts = [part for name, part in self.parts(horizon).items() if wanted & set(name.split("+"))]
        return np.asarray(sum(parts, np.where(np.isfinite(self.expected[horizon]), 0.0, np.nan)))


def planted_on(panel: Panel, truth: Truth) -> Planted:
    """The truth of a simulated store on the axes of a panel of it.

    A code that was given again is two stocks, ``CODE`` and ``CODE.2``: a record belongs to the one that is
    listed on its date. NaN where the panel has a stock that is no member of its universe on that day.
    """
    table = truth.drivers(start=panel.dates[0], end=panel.dates[-1])
    rows = _rows(panel.dates, array(table["Date"]))
    columns = _columns(panel, rows, *coded(table["Code"]))
    kept = columns >= 0

    def grid(name: str) -> AnyArray:
        out = np.full(panel.shape, np.nan, np.float32)
        out[rows[kept], columns[kept]] = table[name].to_numpy()[kept]
        return out

    states = truth.states()
    place = np.maximum(_rows(array(states["Date"]), panel.dates), 0)
    return Planted(
        drivers={name: grid(name) for name in effects.DRIVERS},
        expected={h: grid(f"expected_{h}") for h in effects.HORIZONS},
        flow={h: states[f"flow_{h}"].to_numpy()[place] for h in effects.HORIZONS},
        strength=truth.strength,
    )


def planted_in(years: Iterable[Year], strength: Mapping[str, float]) -> Planted:
    """The truth of a market from its years, on all its sessions and issues."""
    years = tuple(years)
    drivers, expected = (
        np.concatenate([getattr(y, name) for y in years]) for name in ("drivers", "expected")
    )
    flow = np.concatenate([year.outlook for year in years])
    return Planted(
        drivers={name: drivers[:, k] for k, name in enumerate(effects.DRIVERS)},
        expected={h: expected[:, k] for k, h in enumerate(effects.HORIZONS)},
        flow={h: flow[:, k] for k, h in enumerate(effects.HORIZONS)},
        strength=strength,
    )


def _rows(dates: DateArray, days: DateArray) -> IntArray:
    """(n,) index of each day among ascending dates, -1 where it is none of them."""
    place = np.minimum(np.searchsorted(dates, days), len(dates) - 1)
    return np.where(dates[place] == days, place, -1)


def _columns(panel: Panel, rows: IntArray, labels: CodeArray, index: IntArray) -> IntArray:
    """(n,) column of the panel for each record, -1 where its stock is no member on that date."""
    lives: dict[str, list[int]] = {}
    for n, code in enumerate(panel.codes):
        lives.setdefault(code.partition(".")[0], []).append(n)
    out = np.full(len(rows), -1, np.int64)
    for k in range(max(map(len, lives.values()), default=0)):
        column = np.array([(lives.get(label, []) + [-1] * (k + 1))[k] for label in labels], np.int64)[index]
        here = (rows >= 0) & (column >= 0)
        here[here] = panel.listed[rows[here], column[here]]
        out[here] = column[here]
    return out
