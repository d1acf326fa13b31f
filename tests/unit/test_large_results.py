"""A result too large for the cache is streamed into whole cache lines, by the kernel that makes it where that
is possible; the bits must be those of a plain store.
"""

from __future__ import annotations

import numpy as np
import pytest

import jqfast.features as f
from jqfast.data.panel import Panel
from jqfast.features import close, high, lag, low, volume

SESSIONS, STREAMED_BYTES = 1500, 32 << 20


@pytest.fixture(scope="module", params=[64, 203])
def panel(request: pytest.FixtureRequest) -> Panel:
    """Prices with gaps, zero volumes, and a stock without any value; 203 stocks end inside a cache line."""
    N = request.param
    rng = np.random.default_rng(5)
    price = 1000.0 * np.exp(np.cumsum(rng.normal(0, 0.02, (SESSIONS, N)), axis=0))
    price[rng.random(price.shape) < 0.02] = np.nan
    price[:, 7] = np.nan
    columns = {"close": price, "high": price * 1.01, "low": price * 0.99}
    columns["volume"] = np.where(rng.random(price.shape) < 0.05, 0.0, 1e5 * rng.random(price.shape))
    dates = np.datetime64("2015-01-05") + np.arange(SESSIONS)
    codes = np.array([f"{n + 1000}0" for n in range(N)])
    return Panel(dates=dates, codes=codes, columns=columns, listed=np.ones(price.shape, bool))


def _features(count: int) -> dict[str, f.Expr]:
    """Elementwise results that are outputs alone, those that other features read, and results of windows."""
    made: dict[str, f.Expr] = {}
    for k in range(1, count // 5 + 1):
        move = close / lag(close, k)
        made |= {
            f"ratio{k}": move,
            f"ret{k}": move - 1,
            f"inf{k}": lag(volume, k) / volume,  # 0 / 0 and x / 0 are stored as missing
            f"tiny{k}": (high - low) / 1e42,  # below the smallest float32
            f"mean{k}": f.ts_mean(move, 3),
        }
    return made


def test_streamed_float32_is_the_rounded_float64(panel: Panel) -> None:
    features = _features(5 * (STREAMED_BYTES // (SESSIONS * panel.shape[1] * 4 * 5) + 1))
    streamed = f.panel(panel, features, dtype="float32").values
    assert streamed.nbytes > STREAMED_BYTES
    plain = {name: f.panel(panel, {name: expr}, dtype="float64").values[0] for name, expr in features.items()}
    with np.errstate(over="ignore"):
        for name, ours in zip(features, streamed, strict=True):
            want = plain[name].astype(np.float32)
            assert ours.tobytes() == np.ascontiguousarray(want).tobytes(), name
    assert np.isfinite(streamed).mean() > 0.5


def test_an_output_of_any_alignment_gets_the_same_bits(panel: Panel) -> None:
    features = _features(5 * (STREAMED_BYTES // (SESSIONS * panel.shape[1] * 4 * 5) + 1))
    aligned = np.ascontiguousarray(f.panel(panel, features, dtype="float32").values)
    memory = np.empty(aligned.size + 1, np.float32)
    given = memory[1:].reshape(aligned.shape)
    f.panel(panel, features, dtype="float32", out=given)
    assert given.tobytes() == aligned.tobytes()
