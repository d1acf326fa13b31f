"""Statement summaries, statement details, dividends, scheduled earnings dates."""

from __future__ import annotations

from jqfast.data.schemas.base import STOCK, Field, Table, dates, floats, texts

_DISCLOSED = (
    Field("DiscDate", "date", "", "day of disclosure on TDnet", required=True),
    Field("DiscTime", "time", "", "time of disclosure, JST"),
    STOCK,
    Field("DiscNo", "str", "", "number of the disclosure, unique and ascending", required=True),
    Field("DocType", "str", "", "kind of document, such as FYFinancialStatements_Consolidated_JP"),
)

_RESULT = {
    "Sales": "net sales",
    "OP": "operating profit",
    "OdP": "ordinary profit; null under IFRS and US GAAP",
    "NP": "profit attributable to owners",
}
_CUMULATIVE = "cumulative from the start of the fiscal year"
_QUARTERS = {"1Q": "first quarter", "2Q": "second quarter", "3Q": "third quarter", "FY": "year end"}


def _results() -> tuple[Field, ...]:
    money = {name: f"{meaning}, {_CUMULATIVE}" for name, meaning in _RESULT.items()}
    return (
        *floats("JPY", money),
        *floats(
            "JPY/share",
            {
                "EPS": f"earnings per share, {_CUMULATIVE}",
                "DEPS": f"diluted earnings per share, {_CUMULATIVE}",
            },
        ),
        *floats("JPY", {"TA": "total assets", "Eq": "net assets"}),
        *floats("ratio", {"EqAR": "equity to assets"}),
        *floats("JPY/share", {"BPS": "book value per share"}),
        *floats(
            "JPY",
            {
                "CFO": "cash flow from operations",
                "CFI": "cash flow from investing",
                "CFF": "cash flow from financing",
                "CashEq": "cash and equivalents",
            },
        ),
    )


def _dividends(prefix: str, which: str, *, total: bool) -> tuple[Field, ...]:
    """Dividend block: results, forecast of this year, forecast of the next."""
    share = {f"{prefix}Div{q}": f"dividend at {text}{which}" for q, text in _QUARTERS.items()}
    share[f"{prefix}DivAnn"] = f"dividend of the year{which}"
    share[f"{prefix}DivUnit"] = f"distribution per unit of a REIT{which}"
    return (
        *floats("JPY/share", share),
        *(floats("JPY", {f"{prefix}DivTotalAnn": f"dividends paid in the year{which}"}) if total else ()),
        *floats("ratio", {f"{prefix}PayoutRatioAnn": f"payout ratio{which}"}),
    )


def _forecast(names: tuple[str, ...], which: str) -> tuple[Field, ...]:
    """Five forecasts: sales, operating, ordinary and net profit, earnings per share."""
    meanings = ("net sales", "operating profit", "ordinary profit", "profit attributable to owners")
    money = {
        name: f"forecast of {meaning}, {which}" for name, meaning in zip(names[:4], meanings, strict=True)
    }
    return (
        *floats("JPY", money),
        *floats("JPY/share", {names[4]: f"forecast of earnings per share, {which}"}),
    )


def _five(prefix: str, suffix: str, profit: str = "NP") -> tuple[str, ...]:
    """Names of five forecasts; the API writes the net profit of next year's forecasts in its own way."""
    return tuple(f"{prefix}{name}{suffix}" for name in ("Sales", "OP", "OdP", profit, "EPS"))


_CHANGES = {
    "MatChgSub": "material changes in subsidiaries",
    "SigChgInC": "significant changes in the scope of consolidation (from 2024-07-22)",
    "ChgByASRev": "changes by revisions of accounting standards",
    "ChgNoASRev": "changes other than by revisions of accounting standards",
    "ChgAcEst": "changes in accounting estimates",
    "RetroRst": "retrospective restatement",
}

_ALONE = "non-consolidated"

_SUMMARY = Table(
    name="fins_summary",
    path="/fins/summary",
    fields=(
        *_DISCLOSED,
        Field("CurPerType", "str", "", "1Q, 2Q, 3Q, 4Q, 5Q or FY"),
        *dates(
            {
                "CurPerSt": "start of the period",
                "CurPerEn": "end of the period",
                "CurFYSt": "start of the fiscal year",
                "CurFYEn": "end of the fiscal year",
                "NxtFYSt": "start of the next fiscal year",
                "NxtFYEn": "end of the next fiscal year",
            }
        ),
        *_results(),
        *_dividends("", "", total=True),
        *_dividends("F", ", forecast of this year", total=True),
        *_dividends("NxF", ", forecast of next year", total=False),
        *_forecast(_five("F", "2Q"), "first half of this year"),
        *_forecast(_five("NxF", "2Q", "Np"), "first half of next year"),
        *_forecast(_five("F", ""), "this year"),
        *_forecast(_five("NxF", "", "Np"), "next year"),
        *(Field(name, "bool", "", meaning) for name, meaning in _CHANGES.items()),
        *floats(
            "shares",
            {
                "ShOutFY": "shares issued at the end of the period, treasury stock included",
                "TrShFY": "treasury stock at the end of the period",
                "AvgSh": "average number of shares in the period",
            },
        ),
        *floats("JPY", {f"NC{name}": f"{meaning}, {_ALONE}" for name, meaning in _RESULT.items()}),
        *floats("JPY/share", {"NCEPS": f"earnings per share, {_ALONE}"}),
        *floats("JPY", {"NCTA": f"total assets, {_ALONE}", "NCEq": f"net assets, {_ALONE}"}),
        *floats("ratio", {"NCEqAR": f"equity to assets, {_ALONE}"}),
        *floats("JPY/share", {"NCBPS": f"book value per share, {_ALONE}"}),
        *_forecast(_five("FNC", "2Q"), f"first half of this year, {_ALONE}"),
        *_forecast(_five("NxFNC", "2Q"), f"first half of next year, {_ALONE}"),
        *_forecast(_five("FNC", ""), f"this year, {_ALONE}"),
        *_forecast(_five("NxFNC", ""), f"next year, {_ALONE}"),
        *floats("JPY", {"ShEq": "shareholders' equity", "NCShEq": f"shareholders' equity, {_ALONE}"}),
        *floats("ratio", {"ROE": "return on equity", "NCROE": f"return on equity, {_ALONE}"}),
    ),
    keys=("Code", "DiscNo"),
    date="DiscDate",
    published=("DiscDate", "DiscTime"),
    rule="published",
    query="date",
    plan="free",
    bulk=True,
    rhythm="event",
    summary="earnings summaries and revisions of forecasts; per-share items as disclosed",
    since="2008-07-07",
)

_DETAILS = Table(
    name="fins_details",
    path="/fins/details",
    fields=(*_DISCLOSED, Field("FS", "json", "", "statement items by English label, values as text")),
    keys=("Code", "DiscNo"),
    date="DiscDate",
    published=("DiscDate", "DiscTime"),
    rule="published",
    query="date",
    plan="premium",
    bulk=True,
    rhythm="event",
    summary="balance sheet, income statement and cash flows item by item",
    since="2009-01-01",
)

_DIVIDEND = Table(
    name="fins_dividend",
    path="/fins/dividend",
    fields=(
        Field("PubDate", "date", "", "day of the notice", required=True),
        Field("PubTime", "time", "", "time of the notice, JST"),
        STOCK,
        Field("RefNo", "str", "", "number of the notice", required=True),
        Field("StatCode", "str", "", "1 new, 2 revised, 3 deleted"),
        *dates({"BoardDate": "day of the board meeting"}),
        *texts(
            {
                "IFCode": "1 interim, 2 final",
                "FRCode": "1 determined, 2 forecast",
                "IFTerm": "record month, YYYY-MM",
            }
        ),
        Field("DivRate", "float", "JPY/share", 'dividend; "-" while undetermined'),
        *dates(
            {
                "RecDate": "record day",
                "ExDate": "ex-dividend day",
                "ActRecDate": "day the rights are fixed",
                "PayDate": 'day of payment; "-" while undetermined',
            }
        ),
        Field("CARefNo", "str", "", "number of the notice that is revised or deleted"),
        *floats(
            "JPY/share",
            {
                "DistAmt": "distribution from capital surplus",
                "RetEarn": "part from retained earnings",
                "DeemDiv": "deemed dividend",
                "DeemCapGains": "deemed capital gain",
            },
        ),
        Field("NetAssetDecRatio", "float", "ratio", "decrease of net assets"),
        Field("CommSpecCode", "str", "", "0 normal, 1 commemorative, 2 special, 3 both"),
        *floats(
            "JPY/share",
            {"CommDivRate": "commemorative part", "SpecDivRate": "special part (from 2022-06-06)"},
        ),
    ),
    keys=("Code", "RefNo"),
    date="PubDate",
    published=("PubDate", "PubTime"),
    rule="published",
    query="date",
    plan="premium",
    bulk=True,
    rhythm="event",
    summary="notices of dividends, their revisions and deletions",
    revision=("StatCode",),
    since="2013-01-01",
)

_EARNINGS_DATE = Table(
    name="fins_earnings_date",
    path="/fins/earnings-date",
    fields=(
        Field("PubDate", "date", "", "day the schedule was published", required=True),
        *dates({"SchDate": "scheduled day, null if undecided"}),
        Field("FQName", "str", "", "1Q, 2Q, 3Q or FY", required=True),
        Field("FYE", "str", "", "end of the fiscal year, MMDD", width=4),
        STOCK,
        *texts({"CoName": "company name", "CoNameEn": "company name, English"}),
    ),
    keys=("Code", "FYE", "FQName", "SchDate"),
    date="PubDate",
    published=("PubDate",),
    rule="published",
    query="date",
    plan="free",
    bulk=True,
    rhythm="event",
    summary="scheduled earnings dates; a change adds a record",
    since="2014-09-01",
)

FINS = (_SUMMARY, _DETAILS, _DIVIDEND, _EARNINGS_DATE)
