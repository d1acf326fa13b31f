"""The range volatilities find the known volatility of a simulated diffusion, as precisely as theory says.

Log prices are a Brownian motion inside the session, after an overnight move of known variance. High and low
are those of the continuous path: between two grid points the extremes of a Brownian bridge are drawn from
their exact law. Variances of the estimators, in units of the fourth power of sigma, for n sessions without
drift:

close to close (mean unknown)   2 / (n - 1)
Parkinson 1980                  (9 zeta(3) / (16 ln(2)^2) - 1) / n = 0.407 / n
Garman & Klass 1980             0.269 / n, as E[R^4] = 9 zeta(3), E[R^2 c^2] = 4 ln 2 + 7 zeta(3) / 4
Rogers & Satchell 1991          0.331 / n
Yang & Zhang 2000               overnight 2 / (n - 1), inside k^2 2 / (n - 1) + (1 - k)^2 0.331 / n
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import jqfast.features as features
from jqfast.data.panel import Panel

WINDOW, WINDOWS, STOCKS, STEPS = 20, 10, 400, 64
INSIDE, OVERNIGHT = 0.02, 0.01  # daily deviations of the log price
YEAR = 252
ZETA3, LN2 = 1.2020569031595942, float(np.log(2.0))
PARKINSON = 9 * ZETA3 / (16 * LN2**2) - 1
_B = 2 * LN2 - 1
GARMAN_KLASS = 9 * ZETA3 / 4 - _B * (4 * LN2 + 7 * ZETA3 / 4) + 3 * _B**2 - 1
ROGERS_SATCHELL = 0.331
NAMES = ("vol_park_20", "vol_gk_20", "vol_rs_20", "vol_yz_20", "hv_ann_20")


def diffusion(drift: float, seed: int) -> Panel:
    """Sessions of a diffusion with ``drift`` per session inside it; a session more than the windows take."""
    rng = np.random.default_rng(seed)
    T = WINDOW * WINDOWS + 1
    moves = rng.normal(drift / STEPS, INSIDE / np.sqrt(STEPS), (T, STOCKS, STEPS))
    path = np.concatenate([np.zeros((T, STOCKS, 1)), np.cumsum(moves, axis=2)], axis=2)
    high, low = (side * _bridge_maximum(rng, side * path) for side in (1.0, -1.0))
    close_before = np.cumsum(rng.normal(0.0, OVERNIGHT, (T, STOCKS)), axis=0)  # all moves up to the open
    close_before[1:] += np.cumsum(path[:-1, :, -1], axis=0)
    logs = {"open": 0.0 * high, "high": high, "low": low, "close": path[:, :, -1]}
    columns = {name: np.exp(7.0 + close_before + inside) for name, inside in logs.items()}
    ones = np.ones((T, STOCKS))
    columns |= {"volume": ones, "turnover": ones, "adjustment": ones}
    dates = np.datetime64("2000-01-03", "D") + np.arange(T)
    codes = np.array([f"{n:04d}" for n in range(STOCKS)])
    return Panel(dates=dates, codes=codes, columns=columns, listed=ones.astype(bool))


def _bridge_maximum(rng: np.random.Generator, path: np.ndarray) -> np.ndarray:
    """The maximum of Brownian paths through the points: of each step's bridge, then of all steps."""
    a, b = path[..., :-1], path[..., 1:]
    spread = np.sqrt((b - a) ** 2 - 2 * INSIDE**2 / STEPS * np.log(rng.random(a.shape)))
    return ((a + b + spread) / 2).max(axis=-1)


def variances(panel: Panel) -> dict[str, np.ndarray]:
    """Estimated variance per session of each window, none of which overlaps another."""
    X = features.panel(panel, list(NAMES), dtype="float64")
    return {name: (X[name][WINDOW::WINDOW] ** 2 / YEAR).ravel() for name in NAMES}


@dataclass(frozen=True)
class Theory:
    mean: float
    variance: float


def theory() -> dict[str, Theory]:
    n = WINDOW
    inside, overnight = INSIDE**2, OVERNIGHT**2
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    whole = k**2 * 2 / (n - 1) + (1 - k) ** 2 * ROGERS_SATCHELL / n
    total = inside + overnight
    return {
        "vol_park_20": Theory(inside, inside**2 * PARKINSON / n),
        "vol_gk_20": Theory(inside, inside**2 * GARMAN_KLASS / n),
        "vol_rs_20": Theory(inside, inside**2 * ROGERS_SATCHELL / n),
        "vol_yz_20": Theory(total, overnight**2 * 2 / (n - 1) + inside**2 * whole),
        "hv_ann_20": Theory(total, total**2 * 2 / (n - 1)),
    }


@pytest.fixture(scope="module")
def found() -> dict[str, np.ndarray]:
    return variances(diffusion(0.0, seed=0))


@pytest.mark.parametrize("name", NAMES)
def test_the_planted_variance_is_found_with_the_efficiency_of_theory(
    found: dict[str, np.ndarray], name: str
) -> None:
    x, want = found[name], theory()[name]
    assert len(x) == WINDOWS * STOCKS
    assert abs(x.mean() - want.mean) < 4 * x.std() / np.sqrt(len(x))
    # The error of a sample variance, from the sample's own fourth moment.
    error = np.sqrt((((x - x.mean()) ** 4).mean() / x.var() ** 2 - 1) / len(x))
    assert abs(x.var() / want.variance - 1) < 4 * error
    assert error < 0.05


def test_efficiencies_are_those_of_the_papers(found: dict[str, np.ndarray]) -> None:
    """How many times the sessions close to close would need; 4.9, 7.4, 6.0 at infinitely many sessions."""
    inside = INSIDE**4 * 2 / (WINDOW - 1)
    times = {name: inside / found[name].var() for name in NAMES[:3]}
    longer = WINDOW / (WINDOW - 1)  # what the unknown mean costs close to close
    assert times["vol_park_20"] == pytest.approx(4.9 * longer, rel=0.15)
    assert times["vol_gk_20"] == pytest.approx(7.4 * longer, rel=0.15)
    assert times["vol_rs_20"] == pytest.approx(6.0 * longer, rel=0.15)
    assert found["hv_ann_20"].var() / found["vol_yz_20"].var() > 5


def test_a_trend_inflates_what_its_formula_lets_it() -> None:
    """Rogers-Satchell and Yang-Zhang do not care; Parkinson and Garman-Klass do."""
    found, want = variances(diffusion(INSIDE, seed=1)), theory()
    for name in ("vol_rs_20", "vol_yz_20"):
        x = found[name]
        assert abs(x.mean() - want[name].mean) < 4 * x.std() / np.sqrt(len(x)), name
    assert found["vol_park_20"].mean() > 1.3 * want["vol_park_20"].mean
    assert found["vol_gk_20"].mean() > 1.1 * want["vol_gk_20"].mean
