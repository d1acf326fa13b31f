"""Tables derived from others: valuation ratios, the breakdown of trading, holders, the calendar."""

from __future__ import annotations

from typing import Any

import numpy as np

from jqfast.data.simulator import filings
from jqfast.data.simulator.clock import hours, utc
from jqfast.data.simulator.columns import Text, arrow_table, digits
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.names import company_names
from jqfast.data.simulator.sessions import OUTAGE
from jqfast.data.simulator.state import Year
from jqfast.data.simulator.statements import TREASURY, Papers
from jqfast.types import AnyArray, FloatArray

_BREAKDOWN_FROM = np.datetime64("2015-04-01", "D")
_EDINET_FROM = np.datetime64("2016-06-03", "D")


def calendar_table(market: Market) -> Any:
    """``markets_calendar`` to the end of the next year; each year is known by the end of March before it."""
    days, kind = market.sessions.days, market.sessions.kind
    year = days.astype("datetime64[Y]").astype(np.int64) + 1970
    known = np.array([np.datetime64(f"{y - 1}-03-31") for y in year])
    columns: dict[str, AnyArray | Text] = {"Date": days, "HolDiv": Text(("0", "1", "2", "3"), kind)}
    return arrow_table("markets_calendar", columns, utc(known, 18 * 60))


def valuation_table(market: Market, year: Year) -> Any:
    """``equities_valuation`` of one year, on the statements that its reader of the evening before had."""
    s, n = np.nonzero(year.listed)
    free = market.issues.shares[n] / year.adjustment[s, n] * (1.0 - TREASURY)
    equity, income, forecast = (values[s, n] for values in year.statement)
    price = year.capital[s, n] / (market.issues.shares[n] / year.adjustment[s, n])
    eps, ahead, bps = np.round(income / free, 2), np.round(forecast / free, 2), np.round(equity / free, 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = {
            "ROE": np.round(income / equity, 4),
            "FwdROE": np.round(forecast / equity, 4),
            "PER": _positive(price, eps),
            "FwdPER": _positive(price, ahead),
            "PBR": _positive(price, bps),
        }
    columns: dict[str, AnyArray | Text] = {
        "Date": year.dates[s],
        "Code": Text(market.issues.code, n),
        "EPS": eps,
        "FwdEPS": ahead,
        "BPS": bps,
        **ratios,
        "MktCap": np.rint(year.capital[s, n] / 1e6),
    }
    return arrow_table("equities_valuation", columns, utc(year.dates, 16 * 60 + 30)[s])


def _positive(price: FloatArray, each: FloatArray) -> FloatArray:
    """Price over a positive amount per share, else missing."""
    return np.where(each > 0, np.round(price / np.where(each > 0, each, 1.0), 2), np.nan)


def breakdown_table(market: Market, year: Year) -> Any:
    """``markets_breakdown`` of one year: who stood behind the day's auction trades, both sides."""
    rng = market.rng["tables"]
    there = year.listed & (year.volume[:, 0] > 0) & (year.dates >= _BREAKDOWN_FROM)[:, None]
    s, n = np.nonzero(there & (year.dates != OUTAGE)[:, None])
    rows = len(s)
    short = np.clip(0.30 + 0.08 * rng.standard_normal(rows), 0.02, 0.8)
    margin = np.clip(0.25 + 0.10 * rng.standard_normal(rows), 0.02, 0.6)
    new, close = np.clip(0.5 + 0.1 * rng.standard_normal((2, rows)), 0.1, 0.9)
    sell_margin = np.clip(0.15 + 0.05 * rng.standard_normal(rows), 0.01, 0.19)
    shares = {
        "ShrtNoMrgn": short,
        "MrgnSellNew": sell_margin * new,
        "MrgnSellClose": sell_margin * (1 - new),
        "LongBuy": 1 - margin,
        "MrgnBuyNew": margin * close,
        "MrgnBuyClose": margin * (1 - close),
    }
    columns: dict[str, AnyArray | Text] = {"Date": year.dates[s], "Code": Text(market.issues.code, n)}
    for suffix, total in (("Va", year.turnover[:, 0][s, n]), ("Vo", year.volume[:, 0][s, n])):
        parts = {name: np.floor(share * total) for name, share in shares.items()}
        parts["LongSell"] = total - parts["ShrtNoMrgn"] - parts["MrgnSellNew"] - parts["MrgnSellClose"]
        parts["LongBuy"] = total - parts["MrgnBuyNew"] - parts["MrgnBuyClose"]
        columns.update({f"{name}{suffix}": values for name, values in parts.items()})
    return arrow_table("markets_breakdown", columns, utc(year.dates, 18 * 60)[s])


def holders_table(market: Market, papers: Papers) -> Any:
    """``edinet_major_shareholders``: the annual report, some six weeks after the year's results."""
    r = papers.results
    rows = np.flatnonzero((papers.kind == filings.RESULT) & (r.quarter == 4))
    filed = market.sessions.shifted(papers.day[rows] + np.timedelta64(42, "D"), 0)
    rows, filed = rows[filed >= _EDINET_FROM], filed[filed >= _EDINET_FROM]
    inside = (filed <= market.sessions.dates[-1]) & (filed >= market.sessions.dates[0])
    rows, filed = rows[inside], filed[inside]
    order = np.lexsort((r.issue[rows], filed))
    rows, filed = rows[order], filed[order]
    issue = r.issue[rows]
    share = np.round(0.05 + 0.25 * market.rng["tables"].uniform(size=len(rows)), 4)
    held = np.rint(share * market.issues.shares[issue]).astype(np.int64)
    texts = [
        f'[{{"HldrAddr": "東京都", "HldrName": "架空信託", "Rank": 1, "ShsHeld": {h}, "ShsRatio": {x}}}]'
        for h, x in zip(held.tolist(), share.tolist(), strict=True)
    ]
    japanese, english = company_names(market.issues.number)
    columns: dict[str, AnyArray | Text] = {
        "DocId": np.char.add("S1", digits(np.arange(len(rows)), 6)),
        "Code": Text(market.issues.code, issue),
        "EdinetCode": np.char.add("E", digits(market.issues.number[issue], 5)),
        "FilerName": Text(japanese, issue),
        "FilerNameEn": Text(english, issue),
        "DocTypeCode": Text(("120",), np.zeros(len(rows), np.int8)),
        "SubDate": filed,
        "SubTime": hours(np.full(len(rows), 15 * 60), seconds=True),
        "PerSt": (r.year_end[rows].astype("datetime64[M]") - 11).astype("datetime64[D]"),
        "PerEn": r.year_end[rows],
        "Hldrs": np.array(texts, dtype=object),
    }
    return arrow_table("edinet_major_shareholders", columns, utc(filed, 15 * 60))
