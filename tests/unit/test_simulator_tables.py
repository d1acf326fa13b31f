"""The tables of the simulated store agree with each other and with the rules of the exchange."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from simulator_support import world

from jqfast.data import calendar, clock, pit
from jqfast.data._tokyo import limit_band
from jqfast.data.simulator.sessions import OUTAGE, make_sessions
from jqfast.data.simulator.statements import TREASURY
from jqfast.data.tables import TABLES, TRUE_AVAILABLE_AT


@pytest.fixture(scope="module")
def bars() -> pd.DataFrame:
    """Bars with the master's columns beside, in order of issue and day."""
    both = world().frame("equities_bars_daily").merge(world().frame("equities_master"), on=["Date", "Code"])
    return both.sort_values(["Code", "Date"], ignore_index=True)


# The calendar


def test_sessions_are_those_of_the_exchange() -> None:
    import datetime as dt

    ours = make_sessions(dt.date(2006, 1, 2), dt.date(2026, 11, 30))
    days = ours.dates
    theirs = calendar.sessions("XTKS", days[0], days[-1])
    assert np.array_equal(np.setdiff1d(days, theirs), [OUTAGE])
    assert len(np.setdiff1d(theirs, days)) == 0
    assert len(days) > 5000
    half = {"2006-12-29", "2007-01-04", "2008-12-30", "2009-01-05"}
    assert half <= set(days[ours.half].astype(str))
    assert not ours.half[days > np.datetime64("2009-01-05")].any()


def test_bars_and_master_have_the_sessions_of_the_calendar() -> None:
    there = world()
    table = there.frame("markets_calendar")
    start, end = there.market.sessions.dates[[0, -1]]
    open_ = table[table.HolDiv.isin(["1", "2"]) & (table.Date >= start) & (table.Date <= end)]
    for name in ("equities_bars_daily", "equities_master", "indices_bars_daily_topix"):
        assert np.array_equal(there.frame(name).Date.unique(), open_.Date.to_numpy()), name
    assert table.Date.max() == pd.Timestamp(f"{there.market.config.end.year + 1}-12-31")
    holidays = table[table.HolDiv == "3"].Date
    assert (holidays >= "2022-09-23").all()
    assert len(holidays) > 40


def test_the_day_of_the_outage_has_rows_and_no_trade() -> None:
    there = world()
    assert OUTAGE in there.market.sessions.dates
    rows = there.frame("equities_bars_daily").query("Date == @OUTAGE")
    assert len(rows) > 50
    assert rows[["O", "H", "L", "C", "Vo", "Va", "MO", "AC", "MktCap"]].isna().all(axis=None)
    for name in ("markets_short_ratio", "markets_breakdown"):
        assert (there.frame(name).Date != OUTAGE).all()


# Every table


def test_every_table_is_there_in_the_columns_of_the_api() -> None:
    tables = world().arrow
    assert set(tables) == set(TABLES)
    for name, rows in tables.items():
        about = TABLES[name]
        assert rows.num_rows > 0, name
        for column in rows.schema.names:
            if column != TRUE_AVAILABLE_AT:
                assert rows.schema.field(column).type.equals(about.by_name[column].type), (name, column)
        for column in {*about.keys, about.date, TRUE_AVAILABLE_AT} - {"SchDate", "DICName", "FundName"}:
            assert rows[column].null_count == 0, (name, column)


def test_records_are_told_apart_by_their_keys_and_publication() -> None:
    for name in world().arrow:
        rows = world().frame(name)
        assert not rows.duplicated(list(TABLES[name].identity)).any(), name


@pytest.mark.parametrize("name", sorted(TABLES))
def test_no_record_acts_before_its_true_availability(name: str) -> None:
    """The publication rules (decision 8) against the simulator's own knowledge, for all three decisions."""
    there = world()
    sessions = there.market.sessions
    mine = clock.Clock(sessions.dates, sessions.half)
    records = there.frame(name)
    columns = {c: records[c].to_numpy() for c in pit.rule(name).columns if c in records}
    for column, values in columns.items():
        if values.dtype.kind == "M":
            columns[column] = values.astype("datetime64[D]")
    columns = {c: v.astype(str) if v.dtype.kind == "O" else v for c, v in columns.items()}
    known = records[TRUE_AVAILABLE_AT].dt.tz_localize(None)
    truth = known.to_numpy().astype("datetime64[s]") - clock.TO_UTC
    decisions = ("close", "preopen", "evening")
    if name == "markets_calendar":
        decisions = ()
        assert (truth < records.Date.to_numpy()).all()
    for decision in decisions:
        row = pit.rows(name, columns, mine, decision)  # type: ignore[arg-type]  # a text of its values
        used = row < len(mine)
        # The morning bars are of the last session, which later decisions would use.
        assert used.sum() > 0.9 * len(row) or name == "equities_bars_daily_am"
        assert (truth[used] <= mine.instants(decision)[row[used]]).all(), decision  # type: ignore[arg-type]  # a text of its values


# Prices


def test_prices_obey_the_exchange(bars: pd.DataFrame) -> None:
    traded = bars[bars.C.notna()]
    assert (traded[["O", "C"]].min(axis=1) >= traded.L).all()
    assert (traded[["O", "C"]].max(axis=1) <= traded.H).all()
    assert np.array_equal(traded.H, traded[["MH", "AH"]].max(axis=1))
    assert np.array_equal(traded.L, traded[["ML", "AL"]].min(axis=1))
    for name in ("Vo", "Va"):
        assert np.array_equal(traded[name], traded[f"M{name}"].fillna(0) + traded[f"A{name}"].fillna(0))
    assert (traded.Vo % 100 == 0).all()
    assert (traded.Vo > 0).all()
    untraded = bars[bars.C.isna()]
    assert len(untraded) > 100
    assert untraded[["O", "H", "L", "Vo", "Va"]].isna().all(axis=None)
    # In tenths of a yen every price is whole, and large issues alone have fractions.
    assert np.allclose(traded.C * 10, np.rint(traded.C * 10), rtol=0, atol=1e-6)
    small = traded[~traded.ScaleCat.isin(["TOPIX Core30", "TOPIX Large70", "TOPIX Mid400"])]
    assert (small.C % 1 == 0).all()


def test_a_session_stays_within_its_limits(bars: pd.DataFrame) -> None:
    last = bars.groupby("Code").C.ffill()
    factors = bars.groupby("Code").AdjFactor.cumprod()
    base = (last / factors).groupby(bars.Code).shift() * factors
    known = base.notna() & bars.C.notna()
    # A code given to another company starts from a base of its own.
    fresh = bars.groupby("Code").CoName.shift().ne(bars.CoName)
    known &= ~fresh
    low, high = limit_band(base[known].to_numpy())
    assert (bars.L[known] >= low).all()
    assert (bars.H[known] <= high).all()
    touched = (bars.H[known] >= high) | (bars.L[known] <= low)
    assert np.array_equal(touched, bars.UL[known] | bars.LL[known])
    assert touched.sum() > 0


def test_factors_keep_the_market_value_and_multiply_the_shares(bars: pd.DataFrame) -> None:
    there = world()
    split = bars[bars.AdjFactor != 1]
    assert len(split) >= 8
    assert set(split.ExRT) <= {"1", "2"}
    assert bars.ExRT[bars.AdjFactor == 1].isna().all()
    shares = bars.MktCap * 1e6 / bars.C
    last = shares.groupby(bars.Code).ffill().groupby(bars.Code).shift()
    ratio = (shares / last)[split.index].dropna()
    # Market value is in whole million yen.
    precision = 2e6 / (bars.MktCap * 1e6)[ratio.index] + 1e-9
    assert (np.abs(ratio * split.AdjFactor[ratio.index] - 1) <= precision).all()
    papers = there.frame("fins_summary")
    for row in split.itertuples():
        own = papers[(papers.Code == row.Code) & papers.ShOutFY.notna()]
        own = own[own.DiscDate > row.Date - pd.Timedelta(days=200)]
        before, after = own[own.DiscDate < row.Date], own[own.DiscDate >= row.Date]
        nxt = split[(split.Code == row.Code) & (split.Date > row.Date)].Date.min()
        after = after[after.DiscDate < nxt] if pd.notna(nxt) else after
        earlier = split[(split.Code == row.Code) & (split.Date < row.Date)].Date.max()
        before = before[before.DiscDate >= earlier] if pd.notna(earlier) else before
        if len(before) and len(after):
            assert np.isclose(after.ShOutFY.iloc[0] * row.AdjFactor, before.ShOutFY.iloc[-1], atol=5)


def test_splits_are_announced_weeks_before(bars: pd.DataFrame) -> None:
    told = world().frame("td_list")
    told = told[told.Title.str.contains("株式分割|株式併合")]
    for row in bars[bars.AdjFactor != 1].itertuples():
        days = (row.Date - told[told.Code == row.Code].DiscDate).dt.days
        assert ((days > 30) & (days < 90)).any()


# Listings


def test_a_code_names_two_companies_and_never_at_once(bars: pd.DataFrame) -> None:
    names = bars.groupby("Code").CoName.nunique()
    assert (names == 2).sum() >= 1
    assert not bars.duplicated(["Date", "Code"]).any()
    for code in names.index[names == 2]:
        spans = bars[bars.Code == code].groupby("CoName").Date.agg(["min", "max"]).sort_values("min")
        assert (spans["min"].iloc[1] - spans["max"].iloc[0]).days > 300


def test_segments_change_with_the_reform(bars: pd.DataFrame) -> None:
    before, after = bars[bars.Date < "2022-04-04"], bars[bars.Date >= "2022-04-04"]
    assert set(before.Mkt) <= {"0101", "0102", "0104", "0106", "0107"}
    assert set(after.Mkt) <= {"0111", "0112", "0113"}
    both = (
        before.groupby("Code")
        .Mkt.last()
        .to_frame()
        .join(after.groupby("Code").Mkt.first(), suffixes=("", "_after"))
    )
    first = both.dropna().query("Mkt == '0101'").Mkt_after
    assert set(first) <= {"0111", "0112"}
    assert (first == "0111").mean() > 0.5
    assert bars[bars.Date >= "2024-01-04"].Code.str.contains("[A-Z]").any()
    assert bars.ScaleCat.nunique() >= 5


# Statements


def test_cumulative_sums_and_four_quarters() -> None:
    there = world()
    papers = there.frame("fins_summary")
    results = papers[papers.Sales.notna()]
    results = results.drop_duplicates(["Code", "CurFYEn", "CurPerType"], keep="first")
    wide = results.pivot(index=["Code", "CurFYEn"], columns="CurPerType", values="Sales").dropna()
    assert len(wide) > 200
    steps = wide[["1Q", "2Q", "3Q", "FY"]].diff(axis=1).iloc[:, 1:]
    assert (steps > 0).all(axis=None)
    # The vendor's trailing EPS is the sum of four quarters over free shares.
    profit = results.pivot(index=["Code", "CurFYEn"], columns="CurPerType", values="NP")
    value = there.frame("equities_valuation")
    splits = there.frame("equities_bars_daily").query("AdjFactor != 1")
    counted = 0
    for (code, year_end), row in profit.iterrows():
        closing = results[
            (results.Code == code) & (results.CurFYEn == year_end) & (results.CurPerType == "FY")
        ]
        if closing.empty or closing.DocType.iloc[0].startswith("Other"):
            continue
        later = value[(value.Code == code) & (value.Date > closing.DiscDate.iloc[0])].head(1)
        if later.empty or (later.Date.iloc[0] - closing.DiscDate.iloc[0]).days > 10:
            continue
        counted += 1
        free = closing.ShOutFY.iloc[0] - closing.TrShFY.iloc[0]
        # On the day's shares, which a split since the disclosure has multiplied; EPS has two decimals.
        since = splits.Date > closing.DiscDate.iloc[0]
        shares = splits[(splits.Code == code) & since & (splits.Date <= later.Date.iloc[0])]
        free = free / shares.AdjFactor.prod()
        assert np.isclose(later.EPS.iloc[0] * free, row["FY"], rtol=0.02, atol=0.006 * free + 4e6)
    assert counted > 100


def test_documents_of_all_kinds_at_realistic_hours() -> None:
    papers = world().frame("fins_summary")
    kinds = papers.DocType.value_counts()
    assert kinds["EarnForecastRevision"] > 30
    assert kinds["DividendForecastRevision"] > 0
    period = papers[papers.Sales.notna()].groupby(["Code", "CurFYEn", "CurPerType"]).DiscNo.nunique()
    assert (period > 1).sum() >= 3  # filed again with a correction
    late = papers[papers.DiscDate >= "2024-11-05"].DiscTime.value_counts()
    assert late.index[0] == "15:30:00"
    early = papers[papers.DiscDate < "2024-11-05"].DiscTime.value_counts()
    assert early.index[0] == "15:00:00"
    assert papers.DiscNo.is_unique
    assert papers.sort_values(["DiscDate", "DiscTime"]).DiscNo.is_monotonic_increasing
    revision = papers[papers.DocType == "EarnForecastRevision"]
    assert revision[["Sales", "NP", "EPS", "ShOutFY"]].isna().all(axis=None)
    assert revision.FNP.notna().all()
    closing = papers[papers.CurPerType.eq("FY") & papers.Sales.notna()]
    assert closing.NxFNp.notna().all()
    assert closing.FNP.isna().all()
    assert (closing.EqAR.between(0.05, 0.95)).all()
    assert np.allclose(closing.BPS, closing.ShEq / (closing.ShOutFY * (1 - TREASURY)), rtol=2e-3, atol=0.02)


def test_earnings_dates_come_before_the_results_and_follow_changes() -> None:
    there = world()
    dates = there.frame("fins_earnings_date")
    assert dates.SchDate.isna().any()
    known = dates.dropna(subset="SchDate")
    assert (known.PubDate < known.SchDate).all()
    assert (known.SchDate > there.market.sessions.dates[-1]).any()
    papers = there.frame("fins_summary")
    results = papers[papers.Sales.notna()].drop_duplicates(["Code", "CurFYEn", "CurPerType"])
    pairs = set(zip(known.Code, known.SchDate, strict=True))
    recent = results[results.DiscDate > there.market.sessions.dates[60]]
    met = [(code, day) in pairs for code, day in zip(recent.Code, recent.DiscDate, strict=True)]
    assert np.mean(met) > 0.97


def test_dividends_are_forecast_revised_and_determined() -> None:
    there = world()
    notices = there.frame("fins_dividend")
    assert set(notices.StatCode) == {"1", "2", "3"}
    assert notices.RefNo.is_unique
    new = notices[notices.StatCode == "1"]
    assert (new.CARefNo == new.RefNo).all()
    revised = notices[notices.StatCode == "2"].merge(notices, left_on="CARefNo", right_on="RefNo")
    assert len(revised) > 5
    assert (revised.Code_x == revised.Code_y).all()
    assert (revised.IFTerm_x == revised.IFTerm_y).all()
    assert (revised.PubDate_x >= revised.PubDate_y).all()
    sessions = there.market.sessions
    inside = notices[(notices.ExDate >= sessions.dates[0]) & (notices.ExDate <= sessions.dates[-1])]
    assert inside.ExDate.isin(sessions.dates).all()
    assert (inside.ExDate < inside.RecDate).all()
    determined = notices[notices.FRCode == "1"]
    assert (determined.ExDate < determined.PubDate).all()
    # On its ex-date a share opens lower by what is paid, on average.
    corrected = determined[determined.StatCode == "2"].merge(notices, left_on="CARefNo", right_on="RefNo")
    assert len(corrected) > 0
    assert np.allclose(corrected.DivRate_x * 1.1, corrected.DivRate_y, rtol=2e-3, atol=0.02)
    deleted = notices[notices.StatCode == "3"].merge(notices, left_on="CARefNo", right_on="RefNo")
    assert (deleted.FRCode_y == "2").all()
    determined = determined[~determined.RefNo.isin(corrected.RefNo_y)]
    paid = determined[(determined.DivRate > 0) & determined.ExDate.isin(sessions.dates[1:])]
    daily = there.frame("equities_bars_daily").sort_values(["Code", "Date"])
    daily["base"] = daily.groupby("Code").C.shift() * daily.AdjFactor
    both = paid.merge(daily, left_on=["Code", "ExDate"], right_on=["Code", "Date"]).dropna(
        subset=["O", "base"]
    )
    gap, share = both.O / both.base - 1, both.DivRate / both.base
    assert len(both) > 200
    error = gap.std() / np.sqrt(len(both))
    assert abs((gap + share).mean()) < 4 * error
    assert share.mean() > 0.005


# Markets


def test_margin_balances_add_up_weekly_then_daily() -> None:
    there = world()
    table = there.frame("markets_margin_interest")
    for side in ("Long", "Shrt"):
        assert np.array_equal(table[f"{side}Vol"], table[f"{side}NegVol"] + table[f"{side}StdVol"])
    old, new = table[table.Date < "2026-09-25"], table[table.Date >= "2026-09-25"]
    assert old.PubDate.isna().all()
    assert old.LongVal.isna().all()
    assert (new.PubDate > new.Date).all()
    assert new.Date.nunique() > 15
    assert new.LongVal.notna().all()
    week = (old.Date.drop_duplicates() - pd.Timestamp("1970-01-05")).dt.days // 7
    assert week.is_unique
    assert (old.Date.dt.day_of_week == 4).mean() > 0.8
    alert = there.frame("markets_margin_alert")
    assert (alert.PubDate > alert.AppDate).all()
    assert np.array_equal(alert.LongOut, alert.LongNegOut + alert.LongStdOut)
    same = alert.merge(table, left_on=["Code", "AppDate"], right_on=["Code", "Date"])
    assert len(same) > 50
    assert np.array_equal(same.LongOut, same.LongVol)
    assert alert.LongOutChg.isna().any()


def test_short_sales_are_part_of_the_sector_s_turnover(bars: pd.DataFrame) -> None:
    table = world().frame("markets_short_ratio")
    total = table.SellExShortVa + table.ShrtWithResVa + table.ShrtNoResVa
    turnover = (
        bars.groupby(["Date", "S33"])
        .Va.sum()
        .reindex(list(zip(table.Date, table.S33, strict=True)), fill_value=0)
    )
    assert np.array_equal(total, turnover)
    assert (table.groupby("Date").size() == 33).all()
    assert (table[["SellExShortVa", "ShrtWithResVa", "ShrtNoResVa"]] >= 0).all(axis=None)


def test_short_positions_are_reported_at_half_a_percent() -> None:
    table = world().frame("markets_short_sale_report")
    assert len(table) > 200
    assert (table.DiscDate > table.CalcDate).all()
    small = table[table.ShrtPosToSO < 0.005]
    assert (small.PrevRptRatio >= 0.0049).all()
    assert len(small)
    assert (table.PrevRptDate.dropna() < table.CalcDate[table.PrevRptDate.notna()]).all()
    assert np.allclose(table.ShrtPosUnits * 100, table.ShrtPosShares)


def test_flows_add_up_and_are_published_on_thursday() -> None:
    there = world()
    table = there.frame("equities_investor_types")
    kinds = ["Ind", "Frgn", "SecCo", "InvTr", "BusCo", "OthCo", "InsCo", "Bank", "TrstBnk", "OthFin"]
    for side in ("Sell", "Buy"):
        assert np.array_equal(table[f"Brk{side}"], sum(table[f"{kind}{side}"] for kind in kinds))
        assert np.array_equal(table[f"Tot{side}"], table[f"Prop{side}"] + table[f"Brk{side}"])
    for kind in (*kinds, "Prop", "Brk", "Tot"):
        assert np.array_equal(table[f"{kind}Bal"], table[f"{kind}Buy"] - table[f"{kind}Sell"])
        assert np.array_equal(table[f"{kind}Tot"], table[f"{kind}Buy"] + table[f"{kind}Sell"])
    assert (table.PubDate.dt.day_of_week == 3).mean() > 0.7
    first = table.drop_duplicates(["Section", "StDate", "EnDate"])
    assert ((first.PubDate - first.EnDate).dt.days.between(5, 14)).all()
    before, after = table[table.StDate < "2022-04-04"], table[table.StDate >= "2022-04-04"]
    assert {"TSE1st", "TokyoNagoya"} <= set(before.Section)
    assert {"TSEPrime", "TSEStandard", "TSEGrowth", "TokyoNagoya"} == set(after.Section)
    corrected = table[table.duplicated(["Section", "StDate", "EnDate"], keep=False)]
    assert len(corrected) >= 4
    assert (corrected.PubDate >= "2023-04-03").all()
    # All sections together are the whole market's turnover, in thousand yen.
    daily = there.frame("equities_bars_daily").groupby("Date").Va.sum()
    whole = table[table.Section == "TokyoNagoya"].drop_duplicates("StDate")
    turned = [daily[a:b].sum() / 500 for a, b in zip(whole.StDate, whole.EnDate, strict=True)]
    assert np.allclose(whole.TotTot, turned, rtol=0, atol=30)


def test_topix_is_the_members_market_value(bars: pd.DataFrame) -> None:
    there = world()
    topix = there.frame("indices_bars_daily_topix").set_index("Date")
    value = bars.pivot(index="Date", columns="Code", values="MktCap").ffill()
    company = bars.pivot(index="Date", columns="Code", values="CoName")
    member = bars.assign(m=bars.Mkt.isin(["0101", "0111"])).pivot(index="Date", columns="Code", values="m")
    listed = company.notna()
    usual = (
        listed
        & listed.shift(fill_value=False)
        & (company == company.shift())
        & member.shift(fill_value=False).eq(True)
    )
    now, before = value.where(usual).sum(axis=1), value.shift().where(usual).sum(axis=1)
    move = (now / before)[1:]
    index = (topix.C / topix.C.shift())[1:]
    # Market values are whole million yen, the index has two decimals.
    assert np.abs(move - index).max() < 2e-4
    assert (topix[["O", "C"]].max(axis=1) <= topix.H).all()
    assert (topix[["O", "C"]].min(axis=1) >= topix.L).all()
    indices = there.frame("indices_bars_daily")
    same = indices[indices.Code == "0000"].set_index("Date")
    assert np.array_equal(same.C, topix.C)
    assert set(indices[indices.Date >= "2022-04-05"].Code) >= {"0040", "0060", "0080", "0090", "0500", "0028"}
    assert indices[indices.Code == "8100"].O.isna().all()


def test_options_are_in_parity_with_futures() -> None:
    there = world()
    options = there.frame("derivatives_bars_daily_options_225")
    keys = ["Date", "CM", "Strike"]
    call, put = (options[options.PCDiv == side].set_index(keys) for side in ("2", "1"))
    term = np.maximum((call.SQD - call.index.get_level_values("Date")).dt.days, 1) / 365
    discount = np.exp(-call.IR / 100 * term)
    forward = (call.Theo - put.Theo) / discount + call.index.get_level_values("Strike").to_numpy()
    # Theoretical prices have four decimals, the rate four decimals of a percent.
    assert np.allclose(forward, call.UnderPx / discount, rtol=2e-6, atol=3e-4)
    futures = (
        there.frame("derivatives_bars_daily_futures").query("ProdCat == 'NK225F'").set_index(["Date", "CM"])
    )
    joined = forward.groupby(level=["Date", "CM"]).first().to_frame("forward").join(futures, how="inner")
    assert len(joined) > 1000
    assert (np.abs(joined.Settle - joined.forward) <= 5.01).all()
    assert (options.IV > 0).all()
    assert (options.LTD < options.SQD).all()
    assert (options.Date <= options.LTD).all()
    assert (options.SQD.dt.day_of_week == 4).mean() > 0.9
    volatility = there.frame("derivatives_bars_daily_futures").query("ProdCat == 'NKVIF' and CCMFlag")
    at_money = options.assign(d=(options.Strike / options.UnderPx - 1).abs()).sort_values("d")
    at_money = (
        at_money[at_money.CM.eq(at_money.groupby("Date").CM.transform("min"))].groupby("Date").IV.first()
    )
    assert np.corrcoef(volatility.set_index("Date").C, at_money)[0, 1] > 0.9
    central = there.frame("derivatives_bars_daily_futures").query("CCMFlag")
    assert (central.groupby(["Date", "ProdCat"]).size() == 1).all()


def test_breakdown_is_the_day_s_trade() -> None:
    there = world()
    both = there.frame("markets_breakdown").merge(there.frame("equities_bars_daily"), on=["Date", "Code"])
    for suffix in ("Va", "Vo"):
        sold = sum(both[f"{n}{suffix}"] for n in ("LongSell", "ShrtNoMrgn", "MrgnSellNew", "MrgnSellClose"))
        bought = sum(both[f"{n}{suffix}"] for n in ("LongBuy", "MrgnBuyNew", "MrgnBuyClose"))
        assert np.array_equal(sold, both[suffix])
        assert np.array_equal(bought, both[suffix])
