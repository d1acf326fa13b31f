"""``fins_summary`` and ``fins_details``: every document that the companies have filed.

Goes in: a market that has run to its end. Comes out: ``Papers``, all documents in the order of disclosure
with their numbers, and the two tables. Per-share items are as disclosed, on the number of shares at the
period's end; revisions carry forecasts alone; corrected filings are rows of their own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from jqfast.data.simulator import companies, filings
from jqfast.data.simulator.clock import compact, hours, utc
from jqfast.data.simulator.columns import Text, arrow_table
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.splits import Splits
from jqfast.types import AnyArray, BoolArray, CodeArray, DateArray, FloatArray, IntArray

DIVIDEND_REVISION = 3
PERIODS = ("1Q", "2Q", "3Q", "FY")
_STANDARDS = ("JP", "IFRS", "US")
TREASURY = 0.03  # of the issued shares
_MINORITY = 0.03  # of net assets
_CHANGES_IN_SCOPE = np.datetime64("2024-07-22", "D")


@dataclass(frozen=True, eq=False)
class Papers:
    """All documents in order of disclosure: ``kind`` as in `filings.py`, or DIVIDEND_REVISION; the
    ``results`` behind each; ``day``, ``minute``, ``number`` (DiscNo); ``changed`` what net profit is
    multiplied by."""

    kind: IntArray
    results: companies.Results
    day: DateArray
    minute: IntArray
    number: CodeArray
    changed: FloatArray


def all_papers(market: Market) -> Papers:
    """The documents of listed companies, numbered through each day."""
    results = companies.joined(market.annals.results)
    papers = filings.joined(market.annals.filings)
    altered = (results.quarter == 1) & (np.abs(results.next_dividend - results.dividend).sum(axis=0) > 0)
    told = (papers.kind == filings.RESULT) & altered[papers.entry]
    extra = papers.take(np.flatnonzero(told))
    kind = np.concatenate([papers.kind, np.full(len(extra.kind), DIVIDEND_REVISION)])
    both = filings.joined([papers, extra])
    inside = both.day <= np.datetime64(market.config.end, "D")
    order = np.lexsort((kind, both.entry, both.minute, both.day))
    order = order[inside[order]]
    both, kind = both.take(order), kind[order]
    first = np.searchsorted(both.day, both.day, side="left")
    serial = 500_001 + np.arange(len(order)) - first
    number = np.char.add(compact(both.day), serial.astype(str))
    return Papers(kind, results.take(both.entry), both.day, both.minute, number, both.changed)


def summary_table(market: Market, papers: Papers, splits: Splits) -> Any:
    """``fins_summary``."""
    r, issues = papers.results, market.issues
    statement = (papers.kind == filings.RESULT) | (papers.kind == filings.CORRECTION)
    closing = r.quarter == 4
    # As of the day, and as if a split since the period's end had come before it: so companies report.
    shares = np.rint(issues.shares[r.issue] / splits.adjustment(r.issue, papers.day))
    columns: dict[str, AnyArray | Text] = {
        "DiscDate": papers.day,
        "DiscTime": hours(papers.minute, seconds=True),
        "Code": Text(issues.code, r.issue),
        "DiscNo": papers.number,
        "DocType": _document_types(papers, issues.standard[r.issue]),
        "CurPerType": Text(PERIODS, np.where(statement, r.quarter - 1, 3)),
        **_periods(r, statement),
        **_statement(papers, shares, issues.standard[r.issue], market.rng["tables"]),
        **_dividends(papers, splits, issues.shares[r.issue]),
        **_forecasts(papers, splits, issues.shares[r.issue], issues.standard[r.issue]),
        **_flags(papers, statement, market.rng["tables"]),
    }
    columns["ShOutFY"] = _where(statement, shares)
    columns["TrShFY"] = _where(statement, np.rint(TREASURY * shares))
    columns["AvgSh"] = _where(statement, shares - np.rint(TREASURY * shares))
    columns["ROE"] = _where(statement & closing, np.round(r.year / r.equity, 4))
    return arrow_table("fins_summary", columns, utc(papers.day, papers.minute))


def _where(some: BoolArray, values: FloatArray) -> FloatArray:
    return np.where(some, values, np.nan)


def _days(some: BoolArray, days: AnyArray) -> DateArray:
    return np.where(some, days, np.datetime64("NaT", "D"))


def _document_types(papers: Papers, standard: IntArray) -> Text:
    """DocType of each document."""
    labels = [f"{p}FinancialStatements_Consolidated_{s}" for p in PERIODS for s in _STANDARDS]
    labels += ["EarnForecastRevision", "DividendForecastRevision"]
    place = (papers.results.quarter - 1) * 3 + standard
    place = np.where(papers.kind == filings.REVISION, 12, place)
    return Text(labels, np.where(papers.kind == DIVIDEND_REVISION, 13, place))


def _months_before(day: DateArray, months: int) -> DateArray:
    """The first day of the month ``months`` - 1 before each month end's month."""
    return np.asarray((day.astype("datetime64[M]") - (months - 1)).astype("datetime64[D]"))


def _periods(r: companies.Results, statement: BoolArray) -> dict[str, AnyArray]:
    start = _months_before(r.year_end, 12)
    follows = r.year_end + np.timedelta64(1, "D")
    closing = statement & (r.quarter == 4)
    return {
        "CurPerSt": start,
        "CurPerEn": np.where(statement, r.end, r.year_end),
        "CurFYSt": start,
        "CurFYEn": r.year_end,
        "NxtFYSt": _days(closing, follows),
        "NxtFYEn": _days(
            closing, companies.month_end(r.year_end.astype("datetime64[M]").astype(np.int64) + 12)
        ),
    }


def net_profit(papers: Papers) -> FloatArray:
    """Net profit so far, as the document says: a correction has another one."""
    change = papers.results.own * (papers.changed - 1.0)
    return np.asarray(papers.results.flow[3] + np.rint(change / 1e6) * 1e6)


def _statement(
    papers: Papers, shares: FloatArray, standard: IntArray, rng: np.random.Generator
) -> dict[str, AnyArray]:
    """Income, balance and cash flow; per-share items on the shares of the day."""
    r = papers.results
    on = (papers.kind == filings.RESULT) | (papers.kind == filings.CORRECTION)
    free = shares - np.rint(TREASURY * shares)
    net = net_profit(papers)
    share = np.array([0.06, 0.76, 0.06, 0.93])[r.quarter - 1]
    flows = on & (rng.uniform(size=len(share)) < share)
    closing = on & (r.quarter == 4)
    return {
        "Sales": _where(on, r.flow[0]),
        "OP": _where(on, r.flow[1]),
        "OdP": _where(on & (standard == 0), r.flow[2]),
        "NP": _where(on, net),
        "EPS": _where(on, np.round(net / free, 2)),
        "TA": _where(on, r.assets),
        "Eq": _where(on, np.rint(r.equity * (1 + _MINORITY) / 1e6) * 1e6),
        "ShEq": _where(on, r.equity + (net - r.flow[3])),
        "EqAR": _where(on, np.round(r.equity / r.assets, 3)),
        "BPS": _where(closing, np.round(r.equity / free, 2)),
        "CFO": _where(flows, r.cash_flow[0]),
        "CFI": _where(flows, r.cash_flow[1]),
        "CFF": _where(flows, r.cash_flow[2]),
        "CashEq": _where(flows, r.cash),
    }


def _dividends(papers: Papers, splits: Splits, shares: FloatArray) -> dict[str, AnyArray]:
    """Dividends per share: those paid on the basis of the period's end, forecasts on that of the day."""
    r = papers.results
    statement = (papers.kind == filings.RESULT) | (papers.kind == filings.CORRECTION)
    closing, revision = statement & (r.quarter == 4), papers.kind == DIVIDEND_REVISION
    then = splits.adjustment(r.issue, r.end)
    now = splits.adjustment(r.issue, papers.day)
    paid, ahead = np.round(r.dividend * then, 2), np.round(r.next_dividend * now, 2)
    open_ = (statement & (r.quarter < 4)) | revision
    ended = np.rint(shares / then)
    free = ended - np.rint(TREASURY * ended)
    total = np.rint(paid.sum(axis=0) * free / 1e6) * 1e6
    profit = np.where(r.flow[3] > 0, r.flow[3], np.nan)
    return {
        "Div2Q": _where(statement & (r.quarter >= 2), paid[0]),
        "DivFY": _where(closing, paid[1]),
        "DivAnn": _where(closing, paid.sum(axis=0)),
        "DivTotalAnn": _where(closing, total),
        "PayoutRatioAnn": _where(closing, np.round(total / profit, 3)),
        "FDiv2Q": _where(open_ & (r.quarter == 1), ahead[0]),
        "FDivFY": _where(open_, ahead[1]),
        "FDivAnn": _where(open_, np.round(ahead.sum(axis=0), 2)),
        "NxFDiv2Q": _where(closing, ahead[0]),
        "NxFDivFY": _where(closing, ahead[1]),
        "NxFDivAnn": _where(closing, np.round(ahead.sum(axis=0), 2)),
    }


def _forecasts(papers: Papers, splits: Splits, shares: FloatArray, standard: IntArray) -> dict[str, AnyArray]:
    """Forecasts of the current year, or after its end of the next one."""
    r = papers.results
    now = np.rint(shares / splits.adjustment(r.issue, papers.day))
    free = now - np.rint(TREASURY * now)
    given = papers.kind != DIVIDEND_REVISION
    closing = given & (r.quarter == 4)
    current = given & ~closing
    out: dict[str, AnyArray] = {}
    names = ("Sales", "OP", "OdP", "NP")
    for k, name in enumerate(names):
        known = np.where(standard == 0, True, k != 2)
        out[f"F{name}"] = _where(current & known, r.forecast[k])
        out[f"F{name}2Q"] = _where(current & known & (r.quarter == 1), r.half[k])
        next_name = "Np" if name == "NP" else name
        out[f"NxF{next_name}"] = _where(closing & known, r.forecast[k])
        out[f"NxF{next_name}2Q"] = _where(closing & known, r.half[k])
    for prefix, chosen in (("", current), ("Nx", closing)):
        out[f"{prefix}FEPS"] = _where(chosen, np.round(r.forecast[3] / free, 2))
        first_half = chosen if prefix else chosen & (r.quarter == 1)
        out[f"{prefix}FEPS2Q"] = _where(first_half, np.round(r.half[3] / free, 2))
    return out


def _flags(papers: Papers, statement: BoolArray, rng: np.random.Generator) -> dict[str, AnyArray | Text]:
    """Changes of scope and of accounting rules, rare; null outside statements."""
    chances = {"MatChgSub": 0.02, "ChgByASRev": 0.06, "ChgNoASRev": 0.01, "ChgAcEst": 0.02, "RetroRst": 0.005}
    out: dict[str, AnyArray | Text] = {}
    for name, chance in {**chances, "SigChgInC": 0.02}.items():
        known = statement & ((name != "SigChgInC") | (papers.day >= _CHANGES_IN_SCOPE))
        drawn = rng.uniform(size=len(known)) < chance
        flag = drawn.astype(object)
        flag[~known] = None
        out[name] = flag
    return out


def details_table(market: Market, papers: Papers) -> Any:
    """``fins_details``: some two dozen items per statement, as text under their English labels."""
    rows = np.flatnonzero((papers.kind == filings.RESULT) | (papers.kind == filings.CORRECTION))
    r = papers.results.take(rows)
    standard = market.issues.standard[r.issue]
    debt = np.maximum(r.assets - r.equity, 0.0) * 0.45
    items = {
        "Cash and deposits": r.cash,
        "Total assets": r.assets,
        "Net assets": r.equity * (1 + _MINORITY),
        "Short-term borrowings": 0.4 * debt,
        "Long-term borrowings": 0.6 * debt,
        "Inventories": 0.1 * r.assets,
        "Net sales": r.flow[0],
        "Operating profit (loss)": r.flow[1],
        "Ordinary profit (loss)": r.flow[2],
        "Profit (loss) attributable to owners of parent": net_profit(papers)[rows],
        "Depreciation": 0.04 * r.flow[0],
    }
    whole = [np.rint(values / 1e6).astype(np.int64) * 1_000_000 for values in items.values()]
    number = papers.number[rows]
    again = papers.kind[rows] == filings.CORRECTION
    period = [PERIODS[q - 1] for q in r.quarter]
    heads = zip(
        market.issues.code[r.issue],
        standard,
        period,
        r.year_end.astype(str),
        r.end.astype(str),
        again,
        strict=True,
    )
    words = ("Japan GAAP", "IFRS", "US GAAP")
    texts = []
    for (code, rule, per, year_end, end, amended), *values in zip(
        heads, *[w.tolist() for w in whole], strict=True
    ):
        body = {
            "Security code, DEI": str(code),
            "Accounting standards, DEI": words[rule],
            "Type of current period, DEI": per,
            "Current fiscal year end date, DEI": str(year_end),
            "Current period end date, DEI": str(end),
            "Amendment flag, DEI": "true" if amended else "false",
        }
        body.update(zip(items, map(str, values), strict=True))
        texts.append(json.dumps(body, sort_keys=True))
    named = _document_types(papers, market.issues.standard[papers.results.issue])
    columns: dict[str, AnyArray | Text] = {
        "DiscDate": papers.day[rows],
        "DiscTime": hours(papers.minute[rows], seconds=True),
        "Code": Text(market.issues.code, r.issue),
        "DiscNo": number,
        "DocType": Text(named.labels, named.index[rows]),
        "FS": np.array(texts, dtype=object),
    }
    return arrow_table("fins_details", columns, utc(papers.day[rows], papers.minute[rows]))
