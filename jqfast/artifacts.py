"""The data files of a run folder: features as one array, predictions and relevance as Parquet tables.

Each has a writer that leaves a whole file or none, and a reader that gives back the same bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from jqfast.errors import DataGapError
from jqfast.files import replacing
from jqfast.runfolder import write_json
from jqfast.types import AnyArray, CodeArray, DateArray, Float32Array, IntArray

if TYPE_CHECKING:
    import pyarrow as pa

    from jqfast.explain.walk_forward import DailyRelevance, Relevance
    from jqfast.features.result import FeaturePanel

SAMPLES = "features/samples.npy"
INDEX = "features/index.json"
PREDICTIONS = "predictions.parquet"
RELEVANCE = "relevance.parquet"
RELEVANCE_DAILY = "relevance_daily.parquet"
TRUST = "trust.json"

_SIZE = "size"


def write_samples(folder: Path, X: FeaturePanel) -> None:
    """Feature values (T, N, F) float32 and what their axes are; the index comes last and makes them count."""
    values = np.ascontiguousarray(X.samples.reshape(len(X.dates), len(X.codes), len(X.names)))
    with replacing(folder / SAMPLES) as path, path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, np.lib.format.header_data_from_array_1_0(values))
        file.write(values.data)  # np.save would tell of a full disk without saying that it is full
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


def write_relevance(folder: Path, relevance: Relevance) -> None:
    """Two tables: the dates kept whole, one row per stock; and every date, one row per side."""
    rows, stocks = np.nonzero(np.isfinite(relevance.values).any(axis=2))
    cells = relevance.values[rows, stocks]
    columns = {"residual_share": relevance.residual_share[rows, stocks]}
    columns |= {name: cells[:, i] for i, name in enumerate(relevance.features)}
    _write(folder / RELEVANCE, _long(relevance.dates[rows], relevance.codes, stocks, columns))
    if relevance.daily is not None:
        _write(folder / RELEVANCE_DAILY, _daily_table(relevance.daily, relevance.features))


def read_relevance(folder: Path, codes: CodeArray, features: tuple[str, ...]) -> Relevance:
    """What :func:`write_relevance` wrote."""
    from jqfast.explain.walk_forward import Relevance

    table = _read(folder / RELEVANCE)
    dates = np.unique(table["date"].to_numpy().astype("datetime64[D]"))
    rows, stocks = _cells(table, dates, codes)
    share = np.full((len(dates), len(codes)), np.nan, dtype=np.float32)
    share[rows, stocks] = table["residual_share"].to_numpy()
    values = np.full((len(dates), len(codes), len(features)), np.nan, dtype=np.float32)
    for i, name in enumerate(features):
        values[rows, stocks, i] = table[name].to_numpy()
    return Relevance(
        dates=dates,
        codes=codes,
        features=features,
        values=values,
        residual_share=share,
        daily=_read_daily(_read(folder / RELEVANCE_DAILY), features),
    )


def _daily_table(daily: DailyRelevance, features: tuple[str, ...]) -> pa.Table:
    """Per date a row for the mean of each side, and one for `size`, the mean absolute value of all."""
    import pyarrow as pa

    sides = {**daily.mean, _SIZE: daily.size}
    D = len(daily.dates)
    stocks = [daily.stocks["all" if side == _SIZE else side] for side in sides]
    stacked = np.concatenate(list(sides.values()))
    return pa.table(
        {
            "date": pa.array(np.tile(daily.dates, len(sides))),
            "side": pa.array(np.repeat(list(sides), D).tolist(), pa.string()),
            "stocks": pa.array(np.concatenate(stocks)),
            "residual_share": pa.array(np.tile(daily.residual, len(sides))),
            **{name: pa.array(stacked[:, i]) for i, name in enumerate(features)},
        }
    )


def _read_daily(table: pa.Table, features: tuple[str, ...]) -> DailyRelevance:
    from jqfast.explain.walk_forward import DailyRelevance

    side = np.array(table["side"].to_pylist())
    values = np.stack([table[name].to_numpy() for name in features], axis=1)
    stocks = table["stocks"].to_numpy()
    names = [name for name in dict.fromkeys(side.tolist()) if name != _SIZE]
    one = side == names[0]
    return DailyRelevance(
        dates=table["date"].to_numpy()[one].astype("datetime64[D]"),
        mean={name: values[side == name] for name in names},
        size=values[side == _SIZE],
        stocks={name: stocks[side == name] for name in names},
        residual=table["residual_share"].to_numpy()[one],
    )


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
