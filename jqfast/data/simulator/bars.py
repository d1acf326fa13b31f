"""Daily bars, and the master list that says which issues there are on a day."""

from __future__ import annotations

from typing import Any

import numpy as np

from jqfast.data._tokyo import SECTOR33
from jqfast.data.simulator.clock import utc
from jqfast.data.simulator.columns import Text, arrow_table, same
from jqfast.data.simulator.issues import MARKETS
from jqfast.data.simulator.market import Market
from jqfast.data.simulator.names import (
    MARGIN_NAMES,
    MARKET_NAMES,
    SCALE_NAMES,
    SECTOR17,
    SECTOR17_NAMES,
    SECTOR33_NAMES,
    company_names,
)
from jqfast.data.simulator.sessions import NOON_MINUTE
from jqfast.data.simulator.state import Year
from jqfast.types import AnyArray, DateArray, IntArray

_PRICES = ("O", "H", "L", "C")
#: Million yen, as the API has market values.
_MILLION = 1e6
#: Sessions after which a listed company of some size may be lent.
_LOAN_AFTER = 60


def margin_class(market: Market, rows: IntArray) -> AnyArray:
    """(S, N) 0 margin, 1 loan issue: large ones, some months after their listing."""
    age = rows[:, None] - market.issues.first
    grown = (age >= _LOAN_AFTER) | (market.issues.first == 0)
    return np.asarray(((market.issues.size > -0.4) & grown).astype(np.int8))


def close_stamps(market: Market, year: Year) -> DateArray:
    """(S,) instants of the close."""
    return utc(year.dates, market.sessions.close_minute[year.rows])


def bars_table(market: Market, year: Year) -> Any:
    """``equities_bars_daily`` of one year: prices as traded, without the vendor's rewritten adjusted ones."""
    s, n = np.nonzero(year.listed)
    columns: dict[str, AnyArray | Text] = {"Date": year.dates[s], "Code": Text(market.issues.code, n)}
    for part, prefix in enumerate(("", "M", "A")):
        for k, name in enumerate(_PRICES):
            columns[prefix + name] = year.prices[:, 4 * part + k][s, n]
        traded = year.volume[:, part] > 0
        columns[f"{prefix}UL"] = year.limit[:, part][s, n]
        columns[f"{prefix}LL"] = year.limit[:, 3 + part][s, n]
        columns[f"{prefix}Vo"] = np.where(traded, year.volume[:, part], np.nan)[s, n]
        columns[f"{prefix}Va"] = np.where(traded, year.turnover[:, part], np.nan)[s, n]
    columns["AdjFactor"] = year.factor[s, n]
    untraded = np.isnan(year.prices[:, 3])
    columns["MktCap"] = np.where(untraded, np.nan, np.rint(year.capital / _MILLION))[s, n]
    factor = year.factor[s, n]
    columns["ExRT"] = Text(("1", "2"), np.where(factor < 1, 0, np.where(factor > 1, 1, -1)).astype(np.int8))
    return arrow_table("equities_bars_daily", columns, close_stamps(market, year)[s])


def morning_table(market: Market, year: Year) -> Any:
    """``equities_bars_daily_am``: the last session of a year, as the API has today's at noon."""
    n = np.flatnonzero(year.listed[-1])
    day = np.full(len(n), year.dates[-1])
    columns: dict[str, AnyArray | Text] = {
        "Date": day,
        "Code": Text(market.issues.code, n),
        **{f"M{name}": year.prices[-1, 4 + k, n] for k, name in enumerate(_PRICES)},
    }
    traded = year.volume[-1, 1, n] > 0
    columns["MVo"] = np.where(traded, year.volume[-1, 1, n], np.nan)
    columns["MVa"] = np.where(traded, year.turnover[-1, 1, n], np.nan)
    return arrow_table("equities_bars_daily_am", columns, utc(day, NOON_MINUTE))


def master_table(market: Market, year: Year) -> Any:
    """``equities_master`` of one year: a full list per session, out at 17:30 of the session before."""
    s, n = np.nonzero(year.listed)
    issues, rows = market.issues, len(n)
    japanese, english = company_names(issues.number)
    sector17 = np.array([SECTOR17_NAMES.index(SECTOR17[code]) for code in SECTOR33])
    columns: dict[str, AnyArray | Text] = {
        "Date": year.dates[s],
        "Code": Text(issues.code, n),
        "CoName": Text(japanese, n),
        "CoNameEn": Text(english, n),
        "S17": Text([str(k + 1) for k in range(17)], sector17[issues.sector][n]),
        "S17Nm": Text(SECTOR17_NAMES, sector17[issues.sector][n]),
        "S33": Text(SECTOR33, issues.sector[n]),
        "S33Nm": Text(SECTOR33_NAMES, issues.sector[n]),
        "ScaleCat": Text(SCALE_NAMES, year.scale[s, n]),
        "Mkt": Text(MARKETS, year.segment[s, n]),
        "MktNm": Text(MARKET_NAMES, year.segment[s, n]),
        "Mrgn": Text(("1", "2"), margin_class(market, year.rows)[s, n]),
        "MrgnNm": Text(MARGIN_NAMES, margin_class(market, year.rows)[s, n]),
        "ProdCat": same("011", rows),
    }
    before = market.sessions.shifted(year.dates, -1)
    return arrow_table("equities_master", columns, utc(before, 17 * 60 + 30)[s])
