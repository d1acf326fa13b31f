"""Features day by day: the state of a batch kept, one row in, one row out, the same bits.

    stream = jqfast.features.stream(panel, ["rsi", "ret_5"])
    today = stream.update("2026-02-09", row)      # milliseconds, whatever the history
    stream.save("features.state")

A stream computes what `panel` would on all dates seen so far, and gives the last one.
"""

from __future__ import annotations

import datetime
import os
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from jqfast.data.panel import Panel
from jqfast.features.api import Features, resolve
from jqfast.features.chunks import chunks, rows_of_chunk
from jqfast.features.execute import Dtype, check_options, compiled, thread_count
from jqfast.features.passes import Plan
from jqfast.features.result import FeatureRow
from jqfast.features.rows import Order, align, deliver
from jqfast.types import AnyArray, CodeArray, FloatArray, IntArray

if TYPE_CHECKING:
    import pandas as pd

    from jqfast import _core


class Recipe(NamedTuple):
    """What a stream computes; everything but the state."""

    names: tuple[str, ...]
    norms: Mapping[str, str]
    normalized: bool
    plan: Plan
    dtype: Dtype
    session_share: float


class Stream:
    """Features that go on from date to date; made by `stream` and `load_stream`, not by hand.

    ``codes`` are the stocks seen so far in the order of their columns: those of the first panel or row, then
    new ones as they came. A code that leaves keeps its column. One thread updates at a time; others wait.
    """

    def __init__(
        self,
        recipe: Recipe,
        program: _core.Plan,
        session: _core.Session,
        codes: CodeArray,
        date: np.datetime64 | None,
        *,
        threads: int,
    ) -> None:
        self._recipe, self._program, self._session = recipe, program, session
        self._order, self._date, self._threads = Order(codes), date, threads
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in the order of the results."""
        return self._recipe.names

    @property
    def codes(self) -> CodeArray:
        """(N,) the stocks, in the order of the results."""
        return self._order.codes

    @property
    def date(self) -> np.datetime64 | None:
        """The last date seen; None before the first."""
        return self._date

    @property
    def state_bytes(self) -> int:
        """Memory of the carried state."""
        return self._session.state_bytes

    def __repr__(self) -> str:
        F, N = len(self.names), len(self.codes)
        return f"Stream({F} features x {N} stocks, {self._session.rows} sessions, last date: {self._date})"

    def update(
        self,
        date: str | datetime.date | np.datetime64,
        row: Mapping[str, Any] | pd.DataFrame | Panel,
        *,
        codes: Sequence[str] | CodeArray | None = None,
    ) -> FeatureRow:
        """Add one date and compute its features.

        Parameters
        ----------
        date : after every earlier one
        row : columns of the date, named as in a panel (`close` is always needed): a mapping of arrays in the
            order of ``codes``, a DataFrame with one line per code (column ``code``, or the index), or a panel
            of one date. Market series are single numbers, groups may be text, calendar series come from the
            date. `listed` is optional; without it a stock is listed if it has a close or a volume, be it 0
        codes : the stocks of a mapping; None for those of the stream. Codes the stream has not seen are
            added, with a past in which everything was missing; codes that are not in the row are missing

        Returns
        -------
        FeatureRow with ``values`` (F, N): bit for bit the last row of `panel` over all dates so far. All NaN
        when too few listed stocks traded for a session; the state then stays as it is.

        Raises
        ------
        ValueError
            If the date is not after the last, a column is missing, or has the wrong length or type. The
            stream is then as it was before.
        """
        day = _day(date)
        recipe = self._recipe
        with self._lock:
            if self._date is not None and not day > self._date:
                raise ValueError(
                    f"`date` must be after {self._date}, the last date of the stream; got {day}."
                )
            today = align(deliver(day, row, codes), day, recipe.plan, self._order, recipe.session_share)
            values = np.empty((recipe.plan.outputs, 1, len(today.codes)), dtype=recipe.dtype)
            rows = np.zeros(int(today.is_session), dtype=np.int64)
            order = self._order if today.codes is self._order.codes else Order(today.codes)
            self._feed(today.inputs, rows, values, day, order)
        return FeatureRow(recipe.names, day, today.codes, values[:, 0], recipe.norms, recipe.normalized)

    def _feed(
        self, inputs: list[FloatArray], rows: IntArray, values: AnyArray, day: np.datetime64, order: Order
    ) -> None:
        """One row into the engine; date and codes follow the state even when Ctrl-C comes in between."""
        before = self._date, self._order, self._session.rows
        try:
            self._date, self._order = day, order
            self._session.feed(inputs, rows, values, "feature", self._threads)
        except BaseException:
            if self._session.rows == before[2]:
                self._date, self._order = before[:2]
            raise

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the stream to a file, whole or not at all; `load_stream` goes on from it.

        Raises
        ------
        OSError
            If the file cannot be written; what was at ``path`` is then still there.
        """
        from jqfast.features.streamfile import write_stream

        with self._lock:
            write_stream(Path(path), self._recipe, self.codes, self._date, self._session)


def stream(
    panel: Panel | None,
    features: Features = "all",
    *,
    normalize: bool = False,
    dtype: Dtype = "float32",
    threads: int | None = None,
    session_share: float | None = None,
) -> Stream:
    """Features that go on from date to date.

    Parameters
    ----------
    panel : the past, T sessions and N stocks; None to begin with nothing
    features, normalize, dtype, threads : as for `panel`; without a panel a set stands for its price features
    session_share : a date on which a smaller share of the listed stocks traded is no session; None for the
        panel's, 0.05 without one

    Returns
    -------
    Stream that has seen every date of ``panel``. Norms that have to be fitted are outside of it: it gives
    what goes into `jqfast.features.normalize.Fitted.apply`.

    Raises
    ------
    ValueError
        If a name is unknown, a column is missing, or an option is not legal.
    """
    check_options(dtype, "feature")
    share = session_share if session_share is not None else 0.05 if panel is None else panel.session_share
    if not 0.0 <= share <= 1.0:
        raise ValueError(
            f"`session_share` must be between 0 and 1, a share of the listed stocks; got {share}."
        )
    from jqfast import _core

    request = resolve(features, None if panel is None else panel.columns)
    plan, program = compiled(request.prepared(normalize))
    recipe = Recipe(request.names, request.norm_of, normalize, plan, dtype, share)
    codes = np.array([], dtype=np.str_) if panel is None else panel.codes
    session = _core.Session(program, len(codes))
    count = thread_count(threads)
    date = None
    if panel is not None and len(panel.dates):
        past = panel if share == panel.session_share else _with_share(panel, share)
        rows = rows_of_chunk(plan, len(codes), dtype)
        for _ in chunks(past, plan, session, rows=rows, dtype=dtype, layout="feature", threads=count):
            pass  # the past is wanted for the state it leaves
        date = panel.dates[-1]
    return Stream(recipe, program, session, codes, date, threads=count)


def load_stream(path: str | os.PathLike[str], *, threads: int | None = None) -> Stream:
    """The stream that `Stream.save` wrote; any instruction set and number of threads goes on with it.

    Raises
    ------
    DataGapError
        If the file is cut, damaged, or of another format.
    OSError
        If it cannot be read.
    """
    from jqfast.features.streamfile import read_stream

    recipe, program, session, codes, date = read_stream(Path(path))
    return Stream(recipe, program, session, codes, date, threads=thread_count(threads))


def _with_share(panel: Panel, share: float) -> Panel:
    from dataclasses import replace

    return replace(panel, session_share=share)


def _day(date: object) -> np.datetime64:
    try:
        day = np.array([date], dtype="datetime64[D]")[0]
    except (TypeError, ValueError) as error:
        raise ValueError(f"`date` must be a date such as 2026-02-09; got {date!r}.") from error
    if np.isnat(day):
        raise ValueError(f"`date` must be a date such as 2026-02-09; got {date!r}.")
    return day  # type: ignore[no-any-return]
