"""Balances, short selling, flows, derivatives and announced days as columns, worked by hand."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_store as tiny

import jqfast.data as data
from jqfast.data.panel import Decision

DAYS = tiny.weekdays("2026-08-31", "2026-11-01", ["2026-09-21", "2026-09-22", "2026-09-23", "2026-10-12"])
CODE = "13010"


def _panel(path: Path, decision: Decision = "close", **tables: Any) -> data.Panel:
    price = np.where(np.datetime64("2026-10-06") <= DAYS, 500.0, 1000.0)
    tiny.make(
        path,
        equities_master=tiny.issues(DAYS, CODE, "0111", "3650") + tiny.issues(DAYS, "20000", "0111", "0050"),
        equities_bars_daily=tiny.bars(CODE, DAYS, price, d20261006=0.5) + tiny.bars("20000", DAYS),
        markets_calendar=tiny.calendar(DAYS),
        **tables,
    )
    return data.open(path).panel(universe="prime", decision=decision)


def _on(panel: data.Panel, name: str, day: str, stock: int = 0) -> float:
    t = int(np.flatnonzero(panel.dates == np.datetime64(day))[0])
    values = panel[name]
    return float(values[t] if values.ndim == 1 else values[t, stock])


def _margin(date: str, long: float, published: str | None = None) -> dict[str, Any]:
    volumes = {"LongVol": long, "ShrtVol": long / 2}
    return {"PubDate": published, "Date": date, "Code": CODE, "IssType": "2", **volumes}


def test_one_weekly_view_of_margin_balances_over_the_change(tmp_path: Path) -> None:
    rows = [_margin("2026-09-11", 100.0), _margin("2026-09-18", 110.0)]
    daily = ["2026-09-25", "2026-09-28", "2026-09-29", "2026-09-30", "2026-10-01", "2026-10-02", "2026-10-05"]
    after = {str(day): str(following) for day, following in itertools.pairwise(DAYS)}
    rows += [_margin(day, 120.0 + k, after[day]) for k, day in enumerate(daily)]
    panel = _panel(tmp_path, markets_margin_interest=rows)
    # Friday 09-11: out on Tuesday 09-15, used from Wednesday. Friday 09-18: the week after has sessions on
    # Thursday and Friday only, out on Friday 09-25, used from Monday.
    assert np.isnan(_on(panel, "margin_long", "2026-09-15"))
    assert _on(panel, "margin_long", "2026-09-16") == 100.0
    assert _on(panel, "margin_date", "2026-09-16") == np.datetime64("2026-09-11").astype(int)
    assert _on(panel, "margin_age", "2026-09-16") == 3.0
    assert _on(panel, "margin_long", "2026-09-25") == 100.0
    assert _on(panel, "margin_long", "2026-09-28") == 110.0
    # The weekly view takes Friday's balance under the weekly hour: 09-25 from Wednesday 09-30.
    assert _on(panel, "margin_long", "2026-09-29") == 110.0
    assert _on(panel, "margin_long", "2026-09-30") == 120.0
    # Of the week to 10-02 the last balance, 125, from Wednesday 10-07; shares before the split of 10-06.
    assert _on(panel, "margin_long", "2026-10-07") == 125.0
    # By day: 10-02 published on 10-05, used from 10-06.
    assert np.isnan(_on(panel, "margin_daily_long", "2026-09-25"))
    assert _on(panel, "margin_daily_long", "2026-10-06") == 125.0
    assert _on(panel, "margin_daily_short", "2026-10-06") == 62.5
    assert np.isnan(_on(panel, "margin_long", "2026-10-07", 1))


def test_balances_after_a_split_are_in_new_shares(tmp_path: Path) -> None:
    panel = _panel(tmp_path, markets_margin_interest=[_margin("2026-10-09", 240.0, "2026-10-13")])
    assert _on(panel, "margin_long", "2026-10-15") == 120.0  # 240 new shares are 120 old ones
    evening = data.open(tmp_path).panel(universe="prime", decision="evening")
    assert _on(evening, "margin_daily_long", "2026-10-13") == 120.0


def test_designated_issues_disappear_when_the_designation_ends(tmp_path: Path) -> None:
    rows = [
        {"PubDate": "2026-09-08", "AppDate": "2026-09-07", "Code": CODE, "LongOut": 50.0, "ShrtOut": 5.0},
        {"PubDate": "2026-09-09", "AppDate": "2026-09-07", "Code": CODE, "LongOut": 51.0, "ShrtOut": 5.0},
    ]
    panel = _panel(tmp_path, markets_margin_alert=rows)
    assert _on(panel, "alert_long", "2026-09-09") == 50.0
    assert _on(panel, "alert_long", "2026-09-10") == 51.0  # corrected
    assert _on(panel, "alert_long", "2026-09-17") == 51.0
    assert np.isnan(_on(panel, "alert_long", "2026-09-18"))


def _report(day: str, who: str, share: float) -> dict[str, Any]:
    about = {"SSName": who, "DICName": "", "FundName": ""}
    return {"DiscDate": day, "CalcDate": "2026-09-01", "Code": CODE, "ShrtPosToSO": share, **about}


def test_short_positions_are_summed_over_reporters(tmp_path: Path) -> None:
    rows = [_report("2026-09-03", "A", 0.006), _report("2026-09-04", "B", 0.010)]
    rows += [_report("2026-09-08", "A", 0.008), _report("2026-09-10", "B", 0.004)]
    panel = _panel(tmp_path, markets_short_sale_report=rows)
    days = ["2026-09-04", "2026-09-07", "2026-09-09", "2026-09-11"]
    assert [_on(panel, "short_position", day) for day in days] == pytest.approx([0.006, 0.016, 0.018, 0.008])
    assert np.isnan(_on(panel, "short_position", "2026-09-03"))
    # Nobody reported the other stock: 0 from the session on that knows a report at all.
    assert np.isnan(_on(panel, "short_position", "2026-09-03", 1))
    assert _on(panel, "short_position", "2026-09-04", 1) == 0.0
    assert np.isnan(panel["short_position_age"][:, 1]).all()


def test_short_ratio_of_the_sector_and_the_market(tmp_path: Path) -> None:
    def row(sector: str, short: float, rest: float) -> dict[str, Any]:
        return {
            "Date": "2026-09-01",
            "S33": sector,
            "SellExShortVa": rest,
            "ShrtWithResVa": short,
            "ShrtNoResVa": 0.0,
        }

    rows = [row("3650", 40.0, 60.0), row("0050", 10.0, 90.0), row("9999", 999.0, 1.0)]
    panel = _panel(tmp_path, markets_short_ratio=rows)
    assert np.isnan(_on(panel, "short_ratio", "2026-09-01"))  # 16:30 is after the close: no exception
    assert _on(panel, "short_ratio_sector", "2026-09-02") == 0.4
    assert _on(panel, "short_ratio_sector", "2026-09-02", 1) == 0.1
    assert _on(panel, "short_ratio", "2026-09-02") == 0.25


def _flow(published: str, end: str, bought: float) -> dict[str, Any]:
    return {"PubDate": published, "StDate": end, "EnDate": end, "Section": "TokyoNagoya", "FrgnBuy": bought}


def test_flows_from_their_thursday_and_corrections_later(tmp_path: Path) -> None:
    rows = [_flow("2026-09-10", "2026-09-04", 5.0), _flow("2026-09-17", "2026-09-11", 6.0)]
    rows += [_flow("2026-09-24", "2026-09-04", 50.0), _flow("2026-10-01", "2026-09-11", 60.0)]
    panel = _panel(tmp_path, equities_investor_types=rows)
    days = ["2026-09-10", "2026-09-11", "2026-09-18", "2026-09-28", "2026-10-02", "2026-10-05"]
    found = [_on(panel, "flow_foreign_buy", day) for day in days]
    # The correction of the older week (from 09-28 on) changes nothing; the newer one's acts a day later.
    assert found[1:] == [5e3, 6e3, 6e3, 6e3, 60e3]
    assert np.isnan(found[0])
    assert _on(panel, "flow_age", "2026-09-18") == 0.0
    weeks = [_on(panel, "flow_week", day) for day in days[1:]]
    ends = np.array(["2026-09-04", *["2026-09-11"] * 4], "datetime64[D]").astype(float)
    assert weeks == ends.tolist()


def test_futures_and_options_come_in_the_night(tmp_path: Path) -> None:
    def future(day: str, code: str, settle: float, central: str) -> dict[str, Any]:
        about = {"ProdCat": "TOPIXF", "EmMrgnTrgDiv": "002", "CCMFlag": central, "SQD": "2026-09-11"}
        price = {"O": settle, "C": 0.0, "Settle": settle, "Vo": 10.0, "OI": 7.0}
        return {"Date": day, "Code": code, **about, **price}

    def option(side: str, strike: float, iv: float, expiry: str) -> dict[str, Any]:
        about: dict[str, Any] = {
            "EmMrgnTrgDiv": "002",
            "PCDiv": side,
            "SQD": expiry,
            "Strike": strike,
            "UnderPx": 40100.0,
            "IR": -0.05,
        }
        about |= {"Date": "2026-09-01", "Code": side + expiry + str(strike)}
        return {"IV": iv, "OI": 3.0, "Vo": 2.0, **about}

    near, far = "2026-09-11", "2026-10-11"  # 10 and 40 days away
    panel = _panel(
        tmp_path,
        derivatives_bars_daily_futures=[
            future("2026-09-01", "A", 100.0, "1"),
            future("2026-09-01", "B", 101.0, "0"),
            future("2026-09-02", "A", 102.0, "0"),
            future("2026-09-02", "B", 103.02, "1"),
        ],
        indices_bars_daily_topix=[{"Date": "2026-09-02", "C": 99.0}, {"Date": "2026-09-03", "C": 98.0}],
        derivatives_bars_daily_options_225=[
            option("1", 40000.0, 20.0, near),
            option("2", 40000.0, 22.0, near),
            option("1", 41000.0, 90.0, near),
            option("2", 40000.0, 18.0, far),
        ],
    )
    assert np.isnan(_on(panel, "fut_topix_settle", "2026-09-01"))
    assert _on(panel, "fut_topix_settle", "2026-09-02") == 100.0
    assert np.isnan(_on(panel, "fut_topix_close", "2026-09-02"))  # 0: not traded
    assert _on(panel, "fut_topix_interest", "2026-09-03") == 14.0
    assert _on(panel, "fut_topix_return", "2026-09-03") == pytest.approx(0.02)  # B over B, not B over A
    variance = (21.0**2 * 10 + (18.0**2 * 40 - 21.0**2 * 10) * 20 / 30) / 30
    assert _on(panel, "opt_iv", "2026-09-02") == pytest.approx(variance**0.5)
    assert _on(panel, "opt_underlying", "2026-09-02") == 40100.0
    assert _on(panel, "opt_put_interest", "2026-09-02") == 6.0
    assert _on(panel, "opt_rate", "2026-09-02") == -0.05  # a rate may be negative, a price may not
    # The index of the contract's own session: of the 2nd on the 3rd, while row 3 knows the close of the 3rd.
    assert np.isnan(_on(panel, "fut_topix_spot", "2026-09-02"))
    assert _on(panel, "fut_topix_spot", "2026-09-03") == 99.0
    assert _on(panel, "topix_close", "2026-09-03") == 98.0
    assert _on(panel, "fut_topix_days", "2026-09-03") == 9.0


def test_indices_are_known_at_their_close(tmp_path: Path) -> None:
    topix = [{"Date": str(day), "O": 1.0, "H": 2.0, "L": 0.5, "C": 1.5} for day in DAYS[:3]]
    others = [{"Date": str(day), "Code": "0028", "C": 9.0} for day in DAYS[:3]]
    panel = _panel(tmp_path, indices_bars_daily_topix=topix, indices_bars_daily=others)
    assert panel["topix_close"][:4].tolist()[:3] == [1.5, 1.5, 1.5]
    assert np.isnan(panel["topix_close"][3])
    assert panel["index_0028"][0] == 9.0


def _notice(day: str, term: str, ex: str | None, rate: float, status: str = "1") -> dict[str, Any]:
    about = {"PubTime": "15:30", "RefNo": day, "StatCode": status, "IFCode": "1", "FRCode": "2"}
    return {"PubDate": day, "Code": CODE, "IFTerm": term, "ExDate": ex, "DivRate": rate, **about}


def test_dividends_announced_revised_and_deleted(tmp_path: Path) -> None:
    rows = [
        _notice("2026-09-01", "2026-09", "2026-09-29", 10.0),
        _notice("2026-09-03", "2026-09", "2026-09-29", 12.0, "2"),
        _notice("2026-10-07", "2026-10", "2026-10-29", 6.0),
        _notice("2026-10-14", "2026-10", None, 0.0, "3"),
    ]
    panel = _panel(tmp_path, fins_dividend=rows)
    assert np.isnan(_on(panel, "dividend_in", "2026-09-01"))
    assert _on(panel, "dividend_next_amount", "2026-09-02") == 10.0
    assert _on(panel, "dividend_next_amount", "2026-09-04") == 12.0
    assert _on(panel, "dividend_in", "2026-09-28") == 1.0
    assert _on(panel, "dividend_in", "2026-09-29") == 0.0
    assert np.isnan(_on(panel, "dividend_in", "2026-09-30"))
    assert _on(panel, "dividend_ago", "2026-09-30") == 1.0
    assert _on(panel, "dividend_last_amount", "2026-10-08") == 12.0
    assert _on(panel, "dividend_next_amount", "2026-10-08") == 12.0  # 6 yen on the share split two for one
    assert np.isnan(_on(panel, "dividend_in", "2026-10-15"))
    assert _on(panel, "dividend_ago", "2026-10-15") == 11.0


def test_earnings_days_as_they_were_scheduled(tmp_path: Path) -> None:
    def plan(published: str, day: str | None) -> dict[str, Any]:
        return {"PubDate": published, "SchDate": day, "FQName": "2Q", "FYE": "0331", "Code": CODE}

    rows = [plan("2026-09-01", "2026-09-10"), plan("2026-09-08", "2026-09-17"), plan("2026-09-15", None)]
    panel = _panel(tmp_path, fins_earnings_date=rows)
    days = ["2026-09-02", "2026-09-08", "2026-09-09", "2026-09-15", "2026-09-16"]
    found = [_on(panel, "earnings_in", day) for day in days]
    assert found[:4] == [6.0, 2.0, 6.0, 2.0]
    assert np.isnan(found[4])  # undecided since the evening before
    assert "earnings_next_amount" not in panel.columns
