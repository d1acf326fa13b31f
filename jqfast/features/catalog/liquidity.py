"""Liquidity and volume spikes (requirements section 4, the L- ids).

A session without trade has volume 0 and stays in the mean of volume; Amihud's measure leaves it out, since a
return per yen traded does not exist for it.
"""

from __future__ import annotations

from jqfast.features.catalog.pieces import mean, ret, std, volume_ratio
from jqfast.features.columns import turnover, volume
from jqfast.features.declare import Family
from jqfast.features.expr import Expr
from jqfast.features.ops import abs_, lag, log, sign, where

liquidity = Family("liquidity")


def _amihud(w: int) -> Expr:
    return mean(where(turnover > 0, abs_(ret(1)) / turnover, float("nan")), w)


def _volume_z(w: int) -> Expr:
    return (volume - lag(mean(volume, w), 1)) / lag(std(volume, w), 1)


liquidity.add(
    "amihud_{w}",
    _amihud,
    w=(5, 20, 60, 120),
    asked=(20,),
    norm="log",
    unit="1/yen",
    req="L-AMIHUD",
    kind="liquidity",
    doc="Mean over w sessions of |return| per yen traded; sessions without turnover are left out.",
    purpose="Price impact: how far a yen moves the stock.",
    reference="Amihud 2002, J. Financial Markets 5(1)",
)
liquidity.add(
    "vol_spike_{w}",
    volume_ratio,
    w=(5, 20, 60),
    norm="log",
    req="L-VSPKR",
    kind="volume",
    doc="Volume over the mean volume of the w sessions before.",
    purpose="A sudden crowd.",
)
liquidity.add(
    "vol_z_{w}",
    _volume_z,
    w=(20, 60),
    norm="none",
    req="L-VSPKZ",
    kind="volume",
    doc="Volume minus its mean of the w sessions before, in their standard deviations.",
    purpose="A sudden crowd, measured by the stock's own rhythm.",
)
liquidity.add(
    "vol_spike_flag_20",
    lambda: _volume_z(20) > 2,
    norm="flag",
    req="L-VSPKF",
    kind="volume",
    doc="1 where `vol_z_20` is above 2.",
    purpose="An unusual day, yes or no.",
)
liquidity.add(
    "vol_spike_up_5",
    lambda: volume_ratio(5) * (ret(1) > 0),
    norm="cs",
    req="L-VSPKDIR",
    kind="volume",
    doc="Volume over the mean of the 5 sessions before on days that rose, 0 on others.",
    purpose="A crowd that buys.",
)
liquidity.add(
    "vol_spike_down_5",
    lambda: volume_ratio(5) * (ret(1) < 0),
    norm="cs",
    req="L-VSPKDIR",
    kind="volume",
    doc="Volume over the mean of the 5 sessions before on days that fell, 0 on others.",
    purpose="A crowd that sells.",
)
liquidity.add(
    "vol_spike_signed_5",
    lambda: sign(ret(1)) * log(volume_ratio(5)),
    norm="cs",
    req="L-VSPKDIR",
    kind="volume",
    doc="Log of volume over the mean of the 5 sessions before, with the sign of the day's return.",
    purpose="Size and direction of a crowd in one number.",
)
