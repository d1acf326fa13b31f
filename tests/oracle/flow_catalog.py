"""Flows by type of investor once more, in pandas, as the requirements define them.

Nothing here looks at the expressions of the catalogue. Weeks are walked through session by session, as a
reader of the published table would: the last value seen of each week is that week's.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from section_oracles import Frame, flag, oracle, rolling, two_thirds
from store_catalog import Tables

LEADERS = ("foreign", "individual", "trust_bank", "business")


def by_week(t: Tables, x: Frame, n: int, statistic: Callable[[np.ndarray], float], least: int) -> Frame:
    """``statistic`` of the values of the last n weeks (NaN for a week without one), newest last."""
    week, values = t["flow_week"].iloc[:, 0].to_numpy(), x.iloc[:, 0].to_numpy()
    seen: dict[float, float] = {}
    out = np.full(len(week), np.nan)
    for row, (one, value) in enumerate(zip(week, values, strict=True)):
        if np.isnan(one):
            continue
        if one not in seen:
            seen[one] = np.nan
        if np.isfinite(value):
            seen[one] = value
        last = np.array([seen[key] for key in sorted(seen)][-n:])
        if np.isfinite(last).sum() >= least:
            out[row] = statistic(last)
    return pd.DataFrame(np.repeat(out[:, None], x.shape[1], axis=1), index=x.index, columns=x.columns)


def weekly(t: Tables, x: Frame, n: int, name: str) -> Frame:
    def statistic(values: np.ndarray) -> float:
        finite = values[np.isfinite(values)]
        if name == "zscore":
            sd = finite.std(ddof=1)
            return float((values[-1] - finite.mean()) / sd) if sd > 0 else np.nan
        return float(finite.std(ddof=1) if name == "std" else getattr(finite, name)())

    return by_week(t, x, n, statistic, two_thirds(n))


def week_before(t: Tables, x: Frame) -> Frame:
    return by_week(t, x, 2, lambda values: float(values[0]) if len(values) == 2 else np.nan, 1)


def run(t: Tables, x: Frame, n: int) -> Frame:
    def length(values: np.ndarray) -> float:
        if np.isnan(values[-1]):
            return np.nan
        misses = np.flatnonzero(~(values[::-1] == 1.0))
        return float(misses[0] if len(misses) else len(values))

    return by_week(t, x, n, length, 1)


def net(t: Tables, kind: str) -> Frame:
    return t[f"flow_{kind}_buy"] - t[f"flow_{kind}_sell"]


def total(t: Tables) -> Frame:
    return t["flow_all_buy"] + t["flow_all_sell"]


def part(t: Tables, kind: str) -> Frame:
    return net(t, kind) / total(t)


def share(t: Tables, kind: str) -> Frame:
    return (t[f"flow_{kind}_buy"] + t[f"flow_{kind}_sell"]) / total(t)


def gained(t: Tables, kind: str) -> Frame:
    return share(t, kind) - week_before(t, share(t, kind))


@oracle("flow_{kind}")
def _(t: Tables, kind: str) -> Frame:
    return part(t, kind)


@oracle("flow_{kind}_dev_{n}")
def _(t: Tables, kind: str, n: int) -> Frame:
    return part(t, kind) - weekly(t, part(t, kind), n, "mean")


@oracle("flow_foreign_sum_{n}")
def _(t: Tables, n: int) -> Frame:
    return weekly(t, part(t, "foreign"), n, "sum")


@oracle("flow_foreign_cum")
def _(t: Tables) -> Frame:
    return by_week(t, part(t, "foreign"), 10**6, np.nansum, 1)


@oracle("flow_foreign_4w_{by}")
def _(t: Tables, by: str) -> Frame:
    against = t["market_value"].sum(axis=1, min_count=1) if by == "value" else t["gdp"].iloc[:, 0]
    return weekly(t, net(t, "foreign"), 4, "sum").div(against, axis=0)


@oracle("flow_foreign_z_52")
def _(t: Tables) -> Frame:
    return weekly(t, part(t, "foreign"), 52, "zscore")


@oracle("flow_foreign_mean_4")
def _(t: Tables) -> Frame:
    return weekly(t, part(t, "foreign"), 4, "mean")


@oracle("flow_foreign_streak")
def _(t: Tables) -> Frame:
    x = net(t, "foreign")
    return run(t, flag(x > 0, x), 104) - run(t, flag(x < 0, x), 104)


@oracle("flow_foreign_shock")
def _(t: Tables) -> Frame:
    return part(t, "foreign") / weekly(t, part(t, "foreign").abs(), 52, "mean")


@oracle("flow_{kind}_{how}")
def _(t: Tables, kind: str, how: str) -> Frame:
    """The change against the week before, under its two names."""
    assert (kind, how) in {("foreign", "step"), ("individual", "chg")}
    return part(t, kind) - week_before(t, part(t, kind))


@oracle("flow_foreign_linear")
def _(t: Tables) -> Frame:
    before = week_before(t, part(t, "foreign"))
    gone = ((t["flow_age"] + 1) / 5).clip(upper=1.0)
    return before * (1 - gone) + part(t, "foreign") * gone


@oracle("flow_foreign_weighted")
def _(t: Tables) -> Frame:
    move = t["topix_close"].pct_change(fill_method=None).abs()
    return part(t, "foreign") * move / rolling(move, 5).mean()


def month_of_individuals(t: Tables) -> Frame:
    return weekly(t, weekly(t, part(t, "individual"), 4, "sum"), 52, "zscore")


@oracle("flow_individual_z")
def _(t: Tables) -> Frame:
    return month_of_individuals(t)


@oracle("flow_individual_flag")
def _(t: Tables) -> Frame:
    z = month_of_individuals(t)
    return flag(z > 2, z)


@oracle("flow_share_{kind}")
def _(t: Tables, kind: str) -> Frame:
    return share(t, kind)


@oracle("flow_share_chg_{kind}")
def _(t: Tables, kind: str) -> Frame:
    return gained(t, kind)


@oracle("flow_lead_{kind}")
def _(t: Tables, kind: str) -> Frame:
    gains = {other: gained(t, other) for other in LEADERS}
    others = np.maximum.reduce([gains[other].to_numpy() for other in LEADERS if other != kind])
    return flag(gains[kind] > others, *gains.values())


@oracle("flow_turn_{kind}")
def _(t: Tables, kind: str) -> Frame:
    now = part(t, kind)
    before, sd = week_before(t, now), weekly(t, now, 52, "std")
    return flag((np.sign(now) != np.sign(before)) & (now.abs() > sd), now, before, sd)


@oracle("flow_both_buy")
def _(t: Tables) -> Frame:
    a, b = net(t, "foreign"), net(t, "individual")
    return flag((a > 0) & (b > 0), a, b)


@oracle("flow_corr_26", scale=1.0)
def _(t: Tables) -> Frame:
    """Correlation of two series over weeks: pairs packed into complex numbers."""
    pairs = part(t, "foreign") + 1j * part(t, "individual")
    week = t["flow_week"].iloc[:, 0].to_numpy()
    values = pairs.iloc[:, 0].to_numpy()
    seen: dict[float, complex] = {}
    out = np.full(len(week), np.nan)
    for row, (one, value) in enumerate(zip(week, values, strict=True)):
        if np.isnan(one):
            continue
        seen[one] = value
        last = np.array([seen[key] for key in sorted(seen)][-26:])
        if len(last) >= two_thirds(26):
            out[row] = np.corrcoef(last.real, last.imag)[0, 1]
    return pd.DataFrame(np.repeat(out[:, None], pairs.shape[1], axis=1), pairs.index, pairs.columns)
