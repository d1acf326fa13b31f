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
    columns["sector"] = np.broadcast_to(np.arange(N) % 7.0, price.shape).copy()
    columns["sector"][:, 3] = np.nan
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


def _crossed(panel: Panel, cell: int) -> dict[str, f.Expr]:
    """Cross-sections of values that another stage makes, over all stocks and by group."""
    operators = (f.cs_zscore, f.cs_demean, f.cs_scale, f.cs_mean, f.cs_std)
    least = STREAMED_BYTES // (panel.listed.size * cell) + 1
    made: dict[str, f.Expr] = {}
    for k in range(1, least // (2 * len(operators)) + 2):
        move = close / lag(close, k) - 1
        for operator in operators:
            made[f"{operator.__name__}_{k}"] = operator(move)
            made[f"{operator.__name__}_sector_{k}"] = operator(move, by=f.column("sector"))
    return made


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shift", [0, 1])
def test_streamed_cross_sections_have_the_bits_of_plain_ones(panel: Panel, dtype: str, shift: int) -> None:
    cell = np.dtype(dtype).itemsize
    features = _crossed(panel, cell)
    memory = np.full(len(features) * panel.listed.size + shift, 7.0, dtype)
    streamed = memory[shift:].reshape(len(features), *panel.listed.shape)
    assert streamed.nbytes > STREAMED_BYTES
    f.panel(panel, features, dtype=dtype, out=streamed)
    for (name, expr), ours in zip(features.items(), streamed, strict=True):
        plain = f.panel(panel, {name: expr}, dtype=dtype).values[0]
        assert ours.tobytes() == plain.tobytes(), name
    assert np.isfinite(streamed).mean() > 0.5
    assert (memory[:shift] == 7.0).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_streamed_cross_sections_of_columns_alone(panel: Panel, dtype: str) -> None:
    cell = np.dtype(dtype).itemsize
    count = STREAMED_BYTES // (panel.listed.size * cell) + 1
    clipped = {f"x{k}": f.cs_zscore(f.cs_winsorize(close, 0.001 * k, 0.9)) for k in range(1, count)}
    features = {"z": f.cs_zscore(close), "sector": f.cs_demean(high, by=f.column("sector")), **clipped}
    streamed = f.panel(panel, features, dtype=dtype).values
    assert streamed.nbytes > STREAMED_BYTES
    for name in ("z", "sector", "x1"):
        plain = f.panel(panel, {name: features[name]}, dtype=dtype).values[0]
        assert streamed[list(features).index(name)].tobytes() == plain.tobytes(), name
