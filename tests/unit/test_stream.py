"""A stream's front: what a row may be, what is refused and leaves it unchanged, its file."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from jqfast import features
from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.features import Stream, close, column, cs_rank, cs_zscore, dow, lag, ts_mean, ts_std, volume

T, N = 40, 5
ASKED = {
    "ret": close / lag(close, 1) - 1,
    "calm": ts_std(close / lag(close, 1), 20, 5),
    "weekday": ts_mean(dow, 3, 1) * volume,
    "group": cs_zscore(close, by="sector"),
}


@pytest.fixture
def panel() -> Panel:
    rng = np.random.default_rng(0)
    prices = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((T, N)), axis=0))
    sector = np.broadcast_to(np.array([0, 1, 0, 1, -1], dtype=np.int16), (T, N)).copy()
    columns = {"close": prices, "volume": rng.integers(1, 9, (T, N)) * 100.0, "sector": sector}
    dates = pd.bdate_range("2024-01-04", periods=T).to_numpy().astype("datetime64[D]")
    codes = np.array([f"{1300 + n}" for n in range(N)])
    return Panel(dates, codes, columns, np.ones((T, N), dtype=bool), {"sector": ("bank", "food")})


def _row(panel: Panel, t: int) -> dict[str, Any]:
    return {name: values[t] for name, values in panel.columns.items()}


def _same(got: np.ndarray, want: np.ndarray) -> None:
    np.testing.assert_array_equal(np.ascontiguousarray(got), np.ascontiguousarray(want))


def _state(stream: Stream, folder: Path) -> bytes:
    stream.save(folder / "probe")
    return (folder / "probe").read_bytes()


def test_a_row_may_be_a_mapping_a_frame_or_a_panel(panel: Panel) -> None:
    want = features.panel(panel, ASKED).values
    stream = features.stream(panel.rows(0, 30), ASKED, threads=1)
    assert repr(stream) == f"Stream(4 features x 5 stocks, 30 sessions, last date: {panel.dates[29]})"
    _same(stream.update(panel.dates[30], _row(panel, 30)).values, want[:, 30])
    _same(stream.update(str(panel.dates[31]), panel.rows(31, 32)).values, want[:, 31])
    frame = pd.DataFrame(_row(panel, 32), index=panel.codes)
    frame["sector"] = ["bank", "food", "bank", "food", None]
    _same(stream.update(panel.dates[32].astype(datetime.date), frame.iloc[::-1]).values, want[:, 32])
    lines = frame.assign(code=panel.codes, **{k: v for k, v in _row(panel, 33).items() if k != "sector"})
    _same(stream.update(pd.Timestamp(panel.dates[33]), lines.reset_index(drop=True)).values, want[:, 33])
    got = stream.update(
        panel.dates[34], {k: v[:3] for k, v in _row(panel, 34).items()}, codes=panel.codes[:3]
    )
    _same(got["ret"][:3], want[0, 34, :3])
    assert np.isnan(got["ret"][3:]).all()


def test_the_result_of_a_date(panel: Panel) -> None:
    got = features.stream(panel.rows(0, 30), ASKED).update(panel.dates[30], _row(panel, 30))
    assert (got.names, got.shape, got.date) == (tuple(ASKED), (4, 5), panel.dates[30])
    assert got.norms["ret"] == "cs"
    assert not got.normalized
    frame = got.to_frame()
    assert frame.index.name == "code"
    assert list(frame.columns) == list(ASKED)
    _same(frame.loc["1302"].to_numpy(), got.values[:, 2])
    with pytest.raises(ValueError, match=r"Unknown feature `rett`\. Did you mean `ret`"):
        got["rett"]


REFUSED = [
    ({"volume": None}, "The row has no column `volume`. It has: close, sector"),
    ({"close": None}, "The row has no column `close`"),
    ({"close": np.ones(4)}, r"Column `close` must have shape \(5,\), one value per code; got \(4,\)"),
    ({"close": np.ones((1, 5))}, r"Column `close` must have shape \(5,\)"),
    ({"close": np.array(["a"] * 5)}, "Column `close` must be numbers; got <U1"),
    ({"listed": np.ones(4, dtype=bool)}, "Column `listed` must have shape"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_a_refused_row_changes_nothing(panel: Panel, tmp_path: Path, change: Any, message: str) -> None:
    stream = features.stream(panel.rows(0, 30), ASKED)
    before = _state(stream, tmp_path)
    row = {k: v for k, v in {**_row(panel, 30), **change}.items() if v is not None}
    with pytest.raises(ValueError, match=message):
        stream.update(panel.dates[30], row)
    assert _state(stream, tmp_path) == before
    want = features.panel(panel.rows(0, 31), ASKED).values[:, 30]
    _same(stream.update(panel.dates[30], _row(panel, 30)).values, want)


def test_refused_dates_codes_and_kinds(panel: Panel, tmp_path: Path) -> None:
    stream = features.stream(panel.rows(0, 30), ASKED)
    before, row = _state(stream, tmp_path), _row(panel, 30)
    for date in (panel.dates[29], panel.dates[3]):
        with pytest.raises(ValueError, match=f"`date` must be after {panel.dates[29]}"):
            stream.update(date, row)
    for wrong in ("tomorrow", "NaT", None):
        with pytest.raises(ValueError, match="`date` must be a date such as"):
            stream.update(wrong, row)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`codes` must be unique"):
        stream.update(panel.dates[30], row, codes=["1300"] * 5)
    with pytest.raises(ValueError, match="`codes` must be a list of strings"):
        stream.update(panel.dates[30], row, codes=[1, 2, 3, 4, 5])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="`codes` must be left out"):
        stream.update(panel.dates[30], panel.rows(30, 31), codes=panel.codes)
    with pytest.raises(ValueError, match="a panel of the one date"):
        stream.update(panel.dates[30], panel.rows(30, 32))
    with pytest.raises(TypeError, match="`row` must be a mapping"):
        stream.update(panel.dates[30], [1.0] * 5)  # type: ignore[arg-type]
    assert _state(stream, tmp_path) == before


def test_a_new_code_in_a_refused_row_is_not_added(panel: Panel, tmp_path: Path) -> None:
    stream = features.stream(panel.rows(0, 30), ASKED)
    before = _state(stream, tmp_path)
    with pytest.raises(ValueError, match="no column `volume`"):
        stream.update(panel.dates[30], {"close": [1.0], "sector": ["x"]}, codes=["9999"])
    assert stream.codes.tolist() == panel.codes.tolist()
    assert _state(stream, tmp_path) == before


def test_market_series_are_single_numbers(panel: Panel) -> None:
    market = panel.with_columns(rate=np.arange(float(T)))
    asked = {"x": ts_mean(column("rate", market=True), 7, 2) * close}
    want = features.panel(market, asked).values
    stream = features.stream(market.rows(0, 30), asked)
    for value in (np.array([1.0, 2.0]), "high", None):
        with pytest.raises(
            ValueError, match="Column `rate` is used as a market series and must be one number"
        ):
            stream.update(market.dates[30], {**_row(market, 30), "rate": value})
    _same(stream.update(market.dates[30], {**_row(market, 30), "rate": 30}).values, want[:, 30])


def test_a_date_on_which_nobody_trades_is_no_session(panel: Panel) -> None:
    prices = panel["close"].copy()
    prices[[31, 33]] = np.nan
    gaps = panel.with_columns(close=prices)
    want = features.panel(gaps, ASKED).values
    stream = features.stream(gaps.rows(0, 30), ASKED)
    for t in range(30, T):
        got = stream.update(gaps.dates[t], _row(gaps, t))
        _same(got.values, want[:, t])
        assert np.isnan(got.values).all() == (t in (31, 33))


def test_listed_and_the_share_that_makes_a_session(panel: Panel) -> None:
    one = {**_row(panel, 30), "close": np.array([1.0, np.nan, np.nan, np.nan, np.nan])}
    share = features.stream(panel.rows(0, 30), ASKED, session_share=0.5)
    assert np.isnan(
        share.update(panel.dates[30], one).values
    ).all()  # the others have a volume: they are listed
    alone = {**one, "listed": np.array([True, False, False, False, False])}
    assert np.isfinite(share.update(panel.dates[31], alone)["ret"][0])
    with pytest.raises(ValueError, match="`session_share` must be between 0 and 1"):
        features.stream(panel, ASKED, session_share=2.0)


def test_saved_and_loaded(panel: Panel, tmp_path: Path) -> None:
    stream = features.stream(panel.rows(0, 30), ASKED, normalize=True, dtype="float64")
    stream.save(tmp_path / "a.state")
    back = features.load_stream(tmp_path / "a.state", threads=2)
    assert (back.names, back.date, back.codes.tolist()) == (stream.names, stream.date, stream.codes.tolist())
    a, b = (s.update(panel.dates[30], _row(panel, 30)) for s in (stream, back))
    _same(a.values, b.values)
    assert b.normalized
    assert b.values.dtype == np.float64
    assert [path.name for path in tmp_path.iterdir()] == ["a.state"]
    nothing = features.stream(None, ["ret_5"])
    nothing.save(tmp_path / "b.state")
    assert features.load_stream(tmp_path / "b.state").date is None


def test_a_damaged_file_is_refused(panel: Panel, tmp_path: Path) -> None:
    path = tmp_path / "s.state"
    features.stream(panel.rows(0, 30), {"rank": cs_rank(ts_mean(close, 5))}).save(path)
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    tried = 0
    for place in (*range(60), *rng.integers(0, len(whole), 120)):
        wrong = bytearray(whole)
        wrong[place] ^= 0x10
        path.write_bytes(wrong)
        if _padding(whole, place):
            continue
        tried += 1
        with pytest.raises(DataGapError, match=r"is no whole stream: .* Make it again"):
            features.load_stream(path)
    assert tried > 60
    for length in (0, 10, 55, 60, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(DataGapError, match="is no whole stream"):
            features.load_stream(path)
    with pytest.raises(FileNotFoundError):
        features.load_stream(tmp_path / "nothing")


def _padding(whole: bytes, place: int) -> bool:
    """Zeros between the description and the state, which nobody reads."""
    end = 56 + int.from_bytes(whole[16:24], "little")
    return end <= place < -(-end // 4096) * 4096


def test_options_are_checked(panel: Panel) -> None:
    with pytest.raises(ValueError, match="Unknown dtype `float16`"):
        features.stream(panel, ASKED, dtype="float16")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="`threads` must be from 1"):
        features.stream(panel, ASKED, threads=0)
    with pytest.raises(ValueError, match="Unknown feature or set `rsii`"):
        features.stream(panel, "rsii")


def test_an_interrupted_update_is_whole_or_nothing(panel: Panel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before the engine has the row, or just after: the stream knows which."""
    want = features.panel(panel, ASKED).values
    stream = features.stream(panel.rows(0, 30), ASKED)
    real = stream._session

    class Interrupted:
        def __init__(self, after: bool) -> None:
            self.after = after

        @property
        def rows(self) -> int:
            return real.rows

        def feed(self, *arguments: Any) -> None:
            if self.after:
                real.feed(*arguments)
            raise KeyboardInterrupt

    for after in (False, True):
        monkeypatch.setattr(stream, "_session", Interrupted(after))
        with pytest.raises(KeyboardInterrupt):
            stream.update(panel.dates[30], _row(panel, 30))
        monkeypatch.setattr(stream, "_session", real)
        assert stream.date == panel.dates[30 if after else 29]
    _same(stream.update(panel.dates[31], _row(panel, 31)).values, want[:, 31])
