"""Demand and supply: margin balances, short selling, dates that move holders (requirements section 4, S-).

Margin balances are the weekly view of decision 7 under its weekly publication rule; the balances of issues
under daily publication and those of every session from 2026 are columns of their own. All of them act from
the session after their publication, which is the lag the documents ask for (S-MLAG).
"""

from __future__ import annotations

from collections.abc import Callable

from jqfast.features.catalog.company import MISSING, MONTH, known_flag, price
from jqfast.features.catalog.pieces import ret
from jqfast.features.checks import Norm
from jqfast.features.columns import column
from jqfast.features.declare import Family, two_thirds
from jqfast.features.expr import Expr
from jqfast.features.ops import (
    as_of,
    diff,
    isnan,
    lag,
    last_valid,
    log,
    period_diff,
    period_zscore,
    ts_max,
    ts_mean,
    ts_min,
    ts_slope,
    where,
)

#: Panels of a store have the ages of listings; on prices alone the calendar would be all that is left.
supply = Family("supply", needs=("listing_age",))

#: 3, 6 and 12 months.
EXTREMES = (60, 120, 240)
#: Weeks against which a weekly change is judged.
WEEKS = 26

_LONG, _SHORT = column("margin_long"), column("margin_short")
_WEEK = column("margin_date")
_BALANCES: dict[str, Expr] = {"long": _LONG, "short": _SHORT, "total": _LONG + _SHORT}


def _shares() -> Expr:
    return column("fs_shares")


def _over_shares(balance: Expr) -> Expr:
    return balance / _shares()


def _times(long: Expr, short: Expr) -> Expr:
    """Long over short balance; without a short balance there is no ratio."""
    return where(short > 0, long / short, MISSING)


def _surge(balance: Expr) -> Expr:
    change = period_diff(balance, _WEEK) / _shares()
    return period_zscore(change, _WEEK, WEEKS, two_thirds(WEEKS))


def _position() -> Expr:
    """Reported short positions to shares issued; 0 for a stock of which nobody reported."""
    return column("short_position")


#: Measures of short selling: name of the columns -> series, and whether a value of 0 can be an extreme.
_MEASURES: dict[str, tuple[Callable[[], Expr], str]] = {
    "short_ratio_sector": (lambda: column("short_ratio_sector"), "short selling of the stock's sector"),
    "short_ratio_market": (lambda: column("short_ratio"), "short selling of the whole market"),
    "short_position": (_position, "reported short positions"),
}


def _is_highest(x: Expr, w: int) -> Expr:
    """Today's value is the highest of the window and has not been that all along."""
    top, bottom = ts_max(x, w, two_thirds(w)), ts_min(x, w, two_thirds(w))
    return (x >= top) & (top > bottom)


def _norm(name: str) -> Norm:
    return "ts" if name == "short_ratio_market" else "cs"


def _topix_return() -> Expr:
    index = column("topix_close")
    return index / lag(index, 1) - 1


def _bought() -> Expr:
    """Purchases of a session are told in the evening and are today's news on the next."""
    return column("boj_etf") > 0


# -- margin balances by week -------------------------------------------------------------------

for _side, _words in (("long", "bought on margin"), ("short", "sold short on margin")):
    supply.add(
        f"margin_{_side}_ratio",
        lambda side=_side: _over_shares(_BALANCES[side]),
        norm="log",
        req="S-MBUY, S-MLAG" if _side == "long" else "S-MSELL, S-MLAG",
        kind="supply",
        doc=f"Weekly balance of shares {_words} to shares outstanding.",
        purpose=(
            "Margin buyers will have to sell." if _side == "long" else "Short sellers will have to buy back."
        ),
        reference="Hirose, Kato & Bremer 2009, Pacific-Basin Finance J. 17(1)",
    )
supply.add(
    "margin_ratio",
    lambda: _times(_LONG, _SHORT),
    norm="log",
    req="S-MRATIO",
    kind="supply",
    doc="Margin balance long over short, weekly; missing where nothing is sold short.",
    purpose="Which side of the margin traders is the larger.",
)
supply.add(
    "margin_no_short",
    lambda: _SHORT <= 0,
    norm="flag",
    req="S-MRATIO",
    kind="supply",
    doc="1 where the weekly short margin balance is 0 and `margin_ratio` does not exist.",
    purpose="Tells the absent ratio from an unknown one.",
)
for _side in _BALANCES:
    supply.add(
        f"margin_{_side}_growth_20",
        lambda side=_side: _BALANCES[side] / lag(_BALANCES[side], MONTH) - 1,
        norm="cs",
        clip=0.01,
        req="S-MGROW",
        kind="supply",
        doc=f"Growth of the weekly margin balance ({_side}) in 20 sessions, which are 28 days at least.",
        purpose="A crowd that builds up or leaves within a month.",
    )
    supply.add(
        f"margin_{_side}_surge_26",
        lambda side=_side: _surge(_BALANCES[side]),
        norm="none",
        req="S-MSURGE",
        kind="supply",
        doc=f"The week's change of the margin balance ({_side}) to shares, in deviations of 26 weeks.",
        purpose="A sudden rise of margin buying is overheating.",
    )

# -- margin balances by day --------------------------------------------------------------------

_DAILY = {
    "alert": ("alert_long", "alert_short", "of issues under daily publication"),
    "daily": ("margin_daily_long", "margin_daily_short", "of each session from September 2026 on"),
}
for _name, (_long, _short, _words) in _DAILY.items():
    for _side, _column in (("long", _long), ("short", _short)):
        supply.add(
            f"margin_{_name}_{_side}_ratio",
            lambda balance=_column: _over_shares(column(balance)),
            norm="log",
            req="S-MDAILY",
            kind="supply",
            doc=f"Margin balance ({_side}) {_words} to shares outstanding.",
            purpose="The margin crowd without waiting for the week's end.",
        )
    supply.add(
        f"margin_{_name}_ratio",
        lambda long=_long, short=_short: _times(column(long), column(short)),
        norm="log",
        req="S-MDAILY",
        kind="supply",
        doc=f"Margin balance long over short {_words}.",
        purpose="Which side is the larger, day by day.",
    )
supply.add(
    "margin_alert",
    lambda: where(isnan(price()), MISSING, ~isnan(column("alert_long"))),
    norm="flag",
    req="S-MDAILY",
    kind="supply",
    doc="1 where the issue is under daily publication of its margin balance.",
    purpose="The exchange warns of overheated margin trading.",
)

# -- short selling -----------------------------------------------------------------------------

supply.add(
    "short_ratio_sector",
    lambda: column("short_ratio_sector"),
    norm="ts",
    req="S-SSR33",
    kind="supply",
    doc="Short selling as a share of all selling in the stock's sector of the 33.",
    purpose="Pressure on the sector; extremes turn into covering.",
)
supply.add(
    "short_ratio_market",
    lambda: column("short_ratio"),
    norm="ts",
    req="S-SSRMKT",
    kind="supply",
    doc="Short selling as a share of all selling, the 33 sectors together.",
    purpose="Pressure on the market; extremes turn into covering.",
)
supply.add(
    "short_ratio_sector_mean_{w}",
    lambda w: ts_mean(column("short_ratio_sector"), w, two_thirds(w)),
    w=MONTH,
    norm="ts",
    req="S-SSRMA",
    kind="supply",
    doc="Mean over w sessions of the sector's short selling ratio.",
    purpose="The pressure of a month, less noisy than that of a day.",
)
supply.add(
    "short_ratio_market_mean_{w}",
    lambda w: ts_mean(column("short_ratio"), w, two_thirds(w)),
    w=MONTH,
    norm="ts",
    req="S-SSRMA",
    kind="supply",
    doc="Mean over w sessions of the market's short selling ratio.",
    purpose="The pressure of a month, less noisy than that of a day.",
)
supply.add(
    "short_position",
    lambda: log(1 + 100 * _position()),
    norm="cs",
    req="S-SHORTPOS",
    kind="supply",
    doc="Log of 1 plus the reported short positions in percent of shares issued; 0 where nobody reported.",
    purpose="Short positions of half a percent and more have to be reported.",
)
supply.add(
    "short_position_float",
    lambda: log(1 + 100 * _position() * as_of(column("fs_shares_issued")) / column("free_float")),
    norm="cs",
    req="S-SHORTPOS",
    kind="supply",
    doc="As `short_position`, to the free float of your own table (column `free_float`, shares of the day).",
    purpose="What counts is the part of the shares that can be bought back.",
)
for _name, (_build, _words) in _MEASURES.items():
    supply.add(
        f"{_name}_highest_{{w}}",
        lambda w, build=_build: _is_highest(build(), w),
        w=EXTREMES,
        norm="flag",
        req="S-SSMAX",
        kind="supply",
        doc=f"1 where the measure ({_words}) is the highest of w sessions (3, 6 or 12 months).",
        purpose="Extreme short selling often comes before a squeeze.",
    )
    supply.add(
        f"{_name}_change_{{w}}",
        lambda w, build=_build: diff(build(), w),
        w=MONTH,
        norm=_norm(_name),
        req="S-SSCHG",
        kind="supply",
        doc=f"Change of the measure ({_words}) in w sessions.",
        purpose="The pace of short selling.",
    )
    supply.add(
        f"{_name}_slope_{{w}}",
        lambda w, build=_build: ts_slope(build(), w, two_thirds(w)),
        w=MONTH,
        norm=_norm(_name),
        req="S-SSCHG",
        kind="supply",
        doc=f"Slope of the measure ({_words}) over w sessions, per session.",
        purpose="The pace of short selling, from all sessions of the month.",
    )
supply.add(
    "short_position_x_ret_20",
    lambda: _position() * ret(MONTH),
    norm="cs",
    req="S-SSxMOM",
    kind="supply",
    doc="Reported short positions times the return of 20 sessions.",
    purpose="Shorts in a rising stock hurt, in a falling one they were right.",
)
supply.add(
    "short_squeeze",
    lambda: _is_highest(_position(), EXTREMES[-1]) & (ts_max(column("news_score"), 5, 1) > 0),
    norm="flag",
    req="S-SQUEEZE",
    kind="supply",
    doc="1 where short positions are the highest of 240 sessions and good news came in the past 5.",
    purpose="Good news on a crowded short forces covering.",
)

# -- dates that move holders -------------------------------------------------------------------

supply.add(
    "year_end",
    lambda: column("year_left") < 5,
    norm="flag",
    req="S-YEND",
    kind="time",
    doc="1 in the last five sessions of the year.",
    purpose="Window dressing, tax selling and redemptions.",
)
supply.add(
    "listed_within_{n}",
    lambda n: known_flag(column("listing_age") <= n, price()),
    n=(20, 60, 250),
    norm="flag",
    req="S-IPO",
    kind="time",
    doc="1 within n sessions of the listing; 0 for stocks older than the store.",
    purpose="New listings are driven by holders who are locked in, then free to sell.",
)
supply.add(
    "segment_changed_{n}",
    lambda n: known_flag(column("segment_age") < n, price()),
    n=(20, 60),
    norm="flag",
    req="S-MKTCHG",
    kind="time",
    doc="1 for n sessions after a change of the market segment; the reform of April 2022 is none.",
    purpose="Index funds have to follow a change of segment.",
)
supply.add(
    "boj_etf_return",
    lambda: where(_bought(), lag(_topix_return(), 1), 0),
    norm="ts",
    req="S-BOJETF",
    kind="supply",
    doc=(
        "Return of TOPIX on the session before where the Bank of Japan bought ETFs on it, else 0; your own "
        "table of amounts by session (column `boj_etf`)."
    ),
    purpose="The Bank bought on days that fell, which held up prices.",
)
supply.add(
    "boj_etf_return_last",
    lambda: last_valid(where(_bought(), lag(_topix_return(), 1), MISSING), EXTREMES[-1]),
    norm="ts",
    req="S-BOJETF",
    kind="supply",
    doc="Return of TOPIX on the last session on which the Bank of Japan bought ETFs, held for 240 sessions.",
    purpose="How far the market has to fall before the Bank steps in.",
)
