"""Volatility estimators and price patterns (requirements section 3, ids V- and P-).

The range estimators use o = ln(O_t / C_{t-1}), c = ln(C / O), u = ln(H / O), d = ln(L / O) and are annualised
with 252 sessions. Sums of squares that rounding has pushed below zero are cut at zero before the root.
"""

from __future__ import annotations

from math import log as ln

from jqfast.features.catalog.pieces import (
    PERIODS_PER_YEAR,
    atr,
    gap,
    hv_log,
    intraday,
    mean,
    ret,
    std,
)
from jqfast.features.columns import close, column, high, low, open_
from jqfast.features.declare import Family, two_thirds
from jqfast.features.expr import Expr
from jqfast.features.ops import diff, lag, log, maximum, sqrt, ts_sum, ts_var

price = Family("price")

ESTIMATOR_WINDOWS = (10, 20, 60, 120)


def _annual(variance: Expr) -> Expr:
    return sqrt(PERIODS_PER_YEAR * maximum(variance, 0))


def _rogers_satchell_term() -> Expr:
    c, u, d = log(close / open_), log(high / open_), log(low / open_)
    return u * (u - c) + d * (d - c)


def _yang_zhang(w: int) -> Expr:
    overnight, c = log(open_ / lag(close, 1)), log(close / open_)
    k = 0.34 / (1.34 + (w + 1) / (w - 1))
    inside = mean(_rogers_satchell_term(), w)
    return _annual(ts_var(overnight, w, two_thirds(w)) + k * ts_var(c, w, two_thirds(w)) + (1 - k) * inside)


def _rogers_satchell(w: int) -> Expr:
    return _annual(mean(_rogers_satchell_term(), w))


def _garman_klass(w: int) -> Expr:
    span, c = log(high / low), log(close / open_)
    return _annual(mean(0.5 * span * span - (2 * ln(2) - 1) * (c * c), w))


def _parkinson(w: int) -> Expr:
    span = log(high / low)
    return _annual(mean(span * span, w) / (4 * ln(2)))


def _sigma_before() -> Expr:
    # One daily sigma from the sessions before today: today's move must not widen its own threshold.
    return lag(std(ret(1), 20), 1)


# -- volatility --------------------------------------------------------------------------------

price.add(
    "vol_yz_{w}",
    _yang_zhang,
    w=ESTIMATOR_WINDOWS,
    asked=(20, 60),
    norm="log",
    req="V-YZ",
    kind="volatility",
    doc="Yang-Zhang volatility over w sessions, annualised: overnight, intraday and range variance.",
    purpose="The most efficient estimate from daily bars that allows for drift and opening gaps.",
    reference="Yang & Zhang 2000, J. Business 73(3)",
)
price.add(
    "vol_rs_{w}",
    _rogers_satchell,
    w=ESTIMATOR_WINDOWS,
    asked=(20, 60),
    norm="log",
    req="V-RS",
    kind="volatility",
    doc="Rogers-Satchell volatility over w sessions, annualised.",
    purpose="Range volatility that a trend does not inflate; gaps are left out.",
    reference="Rogers & Satchell 1991, Ann. Appl. Prob. 1(4)",
)
price.add(
    "vol_gk_{w}",
    _garman_klass,
    w=ESTIMATOR_WINDOWS,
    asked=(20, 60),
    norm="log",
    req="V-GK",
    kind="volatility",
    doc="Garman-Klass volatility over w sessions, annualised.",
    purpose="Range volatility from the whole bar, for prices without drift.",
    reference="Garman & Klass 1980, J. Business 53(1)",
)
price.add(
    "vol_park_{w}",
    _parkinson,
    w=ESTIMATOR_WINDOWS,
    asked=(20, 60),
    norm="log",
    req="V-PARK, T-XPARK",
    kind="volatility",
    doc="Parkinson volatility over w sessions, annualised, from highs and lows alone.",
    purpose="Range volatility that does not depend on where the close fell.",
    reference="Parkinson 1980, J. Business 53(1)",
)
price.add(
    "vol_ratio_5_{w}",
    lambda w: hv_log(5) / hv_log(w),
    w=(20, 60),
    norm="log",
    req="V-VOVR",
    kind="volatility",
    doc="Close-to-close volatility of 5 sessions over that of w sessions.",
    purpose="Whether the stock is calmer or wilder than it used to be.",
)
price.add(
    "vol_ratio_yz_5_60",
    lambda: _yang_zhang(5) / _yang_zhang(60),
    norm="log",
    req="V-VOVR",
    kind="volatility",
    doc="Yang-Zhang volatility of 5 sessions over that of 60 sessions.",
    purpose="As `vol_ratio_5_60` from whole bars, less noisy for the short window.",
)
price.add(
    "vol_change_std_{w}",
    lambda w: std(diff(hv_log(20), 1), w),
    w=(20, 60),
    norm="log",
    req="V-VOVD",
    kind="volatility",
    doc="Standard deviation over w sessions of the daily change of 20-session volatility.",
    purpose="Volatility of volatility: how restless the width of the swings is.",
)
price.add(
    "vol_of_atr_{w}",
    lambda w: std(atr(5) / close, w),
    w=(20, 60),
    norm="log",
    req="V-VOVS",
    kind="volatility",
    doc="Standard deviation over w sessions of the 5-session normalised true range.",
    purpose="Volatility of volatility from daily realised ranges.",
)

# -- reversal against momentum -----------------------------------------------------------------

price.add(
    "rev_mom_1x20",
    lambda: ret(1) * ret(20),
    norm="cs",
    req="P-RM1X20",
    kind="momentum",
    doc="Return of today times the return of 20 sessions.",
    purpose="Negative where today goes against the month.",
)
price.add(
    "rev_mom_5x60",
    lambda: ret(5) * ret(60),
    norm="cs",
    req="P-RM5X60",
    kind="momentum",
    doc="Return of 5 sessions times the return of 60 sessions.",
    purpose="Negative where the week goes against the quarter.",
)
price.add(
    "rev_flag_down",
    lambda: (ret(20) > 0) & (ret(1) < -_sigma_before()),
    norm="flag",
    req="P-RMSIGN",
    kind="momentum",
    doc="1 where 20 sessions rose and today fell by more than one daily sigma of the 20 sessions before.",
    purpose="A pull-back inside an up-trend.",
)
price.add(
    "rev_flag_up",
    lambda: (ret(20) < 0) & (ret(1) > _sigma_before()),
    norm="flag",
    req="P-RMSIGN",
    kind="momentum",
    doc="1 where 20 sessions fell and today rose by more than one daily sigma of the 20 sessions before.",
    purpose="A rebound inside a down-trend.",
)

# -- overnight and intraday --------------------------------------------------------------------

price.add(
    "overnight_ret",
    gap,
    norm="cs",
    req="P-ON",
    kind="momentum",
    doc="Return from the close of the session before to today's open.",
    purpose="News outside trading hours.",
)
price.add(
    "intraday_ret",
    intraday,
    norm="cs",
    req="P-ID",
    kind="momentum",
    doc="Return from today's open to today's close.",
    purpose="Trading during the session.",
)
price.add(
    "overnight_mean_{w}",
    lambda w: mean(gap(), w),
    w=(5, 60),
    norm="cs",
    req="P-ON5",
    kind="momentum",
    doc="Mean overnight return of w sessions (20 sessions: `gap_mean_20`).",
    purpose="Buying or selling that persists outside trading hours.",
)
price.add(
    "intraday_mean_{w}",
    lambda w: mean(intraday(), w),
    w=(5, 20, 60),
    norm="cs",
    req="P-ID5",
    kind="momentum",
    doc="Mean intraday return of w sessions.",
    purpose="Buying or selling that persists during trading hours.",
)
price.add(
    "overnight_intraday_{w}",
    lambda w: (
        ts_sum(log(open_ / lag(close, 1)), w, two_thirds(w)) - ts_sum(log(close / open_), w, two_thirds(w))
    ),
    w=(5, 20, 60),
    norm="cs",
    req="P-ONIDCUM",
    kind="momentum",
    doc="Cumulative overnight minus cumulative intraday log return of w sessions.",
    purpose="Which clientele moves the stock, and the tug between the two.",
)

# -- bars and gaps -----------------------------------------------------------------------------

price.add(
    "upper_half_share_{w}",
    lambda w: mean(close > (high + low) / 2, w),
    w=(5, 20),
    norm="unit",
    req="P-UPHALF5",
    kind="position",
    doc="Share of w sessions that closed in the upper half of their range.",
    purpose="Steady buying into the close.",
)
price.add(
    "gap_mean_20",
    lambda: mean(gap(), 20),
    norm="cs",
    req="P-GAP1M",
    kind="momentum",
    doc="Mean opening gap of 20 sessions, gaps up and down.",
    purpose="Whether news of the past month was good or bad.",
)
price.add(
    "gapup_mean_20",
    lambda: mean(maximum(gap(), 0), 20),
    norm="cs",
    req="P-GAP1M",
    kind="momentum",
    doc="Mean upward opening gap of 20 sessions; gaps down count as 0.",
    purpose="How often and how far the stock was bid up before the open.",
)
price.add(
    "range_atr_{w}",
    lambda w: (high - low) / lag(atr(w), 1),
    w=(14, 60),
    norm="log",
    req="P-RNGATR",
    kind="volatility",
    doc="Today's range over the mean true range of the w sessions before.",
    purpose="A day wider or narrower than usual.",
)
price.add(
    "gap_atr_{w}",
    lambda w: (open_ - lag(close, 1)) / lag(atr(w), 1),
    w=(14, 60),
    norm="cs",
    req="P-GAPATR",
    kind="momentum",
    doc="Today's opening gap over the mean true range of the w sessions before.",
    purpose="A gap that matters for this stock.",
)

# -- halves of the session -----------------------------------------------------------------------

price.add(
    "morning_ret",
    lambda: column("morning_close") / column("morning_open") - 1,
    norm="cs",
    req="P-AMPM",
    kind="momentum",
    doc="Return of the morning session, from its open to its close.",
    purpose="What the night's news and the orders before the open have left to do.",
)
price.add(
    "afternoon_ret",
    lambda: column("afternoon_close") / column("afternoon_open") - 1,
    norm="cs",
    req="P-AMPM",
    kind="momentum",
    doc="Return of the afternoon session, from its open to its close.",
    purpose="Trading of institutions into the close.",
)
price.add(
    "noon_gap",
    lambda: column("afternoon_open") / column("morning_close") - 1,
    norm="cs",
    req="P-AMPM",
    kind="momentum",
    doc="Open of the afternoon over the close of the morning.",
    purpose="News of the break at noon.",
)
