"""The front door: requests, layouts, outputs in every form, and refusals that say what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from jqfast import features
from jqfast.data.panel import Panel
from jqfast.features import Family, close, column, cs_zscore, dow, lag, ts_mean, volume
from jqfast.features.execute import execute
from jqfast.features.reference import evaluate

PAIR = ["ret_5", "rsi"]


def _panel(T: int = 30, N: int = 5, seed: int = 0) -> Panel:
    rng = np.random.default_rng(seed)
    close_ = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((T, N)), axis=0))
    spread = 1 + 0.01 * rng.random((T, N))
    columns = {
        "open": close_ * spread,
        "high": close_ * spread * 1.01,
        "low": close_ / 1.02,
        "close": close_,
        "volume": rng.integers(1, 100, (T, N)) * 100.0,
        "turnover": rng.integers(1, 100, (T, N)) * 1e5,
        "adjustment": np.ones((T, N)),
    }
    dates = pd.bdate_range("2024-01-04", periods=T).to_numpy().astype("datetime64[D]")
    codes = np.array([f"{1300 + n}" for n in range(N)])
    return Panel(dates, codes, columns, np.ones((T, N), dtype=bool))


def test_a_request_by_name_list_mapping_or_set() -> None:
    panel = _panel()
    assert features.panel(panel, "rsi").names == ("rsi",)
    assert features.panel(panel, PAIR).names == ("ret_5", "rsi")
    assert features.panel(panel, "technical").names == features.names("technical")
    mixed = features.panel(panel, {"mine": ts_mean(close, 5) / close, "theirs": "rsi"})
    assert mixed.names == ("mine", "theirs")
    np.testing.assert_array_equal(mixed["theirs"], features.panel(panel, "rsi").values[0])
    assert features.panel(panel, [close / lag(close, 5)]).names == ("close / lag(close, 5)",)


def test_values_are_those_of_the_formula() -> None:
    panel = _panel()
    x = ts_mean(close, 5) / close - volume / lag(volume, 1)
    got = features.panel(panel, {"x": x}, dtype="float64")
    np.testing.assert_allclose(got.values[0], evaluate(x, panel.columns), rtol=1e-14, atol=1e-15)
    rounded = features.panel(panel, {"x": x})
    np.testing.assert_array_equal(rounded.values, got.values.astype(np.float32))


def test_layouts_hold_the_same_values() -> None:
    panel = _panel()
    by_feature, by_sample = (features.panel(panel, PAIR, layout=layout) for layout in ("feature", "sample"))
    np.testing.assert_array_equal(by_feature.values, by_sample.values)
    np.testing.assert_array_equal(by_feature.samples, by_sample.samples)
    assert by_feature.values.shape == (2, 30, 5) == by_sample.shape
    assert by_sample.samples.shape == (150, 2)
    assert by_feature.values.strides[2] == by_feature.values.itemsize  # rows may be padded
    assert by_sample.samples.flags.c_contiguous
    np.testing.assert_array_equal(by_sample.samples[7 * 5 + 3], by_sample.values[:, 7, 3])


def test_frames_and_tables() -> None:
    panel = _panel()
    X = features.panel(panel, PAIR)
    frame = X.to_frame()
    assert frame.index.names == ["date", "code"]
    assert list(frame.columns) == PAIR
    wide = X.to_wide("rsi")
    pd.testing.assert_frame_equal(frame["rsi"].unstack("code"), wide, check_names=False, check_freq=False)
    assert wide.loc["2024-02-01", "1303"] == X["rsi"][20, 3]
    table = X.to_arrow()
    assert table.column_names == ["date", "code", *PAIR]
    assert str(table.schema.field("date").type) == "date32[day]"
    assert table.num_rows == 150
    np.testing.assert_array_equal(table["rsi"].to_numpy(), X["rsi"].ravel())
    assert table["code"][3].as_py() == "1303"


def test_parquet_is_whole_or_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    X = features.panel(_panel(), PAIR)
    path = tmp_path / "x.parquet"
    monkeypatch.setattr("jqfast.features.result.ROW_GROUP", 20)  # several row groups
    X.to_parquet(path)
    assert pq.read_metadata(path).num_row_groups > 1
    pd.testing.assert_frame_equal(pq.read_table(path).to_pandas(), X.to_arrow().to_pandas())

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        X.to_parquet(tmp_path / "y.parquet")
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


def test_normalising_appends_the_declared_transform() -> None:
    panel = _panel()
    X = features.panel(panel, ["ret_5", "dow_sin", "ret_hv_5"], normalize=True, dtype="float64")
    assert X.norms == {"ret_5": "cs", "dow_sin": "unit", "ret_hv_5": "log"}
    expected = execute(panel, [cs_zscore(close / lag(close, 5) - 1)], dtype="float64")[0]
    np.testing.assert_array_equal(X["ret_5"], expected)
    rows = X["ret_hv_5"][10:]
    np.testing.assert_allclose(rows.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(rows.std(axis=1, ddof=1), 1, rtol=1e-12)


def test_expressions_of_ones_own_are_normalised_by_axis() -> None:
    X = features.panel(_panel(), {"a": close / lag(close, 1), "b": dow}, normalize=True)
    assert dict(X.norms) == {"a": "cs", "b": "ts"}
    np.testing.assert_array_equal(X["b"][:, 0], np.array([3, 4, 0, 1, 2] * 6, dtype=np.float32))


def test_a_declared_family_keeps_its_norms() -> None:
    mine = Family("mine")
    mine.add("gap_{k}", lambda k: close / lag(close, k) - 1, k=(2, 3), norm="rank", doc="d")
    X = features.panel(_panel(), list(mine), normalize=True)
    assert dict(X.norms) == {"gap_2": "rank", "gap_3": "rank"}


def test_dates_without_trade_are_no_sessions() -> None:
    panel = _panel()
    holed = {name: np.insert(values, 12, np.nan, axis=0) for name, values in panel.columns.items()}
    dates = np.insert(panel.dates, 12, panel.dates[12] - 1)
    dates[12] = panel.dates[11] + np.timedelta64(1, "D")
    dates[13:] = panel.dates[12:] + np.timedelta64(10, "D")
    listed = np.ones((31, 5), dtype=bool)
    X = features.panel(Panel(dates, panel.codes, holed, listed), PAIR)
    assert np.isnan(X.values[:, 12]).all()
    plain = features.panel(panel, PAIR).values
    np.testing.assert_array_equal(np.delete(X.values, 12, axis=1), plain)


def test_output_into_memory_of_ones_own() -> None:
    panel = _panel()
    out = np.zeros((2, 30, 5), dtype=np.float32)
    X = features.panel(panel, PAIR, out=out)
    assert X.values is out
    sample = np.zeros((30, 5, 2))
    X = features.panel(panel, PAIR, out=sample, layout="sample", dtype="float64")
    np.testing.assert_array_equal(X.values.astype(np.float32), out)


@pytest.mark.parametrize(
    ("out", "message"),
    [
        (np.zeros((2, 30, 4), dtype=np.float32), "`out` must be a \\(2, 30, 5\\) float32 array; got"),
        (np.zeros((2, 30, 5)), "float32 array; got .*float64"),
        (np.zeros((30, 5, 2), dtype=np.float32).transpose(2, 0, 1), "C-contiguous"),
        ([1, 2], "got list"),
    ],
)
def test_output_that_does_not_fit(out, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        features.panel(_panel(), PAIR, out=out)


def test_output_that_is_input() -> None:
    panel = _panel()
    with pytest.raises(ValueError, match="must not overlap"):
        features.panel(panel, {"x": close / 2}, out=panel["close"][None], dtype="float64")
    frozen = np.zeros((1, 30, 5))
    frozen.setflags(write=False)
    with pytest.raises(ValueError, match="writeable"):
        features.panel(panel, {"x": close / 2}, out=frozen, dtype="float64")


@pytest.mark.parametrize(
    ("request_", "error", "message"),
    [
        ("rsii", ValueError, "Unknown feature or set `rsii`\\. Did you mean `rsi`"),
        (["ret_5", "ret_5"], ValueError, "names `ret_5` more than once"),
        ([], ValueError, "at least one feature; got none"),
        ({}, ValueError, "at least one feature; got none"),
        (close, TypeError, 'Write \\{"my_name": expression\\}'),
        ({"a": 5}, TypeError, "Feature `a` must be a name, an expression or a Feature; got int"),
        ({"a": column("roe") * 2}, ValueError, "The panel has no column `roe`.*It has: open, high"),
        ({"a": column("closing") * 2}, ValueError, "no column `closing`"),
        ({"a": column("close", market=True) * 2}, ValueError, "used as a market series"),
    ],
)
def test_requests_that_cannot_be(request_, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        features.panel(_panel(), request_)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"dtype": "float16"}, ValueError, "Unknown dtype `float16`"),
        ({"layout": "features"}, ValueError, "Unknown layout `features`\\. Did you mean `feature`"),
        ({"threads": 0}, ValueError, "`threads` must be from 1 to 1024; got 0"),
        ({"threads": 2000}, ValueError, "got 2000"),
        ({"threads": 1.5}, TypeError, "`threads` must be an integer"),
    ],
)
def test_options_that_cannot_be(options: dict[str, object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        features.panel(_panel(), PAIR, **options)


def test_categories_are_no_numbers() -> None:
    panel = _panel()
    sector = np.zeros((30, 5), dtype=np.int16)
    labelled = Panel(
        panel.dates,
        panel.codes,
        {**panel.columns, "sector33": sector},
        panel.listed,
        {"sector33": ("Fishery",)},
    )
    with pytest.raises(ValueError, match="`sector33` is a category"):
        features.panel(labelled, {"a": column("sector33") + 1})


@pytest.mark.parametrize(("T", "N"), [(0, 3), (3, 0), (1, 1), (2, 1)])
def test_panels_of_almost_nothing(T: int, N: int) -> None:
    full = _panel(5, 4)
    columns = {name: np.ascontiguousarray(values[:T, :N]) for name, values in full.columns.items()}
    panel = Panel(full.dates[:T], full.codes[:N], columns, full.listed[:T, :N])
    assert features.panel(panel, "all").values.shape == (len(features.names("all", panel.columns)), T, N)
    X = features.panel(panel, PAIR, normalize=True)
    assert len(X.to_frame()) == T * N == X.to_arrow().num_rows


def test_market_columns_are_given_to_every_stock() -> None:
    panel = _panel().with_columns(index=np.arange(30.0))
    x = column("index", market=True)
    got = features.panel(panel, {"x": x - lag(x, 2)}, dtype="float64").values[0]
    np.testing.assert_array_equal(got[2:], 2.0)
