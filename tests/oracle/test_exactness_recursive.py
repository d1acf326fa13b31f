"""Exponential and expanding statistics, decaying means and products against exact arithmetic.

The same sixteen series and scales as in test_exactness: means by the mean |x|, deviations and products
relative, skewness and kurtosis by 1 + |v|. An exponential mean rounds once a session: its scale is the sum of
the mean |x| of all sessions with the weights that they still have. Nothing is left out, as what entered an
expanding statistic never leaves it. All is worked in 150-digit decimals from the first session on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Context, Decimal, localcontext

import numpy as np
import pytest
from adversarial import CASES, T

from jqfast import _core
from jqfast.features import ops
from jqfast.features.columns import column
from jqfast.features.passes import compile_plan
from jqfast.types import FloatArray

W, LEAST = 20, 10
X = column("x")
Exact = tuple[Decimal, Decimal] | None  # value, scale of its error; None: missing
ZERO, ONE = Decimal(0), Decimal(1)


def _finite(x: FloatArray) -> Iterator[Decimal | None]:
    for value in x:
        yield Decimal(float(value)) if np.isfinite(value) else None


def _ema(x: FloatArray, alpha: float) -> Iterator[Exact]:
    a, mean, size, rounded, n = Decimal(alpha), ZERO, ZERO, ZERO, 0
    for value in _finite(x):
        if value is not None:
            share = a if n else ONE
            mean, size, n = mean + share * (value - mean), size + share * (abs(value) - size), n + 1
            rounded = (1 - share) * rounded + size
        yield (mean, rounded) if n >= LEAST else None


def _ewm_var(x: FloatArray, alpha: float) -> Iterator[Exact]:
    a, mean, v, squares, n = Decimal(alpha), ZERO, ZERO, ONE, 0
    for value in _finite(x):
        if value is not None:
            gap = value - mean if n else ZERO
            mean = mean + a * gap if n else value
            v = (1 - a) * (v + a * gap * gap)
            squares = (1 - a) ** 2 * squares + a * a if n else ONE
            n += 1
        yield (v / (1 - squares), v / (1 - squares)) if n >= LEAST else None


def _expanding(x: FloatArray, statistic: Callable[..., Exact]) -> Iterator[Exact]:
    """statistic(n, sum, sum of |x|, m2, m3, m4) of all values so far."""
    first, n, size, powers = None, 0, ZERO, [ZERO] * 5
    for value in _finite(x):
        if value is not None:
            first = value if first is None else first
            n, size = n + 1, size + abs(value)
            powers = [p + (value - first) ** k if k else p for k, p in enumerate(powers)]
        if n < LEAST or first is None:
            yield None
            continue
        d, m = Decimal(n), powers[1] / n
        m2 = powers[2] - d * m**2
        m3 = powers[3] - 3 * m * powers[2] + 2 * d * m**3
        m4 = powers[4] - 4 * m * powers[3] + 6 * m**2 * powers[2] - 3 * d * m**4
        yield statistic(d, powers[1] + d * first, size, m2, m3, m4)


def _std(n: Decimal, _sum: Decimal, _size: Decimal, m2: Decimal, *_: Decimal) -> Exact:
    std = (m2 / (n - 1)).sqrt()
    return std, std


def _skew(n: Decimal, _sum: Decimal, _size: Decimal, m2: Decimal, m3: Decimal, _: Decimal) -> Exact:
    std = (m2 / (n - 1)).sqrt()
    skew = n / ((n - 1) * (n - 2)) * m3 / std**3 if m2 else ZERO
    return skew, 1 + abs(skew)


def _kurt(n: Decimal, _sum: Decimal, _size: Decimal, m2: Decimal, _: Decimal, m4: Decimal) -> Exact:
    lead, rest = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)), 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    kurt = lead * m4 / (m2 / (n - 1)) ** 2 - rest if m2 else Decimal(-3)
    return kurt, 1 + abs(kurt)


def _windows(x: FloatArray, statistic: Callable[[list[tuple[int, Decimal]]], Exact]) -> Iterator[Exact]:
    """statistic((weight, value) of the finite values), weight W today and 1 in the oldest session."""
    values = list(_finite(x))
    for row in range(T):
        rows = range(max(0, row - W + 1), row + 1)
        window = [(W - row + i, value) for i in rows if (value := values[i]) is not None]
        yield statistic(window) if len(window) >= LEAST else None


def _decay(window: list[tuple[int, Decimal]]) -> Exact:
    mean = sum((w * v for w, v in window), ZERO) / sum(w for w, _ in window)
    return mean, sum((abs(v) for _, v in window), ZERO) / len(window)


def _product(window: list[tuple[int, Decimal]]) -> Exact:
    product = ONE
    for _, value in window:
        product *= value
    return product, abs(product)


def _sum(_n: Decimal, total: Decimal, size: Decimal, *_: Decimal) -> Exact:
    return total, size


def _mean(n: Decimal, total: Decimal, size: Decimal, *_: Decimal) -> Exact:
    return total / n, size / n


EPS = 2.0**-52
STATISTICS = {
    "ema": (ops.ema(X, W, LEAST), EPS, lambda x: _ema(x, 2 / (W + 1))),
    "wilder": (ops.wilder(X, W, LEAST), EPS, lambda x: _ema(x, 1 / W)),
    "ewm_var": (ops.ewm_var(X, W, LEAST), 1e-12, lambda x: _ewm_var(x, 2 / (W + 1))),
    "expanding_sum": (ops.expanding_sum(X, LEAST), 1e-15, lambda x: _expanding(x, _sum)),
    "expanding_mean": (ops.expanding_mean(X, LEAST), 1e-15, lambda x: _expanding(x, _mean)),
    "expanding_std": (ops.expanding_std(X, LEAST), 1e-12, lambda x: _expanding(x, _std)),
    "expanding_skew": (ops.expanding_skew(X, LEAST), 1e-9, lambda x: _expanding(x, _skew)),
    "expanding_kurt": (ops.expanding_kurt(X, LEAST), 1e-9, lambda x: _expanding(x, _kurt)),
    "ts_decay": (ops.ts_decay(X, W, LEAST), 1e-15, lambda x: _windows(x, _decay)),
    "ts_product": (ops.ts_product(X, W, LEAST), W * EPS / 2, lambda x: _windows(x, _product)),
}
PLAN = _core.Plan(compile_plan([expr for expr, _, _ in STATISTICS.values()]).text)
LARGEST = Decimal(float(np.finfo(float).max))


def _agrees(got: float, exact: Exact, goal: float) -> bool:
    """Within the goal; values beyond the range of doubles are missing, those below it are exact to 1e-323."""
    if exact is None or abs(exact[0]) > LARGEST:
        return bool(np.isnan(got))
    value, scale = exact
    allowed = Decimal(goal) * scale + Decimal("1e-323")
    return bool(np.isfinite(got)) and abs(Decimal(got) - value) <= allowed


def _run(x: FloatArray) -> FloatArray:
    out = np.empty((len(STATISTICS), len(x), 1))
    _core.run(PLAN, [np.ascontiguousarray(x[:, None])], np.arange(len(x)), out, "feature", 1)
    return out[:, :, 0]


@pytest.mark.parametrize("name", CASES)
def test_recursive_statistics_are_exact(name: str) -> None:
    got = _run(CASES[name])
    with localcontext(Context(prec=150, Emax=10**6, Emin=-(10**6))):
        for k, (statistic, (_, goal, oracle)) in enumerate(STATISTICS.items()):
            for row, exact in enumerate(oracle(CASES[name])):
                if row % 7 == 0 or 495 < row < 560 or T // 2 - 5 < row < T // 2 + 45:
                    assert _agrees(got[k, row], exact, goal), (statistic, row, got[k, row], exact)


@pytest.mark.parametrize("exponent", [-498, -250, 250, 498])  # 1e-150 to 1e150
@pytest.mark.parametrize("name", ["plain", "price walk", "gaps", "ones to zero"])
def test_size_changes_no_digit(name: str, exponent: int) -> None:
    """Scaled by a power of two, whatever the size of squares and fourth powers, the digits are the same."""
    x = CASES[name]
    degrees = {"expanding_skew": 0, "expanding_kurt": 0, "ewm_var": 2}
    for statistic, got, plain in zip(STATISTICS, _run(np.ldexp(x, exponent)), _run(x), strict=True):
        if statistic.startswith("ts_"):
            continue
        shift = exponent * degrees.get(statistic, 1)
        lost = np.abs(plain) < 2.0 ** -(1010 + shift)  # what fades beyond the range of doubles
        np.testing.assert_array_equal(got[~lost], np.ldexp(plain, shift)[~lost], statistic)
