"""RSI and ATR beside TA-Lib's, whose means are Wilder's; `make_talib.py` made the file.

The documents ask for simple means (Cutler's RSI, the plain mean true range), TA-Lib smooths with 1 / w from
the mean of the first w values on. Each side is rebuilt from its own recursion, so that smoothing is the whole
difference, and its size is pinned.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import jqfast.features as features
from jqfast.data.panel import Panel
from jqfast.features import abs_, close, fmax, high, lag, low, maximum, wilder
from jqfast.types import FloatArray

GOLDEN: dict[str, Any] = json.loads(Path(__file__).with_name("talib.json").read_text(encoding="utf-8"))
W = int(GOLDEN["window"])
OPEN, H, L, C = (np.array(GOLDEN[name]) for name in ("open", "high", "low", "close"))
MOVE = np.diff(C)
GAIN, LOSS = np.maximum(MOVE, 0.0), np.maximum(-MOVE, 0.0)
RANGE = np.maximum.reduce([H[1:] - L[1:], np.abs(H[1:] - C[:-1]), np.abs(L[1:] - C[:-1])])


def smoothed(x: FloatArray) -> FloatArray:
    """Wilder's means from the first full window on: its simple mean, then steps of 1 / w."""
    out = [x[:W].mean()]
    for value in x[W:]:
        out.append(out[-1] + (value - out[-1]) / W)
    return np.array(out)


def simple(x: FloatArray) -> FloatArray:
    return np.lib.stride_tricks.sliding_window_view(x, W).mean(axis=1)


def strength(gain: FloatArray, loss: FloatArray) -> FloatArray:
    return 100.0 * gain / (gain + loss)


@pytest.fixture(scope="module")
def panel() -> Panel:
    ones = np.ones((len(C), 1))
    columns = {"volume": ones, "turnover": ones, "adjustment": ones}
    columns |= {"open": OPEN[:, None], "high": H[:, None], "low": L[:, None], "close": C[:, None]}
    dates = np.datetime64("2024-01-04", "D") + np.arange(len(C))
    return Panel(dates=dates, codes=np.array(["1301"]), columns=columns, listed=ones.astype(bool))


def _ours(panel: Panel, what: Any) -> FloatArray:
    values: FloatArray = features.panel(panel, what, dtype="float64").values[0, W:, 0]
    return values


def test_the_library_smooths_as_wilder_does() -> None:
    np.testing.assert_allclose(strength(smoothed(GAIN), smoothed(LOSS)), GOLDEN["rsi"], rtol=1e-12)
    np.testing.assert_allclose(smoothed(RANGE), GOLDEN["atr"], rtol=1e-12)


def test_ours_are_simple_means_and_say_so(panel: Panel) -> None:
    np.testing.assert_allclose(_ours(panel, ["rsi"]), strength(simple(GAIN), simple(LOSS)), rtol=1e-11)
    np.testing.assert_allclose(_ours(panel, ["atr_norm"]) * C[W:], simple(RANGE), rtol=1e-12)
    for name in ("rsi", "atr_norm"):
        assert "simple means here, where Wilder and TA-Lib smooth by 1 / w" in str(features.describe(name))


def test_the_size_of_the_difference(panel: Panel) -> None:
    """Half of the days about 5 points of RSI and 3.9 % of ATR apart, at most 24 points and 17 %."""
    points = np.abs(_ours(panel, ["rsi"]) - GOLDEN["rsi"])
    assert [np.median(points), points.max()] == pytest.approx([4.950, 24.194], abs=1e-3)
    share = np.abs(_ours(panel, ["atr_norm"]) * C[W:] / GOLDEN["atr"] - 1)
    assert [np.median(share), share.max()] == pytest.approx([0.03854, 0.16881], abs=1e-5)


def test_wilders_own_are_one_expression_away(panel: Panel) -> None:
    """`wilder` starts at the first value, the library at a mean: the start fades by 13 / 14 a session."""
    move = close - lag(close, 1)
    gain, loss = wilder(maximum(move, 0), W), wilder(maximum(-move, 0), W)
    before = lag(close, 1)
    true_range = fmax(high - low, fmax(abs_(high - before), abs_(low - before)))
    fading = (1 - 1 / W) ** np.arange(len(C) - W)
    start = np.abs(_ours(panel, {"x": wilder(true_range, W)}) - GOLDEN["atr"])
    assert (start <= RANGE[:W].max() * fading + 1e-9).all()
    apart = np.abs(_ours(panel, {"x": 100 * gain / (gain + loss)}) - GOLDEN["rsi"])
    assert apart[0] > 1.0
    assert (apart <= 100.0 * fading + 1e-9).all()
    assert apart[-1] < 1e-5
