"""Three sector groups of the 33 of the exchange, and returns of groups of stocks.

The paper compares Manufacturing, High Technology and Other of the US files. For Tokyo: HiTec is electric
appliances, precision instruments, information and communication; Manuf the other makers of things with
mining, oil and coal, electric power and gas; Other the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from jqfast.data.panel import Panel
from jqfast.errors import DataGapError
from jqfast.factors.sorts import market_value, pays_dividends, session_returns
from jqfast.factors.table import Portfolios
from jqfast.types import AnyArray, FloatArray

_HITEC = ("3650", "3750", "5250")
_MANUF = (
    *("1050", "3050", "3100", "3150", "3200", "3250", "3300", "3350", "3400", "3450", "3500"),
    *("3550", "3600", "3700", "3800", "4050"),
)
_OTHER = (
    *("0050", "2050", "5050", "5100", "5150", "5200", "6050", "6100", "7050", "7100", "7150"),
    *("7200", "8050", "9050"),
)
#: Sector of the exchange -> group.
GROUP_OF: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_HITEC, "HiTec"),
        **dict.fromkeys(_MANUF, "Manuf"),
        **dict.fromkeys(_OTHER, "Other"),
    }
)


def groups(panel: Panel, mapping: Mapping[str, str] | None = None) -> tuple[AnyArray, tuple[str, ...]]:
    """The group of every stock and session.

    Parameters
    ----------
    panel : with the category ``sector33``
    mapping : sector33 -> group, laid over :data:`GROUP_OF`; an empty group leaves the sector out

    Returns
    -------
    (T, N) int16 index into the group names, -1 where the sector is unknown; the names, sorted

    Raises
    ------
    DataGapError
        If the panel has no sectors, or none of a known group.
    ValueError
        If ``mapping`` names a sector that does not exist.
    """
    if "sector33" not in panel.categories:
        raise DataGapError("The panel has no `sector33`; read the prices with a list of issues (`sectors`).")
    chosen = {**GROUP_OF, **(mapping or {})}
    strange = sorted(set(mapping or {}) - set(GROUP_OF))
    if strange:
        raise ValueError(
            f"`mapping` must name sectors of the exchange, such as 3650; got {', '.join(strange[:5])}."
        )
    labels = panel.categories["sector33"]
    names = tuple(sorted({chosen[label] for label in labels if chosen.get(label)}))
    if not names:
        raise DataGapError(f"No sector of the panel is in a group; it has {', '.join(labels[:5])}.")
    number = [names.index(chosen[label]) if chosen.get(label) else -1 for label in labels]
    table = np.array([*number, -1], np.int16)
    return table[panel["sector33"]], names


def sector_portfolios(
    panel: Panel, mapping: Mapping[str, str] | None = None, *, delisting_return: float = 0.0
) -> Portfolios:
    """Daily returns of the groups, weighted by yesterday's market value; equally where the panel has none.

    Returns
    -------
    Portfolios on the sessions of the panel from the second on; NaN where a group has no stock
    """
    group, names = groups(panel, mapping)
    returns, rows = session_returns(panel, delisting_return=delisting_return)
    value = market_value(panel)
    weight = np.isfinite(returns).astype(np.float64) if value is None else _before(value[rows])
    member = _before(group[rows].astype(np.float64))
    out = np.full((len(rows), len(names)), np.nan)
    for k in range(len(names)):
        w = np.where((member == k) & np.isfinite(returns), weight, np.nan)
        total = np.nansum(w, axis=1)
        gain = np.nansum(w * np.nan_to_num(returns), axis=1)
        out[:, k] = np.where(total > 0, gain / np.where(total > 0, total, 1.0), np.nan)
    how = "equal weights: the prices come without market values" if value is None else "value weights"
    kind = "total" if pays_dividends(panel) else "price"
    notes = (f"Sector returns: {how}; {kind} returns.",)
    return Portfolios(panel.dates[rows][1:], names, out[1:], "daily", panel.info.source, notes)


def _before(values: FloatArray) -> FloatArray:
    """Values of the session before."""
    return np.vstack([np.full((1, values.shape[1]), np.nan), values[:-1]])
