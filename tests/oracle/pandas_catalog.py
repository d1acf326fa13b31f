"""Every catalogue feature once more, in pandas, from the definitions of the requirements.

Nothing here looks at the expressions of the catalogue: the formulas are those of the tables and papers, on
wide frames (sessions x stocks). ``oracle_for(name)`` finds the implementation by name; a feature without one
makes the tests fail. The benchmark times the same code, so that shared series are computed once (``Wide``
remembers them).

A test compares with tolerance ``K * eps * (|value| + scale)``; ``scale`` is the size of what was subtracted
to get the value (1 for ``x / y - 1``), because that is what rounding errors are relative to.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

Frame = pd.DataFrame
YEAR = 252


def two_thirds(w: int) -> int:
    return int(np.ceil(2 * w / 3))


def two_pass_std(x: Frame, w: int, min_periods: int) -> Frame:
    """Standard deviation of each window from its own mean, no state carried: the definition itself."""
    values = np.vstack([np.full((w - 1, x.shape[1]), np.nan), x.to_numpy()])
    out = np.full(x.shape, np.nan)
    for start in range(0, x.shape[1], 20):  # blocks of stocks bound the memory
        windows = np.lib.stride_tricks.sliding_window_view(values[:, start : start + 20], w, axis=0)
        there = np.isfinite(windows)
        n = there.sum(axis=-1)
        total = np.where(there, windows, 0.0).sum(axis=-1)
        centred = np.where(there, windows - (total / np.maximum(n, 1))[..., None], 0.0)
        # The second centring removes what rounding of the mean left behind.
        centred = np.where(there, centred - (centred.sum(axis=-1) / np.maximum(n, 1))[..., None], 0.0)
        std = np.sqrt((centred**2).sum(axis=-1) / np.maximum(n - 1, 1))
        largest = np.where(there, windows, -np.inf).max(axis=-1)
        same = largest == np.where(there, windows, np.inf).min(axis=-1)
        out[:, start : start + 20] = np.where(n >= max(min_periods, 2), np.where(same, 0.0, std), np.nan)
    return pd.DataFrame(out, index=x.index, columns=x.columns)


class Wide:
    """Price frames and the series made of them, each computed once.

    ``exact=True`` takes deviations by two passes (the oracle), False by pandas (the benchmark).
    """

    def __init__(self, frames: dict[str, Frame], *, exact: bool = True) -> None:
        self.O, self.H, self.L = frames["open"], frames["high"], frames["low"]
        self.C, self.V, self.Va = frames["close"], frames["volume"], frames["turnover"]
        self.A = frames["adjustment"]
        self._exact = exact
        self._kept: dict[tuple[object, ...], Frame] = {}

    def series(self, name: str) -> Frame:
        if (name,) not in self._kept:
            self._kept[name,] = SERIES[name](self)
        return self._kept[name,]

    def mean(self, name: str, w: int) -> Frame:
        return self._keep(("mean", name, w), lambda: self._rolling(name, w).mean())

    def std(self, name: str, w: int) -> Frame:
        return self._keep(("std", name, w), lambda: self._std(name, w))

    def sum(self, name: str, w: int) -> Frame:
        return self._keep(("sum", name, w), lambda: self._rolling(name, w).sum())

    def max(self, name: str, w: int) -> Frame:
        return self._keep(("max", name, w), lambda: self._rolling(name, w).max())

    def ret(self, k: int) -> Frame:
        return self._keep(("ret", k), lambda: self.C / self.C.shift(k) - 1)

    def _keep(self, key: tuple[object, ...], make: Callable[[], Frame]) -> Frame:
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]

    def _rolling(self, name: str, w: int):
        return self.series(name).rolling(w, min_periods=two_thirds(w))

    def _std(self, name: str, w: int) -> Frame:
        if self._exact:
            return two_pass_std(self.series(name), w, two_thirds(w))
        return self._rolling(name, w).std()


def finite(x: Frame) -> Frame:
    return x.where(np.isfinite(x))


def flag(condition: Frame, *known: Frame) -> Frame:
    """1.0 or 0.0, NaN where one of the compared frames is NaN."""
    seen = np.logical_and.reduce([x.notna().to_numpy() for x in known])
    return condition.astype(float).where(seen)


SERIES: dict[str, Callable[[Wide], Frame]] = {
    "C": lambda p: p.C,
    "V": lambda p: p.V,
    "ret_1": lambda p: p.ret(1),
    "log_ret": lambda p: np.log(p.C / p.C.shift(1)),
    "delta": lambda p: p.C - p.C.shift(1),
    "move": lambda p: p.series("delta").abs(),
    "gain": lambda p: p.series("delta").clip(lower=0),
    "loss": lambda p: -p.series("delta").clip(upper=0),
    "true_range": lambda p: true_range(p),
    "atr5_norm": lambda p: p.mean("true_range", 5) / p.C,
    "hv_change": lambda p: p.std("log_ret", 20) - p.std("log_ret", 20).shift(1),
    "gap": lambda p: p.O / p.C.shift(1) - 1,
    "gap_up": lambda p: p.series("gap").clip(lower=0),
    "intraday": lambda p: p.C / p.O - 1,
    "log_gap": lambda p: np.log(p.O / p.C.shift(1)),
    "log_intraday": lambda p: np.log(p.C / p.O),
    "rs_term": lambda p: rogers_satchell_term(p),
    "gk_term": lambda p: 0.5 * np.log(p.H / p.L) ** 2 - (2 * np.log(2) - 1) * np.log(p.C / p.O) ** 2,
    "range_sq": lambda p: np.log(p.H / p.L) ** 2,
    "upper_half": lambda p: flag(p.C > (p.H + p.L) / 2, p.C, p.H, p.L),
    "impact": lambda p: p.ret(1).abs() / p.Va.where(p.Va > 0),
    "hv_20": lambda p: p.std("log_ret", 20),
}


def true_range(p: Wide) -> Frame:
    before = p.C.shift(1)
    return np.fmax(p.H - p.L, np.fmax((p.H - before).abs(), (p.L - before).abs()))


def rogers_satchell_term(p: Wide) -> Frame:
    u, d, c = np.log(p.H / p.O), np.log(p.L / p.O), p.series("log_intraday")
    return u * (u - c) + d * (d - c)


@dataclass(frozen=True)
class Oracle:
    """``values(wide)`` is the feature; ``margin(wide)`` the distance of a flag to its threshold."""

    values: Callable[[Wide], Frame]
    margin: Callable[[Wide], Frame] | None
    scale: float


_PATTERNS: list[tuple[re.Pattern[str], Callable[..., Frame], Callable[..., Frame] | None, float]] = []


def oracle(
    template: str, *, scale: float = 0.0, margin: Callable[..., Frame] | None = None
) -> Callable[[Callable[..., Frame]], Callable[..., Frame]]:
    """Register an implementation for every name that fits the template."""
    pattern = re.compile(re.sub(r"\{(\w)\}", r"(?P<\1>\\d+)", template))

    def register(function: Callable[..., Frame]) -> Callable[..., Frame]:
        _PATTERNS.append((pattern, function, margin, scale))
        return function

    return register


def oracle_for(name: str) -> Oracle:
    """The implementation of one feature; KeyError when there is none or more than one."""
    found = [(p.fullmatch(name), f, m, s) for p, f, m, s in _PATTERNS if p.fullmatch(name)]
    if len(found) != 1:
        raise KeyError(f"feature `{name}` has {len(found)} oracles in tests/oracle/pandas_catalog.py")
    match, function, margin, scale = found[0]
    params = {key: int(value) for key, value in match.groupdict().items()} if match else {}
    near = None if margin is None else (lambda p: _quiet(margin, p, params))
    return Oracle(lambda p: finite(_quiet(function, p, params)), near, scale)


def _quiet(function: Callable[..., Frame], p: Wide, params: dict[str, int]) -> Frame:
    """Division by a volume of 0 and the logarithm of 0 are no surprise here."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return function(p, **params)


# -- technical ---------------------------------------------------------------------------------

oracle("ret_{k}", scale=1)(lambda p, k: p.ret(k))
oracle("ret_1_lag{k}", scale=1)(lambda p, k: p.ret(1).shift(k))
oracle("close_sma_ratio_{w}")(lambda p, w: p.C / p.mean("C", w))
oracle("gain_mean_14")(lambda p: p.mean("gain", 14) / p.C)
oracle("loss_mean_14")(lambda p: p.mean("loss", 14) / p.C)
oracle("tr_norm")(lambda p: p.series("true_range") / p.C)
oracle("atr_norm_{w}")(lambda p, w: p.mean("true_range", w) / p.C)
oracle("atr_norm")(lambda p: p.mean("true_range", 14) / p.C)
oracle("ret_hv_{w}")(lambda p, w: p.std("ret_1", w))
oracle("ret_hv")(lambda p: p.std("ret_1", 20))
oracle("hv_log")(lambda p: p.std("log_ret", 20))
oracle("hv_ann_{w}")(lambda p, w: p.std("log_ret", w) * np.sqrt(YEAR))
oracle("close_to_high", scale=1)(lambda p: p.C / p.H - 1)
oracle("close_to_low", scale=1)(lambda p: p.C / p.L - 1)
oracle("clv", scale=1)(lambda p: (2 * p.C - p.L - p.H) / (p.H - p.L))
oracle("vol_chg", scale=1)(lambda p: p.V.diff() / p.V.shift(1))
oracle("vol_chg_5", scale=1)(lambda p: p.V.diff(5) / p.V.shift(5))
oracle("Close_lag_{k}")(lambda p, k: (p.C * p.A).shift(k) * p.A / p.A.shift(k))
oracle("Volume_lag_{k}")(lambda p, k: (p.V / p.A).shift(k) * p.A.shift(k) / p.A)
oracle("close_lag_ratio_{k}")(lambda p, k: p.C.shift(k) / p.C)
oracle("volume_lag_ratio_{k}")(lambda p, k: p.V.shift(k) / p.V)
oracle("dow_sin", scale=1)(lambda p: _weekday(p, np.sin))
oracle("dow_cos", scale=1)(lambda p: _weekday(p, np.cos))


def _weekday(p: Wide, wave: Callable[..., np.ndarray]) -> Frame:
    day = pd.DatetimeIndex(p.C.index).day_of_week.to_numpy()
    return pd.DataFrame(
        np.repeat(wave(2 * np.pi * day / 5)[:, None], p.C.shape[1], axis=1),
        index=p.C.index,
        columns=p.C.columns,
    )


@oracle("close_ema_ratio_{w}")
def close_ema_ratio(p: Wide, w: int) -> Frame:
    return p.C / p.C.ewm(span=w, adjust=False, ignore_na=True, min_periods=two_thirds(w)).mean()


def _sma_margin(threshold: float) -> Callable[[Wide], Frame]:
    return lambda p: p.C / p.mean("C", 20) - threshold


@oracle("sma_bull_20", margin=_sma_margin(1.05))
def sma_bull(p: Wide) -> Frame:
    ratio = p.C / p.mean("C", 20)
    return flag(ratio > 1.05, ratio)


@oracle("sma_bear_20", margin=_sma_margin(0.95))
def sma_bear(p: Wide) -> Frame:
    ratio = p.C / p.mean("C", 20)
    return flag(ratio < 0.95, ratio)


@oracle("regime_bull_200", margin=lambda p: p.C / p.mean("C", 200) - 1)
def regime_bull(p: Wide) -> Frame:
    return flag(p.mean("C", 200) < p.C, p.C, p.mean("C", 200))


@oracle("regime_high_vol_20", margin=lambda p: p.series("hv_20") - p.mean("hv_20", 250))
def regime_high_vol(p: Wide) -> Frame:
    now, usual = p.series("hv_20"), p.mean("hv_20", 250)
    return flag(now > usual, now, usual)


@oracle("rsi_{w}", scale=100)
def rsi(p: Wide, w: int) -> Frame:
    gain, loss = p.mean("gain", w), p.mean("loss", w)
    strength = 100 - 100 / (1 + gain / loss.where(loss > 0))
    strength = strength.mask(loss <= 0, 100.0)
    return strength.mask(p.max("move", w) == 0, 50.0)


@oracle("rsi", scale=100)
def rsi_14(p: Wide) -> Frame:
    return rsi(p, 14)


@oracle("rsi_overbought", margin=lambda p: rsi(p, 14) - 70)
def rsi_overbought(p: Wide) -> Frame:
    return flag(rsi(p, 14) >= 70, rsi(p, 14))


@oracle("rsi_oversold", margin=lambda p: rsi(p, 14) - 30)
def rsi_oversold(p: Wide) -> Frame:
    return flag(rsi(p, 14) <= 30, rsi(p, 14))


@oracle("bb_z_{w}", scale=1e3)  # errors are relative to mean / deviation, some hundreds for a quiet stock
def bollinger(p: Wide, w: int) -> Frame:
    deviation = p.std("C", w)
    return (p.C - p.mean("C", w)) / deviation.where(deviation > 1e-12 * p.mean("C", w).abs())


@oracle("bb_z", scale=1e3)
def bollinger_20(p: Wide) -> Frame:
    return bollinger(p, 20)


# -- volatility --------------------------------------------------------------------------------

oracle("vol_ratio_5_{w}")(lambda p, w: p.std("log_ret", 5) / p.std("log_ret", w))
oracle("vol_change_std_{w}")(lambda p, w: p.std("hv_change", w))
oracle("vol_of_atr_{w}")(lambda p, w: p.std("atr5_norm", w))


@oracle("vol_yz_{w}")
def yang_zhang(p: Wide, w: int) -> Frame:
    k = 0.34 / (1.34 + (w + 1) / (w - 1))
    overnight, inside = p.std("log_gap", w) ** 2, p.std("log_intraday", w) ** 2
    return np.sqrt(YEAR * (overnight + k * inside + (1 - k) * p.mean("rs_term", w)).clip(lower=0))


@oracle("vol_ratio_yz_5_60")
def yang_zhang_ratio(p: Wide) -> Frame:
    return yang_zhang(p, 5) / yang_zhang(p, 60)


oracle("vol_rs_{w}", scale=1e-3)(lambda p, w: np.sqrt(YEAR * p.mean("rs_term", w).clip(lower=0)))
oracle("vol_gk_{w}", scale=1e-3)(lambda p, w: np.sqrt(YEAR * p.mean("gk_term", w).clip(lower=0)))
oracle("vol_park_{w}", scale=1e-3)(
    lambda p, w: np.sqrt(YEAR / (4 * np.log(2)) * p.mean("range_sq", w).clip(lower=0))
)

# -- patterns ----------------------------------------------------------------------------------

oracle("rev_mom_1x20", scale=1)(lambda p: p.ret(1) * p.ret(20))
oracle("rev_mom_5x60", scale=1)(lambda p: p.ret(5) * p.ret(60))
oracle("overnight_ret", scale=1)(lambda p: p.series("gap"))
oracle("intraday_ret", scale=1)(lambda p: p.series("intraday"))
oracle("overnight_mean_{w}", scale=1)(lambda p, w: p.mean("gap", w))
oracle("intraday_mean_{w}", scale=1)(lambda p, w: p.mean("intraday", w))
oracle("overnight_intraday_{w}", scale=1)(lambda p, w: p.sum("log_gap", w) - p.sum("log_intraday", w))
oracle("upper_half_share_{w}", scale=1)(lambda p, w: p.mean("upper_half", w))
oracle("gap_mean_20", scale=1)(lambda p: p.mean("gap", 20))
oracle("gapup_mean_20", scale=1)(lambda p: p.mean("gap_up", 20))
oracle("range_atr_{w}")(lambda p, w: (p.H - p.L) / p.mean("true_range", w).shift(1))
oracle("gap_atr_{w}")(lambda p, w: (p.O - p.C.shift(1)) / p.mean("true_range", w).shift(1))


def _reversal_margin(p: Wide) -> Frame:
    return np.minimum((p.ret(1).abs() - p.std("ret_1", 20).shift(1)).abs(), p.ret(20).abs())


@oracle("rev_flag_down", margin=_reversal_margin)
def rev_flag_down(p: Wide) -> Frame:
    sigma = p.std("ret_1", 20).shift(1)
    return flag((p.ret(20) > 0) & (p.ret(1) < -sigma), p.ret(20), p.ret(1), sigma)


@oracle("rev_flag_up", margin=_reversal_margin)
def rev_flag_up(p: Wide) -> Frame:
    sigma = p.std("ret_1", 20).shift(1)
    return flag((p.ret(20) < 0) & (p.ret(1) > sigma), p.ret(20), p.ret(1), sigma)


# -- liquidity ---------------------------------------------------------------------------------

oracle("amihud_{w}")(lambda p, w: p.mean("impact", w))
oracle("vol_spike_{w}")(lambda p, w: p.V / p.mean("V", w).shift(1))


@oracle("vol_z_{w}", scale=1e3)
def volume_z(p: Wide, w: int) -> Frame:
    return (p.V - p.mean("V", w).shift(1)) / p.std("V", w).shift(1)


@oracle("vol_spike_flag_20", margin=lambda p: volume_z(p, 20) - 2)
def volume_flag(p: Wide) -> Frame:
    z = volume_z(p, 20)
    return flag(z > 2, z)


def _directed(p: Wide, rising: bool) -> Frame:
    ratio = p.V / p.mean("V", 5).shift(1)
    side = p.ret(1) > 0 if rising else p.ret(1) < 0
    return ratio * flag(side, p.ret(1))


oracle("vol_spike_up_5")(lambda p: _directed(p, rising=True))
oracle("vol_spike_down_5")(lambda p: _directed(p, rising=False))
oracle("vol_spike_signed_5", scale=1)(lambda p: np.sign(p.ret(1)) * np.log(p.V / p.mean("V", 5).shift(1)))
