"""The result of a feature run: one array, and views of it for every taste."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jqfast.errors import unknown
from jqfast.features.execute import Layout
from jqfast.types import AnyArray, CodeArray, DateArray

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

#: Cells per row group of a Parquet file; bounds the memory that writing needs.
ROW_GROUP = 1 << 20


@dataclass(frozen=True, eq=False)
class FeaturePanel:
    """F features on T sessions and N stocks.

    ``buffer`` is the array as computed, (F, T, N) in the feature layout and (T, N, F) in the sample layout.
    Missing is NaN. ``norms`` tells the declared treatment of each feature, ``normalized`` whether the
    per-date ones have been applied, ``notes`` which features of a set the panel has no columns for.
    """

    names: tuple[str, ...]
    dates: DateArray
    codes: CodeArray
    buffer: AnyArray
    layout: Layout
    norms: Mapping[str, str]
    normalized: bool = False
    notes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """(F, T, N)."""
        return len(self.names), len(self.dates), len(self.codes)

    @property
    def values(self) -> AnyArray:
        """(F, T, N) view, contiguous in the feature layout."""
        return self.buffer if self.layout == "feature" else self.buffer.transpose(2, 0, 1)

    @property
    def samples(self) -> AnyArray:
        """(T x N, F) view, contiguous in the sample layout; row ``t * N + n`` is stock n on session t."""
        F, T, N = self.shape
        if self.layout == "sample":
            return self.buffer.reshape(T * N, F)
        return self.buffer.reshape(F, T * N).T

    def __getitem__(self, name: str) -> AnyArray:
        """(T, N) view of one feature.

        Raises
        ------
        ValueError
            If there is no such feature; the message names the closest.
        """
        if name not in self.names:
            raise unknown("feature", name, self.names)
        return self.values[self.names.index(name)]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        F, T, N = self.shape
        kind = f"{self.buffer.dtype}, {self.layout} layout"
        absent = "".join(f" {note}" for note in self.notes)
        return f"FeaturePanel({F} features x {T} sessions x {N} stocks, {kind}){absent}"

    def to_wide(self, name: str) -> pd.DataFrame:
        """One feature as a DataFrame: dates down, codes across."""
        import pandas as pd

        index = pd.DatetimeIndex(self.dates, name="date")
        return pd.DataFrame(self[name], index=index, columns=pd.Index(self.codes, name="code"))

    def to_frame(self) -> pd.DataFrame:
        """All features as a DataFrame with a (date, code) index and one column a feature, all T x N cells."""
        import pandas as pd

        levels = [pd.DatetimeIndex(self.dates), pd.Index(self.codes)]
        index = pd.MultiIndex.from_product(levels, names=["date", "code"])
        return pd.DataFrame(self.samples, index=index, columns=list(self.names), copy=False)

    def to_arrow(self) -> pa.Table:
        """All features as an Arrow table: ``date``, ``code``, one column a feature; NaN stays NaN."""
        return self._arrow(0, len(self.dates))

    def _arrow(self, start: int, stop: int) -> pa.Table:
        import pyarrow as pa

        T, N = stop - start, len(self.codes)
        days = np.repeat(self.dates[start:stop].astype("datetime64[D]").astype(np.int32), N)
        columns = {
            "date": pa.array(days, type=pa.int32()).cast(pa.date32()),
            "code": pa.array(list(self.codes), type=pa.string()).take(pa.array(np.tile(np.arange(N), T))),
        }
        for f, name in enumerate(self.names):
            columns[name] = pa.array(self.values[f, start:stop].reshape(T * N))
        return pa.table(columns)

    def to_parquet(self, path: str | os.PathLike[str]) -> None:
        """Write the Arrow table to ``path``: under a temporary name first, renamed when complete.

        Raises
        ------
        OSError
            If the file cannot be written (no permission, disk full); nothing is left at ``path`` then.
        """
        import pyarrow.parquet as pq

        target = Path(path)
        step = max(1, ROW_GROUP // max(1, len(self.codes)))
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
        os.close(handle)
        try:
            schema = self._arrow(0, 0).schema
            with pq.ParquetWriter(temporary, schema, compression="zstd") as writer:
                for start in range(0, len(self.dates), step):
                    writer.write_table(self._arrow(start, min(start + step, len(self.dates))))
            os.replace(temporary, target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


@dataclass(frozen=True, eq=False)
class FeatureRow:
    """F features of one date and N stocks; ``values`` is (F, N), NaN where missing."""

    names: tuple[str, ...]
    date: np.datetime64
    codes: CodeArray
    values: AnyArray
    norms: Mapping[str, str]
    normalized: bool = False

    @property
    def shape(self) -> tuple[int, int]:
        """(F, N)."""
        return len(self.names), len(self.codes)

    def __getitem__(self, name: str) -> AnyArray:
        """(N,) view of one feature.

        Raises
        ------
        ValueError
            If there is no such feature; the message names the closest.
        """
        if name not in self.names:
            raise unknown("feature", name, self.names)
        return self.values[self.names.index(name)]  # type: ignore[no-any-return]

    def __repr__(self) -> str:
        F, N = self.shape
        return f"FeatureRow({F} features x {N} stocks on {self.date}, {self.values.dtype})"

    def to_frame(self) -> pd.DataFrame:
        """One line per code, one column a feature."""
        import pandas as pd

        index = pd.Index(self.codes, name="code")
        return pd.DataFrame(self.values.T, index=index, columns=list(self.names), copy=False)
