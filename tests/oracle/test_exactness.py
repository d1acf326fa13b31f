"""Rolling statistics against exact arithmetic on sixteen series that break one-pass formulas.

The oracle computes each window on its own in 60-digit decimals. Errors are measured on the scales of the
goals: mean by mean |x|, deviation relative, skewness and kurtosis by 1 + |v|, correlation absolute, slope by
sd(y) / sd(t). Over every window of all series (``-m slow``) they are at most 2.7e-16 for the mean, 5.3e-15
for the deviation, 3.3e-14 for skewness, 2.5e-13 for kurtosis, 3.2e-15 for correlation, 2.8e-15 for the slope.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, localcontext

import numpy as np
import pytest
from adversarial import CASES, T

from jqfast import _core
from jqfast.types import FloatArray

W, LEAST = 20, 10
GOALS = {"mean": 1e-15, "std": 1e-12, "skew": 1e-9, "kurt": 1e-9, "corr": 1e-12, "slope": 1e-12}
PLAN = f"""jqfast-plan 1
input stock x
input stock y
outputs 6
time
v0 = input 0
v1 = input 1
v2 v3 v4 v5 = moments v0 window={W} min_periods={LEAST} give=mean,std,skew,kurt
v6 = pairs v0 v1 window={W} min_periods={LEAST} give=corr
v7 = trend v0 window={W} min_periods={LEAST} give=slope
store v2 0
store v3 1
store v4 2
store v5 3
store v6 4
store v7 5
"""


def _moments(values: list[Decimal]) -> tuple[Decimal, list[Decimal]]:
    mean = sum(values) / len(values)
    return mean, [value - mean for value in values]


def _sum(terms: list[Decimal]) -> Decimal:
    return sum(terms, Decimal(0))


def _exact(x: FloatArray, y: FloatArray) -> dict[str, tuple[Decimal, Decimal]]:
    """name -> (value, scale of its error); a statistic that does not exist is left out."""
    ok = np.isfinite(x)
    values = [Decimal(float(v)) for v in x[ok]]
    n = Decimal(len(values))
    if n < LEAST:
        return {}
    one = Decimal(1)
    mean, d = _moments(values)
    m2, m3, m4 = (_sum([e**k for e in d]) for k in (2, 3, 4))
    std = (m2 / (n - 1)).sqrt()
    skew = n / ((n - 1) * (n - 2)) * m3 / std**3 if m2 else Decimal(0)
    lead, rest = n * (n + 1) / ((n - 1) * (n - 2) * (n - 3)), 3 * (n - 1) ** 2 / ((n - 2) * (n - 3))
    kurt = lead * m4 / std**4 - rest if m2 else Decimal(-3)
    _, t = _moments([Decimal(int(i)) for i in np.flatnonzero(ok)])
    tt = _sum([e * e for e in t])
    found = {
        "mean": (mean, _sum([abs(v) for v in values]) / n),
        "std": (std, std),
        "skew": (skew, one + abs(skew)),
        "kurt": (kurt, one + abs(kurt)),
        "slope": (_sum([a * b for a, b in zip(t, d, strict=True)]) / tt, std / (tt / (n - 1)).sqrt()),
    }
    _, e = _moments([Decimal(float(v)) for v in y[ok]])
    ee = _sum([v * v for v in e])
    if m2 and ee:
        found["corr"] = (_sum([a * b for a, b in zip(d, e, strict=True)]) / (m2 * ee).sqrt(), one)
    return found


def _rows() -> list[int]:
    """Around the warm-up and each event, and some of the rest."""
    near = [range(0, 45, 2), range(495, 555), range(T // 2 - 5, T // 2 + 45, 2), range(100, T, 97)]
    return sorted({row for rows in near for row in rows})


def _judge(name: str, rows: Iterable[int]) -> dict[str, tuple[int, float]]:
    """Statistic -> (windows compared, largest error on its scale), each within its goal."""
    x, y = CASES[name], np.random.default_rng(5).standard_normal(T)
    out = np.empty((len(GOALS), T, 1))
    _core.run(_core.Plan(PLAN), [x[:, None].copy(), y[:, None].copy()], np.arange(T), out, "feature", 1)
    found = dict.fromkeys(GOALS, (0, 0.0))
    with localcontext(Context(prec=60, Emax=10**6, Emin=-(10**6))):
        for row in rows:
            exact = _exact(x[max(0, row - W + 1) : row + 1], y[max(0, row - W + 1) : row + 1])
            for k, (statistic, goal) in enumerate(GOALS.items()):
                got = out[k, row, 0]
                if statistic not in exact:
                    assert np.isnan(got), (statistic, row, got)
                    continue
                value, scale = exact[statistic]
                error = abs(Decimal(float(got)) - value) if np.isfinite(got) else Decimal("inf")
                assert error <= Decimal(goal) * scale, (statistic, row, got, value)
                compared, worst = found[statistic]
                found[statistic] = compared + 1, max(worst, float(error / scale) if scale else 0.0)
    return found


@pytest.mark.parametrize("name", CASES)
def test_rolling_statistics_are_exact(name: str) -> None:
    assert sum(compared for compared, _ in _judge(name, _rows()).values()) > 400


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_rolling_statistics_are_exact_in_every_window(name: str) -> None:
    """No window is left out, and none is lost: only those with too few values, or a constant for corr."""
    found = _judge(name, range(T))
    x = np.isfinite(CASES[name])
    whole = int((np.convolve(x, np.ones(W))[:T] >= LEAST).sum())
    assert {compared for statistic, (compared, _) in found.items() if statistic != "corr"} == {whole}
    assert all(worst <= GOALS[statistic] for statistic, (_, worst) in found.items()), found


@pytest.mark.parametrize("constant", [0.1, 1e8, 1e-300, 12345.678])
def test_constants_have_no_deviation(constant: float) -> None:
    x = np.full((100, 3), constant)
    out = np.empty((6, 100, 3))
    _core.run(_core.Plan(PLAN), [x, x.copy()], np.arange(100), out, "feature", 1)
    assert (out[1, LEAST - 1 :] == 0.0).all()
    assert np.isnan(out[4]).all()


def test_variance_is_never_negative() -> None:
    rng = np.random.default_rng(6)
    x = 1e9 + np.round(rng.standard_normal((500, 64)), 1) * rng.choice([0.0, 1e-6, 1.0, 1e6], (500, 64))
    out = np.empty((6, 500, 64))
    _core.run(_core.Plan(PLAN), [x, x.copy()], np.arange(500), out, "feature", 1)
    assert (out[1, LEAST - 1 :] >= 0.0).all()
