"""Options on futures: Black's formula of 1976, and the volatility that a price implies.

Prices here are undiscounted; multiply a market price by exp(r T) first. ``deviation`` is sigma times the
square root of the time left, in years.
"""

from __future__ import annotations

import math

import numpy as np

from jqfast.types import BoolArray, FloatArray

#: Deviations between which a solution is looked for, and how often the interval is halved.
_LOW, _HIGH, _HALVINGS = 1e-6, 10.0, 60


def black(future: FloatArray, strike: FloatArray, deviation: FloatArray, put: BoolArray) -> FloatArray:
    """Undiscounted price of a European option on a future; Black, J. Financial Economics 3 (1976).

    c = F N(d1) - K N(d2), d1 = log(F / K) / s + s / 2, d2 = d1 - s with ``deviation`` s = sigma sqrt(T).
    """
    d1 = np.log(future / strike) / deviation + deviation / 2
    sign = np.where(put, -1.0, 1.0)
    return np.asarray(sign * (future * _normal(sign * d1) - strike * _normal(sign * (d1 - deviation))))


def implied_deviation(
    price: FloatArray, future: FloatArray, strike: FloatArray, put: BoolArray
) -> FloatArray:
    """The deviation at which `black` gives the price, by halving an interval: the price rises with it.

    Returns
    -------
    (n,) NaN where the price is not between the option's inner value and its bound
    """
    sign = np.where(put, -1.0, 1.0)
    inner = np.maximum(sign * (future - strike), 0.0)
    with np.errstate(invalid="ignore"):
        possible = (price > inner) & (price < np.where(put, strike, future)) & (future > 0) & (strike > 0)
    out = np.full(len(price), np.nan)
    price, future, strike, put = price[possible], future[possible], strike[possible], put[possible]
    low, high = np.full(len(price), _LOW), np.full(len(price), _HIGH)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = black(future, strike, middle, put) > price
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    out[possible] = (low + high) / 2
    return out


def _normal(x: FloatArray) -> FloatArray:
    """Distribution function of the standard normal."""
    return np.array([0.5 * math.erfc(-v / math.sqrt(2.0)) for v in x.tolist()])
