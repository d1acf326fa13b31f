"""Means by group and streams to Parquet: what they hold is what whole relevances hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from jqfast.explain import DenseNet, LstmLayer, LstmNet, lrp, lrp_means, lrp_to_parquet

RNG = np.random.default_rng(0)
NET = DenseNet(
    [RNG.standard_normal((6, 4)), RNG.standard_normal((4, 3))],
    [RNG.standard_normal(4), RNG.standard_normal(3)],
    ["tanh", "linear"],
)
LSTM = LstmNet(
    [LstmLayer(RNG.standard_normal((6, 20)), RNG.standard_normal((5, 20)) / 2, RNG.standard_normal(20))],
    DenseNet([RNG.standard_normal((5, 1))], None, ["linear"]),
)
X = RNG.standard_normal((5000, 6)).astype(np.float32)
GROUPS = RNG.integers(-1, 4, 5000)


@pytest.mark.parametrize("net", [NET, LSTM], ids=["dense", "lstm"])
def test_means_are_those_of_the_relevances(net: Any) -> None:
    x = X if net is NET else X.reshape(-1, 2, 6)
    groups = GROUPS[: len(x)]
    means = lrp_means(net, x, groups, count=5)
    whole = lrp(net, x)
    for group in range(4):
        own = whole.relevance[groups == group].astype(np.float64)
        np.testing.assert_allclose(means.mean[group], own.mean(axis=0), rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(means.size[group], np.abs(own).mean(axis=0), rtol=1e-12)
        assert means.count[group] == len(own)
    assert means.count[4] == 0
    assert np.isnan(means.mean[4]).all()
    np.testing.assert_array_equal(means.prediction, whole.prediction)
    np.testing.assert_array_equal(means.residual, whole.residual)
    assert means.note == whole.note
    assert means.scale == whole.scale


def test_threads_do_not_change_a_bit_of_a_mean() -> None:
    one, seven = (lrp_means(NET, X, GROUPS, threads=n) for n in (1, 7))
    np.testing.assert_array_equal(one.mean, seven.mean)
    np.testing.assert_array_equal(one.size, seven.size)


def test_panels_outputs_and_missing_samples() -> None:
    x = X.reshape(50, 100, 6).copy()
    x[3, 7, 2] = np.nan
    groups = np.repeat(np.arange(50)[:, None], 100, axis=1)
    means = lrp_means(NET, x, groups, output=[1, 0], missing="nan")
    assert means.mean.shape == (2, 50, 6)
    assert means.count[3] == 99
    assert (np.delete(means.count, 3) == 100).all()
    whole = lrp(NET, x, output=[1, 0], missing="nan").relevance
    np.testing.assert_allclose(
        means.mean, np.nanmean(whole, axis=2, dtype=np.float64), rtol=1e-11, atol=1e-14
    )
    with pytest.raises(ValueError, match=r"sample \(3, 7\) has nan in input 2"):
        lrp_means(NET, x, groups)


@pytest.mark.parametrize(
    ("groups", "count", "match"),
    [
        (GROUPS[:9], None, "`groups` must be integers of the shape of the samples"),
        (GROUPS * 1.0, None, "got float64 of shape"),
        (GROUPS, 2, "`count` must be at least 4"),
    ],
)
def test_groups_that_do_not_fit(groups: np.ndarray, count: int | None, match: str) -> None:
    with pytest.raises(ValueError, match=match):
        lrp_means(NET, X, groups, count=count)


def test_a_file_holds_the_whole_relevances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jqfast.explain.means._CHUNK", 6 * 700)  # eight chunks
    names = list("abcdef")
    path = tmp_path / "relevance.parquet"
    lrp_to_parquet(NET, X, path, names=names, keys={"code": np.arange(5000)}, output=1)
    table = pq.read_table(path)
    whole = lrp(NET, X, output=1)
    for i, name in enumerate(names):
        np.testing.assert_array_equal(table[name].to_numpy(), whole.relevance[:, i])
    np.testing.assert_array_equal(table["prediction"].to_numpy(), whole.prediction)
    np.testing.assert_array_equal(table["residual"].to_numpy(), whole.residual)
    np.testing.assert_array_equal(table["code"].to_numpy(), np.arange(5000))
    assert table.schema.metadata[b"relevance"].startswith(b"Rule epsilon; relevance is in units of")
    assert [file.name for file in tmp_path.iterdir()] == ["relevance.parquet"]


def test_sequences_are_summed_over_their_sessions(tmp_path: Path) -> None:
    path = tmp_path / "relevance.parquet"
    lrp_to_parquet(LSTM, X[:40].reshape(8, 5, 6), path, names=list("abcdef"))
    whole = lrp(LSTM, X[:40].reshape(8, 5, 6)).relevance.sum(axis=1)
    np.testing.assert_array_equal(pq.read_table(path)["c"].to_numpy(), whole[:, 2])


def test_a_refused_call_leaves_no_file(tmp_path: Path) -> None:
    bad = X.copy()
    bad[4000, 1] = np.inf
    with pytest.raises(ValueError, match="has inf in input `b`"):
        lrp_to_parquet(NET, bad, tmp_path / "r.parquet", names=list("abcdef"))
    with pytest.raises(ValueError, match="`names` must name the inputs"):
        lrp_to_parquet(NET, X, tmp_path / "r.parquet", names=["a"])
    assert not list(tmp_path.iterdir())
