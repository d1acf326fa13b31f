"""Futures, options, and options on the Nikkei 225.

A trading day starts with the night session of the evening before. Untraded prices are 0, not null.
"""

from __future__ import annotations

from jqfast.data.schemas.base import DATE, Field, Table, dates, floats

_UNIT = "points"
_CONTRACT = Field("Code", "str", "", "contract code of nine characters", required=True)
_PRODUCT = Field("ProdCat", "str", "", "product, such as TOPIXF or NK225E")
_UNDERLYING = Field("UndSSO", "str", "", 'underlying of a securities option, "-" otherwise')
_MONTH = Field("CM", "str", "", "contract month YYYY-MM, or the week's code of a mini option")
_STRIKE = Field("Strike", "float", _UNIT, "exercise price")
_SIDE = Field("PCDiv", "str", "", "1 put, 2 call")
_EMERGENCY = Field(
    "EmMrgnTrgDiv", "str", "", "001 emergency margin triggered, 002 normal settlement", required=True, width=3
)
_CENTRAL = Field("CCMFlag", "bool", "", "central contract month")
_LATE = " (from 2016-07-19)"


def _prices(prefix: str, which: str) -> tuple[Field, ...]:
    words = {"O": "open", "H": "high", "L": "low", "C": "close"}
    return floats(_UNIT, {prefix + k: f"{v} of the {which}" for k, v in words.items()})


_DAY = _prices("", "trading day")
_MORNING = _prices("M", "morning; null if the product has no split sessions")
_NIGHT = _prices("E", "night session; null on the first trading day")
_DAYTIME = _prices("A", "day session")
_SIZE = (
    Field("Vo", "float", "contracts", "volume"),
    Field("OI", "float", "contracts", "open interest"),
    Field("Va", "float", "JPY", "turnover"),
)
_AUCTION = Field("VoOA", "float", "contracts", f"volume of the auction alone{_LATE}")
_LAST = dates({"LTD": f"last trading day{_LATE}", "SQD": f"day of the special quotation{_LATE}"})
_SETTLE = Field("Settle", "float", _UNIT, f"settlement price{_LATE}")
_MODEL = (
    Field("Theo", "float", _UNIT, f"theoretical price{_LATE}"),
    Field("BaseVol", "float", "percent", f"base volatility{_LATE}"),
    Field("UnderPx", "float", _UNIT, f"price of the underlying{_LATE}"),
    Field("IV", "float", "percent", f"implied volatility{_LATE}"),
    Field("IR", "float", "percent", f"interest rate of the theoretical price{_LATE}"),
)


def _table(path: str, fields: tuple[Field, ...], plan: str, summary: str) -> Table:
    return Table(
        name=path.strip("/").replace("/", "_"),
        path=path,
        fields=fields,
        keys=("Date", "Code", "EmMrgnTrgDiv"),
        date="Date",
        published=(),
        rule="next_morning",
        query="date",
        plan="standard" if plan == "standard" else "premium",
        bulk=True,
        rhythm="derivatives",
        summary=summary,
    )


_FUTURES = _table(
    "/derivatives/bars/daily/futures",
    (
        *(_CONTRACT, _PRODUCT, DATE, *_DAY, *_MORNING, *_NIGHT, *_DAYTIME, *_SIZE, _MONTH),
        *(_AUCTION, _EMERGENCY, *_LAST, _SETTLE, _CENTRAL),
    ),
    "premium",
    "futures on indices, bonds and rates",
)

_OPTIONS = _table(
    "/derivatives/bars/daily/options",
    (
        *(_CONTRACT, _PRODUCT, _UNDERLYING, DATE, *_DAY, *_MORNING, *_NIGHT, *_DAYTIME, *_SIZE, _MONTH),
        *(_STRIKE, _AUCTION, _EMERGENCY, _SIDE, *_LAST, _SETTLE, *_MODEL, _CENTRAL),
    ),
    "premium",
    "options on indices, bonds and securities",
)

_OPTIONS_225 = _table(
    "/derivatives/bars/daily/options/225",
    (
        *(DATE, _CONTRACT, *_DAY, *_NIGHT, *_DAYTIME, *_SIZE, _MONTH),
        *(_STRIKE, _AUCTION, _EMERGENCY, _SIDE, *_LAST, _SETTLE, *_MODEL),
    ),
    "standard",
    "options on the Nikkei 225 without weeklies and flexible contracts",
)

DERIVATIVES = (_FUTURES, _OPTIONS, _OPTIONS_225)
