"""Notes of other rooms on a Japanese page: whatever they say there is known here."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

import jqfast
from jqfast import data
from jqfast.data.simulator import SimulateConfig
from jqfast.evaluate.resample import draw
from jqfast.report.notes import in_language

#: What an English sentence has and a name does not: two words side by side.
ENGLISH = re.compile(r"[a-z]{2,} [a-z]{2,}")


def _in_japanese(notes: tuple[str, ...]) -> list[str]:
    """The notes on a Japanese page; on an English one they are what they were."""
    assert [in_language(note, "en") for note in notes] == list(notes)
    return [in_language(note, "ja") for note in notes]


def _bars(days: int = 30) -> pd.DataFrame:
    dates = pd.bdate_range("2024-01-08", periods=days)
    parts = [
        pd.DataFrame(
            {"date": dates, "code": code, "open": p, "high": p, "low": p, "close": p, "volume": 100.0}
        )
        for code, p in (("1301", 100.0), ("7203", 200.0))
    ]
    return pd.concat(parts, ignore_index=True)


def test_notes_of_prices() -> None:
    frame = _bars().drop(index=[5, 6]).assign(mood="calm", volume=lambda f: f["volume"].astype(object))
    frame.loc[9, "volume"] = "many"
    frame.loc[20, "high"] = 1.0
    sectors = {"1301": "Foods", "7203": "Cars"}
    panel = data.read_prices(frame, bad="null", calendar="XTKS", sectors=sectors)
    notes = _in_japanese(panel.info.notes)
    assert len(notes) >= 6
    assert [note for note in notes if ENGLISH.search(note)] == []


def test_how_intervals_were_drawn() -> None:
    (method,) = _in_japanese((draw(20, block=4.0, draws=100).method,))
    assert method == "定常ブロック・ブートストラップ、平均ブロック長 4、100 回、シード 0"


@pytest.mark.parametrize("null", [None, "pure", "frictions"])
def test_notes_of_simulated_markets(null: str | None) -> None:
    (note,) = _in_japanese((SimulateConfig(null=null).note,))  # type: ignore[arg-type]  # a text of its values
    assert not ENGLISH.search(note)


def test_notes_of_a_store_and_of_sets(tmp_path: Path) -> None:
    with data.Store(tmp_path / "store", create=True).writing() as writer:
        bars = _bars().rename(columns={"date": "Date", "code": "Code", "open": "O", "high": "H", "low": "L"})
        writer.append(
            "equities_bars_daily",
            bars.rename(columns={"close": "C", "volume": "Vo"}).assign(
                Date=lambda f: f["Date"].dt.strftime("%Y-%m-%d"),
                Code=lambda f: f["Code"] + "0",
                AdjFactor=1.0,
            ),
        )
    panel = data.open(tmp_path / "store").panel(
        universe="all", tables=["equities_bars_daily", "fins_summary"]
    )
    notes = _in_japanese((*panel.info.notes, *jqfast.features.panel(panel, "all", threads=1).notes))
    assert any("fins_summary" in note for note in notes)
    assert [note for note in notes if ENGLISH.search(note)] == []


def test_what_no_pattern_knows_stays() -> None:
    assert in_language("A note of tomorrow.", "ja") == "A note of tomorrow."
    assert in_language("Input `x` was dropped in 3 of 61 folds for lack of coverage.", "ja").startswith(
        "入力 `x`"
    )
    assert "–" in in_language("Selection left 40 inputs to a fold on average.", "ja")
