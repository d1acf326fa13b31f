"""Titles of disclosures become scores on the first session that could act on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
from jqfast.data.stored.news import NewsWords

DAYS = tiny.weekdays("2024-04-01", "2024-05-11", ["2024-04-29", "2024-05-03", "2024-05-06"])
CODES = ("13010", "20000")


def _told(number: int, code: str, day: str, time: str, title: str, **more: Any) -> dict[str, Any]:
    return {"DiscNo": str(number), "Code": code, "DiscDate": day, "DiscTime": time, "Title": title, **more}


TITLES = [
    _told(1, CODES[0], "2024-04-05", "16:00", "業績予想の修正（上方修正）に関するお知らせ"),
    _told(2, CODES[0], "2024-04-05", "17:00", "期末配当の増配に関するお知らせ"),
    _told(3, CODES[1], "2024-04-10", "11:30", "業績予想の修正（下方修正）に関するお知らせ"),
    _told(4, CODES[1], "2024-04-10", "15:00", "株式分割及び配当予想の修正に関するお知らせ"),
    _told(5, CODES[1], "2024-04-28", "12:00", "上方修正と減配のお知らせ"),
    _told(6, "99990", "2024-04-12", "12:00", "大型受注のお知らせ"),
]


@pytest.fixture
def store(tmp_path: Path) -> data.Store:
    bars = [row for code in CODES for row in tiny.bars(code, DAYS)]
    issues = [row for code in CODES for row in tiny.issues(DAYS, code, "0111")]
    return tiny.make(
        tmp_path,
        equities_bars_daily=bars,
        equities_master=issues,
        markets_calendar=tiny.calendar(DAYS),
        td_list=TITLES,
    )


def _found(panel: data.Panel, name: str) -> dict[tuple[str, str], float]:
    """(session, code) -> value, of the cells that are not 0."""
    values = np.nan_to_num(panel[name])
    return {(str(panel.dates[t]), str(panel.codes[n])): values[t, n] for t, n in np.argwhere(values)}


def test_titles_count_from_the_session_after_them(store: data.Store) -> None:
    panel = data.open(store).panel()
    # Friday's titles act on Monday; the Sunday's cancel each other out; an unknown code is nobody's.
    assert _found(panel, "news_score") == {("2024-04-08", "13010"): 2.0, ("2024-04-11", "20000"): -1.0}
    assert _found(panel, "split_announced") == {("2024-04-11", "20000"): 1.0}
    before = panel.dates < np.datetime64("2024-04-08")
    assert np.isnan(panel["news_score"][before]).all()
    assert (panel["news_score"][~before] == panel["news_score"][~before]).all()


def test_the_evening_knows_what_came_by_then(store: data.Store) -> None:
    panel = data.open(store).panel(decision="evening")
    found = _found(panel, "news_score")
    assert found == {("2024-04-05", "13010"): 2.0, ("2024-04-10", "20000"): -1.0}


def test_the_words_can_be_ones_own(store: data.Store) -> None:
    words = NewsWords(good=("配当",), bad=(), split=("お知らせ",))
    panel = data.open(store).panel(words=words)
    assert _found(panel, "news_score") == {("2024-04-08", "13010"): 1.0, ("2024-04-11", "20000"): 1.0}
    assert _found(panel, "split_announced")["2024-04-08", "13010"] == 2.0


def test_a_cut_panel_has_the_same_rows(store: data.Store) -> None:
    whole, part = data.open(store).panel(), data.open(store).panel(end="2024-04-10")
    T = len(part.dates)
    np.testing.assert_array_equal(part["news_score"], whole["news_score"][:T])
    np.testing.assert_array_equal(whole.rows(5, 8)["news_score"], whole["news_score"][5:8])


@pytest.mark.parametrize(
    ("title", "score"),
    [("大型受注", 1.0), ("M&Aに関する", 1.0), ("減配", -1.0), ("増配と下方修正", 0.0), ("人事異動", 0.0)],
)
def test_score_of_a_title(title: str, score: float) -> None:
    assert NewsWords().score(title) == score
