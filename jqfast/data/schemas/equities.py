"""Listed issues, daily bars, valuation, flows by investor type, earnings calendar."""

from __future__ import annotations

from jqfast.data.schemas.base import DATE, STOCK, Field, Plan, Table, dates, floats, texts

_MASTER = Table(
    name="equities_master",
    path="/equities/master",
    fields=(
        Field("Date", "date", "", "day the information applies to", required=True),
        STOCK,
        *texts(
            {
                "CoName": "company name, Japanese",
                "CoNameEn": "company name, English",
                "S17": "TOPIX-17 sector, 1 to 17 without leading zero, 99 other",
                "S17Nm": "TOPIX-17 sector name",
            }
        ),
        Field("S33", "str", "", "TOPIX-33 sector, 0050 to 9050, 9999 other", width=4),
        *texts({"S33Nm": "TOPIX-33 sector name", "ScaleCat": 'TOPIX scale category, "-" if in none'}),
        Field("Mkt", "str", "", "market: 0101 First Section ... 0111 Prime", width=4),
        *texts(
            {
                "MktNm": "market name",
                "Mrgn": "1 margin issue, 2 loan issue, 3 other",
                "MrgnNm": "margin class name",
            }
        ),
        Field("ProdCat", "str", "", "011 domestic stock, 013 REIT, 014 ETF ... (since 2026-05)", width=3),
    ),
    keys=("Date", "Code"),
    date="Date",
    published=(),
    rule="known_before_open",
    query="date",
    plan="free",
    bulk=True,
    rhythm="session",
    summary="listed issues of the day",
)

_PRICES = {"O": "open", "H": "high", "L": "low", "C": "close"}


def _session(prefix: str, which: str, plan: Plan | None) -> tuple[Field, ...]:
    """Columns of a trading session; prefix "" is the whole day."""
    of = f" of the {which}"
    prices = floats("JPY", {prefix + k: v + of + ", raw" for k, v in _PRICES.items()}, plan=plan)
    flags = (
        Field(f"{prefix}UL", "bool", "", f"upper price limit touched in the {which}", plan=plan),
        Field(f"{prefix}LL", "bool", "", f"lower price limit touched in the {which}", plan=plan),
    )
    size = (
        Field(f"{prefix}Vo", "float", "shares", f"volume{of}, raw", plan=plan),
        Field(f"{prefix}Va", "float", "JPY", f"turnover{of}, never adjusted", plan=plan),
    )
    factor = Field(
        "AdjFactor",
        "float",
        "ratio",
        "what earlier prices are multiplied with, on the ex-date; else 1; not cumulative",
    )
    adjusted = tuple(
        Field(f"{prefix}Adj{k}", "float", unit, f"{v}{of}, on today's basis", plan=plan, rewritten=True)
        for k, v, unit in [*((k, v, "JPY") for k, v in _PRICES.items()), ("Vo", "volume", "shares")]
    )
    return (*prices, *flags, *size, *(() if prefix else (factor,)), *adjusted)


_BARS = Table(
    name="equities_bars_daily",
    path="/equities/bars/daily",
    fields=(
        DATE,
        STOCK,
        *_session("", "day", None),
        *_session("M", "morning", "premium"),
        *_session("A", "afternoon", "premium"),
        Field("MktCap", "float", "million JPY", "market capitalisation (since 2026-08)"),
        Field("ExRT", "str", "", "ex-rights type: 1 split, 2 consolidation, 3 rights issue"),
    ),
    keys=("Date", "Code"),
    date="Date",
    published=(),
    rule="close",
    query="date",
    plan="free",
    bulk=True,
    rhythm="session",
    summary="daily open, high, low, close, volume of each issue; nulls on a day without a trade",
)

_BARS_AM = Table(
    name="equities_bars_daily_am",
    path="/equities/bars/daily/am",
    fields=(
        DATE,
        STOCK,
        *floats("JPY", {f"M{k}": f"{v} of the morning, raw" for k, v in _PRICES.items()}),
        Field("MVo", "float", "shares", "volume of the morning"),
        Field("MVa", "float", "JPY", "turnover of the morning"),
    ),
    keys=("Date", "Code"),
    date="Date",
    published=(),
    rule="noon",
    query="all",
    plan="premium",
    bulk=False,
    rhythm="session",
    summary="morning session of today",
)

_VALUATION = Table(
    name="equities_valuation",
    path="/equities/valuation",
    fields=(
        DATE,
        STOCK,
        *floats(
            "JPY/share",
            {
                "EPS": "earnings per share, trailing twelve months",
                "FwdEPS": "earnings per share, company forecast of the current year",
                "BPS": "book value per share",
            },
        ),
        *floats("ratio", {"ROE": "return on equity", "FwdROE": "return on equity, forecast"}),
        *floats(
            "ratio",
            {"PER": "price / EPS", "FwdPER": "price / forecast EPS", "PBR": "price / book value"},
        ),
        Field("MktCap", "float", "million JPY", "market capitalisation"),
    ),
    keys=("Date", "Code"),
    date="Date",
    published=(),
    rule="after_close",
    query="date",
    plan="free",
    bulk=True,
    rhythm="session",
    summary="vendor's valuation ratios; a filing enters the next session's row",
)

_INVESTORS = {
    "Prop": "proprietary accounts",
    "Brk": "brokerage, all customers",
    "Tot": "all investors",
    "Ind": "individuals",
    "Frgn": "foreigners",
    "SecCo": "securities companies",
    "InvTr": "investment trusts",
    "BusCo": "business corporations",
    "OthCo": "other corporations",
    "InsCo": "life and non-life insurers",
    "Bank": "city and regional banks",
    "TrstBnk": "trust banks",
    "OthFin": "other financial institutions",
}
_SIDES = {"Sell": "sales", "Buy": "purchases", "Tot": "sales and purchases", "Bal": "purchases less sales"}

_INVESTOR_TYPES = Table(
    name="equities_investor_types",
    path="/equities/investor-types",
    fields=(
        Field("PubDate", "date", "", "publication day", required=True),
        Field("StDate", "date", "", "first day of the week", required=True),
        Field("EnDate", "date", "", "last day of the week", required=True),
        Field("Section", "str", "", "TSEPrime, TSEStandard, TSEGrowth, TokyoNagoya, ...", required=True),
        *floats(
            "thousand JPY",
            {f"{who}{side}": f"{_SIDES[side]} of {_INVESTORS[who]}" for who in _INVESTORS for side in _SIDES},
        ),
    ),
    keys=("StDate", "EnDate", "Section"),
    date="PubDate",
    published=("PubDate",),
    rule="published",
    query="range",
    plan="light",
    bulk=True,
    rhythm="week",
    summary="weekly trading by type of investor",
    since="2008-01-04",
)

_EARNINGS_CALENDAR = Table(
    name="equities_earnings_calendar",
    path="/equities/earnings-calendar",
    fields=(
        *dates({"Date": "scheduled day, null if undecided"}),
        STOCK,
        *texts(
            {
                "CoName": "company name",
                "FY": "end of the fiscal year, as Japanese text",
                "SectorNm": "sector name",
                "FQ": "quarter, as Japanese text",
                "Section": "market section name",
            }
        ),
    ),
    keys=("Date", "Code", "FY", "FQ"),
    date="Date",
    published=(),
    rule="fetched",
    query="all",
    plan="free",
    bulk=False,
    rhythm="event",
    summary="earnings announced on the next business day; has no history but what was fetched",
)

EQUITIES = (_MASTER, _BARS, _BARS_AM, _VALUATION, _INVESTOR_TYPES, _EARNINGS_CALENDAR)
