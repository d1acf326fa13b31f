"""Fields of daily tables in their cells: by the split of their own day, and again when a writer was there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
from jqfast import _core
from jqfast.data.stored import arrays, daily
from jqfast.data.stored.daily import Daily
from jqfast.errors import DataGapError

DAYS = tiny.weekdays("2021-11-01", "2022-07-30")
SPLIT = np.datetime64("2022-01-17")
OLD, NEW = DAYS[:20], DAYS[-20:]  # two companies with one code


def _bars() -> list[dict[str, Any]]:
    rows = tiny.bars("13010", DAYS, 100.0, d20220117=0.5) + tiny.bars("20000", OLD) + tiny.bars("20000", NEW)
    return [row | {"MO": 10.0 + k, "MVo": 100.0 + k, "MktCap": 5.0} for k, row in enumerate(rows)]


def _deals() -> list[dict[str, Any]]:
    days = [(day, "13010") for day in DAYS] + [(day, "20000") for day in (*OLD, *NEW)]
    # A code without a bar is no column; its row is left out.
    days += [(day, "99990") for day in DAYS]
    return [
        {"Date": str(d), "Code": c, "LongBuyVo": 1000.0 + k, "LongBuyVa": 1.0}
        for k, (d, c) in enumerate(days)
    ]


@pytest.fixture(params=["one file a year", "many files"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    tables = {"equities_bars_daily": _bars(), "markets_breakdown": _deals()}
    if request.param == "one file a year":
        tiny.make(tmp_path, markets_calendar=tiny.calendar(DAYS), **tables)
    else:  # the newest days first, as a sync that goes backwards
        tiny.make(tmp_path, markets_calendar=tiny.calendar(DAYS))
        for chosen in (lambda day: day >= "2022-01-20", lambda day: day < "2022-01-20"):
            part = {name: [r for r in rows if chosen(r["Date"])] for name, rows in tables.items()}
            tiny.make(tmp_path, **part)
    return tmp_path


def _expected(rows: list[dict[str, Any]], field: str, power: int, later: int) -> np.ndarray:
    """(T, 3) by the definition, row by row: columns 13010, 20000, 20000.2."""
    out = np.full((len(DAYS), 3), np.nan)
    for row in rows:
        day = np.datetime64(row["Date"])
        t = int(np.searchsorted(DAYS, day)) + later
        n = {"13010": 0, "20000": 2 if day >= NEW[0] else 1}.get(row["Code"], -1)
        if n < 0 or t >= len(DAYS) or (n == 1 and DAYS[t] > OLD[-1]):
            continue
        basis = 0.5 if n == 0 and day >= SPLIT else 1.0
        out[t, n] = row[field] * basis**power
    return out


def test_fields_stand_in_their_cells_on_the_basis_of_their_day(path: Path) -> None:
    panel = data.open(path).panel(universe="all")
    assert panel.codes.tolist() == ["13010", "20000", "20000.2"]
    wanted = {
        "morning_open": _expected(_bars(), "MO", -1, 0),
        "morning_volume": _expected(_bars(), "MVo", 1, 0),
        "market_cap": _expected(_bars(), "MktCap", 0, 0) * 1e6,
        "deal_long_buy_volume": _expected(_deals(), "LongBuyVo", 1, 1),  # known on the session after
    }
    for name, want in wanted.items():
        want = np.where(panel.listed, want, np.nan)
        assert np.array_equal(panel[name], want, equal_nan=True), name
        assert np.isfinite(want).sum() > 100
    # The share of the day of the split is the old one on the row before, though it is known after it.
    t = int(np.flatnonzero(panel.dates == SPLIT)[0])
    assert panel["deal_long_buy_volume"][t, 0] == 1000.0 + t - 1
    assert panel["deal_long_buy_volume"][t + 1, 0] == (1000.0 + t) * 0.5


def test_a_part_of_the_sessions_has_the_same_cells(path: Path) -> None:
    whole = data.open(path).panel(universe="all")
    part = data.open(path).panel(universe="all", start=str(DAYS[30]), end=str(DAYS[60]))
    rows = np.searchsorted(whole.dates, part.dates)
    columns = [whole.codes.tolist().index(code) for code in part.codes]
    for name in ("morning_open", "deal_long_buy_volume"):
        assert np.array_equal(part[name], whole[name][rows][:, columns], equal_nan=True), name


@pytest.mark.parametrize("decision", ["close", "preopen"])
def test_some_rows_of_a_column_are_those_of_the_whole(path: Path, decision: Any) -> None:
    """As a result that is written chunk by chunk asks for them; only the years of the rows are read."""
    panel = data.open(path).panel(universe="all", decision=decision)
    T, compared = len(panel.dates), 0
    for name in ("morning_open", "morning_volume", "market_cap", "deal_long_buy_volume"):
        whole = panel[name]
        for low, high in ((0, 1), (0, 50), (30, 60), (35, 36), (T - 1, T), (7, T), (5, 5)):
            part = panel.rows(low, high)[name]
            assert part.tobytes() == np.ascontiguousarray(whole[low:high]).tobytes(), (name, low, high)
            compared += int(np.isfinite(part).sum())
    assert compared > 500


def test_where_rows_go_is_found_out_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = data.open(path).panel(universe="all")
    asked: list[str] = []
    true = daily.each_cell

    def counted(axes: Any, table: str, *more: Any) -> Any:
        asked.append(table)
        return true(axes, table, *more)

    monkeypatch.setattr(daily, "each_cell", counted)
    for name in ("morning_open", "morning_volume", "market_cap", "deal_long_buy", "deal_long_buy_volume"):
        _ = panel[name]
    assert asked == ["equities_bars_daily", "markets_breakdown"]


def test_a_writer_in_between(path: Path) -> None:
    """Rows that were corrected after the panel was made: their cells are found again."""
    store = data.Store(path)
    panel = data.open(store).panel(universe="all")
    before = panel["morning_open"].copy()
    with store.writing() as writer:
        writer.append("equities_bars_daily", [_bars()[3] | {"MO": 77.0}])
        writer.compact("equities_bars_daily")
    after = panel["morning_open"]
    assert after[3, 0] == 77.0
    before[3, 0] = 77.0
    assert np.array_equal(after, before, equal_nan=True)


def test_a_writer_that_never_rests(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = data.open(path).panel(universe="all")
    monkeypatch.setattr(Daily, "_held", lambda _: (str(np.random.default_rng().random()),))
    with pytest.raises(DataGapError, match="is being written; try again"):
        _ = panel["morning_open"]


def _scattered(**changed: Any) -> np.ndarray:
    """Two rows of three into a panel of 2 x 2, the second of them on another basis."""
    out = np.full((2, 2), -1.0)
    arguments = {
        "kept": np.array([0, 2], np.int32),
        "place": np.array([3, 0]),
        "moved": np.array([1], np.int32),
        "factor": np.array([0.5]),
        "times": 10.0,
        "out": out,
    } | changed
    _core.scatter(arguments.pop("values", np.array([1.0, 2.0, 3.0])), **arguments)
    return out


def test_the_compiled_scattering_by_hand() -> None:
    assert _scattered().tolist() == [[15.0, -1.0], [-1.0, 10.0]]
    every = _scattered(kept=None, values=np.array([1.0, 3.0]))
    assert every.tolist() == [[15.0, -1.0], [-1.0, 10.0]]


@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"place": np.array([3, 4])}, ValueError, "`place` must lie in"),
        ({"kept": np.array([0, 3], np.int32)}, ValueError, "`kept` must lie in"),
        ({"kept": None}, ValueError, "one entry per kept row"),
        ({"moved": np.array([2], np.int32)}, ValueError, "`moved` must lie in"),
        ({"factor": np.array([0.5, 0.5])}, ValueError, "one entry per moved row"),
        ({"kept": np.array([0, 2])}, TypeError, "`kept` must have dtype int32; got int64"),
        ({"values": np.arange(3)}, TypeError, "`values` must have dtype float64"),
        ({"values": np.arange(6.0)[::2]}, ValueError, "`values` must be C-contiguous"),
        ({"out": np.zeros(4)}, ValueError, "`out` must have 2 axes; got 1"),
    ],
)
def test_the_compiled_scattering_refuses(changed: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        _scattered(**changed)


def test_columns_do_not_depend_on_threads(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for count in (1, 2, 7):
        monkeypatch.setattr(arrays, "threads", lambda count=count: count)
        panel = data.open(path).panel(universe="all")
        found.append([panel[name] for name in panel.columns])
    assert len(found[0]) > 10
    for other in found[1:]:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(found[0], other, strict=True))
