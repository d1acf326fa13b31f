"""The panel: what it refuses, what it derives, and that it cannot be changed."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest

from jqfast.data import PRICE_COLUMNS, Panel, PanelInfo, read_prices
from jqfast.types import AnyArray

T, N = 4, 3
DATES = np.arange(np.datetime64("2024-01-04"), np.datetime64("2024-01-08"))
CODES = np.array(["1", "2", "3"])


def make(**changes: AnyArray) -> Panel:
    """A panel of ones with some constructor arguments replaced."""
    arguments: dict[str, object] = {
        "dates": DATES,
        "codes": CODES,
        "columns": {name: np.ones((T, N)) for name in PRICE_COLUMNS},
        "listed": np.ones((T, N), bool),
        **changes,
    }
    return Panel(**arguments)  # type: ignore[arg-type]


REFUSED = {
    "dates order": ({"dates": DATES[::-1]}, "`dates` must be strictly ascending"),
    "dates repeated": ({"dates": DATES[[0, 1, 1, 2]]}, "`dates` must be strictly ascending"),
    "dates unit": ({"dates": DATES.astype("datetime64[ns]")}, r"`dates` must be a 1-D datetime64\[D\] array"),
    "codes kind": ({"codes": np.arange(3)}, "`codes` must be a 1-D array of strings"),
    "codes repeated": ({"codes": np.array(["1", "1", "2"])}, "`codes` must be unique"),
    "listed shape": ({"listed": np.ones((N, T), bool)}, r"Column `listed` must be \(4, 3\) bool"),
    "column shape": ({"columns": {"close": np.ones((N, T))}}, r"Column `close` must be \(4, 3\) float64"),
    "column kind": ({"columns": {"close": np.ones((T, N), "f4")}}, "Column `close` must be .* float32"),
    "market shape": ({"columns": {"vix": np.ones(N)}}, r"Column `vix` must be \(4,\) float64"),
    "category kind": (
        {"columns": {"sector33": np.ones((T, N))}, "categories": {"sector33": ("a",)}},
        "Column `sector33` must be .* int16",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(kind: str) -> None:
    changes, message = REFUSED[kind]
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_session_needs_enough_traded_stocks() -> None:
    close = np.ones((T, 40))
    close[1, 1:] = np.nan  # 1 of 40: below 5 %
    close[2, 2:] = np.nan  # 2 of 40: exactly 5 %
    listed = np.ones((T, 40), bool)
    codes = np.arange(40).astype(str)
    panel = Panel(DATES, codes, {"close": close}, listed)
    assert panel.is_session.tolist() == [True, False, True, True]
    assert dataclasses.replace(panel, session_share=0.02).is_session.all()
    # Stocks that are not listed neither count as members nor as traded.
    listed[1, 2:] = False
    assert Panel(DATES, codes, {"close": close}, listed).is_session.all()
    listed[:, :] = False
    assert not Panel(DATES, codes, {"close": close}, listed).is_session.any()


def test_cut_and_added_columns_leave_the_original_alone() -> None:
    panel = make()
    cut = panel.rows(1, 3)
    assert cut.shape == (2, N)
    assert cut.dates.tolist() == DATES[1:3].tolist()
    assert np.shares_memory(cut["close"], panel["close"])
    more = panel.with_columns(vix=np.zeros(T), close=np.zeros((T, N)))
    assert more["vix"].shape == (T,)
    assert panel["close"].all()
    assert "vix" not in panel.columns


def test_frozen() -> None:
    panel = make()
    with pytest.raises(dataclasses.FrozenInstanceError):
        panel.dates = DATES  # type: ignore[misc]
    with pytest.raises(TypeError, match="does not support item assignment"):
        panel.columns["close"] = np.zeros((T, N))  # type: ignore[index]
    assert hash(PanelInfo(counts={"bad_rows": 1})) == hash(PanelInfo())


def test_repr_tells_size_and_span() -> None:
    assert repr(make()).startswith("Panel(4 sessions x 3 stocks, 2024-01-04 to 2024-01-07, columns: open,")
    assert "no dates" in repr(make(dates=DATES[:0], columns={}, listed=np.ones((0, N), bool)))


def test_read_columns_are_c_ordered_and_complete(bars: pd.DataFrame) -> None:
    panel = read_prices(bars)
    assert tuple(panel.columns) == PRICE_COLUMNS
    assert all(panel[name].flags.c_contiguous for name in PRICE_COLUMNS)
