"""Macro and cross-asset series (requirements section 9, the X- ids), from tables that users bring.

The last value known before the decision counts, by its own time stamp (decision 2): for a close of Tokyo that
is the session of New York that ended in the morning. A lag counts sessions of Tokyo. All stocks share these
series; what they mean to a stock is left to the model (X-SENS). The changes of a month that the report has as
well stand in `nikko_market`.
"""

from __future__ import annotations

from jqfast.features.catalog.nikko_market import MONTH, SECTORS
from jqfast.features.columns import column
from jqfast.features.declare import Family
from jqfast.features.ops import diff, eq, lag

macro = Family("macro")
#: Products of a market series and a dummy, for models that make none; in the set "macro", not in "all".
interaction = Family("interaction", apart=True)

_PURPOSE = {
    "currency": "A weaker yen lifts what exporters earn abroad.",
    "index": "What happened abroad while Tokyo was closed, and before.",
}


def _add_returns(name: str, words: str, req: str, why: str, *windows: int) -> None:
    macro.add(
        name + "_ret_{k}",
        lambda k: column(name) / lag(column(name), k) - 1,
        k=windows,
        norm="ts",
        req=req,
        kind="macro",
        doc=f"Change of {words} over k sessions of Tokyo.",
        purpose=_PURPOSE.get(why, why),
    )


_add_returns("usdjpy", "yen per US dollar", "X-USDJPY1, X-USDJPY5", "currency", 1, 5)
_add_returns("eurjpy", "yen per euro", "X-EURJPY", "currency", 1, 5)
_add_returns("cnyjpy", "yen per Chinese yuan", "X-CNYJPY", "currency", 1, 5)
_add_returns("neer", "the effective exchange rate of the yen", "X-NEER", "currency", 1, 5)
_add_returns("spx", "the S&P 500", "X-SPX", "index", 1, 5)
_add_returns("dji", "the Dow Jones average", "X-DJI", "index", 1, 5)
_add_returns("nasdaq", "the NASDAQ index", "X-NDX5", "Technology abroad leads technology in Tokyo.", 5)
_add_returns("ssec", "the Shanghai index", "X-SSEC", "index", 1, 5)
_add_returns("gasoline", "the price of gasoline in Japan", "X-GASO", "Costs of transport and of living.", 5)
_add_returns("copper", "the price of copper", "X-COPPER", "Demand of industry worldwide.", MONTH)

macro.add(
    "us_2s10s",
    lambda: column("ust10") - column("ust2"),
    norm="ts",
    unit="percentage points",
    req="X-US2S10S",
    kind="macro",
    doc="Yield of US bonds of 10 years less that of 2 years.",
    purpose="The slope of the yield curve: an inverted one goes before recessions.",
)
macro.add(
    "fed_funds",
    lambda: column("fed_funds"),
    norm="ts",
    unit="percent a year",
    req="X-FF",
    kind="macro",
    doc="Rate of the Fed funds futures.",
    purpose="Money in the United States.",
)
macro.add(
    "fed_funds_1m",
    lambda: diff(column("fed_funds"), MONTH),
    norm="ts",
    unit="percentage points",
    req="X-FF",
    kind="macro",
    doc="Change of the rate of the Fed funds futures over 20 sessions, percentage points.",
    purpose="Easing or tightening.",
)
macro.add(
    "spx_overnight",
    lambda: column("spx_overnight"),
    norm="ts",
    req="X-SPF",
    kind="macro",
    doc="Change of the S&P 500 futures from Tokyo's afternoon, 15:00, to the next morning, 06:00.",
    purpose="The night between two sessions of Tokyo, in one number.",
)
interaction.add(
    "rate_sector_{code:04d}",
    lambda code: eq(column("sector33"), code) * diff(column("jgb10"), MONTH),
    code=SECTORS,
    norm="ts",
    unit="percentage points",
    req="X-SECxRATE",
    kind="macro",
    doc="Change of the 10-year yield over 20 sessions for stocks of the sector of this code, 0 for others.",
    purpose="Rising rates help banks and hurt growth stocks: an effect per sector for linear models.",
)
