"""The data files of a run give back what was written, bit for bit, and damaged ones say so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from jqfast import artifacts
from jqfast.errors import DataGapError
from jqfast.explain.walk_forward import DailyRelevance, Relevance
from jqfast.features.result import FeaturePanel

DATES = np.array(["2024-01-04", "2024-01-05", "2024-01-09"], dtype="datetime64[D]")
CODES = np.array(["0", "1301", "285A", "7203"])


def _values(*shape: int) -> np.ndarray:
    values = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    values[..., 1] = np.nan
    return values


def test_samples(tmp_path: Path) -> None:
    buffer = _values(3, 4, 2)
    norms = {"a": "cs", "b": "ts"}
    artifacts.write_samples(tmp_path, FeaturePanel(("a", "b"), DATES, CODES, buffer, "sample", norms, True))
    back = artifacts.read_samples(tmp_path, (3, 4, 2))
    assert back.tobytes() == buffer.tobytes()
    with pytest.raises(DataGapError, match=r"samples\.npy` is damaged: its shape is \(3, 4, 2\)"):
        artifacts.read_samples(tmp_path, (3, 4, 3))


def test_samples_cut_in_half(tmp_path: Path) -> None:
    artifacts.write_samples(
        tmp_path, FeaturePanel(("a", "b"), DATES, CODES, _values(3, 4, 2), "sample", {}, True)
    )
    path = tmp_path / artifacts.SAMPLES
    path.write_bytes(path.read_bytes()[:150])
    with pytest.raises(DataGapError, match=r"samples\.npy` is damaged.*Delete it"):
        artifacts.read_samples(tmp_path, (3, 4, 2))


def test_scores(tmp_path: Path) -> None:
    scores = _values(2, 3, 4)
    scores[:, 0] = np.nan
    scores[0, 1, 2] = np.nan
    path = tmp_path / artifacts.PREDICTIONS
    artifacts.write_scores(path, DATES, CODES, scores, ["score_1d", "score_5d"])
    assert artifacts.read_scores(path, DATES, CODES, ["score_1d", "score_5d"]).tobytes() == scores.tobytes()
    table = pq.read_table(path)
    assert table.column_names == ["date", "code", "score_1d", "score_5d"]
    assert str(table["date"].type) == "date32[day]"
    assert set(table["code"].to_pylist()) == {"0", "285A", "7203"}
    assert len(table) == 2 * 3


def test_relevance(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(3, 4, 2)).astype(np.float32)
    values[:, 1] = np.nan
    share = np.where(np.isnan(values[..., 0]), np.nan, 0.25).astype(np.float32)
    means = {side: np.random.default_rng(2).normal(size=(3, 2)) for side in ("long", "short", "all")}
    stocks = {side: np.array([1, 0, 2]) for side in means}
    daily = DailyRelevance(DATES, means, np.abs(means["all"]), stocks, np.array([0.1, 0.2, 0.3]))
    given = Relevance(DATES, CODES, ("a", "b"), values, share, daily=daily)
    artifacts.write_relevance(tmp_path, given)
    back = artifacts.read_relevance(tmp_path, CODES, ("a", "b"))
    assert (back.dates == DATES).all()
    assert back.values.tobytes() == values.tobytes()
    assert np.array_equal(back.residual_share, share, equal_nan=True)
    assert back.daily is not None
    assert (back.daily.dates == DATES).all()
    for side, mean in means.items():
        assert np.array_equal(back.daily.mean[side], mean)
        assert np.array_equal(back.daily.stocks[side], stocks[side])
    assert np.array_equal(back.daily.size, daily.size)
    assert np.array_equal(back.daily.residual, daily.residual)
    assert back.features == ("a", "b")


def test_a_table_cut_in_half(tmp_path: Path) -> None:
    path = tmp_path / artifacts.PREDICTIONS
    artifacts.write_scores(path, DATES, CODES, _values(1, 3, 4), ["score_1d"])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataGapError, match=r"predictions\.parquet` is damaged"):
        artifacts.read_scores(path, DATES, CODES, ["score_1d"])
