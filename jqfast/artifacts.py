"""The data files of a run folder: features as one array, predictions and relevance as Parquet tables.

Each has a writer that leaves a whole file or none, and a reader that gives back the same bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jqfast.errors import DataGapError
from jqfast.runfolder import replacing, write_json
from jqfast.types import AnyArray, CodeArray, DateArray, Float32Array, IntArray

if TYPE_CHECKING:
    import pyarrow as pa

    from jqfast.features.result import FeaturePanel

SAMPLES = "features/samples.npy"
INDEX = "features/index.json"
PREDICTIONS = "predictions.parquet"
RELEVANCE = "relevance.parquet"


def write_samples(folder: Path, X: FeaturePanel) -> None:
    """Feature values (T, N, F) float32 and what their axes are; the index comes last and makes them count."""
    with replacing(folder / SAMPLES) as path, path.open("wb") as file:
        np.save(file, X.samples.reshape(len(X.dates), len(X.codes), len(X.names)))
    index = {
        "axes": ["date", "code", "feature"],
        "date": X.dates.astype(str),
        "code": X.codes,
        "feature": X.names,
    }
    write_json(folder / INDEX, {**index, "normalisation": X.norms, "normalised": X.normalized})


def read_samples(folder: Path, shape: tuple[int, int, int]) -> AnyArray:
    """The values (T, N, F) that :func:`write_samples` wrote, mapped from the file, not read into memory.

    Raises
    ------
    DataGapError
        If the file is cut or of another shape.
    """
    try:
        values: AnyArray = np.load(folder / SAMPLES, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise _damaged(folder / SAMPLES, str(error)) from error
    if values.shape != shape:
        raise _damaged(folder / SAMPLES, f"its shape is {values.shape}, not {shape}")
    return values


def write_scores(
    path: Path, dates: DateArray, codes: CodeArray, scores: Float32Array, names: list[str]
) -> None:
    """Long table of ``scores`` (Hn, T, N): date, code, a column per name; no rows without numbers."""
    rows, stocks = np.nonzero(np.isfinite(scores).any(axis=0))
    columns = {name: scores[i, rows, stocks] for i, name in enumerate(names)}
    _write(path, _long(dates[rows], codes, stocks, columns))


def read_scores(path: Path, dates: DateArray, codes: CodeArray, names: list[str]) -> Float32Array:
    """The (Hn, T, N) array that :func:`write_scores` wrote, NaN where the table has no row."""
    table = _read(path)
    rows, stocks = _cells(table, dates, codes)
    scores = np.full((len(names), len(dates), len(codes)), np.nan, dtype=np.float32)
    for i, name in enumerate(names):
        scores[i, rows, stocks] = table[name].to_numpy()
    return scores


def write_cells(
    path: Path,
    dates: DateArray,
    codes: CodeArray,
    values: Float32Array,
    columns: dict[str, AnyArray],
    names: list[str],
) -> None:
    """Long table of ``values`` (R, N, F), a column per name, further (R, N) ``columns`` before them."""
    rows, stocks = np.nonzero(np.isfinite(values).any(axis=2))
    further = {name: array[rows, stocks] for name, array in columns.items()}
    cells = values[rows, stocks]
    _write(
        path, _long(dates[rows], codes, stocks, {**further, **{n: cells[:, i] for i, n in enumerate(names)}})
    )


def read_cells(
    path: Path, codes: CodeArray, columns: list[str], names: list[str]
) -> tuple[DateArray, Float32Array, dict[str, AnyArray]]:
    """(dates, values, further columns) that :func:`write_cells` wrote."""
    table = _read(path)
    dates = np.unique(table["date"].to_numpy().astype("datetime64[D]"))
    rows, stocks = _cells(table, dates, codes)
    shape = (len(dates), len(codes))
    values = np.full((*shape, len(names)), np.nan, dtype=np.float32)
    for i, name in enumerate(names):
        values[rows, stocks, i] = table[name].to_numpy()
    further = {name: np.full(shape, np.nan, dtype=table[name].to_numpy().dtype) for name in columns}
    for name, array in further.items():
        array[rows, stocks] = table[name].to_numpy()
    return dates, values, further


def _long(dates: DateArray, codes: CodeArray, stocks: IntArray, columns: dict[str, AnyArray]) -> pa.Table:
    """A table with date and code before the columns."""
    import pyarrow as pa

    code = pa.DictionaryArray.from_arrays(
        pa.array(stocks.astype(np.int32)), pa.array(codes.tolist(), pa.string())
    )
    return pa.table({"date": pa.array(dates), "code": code, **{n: pa.array(v) for n, v in columns.items()}})


def _cells(table: pa.Table, dates: DateArray, codes: CodeArray) -> tuple[IntArray, IntArray]:
    """Row and stock of each line of a long table."""
    day = table["date"].to_numpy().astype("datetime64[D]")
    place = {code: i for i, code in enumerate(codes.tolist())}
    stocks = np.array([place[code] for code in table["code"].to_pylist()], dtype=np.int64)
    return np.searchsorted(dates, day), stocks


def _write(path: Path, table: pa.Table) -> None:
    import pyarrow.parquet as pq

    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def _read(path: Path) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path)
    except pa.ArrowInvalid as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, why: str) -> DataGapError:
    return DataGapError(f"`{path}` is damaged: {why}. Delete it; the same command then makes it again.")
