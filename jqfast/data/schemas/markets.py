"""Calendar, margin balances, short selling, trading breakdown, indices."""

from __future__ import annotations

from jqfast.data.schemas.base import DATE, STOCK, Field, Table, dates, floats, texts

_CALENDAR = Table(
    name="markets_calendar",
    path="/markets/calendar",
    fields=(
        Field("Date", "date", "", "calendar day", required=True),
        Field("HolDiv", "str", "", "0 closed, 1 open, 2 half day, 3 closed but derivatives trade"),
    ),
    keys=("Date",),
    date="Date",
    published=(),
    rule="known_ahead",
    query="all",
    plan="free",
    bulk=True,
    rhythm="event",
    summary="which days the exchange is open, to the end of next year",
    since="2008-01-01",
)


def _margin(suffix: str, unit: str, what: str) -> tuple[Field, ...]:
    kinds = {"": "", "Neg": ", negotiable", "Std": ", standardised"}
    sides = {"Shrt": "margin sales outstanding", "Long": "margin purchases outstanding"}
    return floats(
        unit,
        {
            f"{side}{kind}{suffix}": f"{text}{kinds[kind]}{what}"
            for kind in kinds
            for side, text in sides.items()
        },
    )


_MARGIN_INTEREST = Table(
    name="markets_margin_interest",
    path="/markets/margin-interest",
    fields=(
        *dates({"PubDate": "publication day; null for balances before 2026-09-25"}),
        Field(
            "Date", "date", "", "day of the balance: Fridays, every session from 2026-09-25", required=True
        ),
        STOCK,
        Field("IssType", "str", "", "1 margin issue, 2 loan issue, 3 other"),
        *_margin("Vol", "shares", ""),
        *_margin("Val", "JPY", ", value (from 2026-09-25)"),
    ),
    keys=("Date", "Code"),
    date="Date",
    published=("PubDate",),
    rule="weekly_second_session",
    query="date",
    plan="standard",
    bulk=True,
    rhythm="week",
    summary="margin balances, weekly until 2026-09-24 and daily since",
    since="2012-02-10",
)


def _alert(kind: str, text: str) -> tuple[Field, ...]:
    """Outstanding and its daily change of both sides, for one kind of margin trade."""
    out: list[Field] = []
    for side, what in (("Shrt", "margin sales"), ("Long", "margin purchases")):
        out.append(Field(f"{side}{kind}Out", "float", "shares", f"{what} outstanding{text}"))
        out.append(
            Field(
                f"{side}{kind}OutChg",
                "float",
                "shares",
                f'daily change of {what}{text}; "-" if not published the day before',
            )
        )
    return tuple(out)


def _alert_fields() -> tuple[Field, ...]:
    """The columns in the API's order, which puts a ratio after each of the first two changes."""
    both, negotiable, standardised = (
        _alert("", ""),
        _alert("Neg", ", negotiable"),
        _alert("Std", ", standardised"),
    )
    return (
        *both[:2],
        Field(
            "ShrtOutRatio",
            "float",
            "percent",
            'margin sales over listed shares; "*" for exchange-traded funds',
        ),
        *both[2:],
        Field(
            "LongOutRatio",
            "float",
            "percent",
            'margin purchases over listed shares; "*" for exchange-traded funds',
        ),
        Field("SLRatio", "float", "percent", "margin sales over margin purchases"),
        *negotiable[:2],
        *standardised[:2],
        *negotiable[2:],
        *standardised[2:],
    )


_MARGIN_ALERT = Table(
    name="markets_margin_alert",
    path="/markets/margin-alert",
    fields=(
        Field("PubDate", "date", "", "publication day", required=True),
        STOCK,
        Field("AppDate", "date", "", "day of the balance", required=True),
        Field("PubReason", "json", "", "why the issue is published daily, flags by name"),
        *_alert_fields(),
        Field("TSEMrgnRegCls", "str", "", "class of margin regulation", width=3),
    ),
    keys=("AppDate", "Code"),
    date="PubDate",
    published=("PubDate",),
    rule="published",
    query="date",
    plan="standard",
    bulk=True,
    rhythm="event",
    summary="daily margin balances of issues under alert",
)

_SHORT_RATIO = Table(
    name="markets_short_ratio",
    path="/markets/short-ratio",
    fields=(
        DATE,
        Field("S33", "str", "", "TOPIX-33 sector", required=True, width=4),
        *floats(
            "JPY",
            {
                "SellExShortVa": "sales other than short sales",
                "ShrtWithResVa": "short sales under price restriction",
                "ShrtNoResVa": "short sales without price restriction",
            },
        ),
    ),
    keys=("Date", "S33"),
    date="Date",
    published=(),
    rule="after_close",
    query="date",
    plan="standard",
    bulk=True,
    rhythm="session",
    summary="short sales by sector",
    since="2010-01-04",
)

_SHORT_SALE_REPORT = Table(
    name="markets_short_sale_report",
    path="/markets/short-sale-report",
    fields=(
        Field("DiscDate", "date", "", "day of disclosure", required=True),
        Field("CalcDate", "date", "", "day of the position", required=True),
        STOCK,
        *texts(
            {
                "SSName": "short seller",
                "SSAddr": "short seller's address",
                "DICName": "discretionary investment contractor",
                "DICAddr": "contractor's address",
                "FundName": "investment fund",
            }
        ),
        Field("ShrtPosToSO", "float", "ratio", "short position over shares outstanding"),
        Field("ShrtPosShares", "float", "shares", "short position"),
        Field("ShrtPosUnits", "float", "trading units", "short position"),
        *dates({"PrevRptDate": "day of the position in the previous report"}),
        Field("PrevRptRatio", "float", "ratio", "position in the previous report"),
        *texts({"Notes": "notes"}),
    ),
    keys=("CalcDate", "Code", "SSName", "DICName", "FundName"),
    date="DiscDate",
    published=("DiscDate",),
    rule="published",
    query="date",
    plan="standard",
    bulk=True,
    rhythm="event",
    summary="short positions of 0.5 % and more",
    date_parameter="disc_date",
    since="2013-11-07",
)

_FLOWS = {
    "LongSell": "cash sales",
    "ShrtNoMrgn": "short sales other than new margin sales",
    "MrgnSellNew": "new margin sales",
    "MrgnSellClose": "sales that close margin purchases",
    "LongBuy": "cash purchases",
    "MrgnBuyNew": "new margin purchases",
    "MrgnBuyClose": "purchases that close margin sales",
}

_BREAKDOWN = Table(
    name="markets_breakdown",
    path="/markets/breakdown",
    fields=(
        DATE,
        STOCK,
        *floats("JPY", {f"{name}Va": f"{text}, value" for name, text in _FLOWS.items()}),
        *floats("shares", {f"{name}Vo": f"{text}, volume" for name, text in _FLOWS.items()}),
    ),
    keys=("Date", "Code"),
    date="Date",
    published=(),
    rule="evening",
    query="date",
    plan="premium",
    bulk=True,
    rhythm="session",
    summary="auction trades by kind of order",
    since="2015-04-01",
)

_OHLC = floats(
    "index points",
    {"O": "open, null where only the close is distributed", "H": "high", "L": "low", "C": "close"},
)

_INDICES = Table(
    name="indices_bars_daily",
    path="/indices/bars/daily",
    fields=(DATE, Field("Code", "str", "", "index code of four characters", required=True, width=4), *_OHLC),
    keys=("Date", "Code"),
    date="Date",
    published=(),
    rule="after_close",
    query="date",
    plan="standard",
    bulk=True,
    rhythm="session",
    summary="indices of the exchange",
)

_TOPIX = Table(
    name="indices_bars_daily_topix",
    path="/indices/bars/daily/topix",
    fields=(DATE, *_OHLC),
    keys=("Date",),
    date="Date",
    published=(),
    rule="after_close",
    query="range",
    plan="light",
    bulk=True,
    rhythm="session",
    summary="TOPIX",
)

MARKETS = (
    _CALENDAR,
    _MARGIN_INTEREST,
    _MARGIN_ALERT,
    _SHORT_RATIO,
    _SHORT_SALE_REPORT,
    _BREAKDOWN,
    _INDICES,
    _TOPIX,
)
