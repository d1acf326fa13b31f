"""A simulated market as a store with every table.

Steps: the market runs year by year in one thread while another turns the year before into tables and appends
them; the tables of documents come at the end, the truth last. A store without its truth was not finished.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from jqfast.data.simulator import truth
from jqfast.data.simulator.config import SimulateConfig
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.overseas import macro_table
from jqfast.data.simulator.sessions import OUTAGE
from jqfast.data.simulator.state import Year
from jqfast.data.simulator.tables import Tables
from jqfast.data.simulator.truth import Truth
from jqfast.data.store import Store, Writer
from jqfast.types import FloatArray

EXTERNAL = "external"
#: Tables without rows on the day of the outage.
_SILENT = ("markets_short_ratio", "markets_breakdown")
#: What trades on a holiday belongs to the next session, so that these have no rows on holidays.
_DERIVATIVES = ("futures", "options", "options_225")
#: Bytes of a table that wait for more of it: the smallest append costs as many file operations as a large.
_SHELF = 64 * 2**20


def write(
    path: str | Path, config: SimulateConfig | None = None, *, progress: Callable[[str], None] | None = None
) -> Truth:
    """Simulate a market and write it as a store.

    Parameters
    ----------
    path : folder of the store, new or empty
    config : the market; default: 300 stocks, 8 years, planted effects
    progress : called with a few words at each year and at the end

    Returns
    -------
    Truth
        What is planted and what the oracle reaches, as kept in ``<path>/truth``.

    Raises
    ------
    ValueError
        If the folder holds something already.

    Notes
    -----
    Every table of the API is there, with its field names and types and a column ``true_available_at`` (UTC);
    the table of morning bars, which the API has for today alone, has the last session. Statements, details
    and dividends begin two years before the first session. ``<path>/external/macro_daily.parquet`` holds
    currencies, overseas indices, commodities and yields with their ``available_at``.
    """
    config, path, tell = config or SimulateConfig(), Path(path), progress or (lambda _: None)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f"`{path}` must be a new or an empty folder; it holds something. Name another.")
    market = Market(config)
    store = Store(path, create=True)
    with store.writing() as writer, ThreadPoolExecutor(1, thread_name_prefix="simulate") as pool:
        clerk = _Clerk(market, path, writer)
        pending: Future[None] | None = None
        for year in market.years():
            if pending is not None:
                pending.result()  # no more than two years in memory
            pending = pool.submit(clerk.year, year)
            tell(str(year.dates[0])[:4])
        if pending is not None:
            pending.result()
        tell("documents")
        return clerk.finish()


class _Clerk:
    """Appends the tables of the years, then those of the whole span, then the truth."""

    def __init__(self, market: Market, path: Path, writer: Writer) -> None:
        self._market, self._path, self._writer = market, path, writer
        self._tables, self._oracle = Tables(market), truth.Oracle()
        self._waiting: dict[str, list[Any]] = {}
        self._moves: list[FloatArray] = []
        self._outlooks: list[FloatArray] = []
        # The same config gives the same files: rows are stamped with the end of the span, not with now.
        self._stamp = dt.datetime.combine(market.config.end, dt.time(23, 59), dt.UTC)

    def year(self, year: Year) -> None:
        """Take in one year."""
        for name, rows in self._tables.year(year):
            self._waiting.setdefault(name, []).append(rows)
            if sum(part.nbytes for part in self._waiting[name]) >= _SHELF:
                self._append(name)
        truth.write_drivers(self._path, self._market, year)
        self._oracle.add(self._market, year)
        self._moves.append(year.market)
        self._outlooks.append(year.outlook)

    def finish(self) -> Truth:
        """Append what is left, and write the truth."""
        for name in tuple(self._waiting):
            self._append(name)
        for name, rows in self._tables.whole():
            self._waiting[name] = [rows]
            self._append(name)
        self._complete()
        folder = self._path / EXTERNAL
        folder.mkdir(exist_ok=True)
        market = self._market
        macro = macro_table(market.overseas, market.sessions, market.rng["delivery"])
        _write(folder / "macro_daily.parquet", macro)
        moves, outlook = np.concatenate(self._moves), np.concatenate(self._outlooks)
        return truth.write_truth(self._path, self._market, moves, outlook, self._oracle.ic())

    def _complete(self) -> None:
        """Mark the days on which a table has no rows by its nature, as a sync of the API does."""
        sessions = self._market.sessions
        holidays = sessions.days[(sessions.kind == 3) & (sessions.days <= sessions.dates[-1])]
        empty = dict.fromkeys(_SILENT, sessions.dates[sessions.dates == OUTAGE])
        empty |= {f"derivatives_bars_daily_{kind}": holidays for kind in _DERIVATIVES}
        for name, days in empty.items():
            self._writer.append(name, [], unit=days.astype(str).tolist(), fetched_at=self._stamp)

    def _append(self, name: str) -> None:
        """Append what waits of a table."""
        import pyarrow as pa

        self._writer.append(name, pa.concat_tables(self._waiting.pop(name)), fetched_at=self._stamp)


def _write(path: Path, rows: Any) -> None:
    """A Parquet file under a temporary name, then renamed."""
    import pyarrow.parquet as pq

    partial = path.with_suffix(".partial")
    pq.write_table(rows, partial, compression="zstd")
    partial.replace(path)
