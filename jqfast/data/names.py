"""Column names: what every vendor calls the same thing.

In go the column names of any price table, out comes which column holds which field. English names in any
case, J-Quants V1 and V2 names, Japanese names and the names of the research files are understood. Two columns
that both claim one field are an error, unknown columns are named and ignored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from jqfast.errors import closest

#: Field -> the names it goes by, after :func:`normalise`.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "date": ("date", "tradedate", "tradingdate", "datetime", "day", "日付", "年月日", "取引日", "営業日"),
    "code": (
        "code", "localcode", "symbol", "ticker", "securitycode", "stockcode", "asset",
        "銘柄コード", "コード", "証券コード", "銘柄",
    ),
    "open": ("open", "o", "openprice", "始値"),
    "high": ("high", "h", "highprice", "高値"),
    "low": ("low", "l", "lowprice", "安値", "低値"),
    "close": ("close", "c", "closeprice", "終値"),
    "volume": ("volume", "vo", "vol", "tradingvolume", "出来高", "売買高", "売買株数"),
    "turnover": (
        "turnover", "va", "turnovervalue", "tradingvalue", "amount", "売買代金",
    ),
    "adj_factor": ("adjfactor", "adjustmentfactor", "調整係数", "調整率"),
    "adj_open": ("adjo", "adjopen", "adjustmentopen", "調整済始値", "調整後始値", "調整済み始値"),
    "adj_high": ("adjh", "adjhigh", "adjustmenthigh", "調整済高値", "調整後高値", "調整済み高値"),
    "adj_low": ("adjl", "adjlow", "adjustmentlow", "調整済安値", "調整後安値", "調整済み安値"),
    "adj_close": ("adjc", "adjclose", "adjustmentclose", "調整済終値", "調整後終値", "調整済み終値"),
    "adj_volume": (
        "adjvo", "adjvolume", "adjustmentvolume", "調整済出来高", "調整後出来高", "調整済み出来高",
    ),
    "limit": ("limit", "pricelimit", "値幅制限"),
    "upper_limit": ("ul", "upperlimit", "ストップ高", "ストップ高フラグ"),
    "lower_limit": ("ll", "lowerlimit", "ストップ安", "ストップ安フラグ"),
    "sector33": ("sector33", "sector33code", "s33", "33業種コード", "業種コード"),
    "sector17": ("sector17", "sector17code", "s17", "17業種コード"),
    "market": ("market", "marketcode", "mkt", "市場コード", "市場区分コード", "市場区分"),
}  # fmt: skip

#: J-Quants columns that are understood and deliberately unused here: the two half-day sessions and their
#: limits, market capitalisation and the ex-right kind, names. They are ignored without a word.
_UNUSED = re.compile(
    r"(morning|afternoon)(adjustment)?(open|high|low|close|volume|turnovervalue|upperlimit|lowerlimit)"
    r"|[ma](adj)?(o|h|l|c|vo)|[ma](va|ul|ll)|mktcap|exrt"
    r"|coname(en)?|companyname(english)?|(s17|s33|mkt)nm|(sector17|sector33|market)codename"
    r"|scalecat(egory)?|mrgn(nm)?|margincode(name)?|銘柄名|会社名"
)

_FIELD_OF = {alias: name for name, aliases in ALIASES.items() for alias in aliases}

#: The two complete sets a panel can be made of; the first one that is complete is used.
RAW_FIELDS = ("open", "high", "low", "close", "volume")
ADJUSTED_FIELDS = tuple(f"adj_{name}" for name in RAW_FIELDS)


@dataclass(frozen=True)
class Columns:
    """Which column of a table holds which field, and the columns that nobody knows."""

    of: Mapping[str, str]
    unknown: tuple[str, ...]


def normalise(name: object) -> str:
    """A column name without case, width, blanks, separators and the plain units (円) and (株)."""
    text = unicodedata.normalize("NFKC", str(name)).casefold().strip().lstrip("\ufeff")
    text = re.sub(r"[(\[](円|株|yen|jpy|shares)[)\]]$", "", text)
    return re.sub(r"[\s_\-.*]+", "", text)


def field_of(name: object) -> str | None:
    """The field that a column name stands for, or None."""
    return _FIELD_OF.get(normalise(name))


def match(names: Iterable[object]) -> Columns:
    """Which of ``names`` holds which field.

    Raises
    ------
    ValueError
        If two columns stand for one field; both are named.
    """
    of: dict[str, str] = {}
    unknown = []
    for raw in names:
        name, known = str(raw), field_of(raw)
        if known is None:
            if not _UNUSED.fullmatch(normalise(name)):
                unknown.append(name)
        elif known in of:
            raise ValueError(
                f"Columns `{of[known]}` and `{name}` both mean `{known}`; a table has one of them. Drop or "
                "rename one."
            )
        else:
            of[known] = name
    return Columns(of, tuple(unknown))


def price_fields(columns: Columns) -> tuple[str, ...]:
    """The five fields prices are read from: raw ones, or the delivered ``Adj*`` set where only that helps.

    Vendors rewrite ``Adj*`` at every later split, so raw prices win where they can be adjusted here (a factor
    is there) and where the ``Adj*`` set is incomplete (the lone ``Adj Close`` of Yahoo! also takes dividends
    out).

    Raises
    ------
    ValueError
        If neither set is complete; names the missing field, its aliases and the closest column.
    """
    raw, adjusted = ([name not in columns.of for name in fields] for fields in (RAW_FIELDS, ADJUSTED_FIELDS))
    if not any(adjusted) and (any(raw) or "adj_factor" not in columns.of):
        return ADJUSTED_FIELDS
    fields = RAW_FIELDS if sum(raw) <= sum(adjusted) else ADJUSTED_FIELDS
    require(columns, fields)
    return fields


def require(columns: Columns, fields: Iterable[str], advice: str = "") -> None:
    """Raise the error for the first field that no column holds; ``advice`` begins with a blank."""
    for name in fields:
        if name not in columns.of:
            # The unknown column nearest to any alias is the one the user most likely meant.
            near = next((c for c in columns.unknown if closest(normalise(c), ALIASES[name])), None)
            hint = f" Is it `{near}`? Rename that column." if near else ""
            have = ", ".join([*columns.of.values(), *columns.unknown]) or "none"
            raise ValueError(
                f"Column `{name}` is missing. Understood names: {', '.join(ALIASES[name])} (any "
                f"case).{hint}{advice} The table has: {have}."
            )
