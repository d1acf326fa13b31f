"""Technical features of the users' own chapter (requirements section 2, ids T-).

Names, windows and formulas are those of its code; the differences are deliberate: no full-sample clip of
`ret_1` (Q-03: the clip is fitted inside a fold), an RSI of 100 without a loss and 50 without a move (Q-04),
levels re-based to today's share count (Q-15), and windows that accept two thirds of their sessions.
"""

from __future__ import annotations

from math import sqrt

from jqfast.features.catalog.pieces import (
    PERIODS_PER_YEAR,
    WINDOWS,
    atr,
    gain,
    hv_log,
    loss,
    mean,
    ret,
    std,
    true_range,
)
from jqfast.features.columns import close, dow_cos, dow_sin, high, low, volume
from jqfast.features.declare import Family, two_thirds
from jqfast.features.expr import Expr
from jqfast.features.ops import as_of, ema, eq, lag, ts_zscore, where

technical = Family("technical")

LAGS = (1, 2, 3, 5, 10, 20)

_WILDER = "Wilder 1978, New Concepts in Technical Trading Systems"
#: Beside TA-Lib: `tests/golden/test_talib.py`.
_SMOOTHING = "simple means here, where Wilder and TA-Lib smooth by 1 / w (the operator `wilder`)"
_RSI_REFERENCE = f"Cutler's variant of {_WILDER}: {_SMOOTHING}"
_ATR_REFERENCE = f"{_WILDER}: {_SMOOTHING}"


def _rsi(w: int) -> Expr:
    # The share form equals 100 - 100 / (1 + gain / loss) and needs no case for a window without a loss. The
    # executor never removes from a sum, so that a window of zeros sums to exactly 0.
    up, down = mean(gain(), w), mean(loss(), w)
    return where(eq(up + down, 0), 50, 100 * up / (up + down))


def _bollinger(w: int) -> Expr:
    return ts_zscore(close, w, two_thirds(w))


# -- returns -----------------------------------------------------------------------------------

technical.add(
    "ret_1",
    lambda: ret(1),
    norm="cs",
    clip=0.02,
    req="T-RET1, T-CLIP",
    kind="momentum",
    doc="Simple return since the session before; its 2 % and 98 % clip is fitted on training rows only.",
    purpose="How far the price moved today.",
)
technical.add(
    "ret_{k}",
    ret,
    k=(5, 10),
    asked=(5,),
    norm="cs",
    req="T-XRET",
    kind="momentum",
    doc="Simple return over k sessions.",
    purpose="Short horizons tend to reverse, long ones to continue.",
)
technical.add(
    "ret_{k}",
    ret,
    k=(20, 60, 120),
    asked=(20, 60),
    norm="cs",
    req="T-XRET, N-RET1M, N-RET3M, N-RET6M",
    kind="momentum",
    doc="Simple return over k sessions (1, 3 or 6 months).",
    purpose="Short horizons tend to reverse, long ones to continue.",
)
technical.add(
    "ret_1_lag{k}",
    lambda k: lag(ret(1), k),
    k=(1, 2, 3, 5, 10),
    asked=(1, 5),
    norm="cs",
    req="T-RLAG, T-LAGAC",
    kind="lag",
    doc="The one-session return of k sessions ago.",
    purpose="Lets a model learn autocorrelation of returns.",
)

# -- trend -------------------------------------------------------------------------------------

technical.add(
    "close_sma_ratio_{w}",
    lambda w: close / mean(close, w),
    w=WINDOWS,
    asked=(5, 20),
    norm="cs",
    req="T-SMA",
    kind="trend",
    doc="Close over its simple moving average of w sessions.",
    purpose="Distance from the average, comparable across price levels.",
)
technical.add(
    "close_ema_ratio_{w}",
    lambda w: close / ema(close, w, two_thirds(w)),
    w=WINDOWS,
    asked=(5,),
    norm="cs",
    req="T-EMA",
    kind="trend",
    doc="Close over its exponential moving average of span w, alpha 2 / (w + 1), begun at the first close.",
    purpose="As the simple ratio, quicker to follow the latest prices.",
)
technical.add(
    "sma_bull_20",
    lambda: close / mean(close, 20) > 1.05,
    norm="flag",
    req="T-SMASIG",
    kind="trend",
    doc="1 where the close is more than 5 % above its 20-session average.",
    purpose="The chart reader's bullish zone.",
)
technical.add(
    "sma_bear_20",
    lambda: close / mean(close, 20) < 0.95,
    norm="flag",
    req="T-SMASIG",
    kind="trend",
    doc="1 where the close is more than 5 % below its 20-session average.",
    purpose="The chart reader's bearish zone.",
)
technical.add(
    "regime_bull_200",
    lambda: close > mean(close, 200),
    norm="flag",
    req="T-XREG",
    kind="regime",
    doc="1 where the close is above its 200-session average.",
    purpose="A simple long-term up-trend of the stock.",
)
technical.add(
    "regime_high_vol_20",
    lambda: hv_log(20) > mean(hv_log(20), 250),
    norm="flag",
    req="T-XREG",
    kind="regime",
    doc="1 where the 20-session volatility is above its own mean over 250 sessions.",
    purpose="A simple nervous regime of the stock; the mean of a year stands for the past median.",
)

# -- momentum: relative strength ---------------------------------------------------------------

_RSI_DOC = (
    "Relative strength index with simple means of gains and losses (Cutler), 0 to 100; "
    "100 when nothing fell, 50 when nothing moved."
)
technical.add(
    "rsi",
    lambda: _rsi(14),
    norm="cs",
    req="T-RSI",
    kind="momentum",
    doc=_RSI_DOC + " 14 sessions.",
    purpose="Overheating: above 70 bought too far, below 30 sold too far.",
    reference=_RSI_REFERENCE,
)
technical.add(
    "rsi_{w}",
    _rsi,
    w=WINDOWS,
    asked=(),
    norm="cs",
    req="T-RSI",
    kind="momentum",
    doc=_RSI_DOC,
    purpose="The same over other windows.",
    reference=_RSI_REFERENCE,
)
technical.add(
    "rsi_overbought",
    lambda: _rsi(14) >= 70,
    norm="flag",
    req="T-RSISIG",
    kind="momentum",
    doc="1 where the 14-session RSI is at least 70.",
    purpose="The chart reader's overbought zone.",
)
technical.add(
    "rsi_oversold",
    lambda: _rsi(14) <= 30,
    norm="flag",
    req="T-RSISIG",
    kind="momentum",
    doc="1 where the 14-session RSI is at most 30.",
    purpose="The chart reader's oversold zone.",
)
technical.add(
    "gain_mean_14",
    lambda: mean(gain(), 14) / close,
    norm="cs",
    req="T-GAIN",
    kind="momentum",
    doc="Mean rise per session over 14 sessions (falls count as 0), relative to the close.",
    purpose="Strength of the rising days, which the RSI only shows as a share.",
)
technical.add(
    "loss_mean_14",
    lambda: mean(loss(), 14) / close,
    norm="cs",
    req="T-GAIN",
    kind="momentum",
    doc="Mean fall per session over 14 sessions (rises count as 0), relative to the close.",
    purpose="Strength of the falling days, which the RSI only shows as a share.",
)

# -- volatility --------------------------------------------------------------------------------

technical.add(
    "tr_norm",
    lambda: true_range() / close,
    norm="cs",
    req="T-TR",
    kind="volatility",
    doc="True range of the session over the close.",
    purpose="How far the price swung today, overnight gap included.",
    reference=_WILDER,
)
technical.add(
    "atr_norm",
    lambda: atr(14) / close,
    norm="cs",
    req="T-ATR",
    kind="volatility",
    doc="Mean true range of 14 sessions over the close.",
    purpose="Context for the size of the next move.",
    reference=_ATR_REFERENCE,
)
technical.add(
    "atr_norm_{w}",
    lambda w: atr(w) / close,
    w=WINDOWS,
    asked=(),
    norm="cs",
    req="T-ATR",
    kind="volatility",
    doc="Mean true range of w sessions over the close.",
    purpose="The same over other windows.",
    reference=_ATR_REFERENCE,
)
technical.add(
    "ret_hv",
    lambda: std(ret(1), 20),
    norm="log",
    req="T-HV",
    kind="volatility",
    doc="Standard deviation of simple returns over 20 sessions, ddof 1, not clipped.",
    purpose="History of the swings of returns.",
)
technical.add(
    "ret_hv_{w}",
    lambda w: std(ret(1), w),
    w=(5, 10, 60, 120),
    asked=(),
    norm="log",
    req="T-HV",
    kind="volatility",
    doc="Standard deviation of simple returns over w sessions, ddof 1, not clipped.",
    purpose="The same over other windows.",
)
technical.add(
    "hv_log",
    lambda: hv_log(20),
    norm="log",
    req="T-HVLOG, T-XRV",
    kind="volatility",
    doc="Standard deviation of log returns over 20 sessions, ddof 1, per session.",
    purpose="The textbook form of historical volatility.",
)
technical.add(
    "hv_ann_{w}",
    lambda w: hv_log(w) * sqrt(PERIODS_PER_YEAR),
    w=(20, 60),
    norm="log",
    req="T-HVANN, V-CC",
    kind="volatility",
    doc="Close-to-close volatility of log returns over w sessions, annualised with 252 sessions.",
    purpose="Volatility in the unit people quote.",
)

# -- price position ----------------------------------------------------------------------------

technical.add(
    "bb_z",
    lambda: _bollinger(20),
    norm="cs",
    req="T-BBZ",
    kind="position",
    doc="Distance of the close from its 20-session mean in standard deviations, ddof 1.",
    purpose="Overheating relative to the stock's own width of swings.",
    reference="Bollinger 2001, Bollinger on Bollinger Bands",
)
technical.add(
    "bb_z_{w}",
    _bollinger,
    w=(5, 10, 60, 120),
    asked=(),
    norm="cs",
    req="T-BBZ",
    kind="position",
    doc="Distance of the close from its w-session mean in standard deviations, ddof 1.",
    purpose="The same over other windows.",
    reference="Bollinger 2001, Bollinger on Bollinger Bands",
)
technical.add(
    "close_to_high",
    lambda: close / high - 1,
    norm="cs",
    req="T-XCLV",
    kind="position",
    doc="Close relative to the high of the session, never positive.",
    purpose="Selling into the close.",
)
technical.add(
    "close_to_low",
    lambda: close / low - 1,
    norm="cs",
    req="T-XCLV",
    kind="position",
    doc="Close relative to the low of the session, never negative.",
    purpose="Buying into the close.",
)
technical.add(
    "clv",
    lambda: ((close - low) - (high - close)) / (high - low),
    norm="unit",
    req="T-XCLV",
    kind="position",
    doc="Close location value: -1 at the low, 1 at the high; NaN where the session had no range.",
    purpose="Which side won the session.",
)

# -- volume, calendar, lags --------------------------------------------------------------------

technical.add(
    "vol_chg",
    lambda: volume / lag(volume, 1) - 1,
    norm="cs",
    clip=0.01,
    req="T-VOLCHG",
    kind="volume",
    doc="Relative change of volume since the session before; NaN after a session without trade.",
    purpose="A sudden change of attention.",
)
technical.add(
    "vol_chg_5",
    lambda: volume / lag(volume, 5) - 1,
    norm="cs",
    clip=0.01,
    req="T-VOLCHG",
    kind="volume",
    doc="Relative change of volume against the session five before, the same weekday in a full week.",
    purpose="As `vol_chg` without the weekday pattern.",
)
technical.add(
    "dow_sin",
    lambda: dow_sin,
    norm="unit",
    timing="CAL",
    req="T-DOWSIN",
    kind="time",
    doc="sin(2 pi d / 5) of the weekday d, Monday 0.",
    purpose="Weekday rhythm on a circle where Friday and Monday are neighbours.",
)
technical.add(
    "dow_cos",
    lambda: dow_cos,
    norm="unit",
    timing="CAL",
    req="T-DOWCOS",
    kind="time",
    doc="cos(2 pi d / 5) of the weekday d, Monday 0.",
    purpose="Weekday rhythm on a circle where Friday and Monday are neighbours.",
)
technical.add(
    "Close_lag_{k}",
    lambda k: as_of(close, k),
    k=LAGS,
    asked=(1, 5),
    norm="log",
    level=True,
    unit="yen",
    req="T-CLAG",
    kind="lag",
    doc="Close of k sessions ago in yen per share as shares are counted today.",
    purpose="Parity with the source; use `close_lag_ratio` in models.",
)
technical.add(
    "close_lag_ratio_{k}",
    lambda k: lag(close, k) / close,
    k=LAGS,
    asked=(1, 5),
    norm="cs",
    req="T-CLAG",
    kind="lag",
    doc="Close of k sessions ago over today's close.",
    purpose="Inertia of prices, comparable across stocks.",
)
technical.add(
    "Volume_lag_{k}",
    lambda k: as_of(volume, k),
    k=(1, 2, 3, 5),
    asked=(1,),
    norm="log",
    level=True,
    unit="shares",
    req="T-VLAG",
    kind="lag",
    doc="Volume of k sessions ago in shares as they are counted today.",
    purpose="Parity with the source; use `volume_lag_ratio` in models.",
)
technical.add(
    "volume_lag_ratio_{k}",
    lambda k: lag(volume, k) / volume,
    k=(1, 2, 3, 5),
    asked=(1,),
    norm="log",
    req="T-VLAG",
    kind="lag",
    doc="Volume of k sessions ago over today's volume; NaN without trade today.",
    purpose="Attention of the past days against today's.",
)
