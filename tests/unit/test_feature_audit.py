"""The audit of features: what is honest passes, and each wall catches the leak that is planted for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import stamped_store as stamped
import tiny_store as tiny

import jqfast.data as data
import jqfast.features as features
from jqfast.data import pit
from jqfast.data.panel import Panel
from jqfast.features import Expr, close, column, cs_zscore, lag, ts_mean
from jqfast.features.audit import WALLS
from jqfast.features.execute import execute
from jqfast.features.walls import PANEL_WALLS, tables

PAIR = ["ret_5", "rsi"]
ROWS = [20, 40]


def _panel(T: int = 60, N: int = 9) -> Panel:
    rng = np.random.default_rng(0)
    prices = 100 * np.exp(np.cumsum(0.02 * rng.standard_normal((T, N)), axis=0))
    columns = {name: prices * (1 + 0.01 * rng.random((T, N))) for name in ("open", "high", "low", "close")}
    columns |= {
        "volume": rng.integers(1, 100, (T, N)) * 100.0,
        "turnover": rng.integers(1, 100, (T, N)) * 1e5,
        "adjustment": np.ones((T, N)),
    }
    dates = pd.bdate_range("2024-01-04", periods=T).to_numpy().astype("datetime64[D]")
    return Panel(dates, np.array([f"{1300 + n}" for n in range(N)]), columns, np.ones((T, N), dtype=bool))


def _broken(report: features.AuditReport) -> dict[str, set[str]]:
    return {name: set(why) for name, why in report.failures.items()}


def test_honest_features_pass() -> None:
    mine = {"mine": ts_mean(close, 5, 3) / close, "ranked": cs_zscore(close / lag(close, 3))}
    report = features.audit(_panel(), [*PAIR, "close_ema_ratio_5", "Close_lag_1", "dow_sin"], rows=ROWS)
    assert report.passed, str(report)
    assert "Audit of 5 features at rows 20, 40: all pass" in str(report)
    # Per row: cut, NaN, 1e30 up to it; then tables late, split, permutation on all rows.
    assert report.compared == 5 * 9 * (3 * 21 + 3 * 41 + 3 * 60)
    assert report.walls == PANEL_WALLS
    assert "not tried: store" in str(report)
    assert features.audit(_panel(), mine)


def test_a_function_that_peeks_by_one_session_is_caught() -> None:
    mine = {
        "peek": lambda panel: np.roll(panel["close"], -1, axis=0) / panel["close"] - 1,
        "fine": lambda panel: panel["high"] / panel["low"],
        "mean": ts_mean(close, 5) / close,
    }
    report = features.audit(_panel(), mine, rows=[30])
    assert set(report.failures) == {"peek"}
    assert {"truncation", "poison"} <= set(report.failures["peek"])
    assert "cut after row 30: 9 cells, first at row 30 (2024-02-15), stock 0" in str(report)
    assert "delay: not tried for functions" in str(report)


def test_a_statistic_of_all_rows_is_caught() -> None:
    """The clip of the document (Q-03) at quantiles of the whole series."""

    def clipped(panel: Panel) -> np.ndarray:
        ret = np.diff(np.log(panel["close"]), axis=0, prepend=np.nan)
        return np.clip(ret, *np.nanquantile(ret, [0.02, 0.98]))

    assert {"truncation", "poison"} <= _broken(features.audit(_panel(), {"clipped": clipped}))["clipped"]


def test_a_leak_in_the_engine_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def leaky(panel: Panel, outputs: tuple[Expr, ...], **options: Any) -> np.ndarray:
        values = execute(panel, outputs, **options)
        values[-1] -= np.nanmean(values[-1])
        return values

    monkeypatch.setattr("jqfast.features.walls.execute", leaky)
    caught = features.audit(_panel(), PAIR)
    assert set(caught.failures) == {"rsi"}
    assert {"truncation", "poison"} <= set(caught.failures["rsi"])


def test_levels_break_the_split_wall_alone() -> None:
    report = features.audit(_panel(), {"level": close * 1, "fine": close / lag(close, 1)}, rows=[40])
    assert _broken(report) == {"level": {"split"}}


def test_neighbours_break_the_permutation_wall_alone() -> None:
    def against_the_first(panel: Panel) -> np.ndarray:
        spread = panel["high"] / panel["low"]
        return spread - spread[:, :1]

    report = features.audit(_panel(), {"first": against_the_first})
    assert _broken(report) == {"first": {"permutation"}}


def test_an_input_that_is_not_declared_breaks_the_delay_wall() -> None:
    """A formula whose facts hide a column: its class, and with it the documentation, would be wrong."""
    panel = _panel().with_columns(secret=np.random.default_rng(1).random((60, 9)))
    honest = close / lag(close, 1) * column("secret")
    hiding = replace(honest, facts=honest.facts._replace(columns=frozenset({"close"})))
    both = {"hiding": hiding, "honest": honest, "other": close / lag(close, 2)}
    report = features.audit(panel, both, rows=[40])
    assert _broken(report) == {"hiding": {"delay"}}


def test_tables_are_told_by_the_documentation() -> None:
    found = tables({"close", "open", "fs_np", "opt_iv", "secret"})
    assert found["equities_bars_daily"] == {"close", "open"}
    assert found["fins_summary"] == {"fs_np"}
    assert found["derivatives_bars_daily_options_225"] == {"opt_iv"}
    assert found["secret"] == {"secret"}


SALES = {"sales": column("fs_sales"), "ret": close / lag(close, 1)}


def test_an_honest_store_passes(tmp_path: Path) -> None:
    stamped.make(tmp_path, stamped.HONEST)
    report = features.audit(tmp_path, SALES, rows=[26, 27, 28])
    assert report.passed, str(report)
    assert report.walls == WALLS


def test_a_statement_visible_one_session_early_is_caught(tmp_path: Path) -> None:
    """Dated Friday, out on Monday afternoon in truth: the rule shows it on Monday, it acts on Tuesday."""
    stamped.make(tmp_path, stamped.statement("2024-05-10", "16:00:00", 5.0, "2024-05-13", "16:00"))
    report = features.audit(data.open(tmp_path), SALES, rows=[27])
    assert _broken(report) == {"sales": {"store"}}
    assert "cut at the decision of 2024-05-13: 1 cells, first at row 27 (2024-05-13), stock 0" in str(report)


def test_a_rule_that_is_one_session_early_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stamped.make(tmp_path, stamped.HONEST)
    monkeypatch.setattr(pit, "RULES", {**pit.RULES, "fins_summary": pit.Rule("dated", "DiscDate")})
    assert _broken(features.audit(tmp_path, SALES, rows=[26])) == {"sales": {"store"}}


def test_own_columns_of_a_store_are_caught_too(tmp_path: Path) -> None:
    stamped.make(tmp_path, stamped.HONEST)

    def build(source: data.StorePanelSource, day: Any) -> Panel:
        panel = source.panel(universe="all", end=day)
        return panel.with_columns(peek=np.roll(panel["close"], -1, axis=0) / panel["close"])

    mine = {"peek": column("peek") * 2, "fine": close / lag(close, 1)}
    assert _broken(features.audit(tmp_path, mine, rows=[40], build=build)) == {"peek": {"store"}}


def test_a_store_without_the_truth_is_tried_as_a_panel(tmp_path: Path) -> None:
    bars = tiny.bars(stamped.CODES[0], stamped.DAYS)
    issues = tiny.issues(stamped.DAYS, stamped.CODES[0], "0111")
    calendar = tiny.calendar(stamped.DAYS)
    tiny.make(tmp_path, equities_bars_daily=bars, equities_master=issues, markets_calendar=calendar)
    report = features.audit(tmp_path, ["ret_1"], rows=[40])
    assert report.passed
    assert "only a simulated store can be cut" in report.skipped["store"]


def test_mistakes_are_explained(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`rows` must lie in 0 <= t < 59"):
        features.audit(_panel(), PAIR, rows=[59])
    with pytest.raises(ValueError, match="at least 3 sessions"):
        features.audit(_panel(2, 2), PAIR)
    with pytest.raises(ValueError, match="Feature `odd` must give an array of shape"):
        features.audit(_panel(), {"odd": lambda panel: panel["close"][1:]})
    with pytest.raises(ValueError, match="Unknown feature or set `rsii`"):
        features.audit(_panel(), ["rsii"])
    with pytest.raises(ValueError, match="store"):
        features.audit(tmp_path / "nothing", PAIR)


def test_one_dimension_is_the_market() -> None:
    assert features.audit(_panel(), {"level": lambda panel: panel["close"].mean(axis=1) * 0})
