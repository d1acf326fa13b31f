"""Market series and dummies of the Nikko report (figure 14, K- ids): 24 series twice, 33 sectors, 12 months.

Each series enters as it is and as its change of a month, 20 sessions of Tokyo: in percent of itself, for
yields as a difference. Levels are not stationary and are standardised on the training window. Series from
abroad come with their own time stamps from the store's folder ``external``. For the Nikkei's volatility
index, which the exchange's data do not have, stands the volatility of its options at the money; `vi_spot` is
the index itself.
"""

from __future__ import annotations

from jqfast.features.columns import column
from jqfast.features.declare import Family
from jqfast.features.ops import diff, eq, lag

#: A panel without TOPIX is one of prices alone, and months and sectors are not worth offering there.
nikko_market = Family("nikko_market", needs=("topix_close",))

MONTH = 20

#: id of the requirements -> (column, words, id of the same series in section 9).
_PRICES = {
    "K-TOPIX": ("topix_close", "TOPIX", ""),
    "K-NIKKEI": ("opt_underlying", "the Nikkei 225", ""),
    "K-DJI": ("dji", "the Dow Jones average", ""),
    "K-SPX": ("spx", "the S&P 500", ""),
    "K-DAX": ("dax", "the DAX", ""),
    "K-FTSE": ("ftse", "the FTSE 100", ""),
    "K-USDJPY": ("usdjpy", "yen per US dollar", ""),
    "K-EURJPY": ("eurjpy", "yen per euro", ""),
    "K-NKVI": ("opt_iv", "the Nikkei's volatility expected by its options", ""),
    "K-VIX": ("vix", "the VIX", ""),
    "K-CRB": ("crb", "the CRB index of commodities", "X-CRB"),
    "K-WTI": ("wti", "the price of WTI oil", "X-WTI1M"),
    "K-GOLD": ("gold", "the price of gold", "X-GOLD"),
}
_YIELDS = {
    "K-JGB2": ("jgb2", "the yield of Japanese bonds of 2 years", ""),
    "K-JGB5": ("jgb5", "the yield of Japanese bonds of 5 years", ""),
    "K-JGB10": ("jgb10", "the yield of Japanese bonds of 10 years", "X-JGB10"),
    "K-JGB20": ("jgb20", "the yield of Japanese bonds of 20 years", ""),
    "K-JGB30": ("jgb30", "the yield of Japanese bonds of 30 years", ""),
    "K-UST2": ("ust2", "the yield of US bonds of 2 years", ""),
    "K-UST5": ("ust5", "the yield of US bonds of 5 years", ""),
    "K-UST10": ("ust10", "the yield of US bonds of 10 years", "X-US10"),
    "K-UST30": ("ust30", "the yield of US bonds of 30 years", ""),
    "K-BUND10": ("bund10", "the yield of German bonds of 10 years", ""),
    "K-GILT10": ("gilt10", "the yield of British bonds of 10 years", ""),
}

#: The 33 sectors of the Tokyo exchange by their codes.
SECTORS = (
    *(50, 1050, 2050, 3050, 3100, 3150, 3200, 3250, 3300, 3350, 3400, 3450, 3500, 3550, 3600, 3650, 3700),
    *(3750, 3800, 4050, 5050, 5100, 5150, 5200, 5250, 6050, 6100, 7050, 7100, 7150, 7200, 8050, 9050),
)

for _id, (_column, _words, _also) in {**_PRICES, **_YIELDS}.items():
    _name = f"k_{_id.removeprefix('K-').lower()}"
    _yield = _id in _YIELDS
    nikko_market.add(
        _name,
        lambda name=_column: column(name),
        norm="ts",
        req=", ".join(filter(None, (_id, _also if _yield else ""))),
        kind="macro",
        unit="percent a year" if _yield or _id == "K-NKVI" else "",
        doc=f"Level of {_words}.",
        purpose="The state of the world in which stocks are priced.",
    )
    nikko_market.add(
        f"{_name}_1m",
        (lambda name=_column: diff(column(name), MONTH))
        if _yield
        else (lambda name=_column: column(name) / lag(column(name), MONTH) - 1),
        norm="ts",
        req=", ".join(filter(None, (_id, _also))),
        kind="macro",
        unit="percentage points" if _yield else "",
        doc=f"Change of {_words} over 20 sessions{', percentage points' if _yield else ''}.",
        purpose="What has become better or worse within the month.",
    )
nikko_market.add(
    "k_sector_{code:04d}",
    lambda code: eq(column("sector33"), code),
    code=SECTORS,
    asked=(),
    norm="flag",
    req="K-SEC33",
    kind="sector",
    doc="1 for a stock of the sector of this code among the 33, 0 for one of another.",
    purpose="Sectors have levels of their own; all 33 together are collinear with a constant (Q-21).",
)
nikko_market.add(
    "k_month_{m}",
    lambda m: eq(column("month"), m),
    m=tuple(range(1, 13)),
    asked=(),
    norm="flag",
    timing="CAL",
    req="K-MON",
    kind="time",
    doc="1 in month m of the year.",
    purpose="Seasons: fiscal years, dividends, tax selling; all 12 are collinear with a constant (Q-21).",
)
