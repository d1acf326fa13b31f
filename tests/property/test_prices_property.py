"""Properties of reading prices: nothing is lost, and what should not matter does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from jqfast.data import Panel, read_prices
from jqfast.data.parse import numbers, parse_day, to_arrow

PRICES = ["open", "high", "low", "close"]
CODES = ["0130", "1301", "285A", "7203", "99840"]


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Consistent daily bars: any subset of dates x codes, some of them without a trade."""
    T, N = draw(st.integers(1, 12)), draw(st.integers(1, len(CODES)))
    cells = draw(hnp.arrays(bool, (T, N)))
    cells[0, 0] = True
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    t, n = np.nonzero(cells)
    days = np.datetime64("2024-01-01", "D") + rng.choice(40, T, replace=False)
    frame = pd.DataFrame({"date": days[t].astype("datetime64[s]"), "code": np.array(CODES)[n]})
    body = rng.lognormal(6, 1, (len(t), 4)).round(1) + 0.1
    frame["open"], frame["high"] = body[:, 0], body.max(axis=1)
    frame["low"], frame["close"] = body.min(axis=1), body[:, 1]
    frame["volume"] = rng.integers(1, 10**9, len(t)).astype(float)
    frame["turnover"] = rng.integers(1, 10**12, len(t)).astype(float)
    idle = rng.random(len(t)) < 0.1
    frame.loc[idle, PRICES] = np.nan
    frame.loc[idle, ["volume", "turnover"]] = 0.0
    return frame


def to_frame(panel: Panel) -> pd.DataFrame:
    """The listed cells of a panel in long form."""
    t, n = np.nonzero(panel.listed)
    cells = {name: panel[name][t, n] for name in (*PRICES, "volume", "turnover")}
    return pd.DataFrame({"date": panel.dates[t].astype("datetime64[s]"), "code": panel.codes[n], **cells})


def same(one: Panel, other: Panel) -> None:
    np.testing.assert_array_equal(one.dates, other.dates)
    np.testing.assert_array_equal(one.codes, other.codes)
    np.testing.assert_array_equal(one.listed, other.listed)
    assert list(one.columns) == list(other.columns)
    for name in one.columns:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@settings(max_examples=50)
@given(frames())
def test_frame_to_panel_to_frame_loses_nothing(frame: pd.DataFrame) -> None:
    panel = read_prices(frame)
    back = to_frame(panel)
    merged = frame.merge(back, on=["date", "code"], how="left", suffixes=("", "_back"))
    assert len(merged) == len(frame)
    for name in (*PRICES, "volume", "turnover"):
        np.testing.assert_array_equal(merged[name], merged[f"{name}_back"])
    # Rows that came in addition are sessions inside a listing without a record.
    assert len(back) - len(frame) == panel.info.counts["missing_rows"]
    same(read_prices(back), panel)


CHANGES: dict[str, Callable[[pd.DataFrame], object]] = {
    "rows backwards": lambda f: f[::-1],
    "rows shuffled": lambda f: f.sample(frac=1, random_state=len(f)),
    "columns backwards": lambda f: f[f.columns[::-1]],
    "text": lambda f: f.astype(object).where(f.notna(), "-").astype(str),
    "thousands commas": lambda f: f.assign(volume=[f"{v:,.0f}" for v in f["volume"]]),
    "zeros for no trade": lambda f: f.fillna(0.0),
    "factor of one": lambda f: f.assign(AdjustmentFactor=1.0),
}


@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=25)
@given(frame=frames())
def test_form_does_not_matter(change: str, frame: pd.DataFrame) -> None:
    got, want = read_prices(CHANGES[change](frame)), read_prices(frame)
    np.testing.assert_array_equal(got.listed, want.listed)
    np.testing.assert_array_equal(got.codes, want.codes)
    for name in want.columns:
        np.testing.assert_array_equal(got[name], want[name], err_msg=name)


@settings(max_examples=50)
@given(frames())
def test_unknown_columns_do_not_matter(frame: pd.DataFrame) -> None:
    same(read_prices(frame.assign(beta=1.0, remark="x")), read_prices(frame))


@settings(max_examples=50)
@given(frames(), st.sampled_from([0.5, 0.2, 0.1, 1 / 3, 5.0, 10.0, 0.001]), st.integers(0, 39))
def test_a_split_leaves_forward_returns_and_yen_unchanged(
    frame: pd.DataFrame, factor: float, offset: int
) -> None:
    day = pd.Timestamp("2024-01-01") + pd.Timedelta(days=offset)
    after = frame["date"] >= day
    split = frame.assign(adj_factor=1.0)
    for code, rows in split[after].groupby("code"):
        first = rows["date"].idxmin()
        split.loc[first, "adj_factor"] = factor
        assert split.loc[first, "code"] == code
    split[PRICES] = split[PRICES].mul(np.where(after, factor, 1.0), axis=0)
    split["volume"] /= np.where(after, factor, 1.0)
    got, want = read_prices(split), read_prices(frame)
    for name in (*PRICES, "volume", "turnover"):
        np.testing.assert_allclose(got[name], want[name], rtol=4e-16 * 4)
    before = got.dates < np.datetime64(day, "D")
    np.testing.assert_array_equal(got["close"][before], want["close"][before])


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_numbers_survive_as_text(value: float) -> None:
    cells = to_arrow([repr(value), f"{value:,.3f}", "-"])
    got, wrong = numbers(cells, "x")
    assert wrong == 0
    assert got[0] == value
    assert got[1] == float(f"{value:.3f}")
    assert np.isnan(got[2])


@given(st.dates())
def test_dates_survive_in_every_form(day: object) -> None:
    want = np.datetime64(day, "D")  # type: ignore[call-overload]
    year, month, date = str(want).split("-")
    forms = [f"{year}-{month}-{date}", f"{year}/{int(month)}/{int(date)}", f"{year}{month}{date}",
             f"{year}年{int(month)}月{int(date)}日", f" {year}-{month}-{date} 15:00:00 "]  # fmt: skip
    assert [parse_day(form) for form in forms] == [want] * len(forms)
